"""Gradient reversal: features from which an adversary cannot read the group.

An adversary g classifies the group from the features z; the trunk receives the adversary's gradient
with the opposite sign. One backward pass serves both sides:

    loss = CE + ADV,   ADV = CE(g(R(z)), s),   R: identity forward, times -lambda backward
    lambda(tau) = lambda_max (2 / (1 + exp(-10 tau)) - 1),   tau = share of the steps done

`mode = alternating` first updates g on ADV, then trunk and head on CE - lambda ADV with g fixed.
`target = eodds` also shows g the true class, so that independence is asked given the class: the
better wish where class and group are correlated. Samples of unknown group take no part in ADV. It
needs groups in training, none at test; prediction as in `ce`.

Where we differ. S2 names neither adversary, lambda nor schedule, and cites gradient projection
(another method); ours are the adversary of DomainBed's size and the schedule of Ganin and
Lempitsky. DomainBed's alternation spends whole batches on the adversary; here both sides see every
batch, so that the trunk gets as many updates as in `ce` (`adversary_rate` stands in for its several
adversary steps), and its gradient penalty (default 0) is left out. The history holds the
adversary's loss, not its accuracy; for a fresh probe of the group on the features there is
`--store-features` (`counterfactuals` fits one where it is offered). With lambda_max = 0 the
adversary is skipped: the run is `ce`, bit for bit.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, ParameterSet, Stage, Step, Update, method
from methods.ops import batch_statistics_only, cross_entropy, indicator, reverse_gradient
from methods.shared.adversaries import GROUPINGS, GroupAdversary


def ramp(progress: float) -> float:
    """Share of lambda_max at `progress` in [0, 1]: 0 at the start, 0.9999 at the end.

    Source: Ganin and Lempitsky 2015, Sec. 4.1 (slope 10).
    """
    return 2 / (1 + math.exp(-10 * progress)) - 1


@method(
    "Domain-unaware (gradient reversal)",
    family="adversarial",
    source="Ganin and Lempitsky 2015, Eq. 13 to 15; S2 IV-D.1",
    needs=("train_groups",),
    aliases=("dann", "domain_unaware"),
    cost=1.1,
)
class GradientReversal(Method):
    @dataclass(frozen=True)
    class Settings:
        lambda_max: float = setting(
            1.0,
            doc="strength of the adversary at the end of training (Ganin and Lempitsky 2015)",
            search=(0.01, 0.03, 0.1, 0.3, 1.0),
            low=0.0,
        )
        mode: str = setting(
            "reversal",
            doc="one joint step, or the adversary's step and then the trunk's (DomainBed)",
            choices=("reversal", "alternating"),
        )
        schedule: str = setting(
            "ramp", doc="growth of lambda over training", choices=("ramp", "constant")
        )
        target: str = setting(
            "marginal",
            doc="independence of the group as such, or given the class",
            choices=("marginal", "eodds"),
        )
        groups: str = setting(
            "intersection",
            doc="one adversary for all attributes together (S2), or the mean of one for each",
            choices=GROUPINGS,
        )
        reads: str = setting(
            "features", doc="what the adversary sees", choices=("features", "logits")
        )
        adversary_rate: float = setting(
            1.0,
            doc="learning-rate factor of the adversary (AUC-FER code: 10)",
            search=(1.0, 10.0),
            low=0.0,
        )
        balance: bool = setting(
            False, doc="weight the adversary's samples by 1 / (training count of their group)"
        )
        hidden: int = setting(
            256, doc="width of the adversary's two hidden layers (DomainBed)", low=1
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        num_classes = self.task.num_classes
        width = num_classes
        if self.settings.reads == "features":
            width = int(self.trunk.num_features)  # type: ignore[arg-type]
        width += num_classes if self.settings.target == "eodds" else 0
        self.adversary = GroupAdversary(
            width,
            self.task,
            self.settings.groups,
            hidden=self.settings.hidden,
            balance=self.settings.balance,
        )

    def stages(self) -> tuple[Stage, ...]:
        core, *extras = self.parameter_sets()
        if self.settings.lambda_max == 0:
            return (Stage("train", (Update(self.loss, (core,)),)),)
        adversary = ParameterSet(extras[0].parameters, rate_factor=self.settings.adversary_rate)
        if self.settings.mode == "reversal":
            return (Stage("train", (Update(self.loss, (core, adversary)),)),)
        adversary_update = Update(self.adversary_loss, (adversary,))
        return (Stage("train", (adversary_update, Update(self.loss, (core,)))),)

    def strength(self, step: Step) -> float:
        """Value of lambda at `step`."""
        share = ramp(step.progress) if self.settings.schedule == "ramp" else 1.0
        return float(self.settings.lambda_max * share)

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        logits = self.head(features)
        ce = cross_entropy(logits, batch.labels)
        if self.settings.lambda_max == 0:
            return {"ce": ce}
        seen = features if self.settings.reads == "features" else logits
        if self.settings.mode == "alternating":
            loss = self.adversary.loss(self._inputs(seen, batch.labels), batch)
            return {"ce": ce, "confusion": -self.strength(step) * loss}
        reversed_ = reverse_gradient(seen, self.strength(step))
        return {
            "ce": ce,
            "adversary": self.adversary.loss(self._inputs(reversed_, batch.labels), batch),
        }

    def adversary_loss(self, batch: Batch, step: Step) -> Losses:
        """The adversary's own term on fixed features (mode=alternating)."""
        with torch.no_grad(), batch_statistics_only(self.trunk):
            seen = self.features(batch.images)
            if self.settings.reads == "logits":
                seen = self.head(seen)
        return {"adversary": self.adversary.loss(self._inputs(seen, batch.labels), batch)}

    def _inputs(self, seen: Tensor, labels: Tensor) -> Tensor:
        """(B, width) what the adversary reads: features or logits, and the class if it is told."""
        if self.settings.target == "marginal":
            return seen
        told = indicator(labels, self.task.num_classes, seen.dtype)
        return torch.cat([seen, told], dim=1)
