"""CORAL: the features of all groups shall have the same mean and covariance.

    loss = CE + lambda mean_{a<b} [ mean_j (mu_a - mu_b)_j^2 + mean_jk (C_a - C_b)_jk^2 ]

with mu_a the mean and C_a the covariance (divisor n_a - 1) of the features of group a in the batch,
and means over the d coordinates and the d^2 entries. `given_class` compares groups within each
class and takes the mean over the classes that have two groups. It needs groups in training, none at
test; prediction as in `ce`.

Where we differ. This is DomainBed's CORAL: with the means, and without the factor of Sun and
Saenko's |C_a - C_b|^2 / (4 d^2). Domains become groups inside a batch, as in SubpopBench; a group
counts from `min_count` samples on (2, since a covariance needs two), and with fewer than two such
groups the term is 0. The covariances are compared through inner products of samples, so that no
d x d matrix is made. All methods share the protocol's batch of 32, which leaves few samples a
group; 64 or more would be better (`protocol.batch_size`). With strength 0 the run is `ce`, bit for
bit.
"""

from dataclasses import dataclass

from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Method, Step, method
from methods.ops import cross_entropy
from methods.shared.adversaries import GROUPINGS
from methods.shared.group_statistics import Members, mean_over_targets, members_of


def moment_gap(features: Tensor, groups: Members) -> Tensor:
    """Mean over pairs of groups, then over blocks, of the squared differences of means and of
    covariances of (B, d) features.

    <C_a, C_b> = sum_ij (x_i . x_j)^2 / ((n_a - 1) (n_b - 1)) over centred x_i of a and x_j of b.
    """
    means = groups.means(features)
    centred = features - (groups.weights @ means).sum(dim=0)
    products = groups.pair_sums((centred @ centred.T) ** 2)
    freedom = (groups.counts - 1).clamp(min=1)
    inner = products / (freedom[:, :, None] * freedom[:, None, :])
    own = inner.diagonal(dim1=1, dim2=2)
    width = features.shape[1]
    covariances = (own[:, :, None] + own[:, None, :] - 2 * inner) / width**2
    shifts = ((means[:, :, None] - means[:, None, :]) ** 2).mean(dim=3)
    return groups.over_blocks(groups.over_pairs(shifts + covariances))


@method(
    "CORAL",
    family="penalty",
    source="Sun and Saenko 2016, Eq. 1; DomainBed (AbstractMMD), SubpopBench",
    needs=("train_groups",),
)
class Coral(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            1.0, doc="lambda (DomainBed)", search=(0.1, 0.3, 1.0, 3.0, 10.0), low=0.0
        )
        given_class: bool = setting(False, doc="compare groups within each class")
        groups: str = setting(
            "intersection",
            doc="groups of all attributes together, or the mean of the term for each attribute",
            choices=GROUPINGS,
        )
        min_count: int = setting(2, doc="samples that a group needs to be compared", low=1)

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        targets = members_of(
            batch,
            self.task,
            self.settings.groups,
            min_count=self.settings.min_count,
            per_class=self.settings.given_class,
        )
        gap = mean_over_targets(moment_gap, features, targets)
        return {"ce": ce, "coral": self.settings.strength * gap}
