"""Maximum mean discrepancy: the features of all groups shall have the same distribution.

For each pair of groups (a, b) of the batch, with the kernel summed over seven widths:

    loss = CE + lambda mean_{a<b} MMD^2(a, b)
    MMD^2(a, b) = mean k(z_a, z_a) + mean k(z_b, z_b) - 2 mean k(z_a, z_b)        (V-statistic)
    k(z, z') = sum_gamma exp(-gamma |z - z'|^2 / m),   gamma = 0.001, 0.01, ..., 1000

m is the median squared distance between samples of the batch (`bandwidth = median`, a constant in
the gradient) or 1 (`fixed`, as in the references). `given_class` compares groups within each class
and takes the mean over the classes that have two groups: plain MMD also punishes true differences
in how often the classes occur in the groups. It needs groups in training, none at test; prediction
as in `ce`.

Where we differ. DomainBed compares domains with a batch each; here, as in SubpopBench, groups
inside a batch, and a group counts from `min_count` samples on (2); with fewer than two such groups
the term is 0. The references' fixed widths mean nothing for distances that grow with the number of
features, hence the median. All methods share the protocol's batch of 32, which leaves few samples a
group; 64 or more would be better (`protocol.batch_size`). With strength 0 the run is `ce`, bit for
bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Method, Step, method
from methods.ops import cross_entropy
from methods.shared.adversaries import GROUPINGS
from methods.shared.group_statistics import Members, mean_over_targets, members_of
from methods.shared.kernels import median_distance, squared_distances

#: factors of the squared distance (DomainBed, AbstractMMD)
GAMMAS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


def discrepancy(features: Tensor, groups: Members, *, bandwidth: str) -> Tensor:
    """Mean MMD^2 over pairs of groups, then over blocks, of (B, d) features; at least 0 up to
    rounding.
    """
    distances = squared_distances(features)
    if bandwidth == "median":
        distances = distances / median_distance(distances, groups.used)
    kernel = torch.stack([torch.exp(-gamma * distances) for gamma in GAMMAS]).sum(dim=0)
    counts = groups.counts.clamp(min=1)
    means = groups.pair_sums(kernel) / (counts[:, :, None] * counts[:, None, :])
    own = means.diagonal(dim1=1, dim2=2)
    return groups.over_blocks(groups.over_pairs(own[:, :, None] + own[:, None, :] - 2 * means))


@method(
    "MMD",
    family="penalty",
    source="Gretton et al. 2012, Eq. 5; DomainBed (AbstractMMD), SubpopBench",
    needs=("train_groups",),
)
class Mmd(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            1.0, doc="lambda (DomainBed)", search=(0.1, 0.3, 1.0, 3.0, 10.0), low=0.0
        )
        bandwidth: str = setting(
            "median",
            doc="scale of squared distances: median of the batch, or fixed at 1 (DomainBed)",
            choices=("median", "fixed"),
        )
        given_class: bool = setting(False, doc="compare groups within each class")
        groups: str = setting(
            "intersection",
            doc="groups of all attributes together, or the mean of the term for each attribute",
            choices=GROUPINGS,
        )
        min_count: int = setting(2, doc="samples that a group needs to be compared", low=1)

    def loss(self, batch: Batch, step: Step) -> Losses:
        chosen = self.settings
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if chosen.strength == 0:
            return {"ce": ce}
        targets = members_of(
            batch,
            self.task,
            chosen.groups,
            min_count=chosen.min_count,
            per_class=chosen.given_class,
        )

        def term(values: Tensor, groups: Members) -> Tensor:
            return discrepancy(values, groups, bandwidth=chosen.bandwidth)

        return {"ce": ce, "mmd": chosen.strength * mean_over_targets(term, features, targets)}
