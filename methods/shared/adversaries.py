"""Classifiers of the group that adversarial methods train against, and the targets they are given.

Targets are a list of H classification problems: one for the intersection of all grouped attributes,
or one for each attribute. Their losses are averaged, so that a coefficient does not grow with the
number of attributes (methods.md 1.3).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import Task
from methods.ops import adversary, cross_entropies, masked_mean

#: allowed values of a `groups` setting
GROUPINGS = ("intersection", "per_attribute")


def target_sizes(task: Task, grouping: str) -> tuple[int, ...]:
    """Number of values of each of the H targets."""
    return task.group_sizes if grouping == "per_attribute" else (task.num_groups,)


def target_codes(batch: Batch, grouping: str) -> Tensor:
    """(B, H) codes of the targets, -1 unknown."""
    return batch.attributes if grouping == "per_attribute" else batch.groups[:, None]


def target_counts(task: Task, grouping: str) -> list[Tensor]:
    """Training counts of the values of each of the H targets."""
    strata = torch.tensor(task.stratum_counts, dtype=torch.get_default_dtype())
    per_group = strata.sum(dim=0)
    if grouping != "per_attribute":
        return [per_group]
    cube = per_group.view(task.group_sizes)
    axes = range(cube.dim())
    return [
        cube.sum(dim=[a for a in axes if a != axis]) if cube.dim() > 1 else cube for axis in axes
    ]


def balancing_weights(counts: Tensor) -> Tensor:
    """(G,) weights n / (G n_s) for G counts n_s with sum n; 0 where the count is 0."""
    weights = counts.sum() / (len(counts) * counts.clamp(min=1))
    return torch.where(counts > 0, weights, torch.zeros_like(weights))


def target_cross_entropy(
    logits: Sequence[Tensor], codes: Tensor, weights: Sequence[Tensor] = ()
) -> Tensor:
    """Mean over the targets of the mean cross entropy over the samples with a known value.

    Args:
        logits: H tensors of (B, size).
        codes: (B, H) codes, -1 unknown; a target that is unknown throughout adds 0.
        weights: H tensors of (size,), a factor for each value; none means 1.
    """
    losses = []
    for position, scores in enumerate(logits):
        own = codes[:, position]
        values = cross_entropies(scores, own.clamp(min=0))
        if weights:
            values = values * weights[position][own.clamp(min=0)]
        losses.append(masked_mean(values, own >= 0))
    return torch.stack(losses).mean()


class GroupAdversary(nn.Module):
    """One default adversary for each target.

    Args:
        width: number of input features.
        task: gives sizes and counts of the groups.
        grouping: one of `GROUPINGS`.
        hidden: width of the two hidden layers; 0 for a linear adversary.
        balance: weight the values of a target inversely to their training counts.
    """

    def __init__(
        self, width: int, task: Task, grouping: str, *, hidden: int = 256, balance: bool = False
    ) -> None:
        super().__init__()
        self.grouping = grouping
        sizes = target_sizes(task, grouping)
        self.classifiers = nn.ModuleList(adversary(width, size, hidden) for size in sizes)
        self.num_weights = len(sizes) if balance else 0
        if balance:
            for position, counts in enumerate(target_counts(task, grouping)):
                weights = balancing_weights(counts)
                self.register_buffer(f"weights_{position}", weights, persistent=False)

    def forward(self, inputs: Tensor) -> list[Tensor]:
        """H tensors of (B, size) logits of (B, width) inputs."""
        return [classifier(inputs) for classifier in self.classifiers]

    def loss(self, inputs: Tensor, batch: Batch) -> Tensor:
        """Cross entropy of the groups of `batch` given (B, width) inputs; see
        `target_cross_entropy`.
        """
        weights = [getattr(self, f"weights_{i}") for i in range(self.num_weights)]
        return target_cross_entropy(self(inputs), target_codes(batch, self.grouping), weights)
