"""LAFTR: features from which an adversary errs in every group alike.

The adversary g reads the features z and names the group; its error is averaged group by group, so
that a large group counts no more than a small one:

    E_adv = mean over groups a of mean over its samples of (1 - softmax(g(z))_a)
    g:               E_adv
    trunk and head:  A_y CE - A_z E_adv + A_x mean of (k(z, a) - x)^2

For two groups 1 - softmax(g(z))_a is the |g(z) - a| of the paper. `target = eodds` shows g the true
class and takes the mean over strata (class within a group). Both sides move on every batch, g
first. It needs groups in training, none at test; prediction as in `ce`.

Only groups with at least `min_count` samples in the batch (for eodds: in the class) are compared;
where there are fewer than two, the term is 0. Samples of unknown group take no part in it.

Where we differ. CE in place of the L1 classifier loss of the named classes. Groups are weighed by
their share of the batch, not of the training part, and averaged, not summed, so that the sweep of
0.1 to 4 in the reference is 0.2 to 8 here for two groups (0.4 to 16 for eodds). No decoder by
default (A_x = 0), since a face needs a large one; it reads the group beside z, as in the reference,
zeros where it is unknown. Re-implementations by plain cross entropy with reversal lose the
normalisation and are `gradient_reversal`. The history holds the adversary's loss, not its accuracy;
for a fresh probe of the group on the features there is `--store-features` (`counterfactuals` fits
one where it is offered). With A_z = A_x = 0 and A_y = 1 the run is `ce`, bit for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, ParameterSet, Stage, Step, Update, method
from methods.networks.vae import CodeDecoder
from methods.ops import batch_statistics_only, cross_entropies, cross_entropy, indicator
from methods.shared.adversaries import GROUPINGS, GroupAdversary, target_codes, target_sizes
from methods.shared.group_statistics import Members, members_of


def adversary_error(logits: Sequence[Tensor], codes: Tensor, compared: Sequence[Members]) -> Tensor:
    """Mean over targets, and over the groups (strata) that are compared, of their mean error.

    Args:
        logits: H tensors of (B, size).
        codes: (B, H) codes, -1 unknown.
        compared: groups, or groups within classes, of each target.

    Returns:
        A scalar in [0, 1]; 0 where nothing is compared.
    """
    errors = []
    for position, (scores, members) in enumerate(zip(logits, compared, strict=True)):
        # 1 - p without cancellation.
        missed = -torch.expm1(-cross_entropies(scores, codes[:, position].clamp(min=0)))
        with torch.autocast(scores.device.type, enabled=False):
            means = members.means(missed.to(members.weights.dtype)[:, None]).squeeze(2)
        errors.append(means.sum() / members.compared.sum().clamp(min=1))
    return torch.stack(errors).mean()


@method(
    "LAFTR",
    family="adversarial",
    source="Madras et al. 2018, Eq. 1 to 4; VectorInstitute/laftr",
    needs=("train_groups",),
    cost=1.35,
)
class LAFTR(Method):
    @dataclass(frozen=True)
    class Settings:
        a_z: float = setting(
            1.0,
            doc="weight of the adversary's error (project's choice; reference: a sweep)",
            search=(0.1, 0.3, 1.0, 3.0),
            low=0.0,
        )
        a_y: float = setting(1.0, doc="weight of the cross entropy (reference)", low=0.0)
        a_x: float = setting(
            0.0, doc="weight of the reconstruction of the picture (project's choice: none)", low=0.0
        )
        target: str = setting(
            "dp",
            doc="independence of the group as such (dp), or given the class (eodds)",
            choices=("dp", "eodds"),
        )
        groups: str = setting(
            "intersection",
            doc="one adversary for all attributes together, or the mean of one for each",
            choices=GROUPINGS,
        )
        min_count: int = setting(
            2, doc="samples that a group needs in the batch to be compared", low=1
        )
        hidden: int = setting(
            256, doc="width of the adversary's two hidden layers; 0: linear", low=0
        )
        adversary_rate: float = setting(
            1.0, doc="learning-rate factor of the adversary", search=(1.0, 10.0), low=0.0
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        width = int(self.trunk.num_features)  # type: ignore[arg-type]
        told = self.task.num_classes if self.settings.target == "eodds" else 0
        self.adversary = GroupAdversary(
            width + told, self.task, self.settings.groups, hidden=self.settings.hidden
        )
        self.sizes = target_sizes(self.task, self.settings.groups)
        if self.settings.a_x > 0:
            self.decoder = CodeDecoder(width + sum(self.sizes), self.task.pixels)

    def stages(self) -> tuple[Stage, ...]:
        core, *_ = self.parameter_sets()
        sets = [core]
        if self.settings.a_x > 0:
            sets.append(ParameterSet(tuple(self.decoder.parameters())))
        updates = [Update(self.loss, tuple(sets))]
        if self.settings.a_z > 0:
            rate = self.settings.adversary_rate
            own = ParameterSet(tuple(self.adversary.parameters()), rate_factor=rate)
            updates.insert(0, Update(self.adversary_loss, (own,)))
        return (Stage("train", tuple(updates)),)

    def adversary_loss(self, batch: Batch, step: Step) -> Losses:
        """The adversary's own term on fixed features."""
        with torch.no_grad(), batch_statistics_only(self.trunk):
            features = self.features(batch.images)
        return {"adversary": self.error(features, batch)}

    def loss(self, batch: Batch, step: Step) -> Losses:
        """The terms of trunk, head and decoder."""
        settings = self.settings
        features = self.features(batch.images)
        terms = {"ce": settings.a_y * cross_entropy(self.head(features), batch.labels)}
        if settings.a_z > 0:
            terms["confusion"] = -settings.a_z * self.error(features, batch)
        if settings.a_x > 0:
            codes = self._group_codes(batch, features)
            images = self.decoder(torch.cat([features, *codes], dim=1))
            terms["reconstruction"] = settings.a_x * (images - batch.images).square().mean()
        return terms

    def error(self, features: Tensor, batch: Batch) -> Tensor:
        """E_adv of (B, d) features."""
        per_class = self.settings.target == "eodds"
        inputs = features
        if per_class:
            told = indicator(batch.labels, self.task.num_classes, features.dtype)
            inputs = torch.cat([features, told], dim=1)
        compared = members_of(
            batch,
            self.task,
            self.settings.groups,
            min_count=self.settings.min_count,
            per_class=per_class,
        )
        codes = target_codes(batch, self.settings.groups)
        return adversary_error(self.adversary(inputs), codes, compared)

    def _group_codes(self, batch: Batch, features: Tensor) -> list[Tensor]:
        """(B, size) indicator of each target's value, all 0 where it is unknown."""
        codes = target_codes(batch, self.settings.groups)
        return [
            indicator(own, size, features.dtype)
            for own, size in zip(codes.T, self.sizes, strict=True)
        ]
