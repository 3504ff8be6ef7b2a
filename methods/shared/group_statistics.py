"""Statistics of a batch group by group, for penalties that compare groups.

A batch is cut into C blocks (the whole batch, or one block for each class) and each block into G
groups. A group of a block is *compared* if it has at least `min_count` samples there and so has
another group of that block; what is not compared has weight 0 everywhere, so that a batch without
two groups gives exactly 0, still attached to the graph. Samples of unknown group belong to no group
(methods.md 1.3).

Everything is written with masks: no shape and no branch depends on a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Task
from methods.ops import at_least_single, masked_mean
from methods.shared.adversaries import target_codes, target_sizes


@dataclass(frozen=True)
class Members:
    """Who belongs to which compared group.

    Attributes:
        weights: (C, B, G) 1 where the sample is of that block and group and the group is compared
            there, else 0.
        compared: (C, G) bool, groups that are compared; in a block none or at least two.
    """

    weights: Tensor
    compared: Tensor

    @property
    def counts(self) -> Tensor:
        """(C, G) samples of the compared groups, 0 of the others."""
        return self.weights.sum(dim=1)

    @property
    def blocks(self) -> Tensor:
        """(C,) bool, blocks in which groups are compared."""
        return self.compared.any(dim=1)

    def sums(self, values: Tensor) -> Tensor:
        """(C, G, F) sums of the (B, F) values over the groups."""
        return self.weights.transpose(1, 2) @ values

    @property
    def used(self) -> Tensor:
        """(B,) bool, samples of a group that is compared in some block."""
        return self.weights.sum(dim=(0, 2)) > 0

    def means(self, values: Tensor) -> Tensor:
        """(C, G, F) means of the (B, F) values; 0 for groups that are not compared."""
        return self.sums(values) / self.counts.clamp(min=1)[..., None]

    def pair_sums(self, values: Tensor) -> Tensor:
        """(C, G, G) sums of (B, B) values over the pairs of a sample of one group and of the
        other.
        """
        return self.sums(values) @ self.weights

    def over_pairs(self, values: Tensor) -> Tensor:
        """(C, ...) means of symmetric (C, G, G, ...) values over pairs of different compared
        groups; 0 for a block without any.
        """
        pairs = self.compared[:, :, None] & self.compared[:, None, :]
        pairs = pairs & ~torch.eye(pairs.shape[1], dtype=torch.bool, device=pairs.device)
        mask = pairs[(...,) + (None,) * (values.dim() - 3)]
        kept = torch.where(mask, values, torch.zeros_like(values)).sum(dim=(1, 2))
        number = pairs.sum(dim=(1, 2)).clamp(min=1)
        return kept / number[(...,) + (None,) * (values.dim() - 3)]

    def over_blocks(self, values: Tensor) -> Tensor:
        """Mean of (C,) values over the blocks in which groups are compared; 0 without any."""
        return masked_mean(values, self.blocks)


def members(
    codes: Tensor,
    num_groups: int,
    *,
    min_count: int,
    blocks: Tensor | None = None,
) -> Members:
    """Groups of a batch under the rule above.

    Args:
        codes: (B,) group codes, -1 unknown.
        num_groups: G.
        min_count: samples that a group must have in a block.
        blocks: (C, B) bool, samples of each block; None for one block of all.
    """
    belongs = codes[:, None] == torch.arange(num_groups, device=codes.device)
    belongs = belongs[None] if blocks is None else belongs & blocks[:, :, None]
    enough = belongs.sum(dim=1) >= min_count
    compared = enough & (enough.sum(dim=1, keepdim=True) >= 2)
    weights = (belongs & compared[:, None, :]).to(torch.get_default_dtype())
    return Members(weights, compared)


def class_blocks(labels: Tensor, num_classes: int) -> Tensor:
    """(K, B) bool: the samples of each class."""
    return torch.arange(num_classes, device=labels.device)[:, None] == labels


def members_of(
    batch: Batch, task: Task, grouping: str, *, min_count: int, per_class: bool = False
) -> list[Members]:
    """Groups of each of the H targets of `methods.shared.adversaries.GROUPINGS`."""
    codes = target_codes(batch, grouping)
    blocks = class_blocks(batch.labels, task.num_classes) if per_class else None
    return [
        members(codes[:, position], size, min_count=min_count, blocks=blocks)
        for position, size in enumerate(target_sizes(task, grouping))
    ]


def mean_over_targets(
    term: Callable[[Tensor, Members], Tensor], values: Tensor, targets: list[Members]
) -> Tensor:
    """Mean over the targets of `term(values, members)`, in full precision under autocast."""
    with torch.autocast(values.device.type, enabled=False):
        # Differences of means, and of kernels, are smaller than what bfloat16 resolves.
        full = at_least_single(values)
        return torch.stack([term(full, target) for target in targets]).mean()
