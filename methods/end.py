"""EnD: features entangled with the class across groups and disentangled from the group.

Two penalties on the angles between features, z being scaled to length 1 and c_ij its cosines over
the pairs of different samples of a batch:

    loss = CE + alpha R_orth + beta R_par
    R_orth = sum_s |sum of c_ij over the pairs inside group s| / number of same-group pairs
    R_par  = 1 - mean of (1 + c_ij) / 2 over the pairs of one class and different groups

R_orth asks that a group's faces do not all point the same way, R_par that a class looks the same in
all groups. Pairs with an unknown group take no part. It needs groups in training; prediction as in
`ce`.

Where we differ. A public re-implementation masks the cross-group pairs with a triangle and so drops
about half of them, which half depending on the order of the batch; here every pair counts. R_orth
divides by the same-group pairs of all groups together. Without such pairs a penalty is 0. The
defaults of alpha and beta are our choice: the source tunes them for each data set. With both 0 the
run is `ce`, bit for bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Method, Step, method
from methods.ops import cosines, cross_entropy, indicator, masked_mean


def pair_cosines(features: Tensor) -> Tensor:
    """(B, B) cosines of (B, d) features, in [-1, 1], with 0 on the diagonal."""
    values = cosines(features).clamp(-1, 1)
    return values * (1 - torch.eye(len(features), dtype=values.dtype, device=values.device))


def orthogonality(similarities: Tensor, groups: Tensor, num_groups: int) -> Tensor:
    """R_orth in [0, 1] of `pair_cosines` and (B,) group codes; 0 without same-group pairs."""
    members = indicator(groups, num_groups, similarities.dtype)
    inside = ((similarities @ members) * members).sum(dim=0)
    sizes = members.sum(dim=0)
    pairs = (sizes * (sizes - 1)).sum()
    return inside.abs().sum() / pairs.clamp(min=1)


def parallelism(similarities: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
    """R_par in [0, 1] of `pair_cosines`, (B,) class and group codes; 0 without such pairs."""
    known = groups >= 0
    across = (groups[:, None] != groups) & known[:, None] & known
    pairs = (labels[:, None] == labels) & across
    return masked_mean(((1 - similarities) / 2).flatten(), pairs.flatten())


@method(
    "EnD",
    family="contrastive",
    source="Tartaglione et al. 2021, Eq. 2 to 6; grayhong/bias-contrastive-learning end_org.py",
    needs=("train_groups",),
    aliases=("entangle_disentangle",),
)
class End(Method):
    @dataclass(frozen=True)
    class Settings:
        alpha: float = setting(
            0.1, doc="weight of R_orth (our choice of the searched values)", search=(0.1, 1.0),
            low=0.0,
        )  # fmt: skip
        beta: float = setting(
            0.1, doc="weight of R_par (our choice of the searched values)", search=(0.1, 1.0),
            low=0.0,
        )  # fmt: skip

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        terms = {"ce": cross_entropy(self.head(features), batch.labels)}
        if self.settings.alpha == self.settings.beta == 0:
            return terms
        similarities = pair_cosines(features)
        if self.settings.alpha > 0:
            penalty = orthogonality(similarities, batch.groups, self.task.num_groups)
            terms["orthogonality"] = self.settings.alpha * penalty
        if self.settings.beta > 0:
            penalty = parallelism(similarities, batch.labels, batch.groups)
            terms["parallelism"] = self.settings.beta * penalty
        return terms
