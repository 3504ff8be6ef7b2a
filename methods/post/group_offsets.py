"""Group offsets: numbers added to the log-probabilities before the largest is taken.

    decision = argmax_k (log p_k + b_sk)

    worst:     J(b) = min_s A_s - 1e-3 sum b^2
    tradeoff:  J(b) = A - mu (max_s A_s - min_s A_s) - 1e-3 sum b^2

A_s is the class-mean accuracy of group s over the classes that it has in the validation part, A
that of all samples. Mode `class` fits one number a class for all groups (the control: it knows
groups only through J); mode `group_class` fits G K numbers. For two classes this is one threshold a
group.

Fitted on the validation part by cyclic coordinate search: five sweeps over the coordinates in the
order of group, then class; each takes the best of the 121 values -3, -2.95, ..., 3, and of equally
good ones the smallest in size (of -v and v the first). Samples of unknown group keep b = 0. Needs
groups of the validation and of the test part: the decision depends on the group.

Where we differ. The source names the technique and not the search, which is ours. Groups at test
are those of the data set: predicted ones are not offered. Mode `group_class` starts from the shared
numbers: those of mode `class`, or 0 where those do not pay for their penalty in every group. A
class with fewer than `min_count` validation samples in a group keeps the shared number there, and
so do all classes of a group that the validation part lacks. The search never lowers J, so that J is
never below its value at b = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets.settings import setting
from methods.post.base import (
    Codes,
    Floats,
    PostProcessor,
    PostTask,
    Scored,
    known_groups,
    one_hot,
    post,
)

SWEEPS = 5
PENALTY = 1e-3
GRID = np.arange(-60, 61) / 20
#: the grid in order of size, so that the first of equally good values is the smallest
CANDIDATES = GRID[np.argsort(np.abs(GRID), kind="stable")]


@post("Group offsets", source="Chen and Joo 2021, Sec. 1.1 (thresholds of each group)")
class GroupOffsets(PostProcessor):
    @dataclass(frozen=True)
    class Settings:
        mode: str = setting(
            "group_class",
            doc="numbers of each group, or one set for all groups (control)",
            choices=("class", "group_class"),
        )
        objective: str = setting(
            "worst",
            doc="worst group's class-mean accuracy, or overall accuracy less mu times the gap",
            choices=("worst", "tradeoff"),
        )
        mu: float = setting(
            1.0, doc="weight of the gap in `tradeoff` (our choice)", search=(0.5, 1.0, 2.0), low=0.0
        )
        min_count: int = setting(
            10,
            doc="a class with fewer validation samples in a group keeps the shared number",
            low=0,
        )

    def __init__(self, task: PostTask, settings: Any = None) -> None:
        super().__init__(task, settings)
        #: (G, K), what is added to the log-probabilities of each group
        self.offsets: Floats = np.zeros((task.num_groups, task.num_classes))
        self._notes: dict[str, object] = {}

    def fit(self, validation: Scored) -> None:
        known_groups(validation, "group_offsets")
        objective = _Objective(validation, self.task, self.settings)
        zeros = np.zeros((1, self.task.num_classes))
        table = _search(objective, zeros, np.ones(zeros.shape, dtype=bool))
        kept: list[list[object]] = []
        if self.settings.mode == "group_class":
            table = np.repeat(table, self.task.num_groups, axis=0)
            if objective.value(table) < objective.value(zeros):
                table = np.zeros_like(table)
            free = objective.totals[:-1] >= max(self.settings.min_count, 1)
            kept = [[int(s), self.task.classes[k]] for s, k in np.argwhere(~free)]
            table = _search(objective, table, free)
        self.offsets = np.broadcast_to(table, self.offsets.shape)
        self._notes = {
            "offsets": [[float(b) for b in row] for row in self.offsets],
            "objective_before": objective.value(zeros),
            "objective_after": objective.value(table),
            "kept_shared": kept,
        }

    def decide(self, part: Scored) -> Floats:
        # Row -1, the last, is that of unknown groups.
        table = np.vstack([self.offsets, np.zeros(self.task.num_classes)])
        scores = np.asarray(part.log_probabilities, dtype=np.float64) + table[part.groups]
        return one_hot(scores.argmax(axis=1), self.task.num_classes)

    def notes(self) -> dict[str, object]:
        return self._notes


class _Objective:
    """J as a function of a table of offsets with one row for all groups, or one a group.

    Samples are sorted by stratum, so that correct decisions are counted by sums over slices.
    """

    def __init__(self, part: Scored, task: PostTask, settings: GroupOffsets.Settings) -> None:
        # Unknown groups are the last ones; their offsets are 0, they count in the overall accuracy.
        groups = np.where(part.groups < 0, task.num_groups, part.groups)
        strata = groups * task.num_classes + part.known_labels
        order = np.argsort(strata, kind="stable")
        self.settings = settings
        self.strata = strata[order]
        self.groups = groups[order]
        self.labels = part.known_labels[order]
        self.scores = np.asarray(part.log_probabilities, dtype=np.float64)[order]
        #: (G + 1, K) samples
        self.totals = np.bincount(
            strata, minlength=(task.num_groups + 1) * task.num_classes
        ).reshape(task.num_groups + 1, task.num_classes)

    def value(self, table: Floats) -> float:
        """J at the table, (1, K) or (G, K)."""
        right = self._scores(table).argmax(axis=1) == self.labels
        return float(self._accuracy(self._correct(right[:, None]))[0] - PENALTY * (table**2).sum())

    def along(self, table: Floats, row: int, k: int) -> Floats:
        """J at the table with each of `CANDIDATES` in turn at (row, k)."""
        scores = self._scores(table)
        moved = self._rows(table) == row
        fixed = scores.argmax(axis=1) == self.labels
        others = scores[moved]
        others[:, k] = -np.inf
        rival = others.argmax(axis=1)
        best = others.max(axis=1)[:, None]
        own = self.scores[moved, k][:, None] + CANDIDATES
        # As argmax: of equal scores the lower class.
        wins = (own > best) | ((own == best) & (k < rival)[:, None])
        labels = self.labels[moved]
        right = np.where(wins, (labels == k)[:, None], (labels == rival)[:, None])
        correct = self._correct(right, moved) + self._correct(fixed[~moved][:, None], ~moved)
        squares = (table**2).sum() - table[row, k] ** 2 + CANDIDATES**2
        # Rounded, so that equally good values are a tie on every machine.
        return np.asarray(np.round(self._accuracy(correct) - PENALTY * squares, 12))

    def _rows(self, table: Floats) -> Codes:
        """(n,) the row of the table that moves a sample, -1 for unknown groups."""
        unknown = self.groups == len(self.totals) - 1
        return np.where(unknown, -1, self.groups if len(table) > 1 else 0)

    def _scores(self, table: Floats) -> Floats:
        padded = np.vstack([table, np.zeros(table.shape[1])])
        return np.asarray(self.scores + padded[self._rows(table)])

    def _correct(self, right: Any, chosen: Any = slice(None)) -> Floats:
        """(G + 1, K, C) sums of (m, C) correct decisions of the chosen samples by stratum."""
        sums = np.zeros((self.totals.size, right.shape[1]))
        present, starts = np.unique(self.strata[chosen], return_index=True)
        if len(present):
            sums[present] = np.add.reduceat(right.astype(np.int64), starts, axis=0)
        return sums.reshape(*self.totals.shape, -1)

    def _accuracy(self, correct: Floats) -> Floats:
        """(C,) the part of J that is made of accuracies."""
        of_groups = _class_mean(correct[:-1], self.totals[:-1])[self.totals[:-1].any(axis=1)]
        if self.settings.objective == "worst":
            return np.asarray(of_groups.min(axis=0))
        overall = _class_mean(correct.sum(axis=0, keepdims=True), self.totals.sum(axis=0)[None])[0]
        return np.asarray(overall - self.settings.mu * np.ptp(of_groups, axis=0))


def _class_mean(correct: Floats, totals: Codes) -> Floats:
    """(S, C) mean recall over the classes present; 0 for a set without samples."""
    recalls = correct / np.maximum(totals, 1)[:, :, None]
    return np.asarray(recalls.sum(axis=1) / np.maximum((totals > 0).sum(axis=1), 1)[:, None])


def _search(objective: _Objective, start: Floats, free: Any) -> Floats:
    """The table after the sweeps; only free entries move."""
    table = start.copy()
    for _ in range(SWEEPS):
        before = table.copy()
        for row, k in np.argwhere(free):
            table[row, k] = CANDIDATES[objective.along(table, row, k).argmax()]
        if np.array_equal(table, before):
            break  # the next sweeps would find the same
    return table
