"""Invariant risk minimisation: one classifier shall be optimal in all groups at once.

Whether the logits l of group s would gain from being scaled is measured by the derivative of the
group's cross entropy with respect to a factor w at 1, on its even and its odd samples apart, so
that the product is an unbiased estimate of the squared derivative:

    loss = mean_s CE_s + weight mean_s g_s^even g_s^odd
    g = d/dw CE(w l, y) at w = 1 = mean_i l_i . (p_i - onehot(y_i))

`weight` is 1 for the first `switch` of the steps and `strength` from then on; at the switch the
optimiser forgets its moments, which belong to another loss. Even and odd count the samples of a
group in the order of the batch. The product can be negative; a group with one sample in the batch
has none. It needs groups in training, none at test; prediction as in `ce`.

Where we differ. DomainBed gives each domain a batch of its own and switches after 500 of its 5,000
steps; here groups share a batch and the switch is a share, 0.1. The paper divides the loss by the
weight after the switch; like DomainBed we do not, so that clipping and Adam's scale-free steps do
that work. CE is the mean over groups, not over samples (`average = samples` for that); a sample of
unknown group keeps its weight of 1/N there. `strength = 0` drops the term before the switch too,
and the restart; with `average = samples` the run is then `ce`, bit for bit. All methods share the
protocol's batch of 32 (`protocol.batch_size`): products of a few samples' derivatives are noisy,
and the published strength of 100, like 10, keeps the network from learning the classes of the
synthetic faces (measured). The search of the weight stops at 1e3 (DomainBed: 1e5), and the switch
is searched over four values (DomainBed: a range).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Method, Stage, Step, Update, method
from methods.ops import (
    at_least_single,
    class_probabilities,
    cross_entropies,
    cross_entropy,
    masked_mean,
)
from methods.shared.adversaries import GROUPINGS, target_codes, target_sizes


def membership(codes: Tensor, num_groups: int) -> Tensor:
    """(B, G) bool of (B,) codes; no group where the code is -1."""
    return codes[:, None] == torch.arange(num_groups, device=codes.device)


def group_average(values: Tensor, groups: Tensor) -> Tensor:
    """Mean over the groups present of their mean of the (B,) values, in (B, G) groups.

    Samples of no group keep the weight 1/B; the groups share the rest equally.
    """
    weights = groups.to(values.dtype)
    means = (values[:, None] * weights).sum(dim=0) / weights.sum(dim=0).clamp(min=1)
    known = weights.sum(dim=1)
    share = known.mean()
    return share * masked_mean(means, groups.any(dim=0)) + (values * (1 - known)).mean()


def scale_derivatives(logits: Tensor, labels: Tensor) -> Tensor:
    """(B,) derivatives of the cross entropy of w times (B, K) logits with respect to w at 1."""
    logits = at_least_single(logits)
    probabilities = class_probabilities(logits)
    own = logits.gather(1, labels[:, None]).squeeze(1)
    return (logits * probabilities).sum(dim=1) - own


def invariance(derivatives: Tensor, groups: Tensor) -> Tensor:
    """Mean over groups with two samples or more of the product of the means of (B,) derivatives
    over their even and their odd samples; 0 without such a group.
    """
    position = groups.cumsum(dim=0) - 1
    products, paired = torch.ones_like(derivatives[:1]), groups.sum(dim=0) >= 2
    for parity in (0, 1):
        half = (groups & (position % 2 == parity)).to(derivatives.dtype)
        sums = (derivatives[:, None] * half).sum(dim=0)
        products = products * (sums / half.sum(dim=0).clamp(min=1))
    return masked_mean(products, paired)


@method(
    "IRM",
    family="penalty",
    source="Arjovsky et al. 2019, Eq. IRMv1 and App. D; DomainBed (IRM)",
    needs=("train_groups",),
)
class Irm(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            100.0,
            doc="weight of the penalty after the switch (DomainBed); 0 drops it throughout",
            search=(0.1, 1.0, 10.0, 100.0, 1000.0),
            low=0.0,
        )
        switch: float = setting(
            0.1,
            doc="share of the steps with weight 1 (DomainBed: 500 of 5000)",
            search=(0.0, 0.01, 0.1, 0.5),
            low=0.0,
            high=1.0,
        )
        average: str = setting(
            "groups",
            doc="cross entropy as a mean over groups (DomainBed) or over samples",
            choices=("groups", "samples"),
        )
        groups: str = setting(
            "intersection",
            doc="groups of all attributes together, or the mean of the terms for each attribute",
            choices=GROUPINGS,
        )

    def stages(self) -> tuple[Stage, ...]:
        restart = self.settings.switch if self.settings.strength > 0 else None
        return (Stage("train", (Update(self.loss, self.parameter_sets(), restart=restart),)),)

    def weight(self, step: Step) -> float:
        """Weight of the penalty at `step`; changes where the optimiser restarts."""
        before = step.index < round(self.settings.switch * step.total)
        return 1.0 if before else float(self.settings.strength)

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        targets = self._targets(batch)
        if self.settings.average == "samples":
            ce = cross_entropy(logits, batch.labels)
        else:
            values = cross_entropies(logits, batch.labels)
            ce = torch.stack([group_average(values, groups) for groups in targets]).mean()
        if self.settings.strength == 0:
            return {"ce": ce}
        derivatives = scale_derivatives(logits, batch.labels)
        terms = [invariance(derivatives, groups) for groups in targets]
        return {"ce": ce, "invariance": self.weight(step) * torch.stack(terms).mean()}

    def _targets(self, batch: Batch) -> list[Tensor]:
        """(B, G) groups of each target."""
        codes = target_codes(batch, self.settings.groups)
        sizes = target_sizes(self.task, self.settings.groups)
        return [membership(codes[:, j], size) for j, size in enumerate(sizes)]
