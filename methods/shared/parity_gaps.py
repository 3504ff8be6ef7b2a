"""Gaps between the mean class probabilities of groups: what the parity penalties are made of.

    D_k(S) = mean over pairs of groups of |mean of p_k over a in S - mean of p_k over b in S|

or, with `max_gap`, the largest mean less the smallest. Probabilities instead of decisions make it
smooth; where p is 0 or 1 it is the gap of the decisions.

Source: ahxt/fair_fairness_benchmark (src/loss.py) for two classes and two groups; methods.md 6.3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import Task
from methods.ops import at_least_single
from methods.shared.adversaries import target_sizes
from methods.shared.group_statistics import Members, members_of

#: allowed values of a `reduce` setting
REDUCTIONS = ("mean_pairs", "max_gap")


def gaps(means: Tensor, groups: Members, reduce: str) -> Tensor:
    """(C, F) gaps of (C, G, F) group means; 0 in blocks without two compared groups.

    `reduce` is the mean over the pairs, or the largest mean less the smallest.
    """
    if reduce == "mean_pairs":
        return groups.over_pairs((means[:, :, None] - means[:, None, :]).abs())
    compared = groups.compared[..., None]
    infinity = torch.full_like(means, float("inf"))
    gap = torch.where(compared, means, -infinity).amax(dim=1)
    gap = gap - torch.where(compared, means, infinity).amin(dim=1)
    return torch.where(groups.blocks[:, None], gap, torch.zeros_like(gap))


class GroupMeans(nn.Module):
    """Group means of class probabilities, on the way smoothed over the batches.

    The smoothed mean is `(1 - memory) batch + memory before` in value, from the second batch with
    the group on; its gradient is that of the mean of the batch, so that the strength of a penalty
    does not depend on the memory.

    Args:
        task: gives classes and groups.
        grouping: one of `methods.shared.adversaries.GROUPINGS`.
        min_count: samples that a group needs to be compared.
        per_class: means within each class.
        memory: share of what was before; 0 keeps nothing.
    """

    def __init__(
        self, task: Task, grouping: str, *, min_count: int, per_class: bool, memory: float
    ) -> None:
        super().__init__()
        self.task = task
        self.grouping = grouping
        self.min_count = min_count
        self.per_class = per_class
        self.memory = memory
        blocks = task.num_classes if per_class else 1
        for position, size in enumerate(target_sizes(task, grouping) if memory else ()):
            means = torch.zeros(blocks, size, task.num_classes)
            self.register_buffer(f"means_{position}", means)
            self.register_buffer(f"seen_{position}", torch.zeros(blocks, size, dtype=torch.bool))

    def forward(self, probabilities: Tensor, batch: Batch) -> list[tuple[Tensor, Members]]:
        """H pairs of (C, G, K) means and the groups, of (B, K) probabilities.

        C is K for `per_class`, else 1. In training mode the memory moves on.
        """
        targets = members_of(
            batch,
            self.task,
            self.grouping,
            min_count=self.min_count,
            per_class=self.per_class,
        )
        found = []
        with torch.autocast(probabilities.device.type, enabled=False):
            full = at_least_single(probabilities)
            for position, groups in enumerate(targets):
                means = groups.means(full)
                found.append((self._smoothed(position, means, groups), groups))
        return found

    def _smoothed(self, position: int, means: Tensor, groups: Members) -> Tensor:
        if self.memory == 0:
            return means
        kept, seen = getattr(self, f"means_{position}"), getattr(self, f"seen_{position}")
        batch = means.detach()
        mixed = torch.where(seen[..., None], torch.lerp(batch, kept, self.memory), batch)
        if self.training:
            kept.copy_(torch.where(groups.compared[..., None], mixed, kept))
            seen.logical_or_(groups.compared)
        return means + (mixed - batch)
