"""HSIC: the Hilbert-Schmidt independence criterion between prediction and group.

    loss = CE + lambda tr(K H L H) / (N - 1)^2,   H = I - 11'/N
    K_ij = exp(-|a_i - a_j|^2 / sigma),           L_ij = [s_i = s_j]

over the N samples of the batch in groups that are compared. a is the vector of class probabilities
(`on = prob`, sigma = 1) or the features divided by their length (`on = feature`, sigma = the median
squared distance in the batch, a constant in the gradient). It needs groups in training, none at
test; prediction as in `ce`.

Where we differ. The reference has two groups and a Gaussian kernel on their codes, which for more
groups would make an order of them; the indicator treats all groups alike and for two groups is
1.582 = 1 / (1 - 1/e) times the Gaussian (`group_kernel = gaussian` is there for two groups only).
The reference's a is one sigmoid output. Groups with fewer than `min_count` samples (2) in the batch
are left out; with fewer than two groups the term is 0. The values are of order 1e-3, hence a large
strength, which is ours. All methods share the protocol's batch of 32, where chance alone makes HSIC
about 1/N; 64 or more would be better (`protocol.batch_size`). With strength 0 the run is `ce`, bit
for bit.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, MethodError, Step, method
from methods.ops import class_probabilities, cross_entropy
from methods.shared.adversaries import GROUPINGS, target_sizes
from methods.shared.group_statistics import Members, mean_over_targets, members_of
from methods.shared.kernels import median_distance, squared_distances


def criterion(kernel: Tensor, groups: Members, *, group_kernel: str) -> Tensor:
    """tr(K H L H) / (N - 1)^2 of a (B, B) kernel and the groups of one block.

    `group_kernel` is `indicator`, or `gaussian` exp(-(s_i - s_j)^2) on the codes.
    """
    weights = groups.weights[0]
    used = weights.sum(dim=1)
    number = used.sum()
    together = weights @ weights.T
    if group_kernel == "gaussian":
        codes = weights @ torch.arange(weights.shape[1], dtype=weights.dtype, device=weights.device)
        together = torch.exp(-((codes[:, None] - codes) ** 2))
    centring = torch.diag(used) - used[:, None] * used / number.clamp(min=1)
    centred = centring @ together @ centring
    return (kernel * centred).sum() / (number - 1).clamp(min=1) ** 2


@method(
    "HSIC",
    family="penalty",
    source="Gretton et al. 2005, Eq. 9; ahxt/fair_fairness_benchmark (hsic)",
    needs=("train_groups",),
)
class Hsic(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            100.0,
            doc="lambda (ours: HSIC is of order 1e-3)",
            search=(1.0, 10.0, 100.0, 1000.0),
            low=0.0,
        )
        on: str = setting(
            "prob",
            doc="made independent of the group: class probabilities, or features of unit length",
            choices=("prob", "feature"),
        )
        sigma: float = setting(
            1.0, doc="divisor of squared distances of probabilities (reference: 1)", low=1e-6
        )
        group_kernel: str = setting(
            "indicator",
            doc="same group or not; gaussian on the codes for two groups (reference)",
            choices=("indicator", "gaussian"),
        )
        groups: str = setting(
            "intersection",
            doc="groups of all attributes together, or the mean of the term for each attribute",
            choices=GROUPINGS,
        )
        min_count: int = setting(2, doc="samples that a group needs to be used", low=1)

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        sizes = target_sizes(self.task, self.settings.groups)
        if self.settings.group_kernel == "gaussian" and max(sizes) > 2:
            raise MethodError(
                "hsic.group_kernel=gaussian is for two groups, not "
                f"{max(sizes)}: use indicator, or one attribute of two levels."
            )

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        logits = self.head(features)
        ce = cross_entropy(logits, batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        seen = features if self.settings.on == "feature" else class_probabilities(logits)
        targets = members_of(
            batch, self.task, self.settings.groups, min_count=self.settings.min_count
        )
        dependence = mean_over_targets(self._term, seen, targets)
        return {"ce": ce, "hsic": self.settings.strength * dependence}

    def _term(self, seen: Tensor, groups: Members) -> Tensor:
        if self.settings.on == "feature":
            distances = squared_distances(F.normalize(seen, dim=1, eps=1e-8))
            kernel = torch.exp(-distances / median_distance(distances, groups.used))
        else:
            kernel = torch.exp(-squared_distances(seen) / self.settings.sigma)
        return criterion(kernel, groups, group_kernel=self.settings.group_kernel)
