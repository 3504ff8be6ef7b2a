"""Reject option: near the threshold, deprived groups get the favourable decision, others the other.

    q > theta + r                favourable             q = probability of the favourable class
    q <= theta - r               unfavourable
    theta - r < q <= theta + r   favourable for a deprived group, unfavourable for a privileged one

Two classes only, one of which is favourable: `happy` or `smiling`, or the class other than `angry`;
any other by the setting. theta and r come from a grid on the validation part: 100 thresholds in
[0.01, 0.99] and for each 50 margins in [0, min(theta, 1 - theta)]. Of the pairs with a statistical
parity difference of at most `bound` in size, the one with the best balanced accuracy is taken.

A group is deprived if the treated method gives it the favourable decision less often than all
samples of known group together (validation part); the statistical parity difference is the
favourable rate of all deprived groups together minus that of the others. Needs groups of the
validation and of the test part; an unknown group, or one that the validation part lacks, is decided
by theta alone.

Where we differ. The grid, and the first of equally good pairs, are those of AIF360. It is for two
groups that the user names deprived and privileged; ours are found on the validation part, any
number of them. If no pair meets the bound, AIF360 takes the most negative difference; we take the
smallest in size, of equal ones that with the best balanced accuracy. If all groups have the same
favourable rate, no group is deprived and the decisions stay as they are. Groups at test are those
of the data set: predicted ones are not offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.settings import setting
from datasets.spec import DatasetSpec
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

THRESHOLDS = np.linspace(0.01, 0.99, 100)
NUM_MARGINS = 50
FAVOURABLE, UNFAVOURABLE = ("happy", "smiling"), ("angry",)

Flags = NDArray[np.bool_]


@post("Reject option", source="Kamiran et al. 2012, Sec. 4.1; grid of AIF360")
class RejectOption(PostProcessor):
    @dataclass(frozen=True)
    class Settings:
        favourable: str = setting(
            "", doc="the favourable class; empty for happy, smiling or the one that is not angry"
        )
        bound: float = setting(
            0.05, doc="largest allowed statistical parity difference (AIF360)",
            search=(0.01, 0.02, 0.05, 0.1), low=0.0, high=1.0,
        )  # fmt: skip

    def __init__(self, task: PostTask, settings: Any = None) -> None:
        super().__init__(task, settings)
        self.threshold: float | None = None
        self.margin = 0.0
        #: (G + 1,) 1 deprived, -1 privileged, 0 neither; the last is that of unknown groups
        self.sides: Codes = np.zeros(task.num_groups + 1, dtype=np.int64)
        self._notes: dict[str, object] = {}

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        if spec.num_classes != 2:
            return "reject_option needs two classes"
        if _favourable(spec.classes, settings.favourable) is None:
            known = " nor ".join(spec.classes)
            return f"no favourable class: neither {known} is; set reject_option.favourable"
        return None

    def fit(self, validation: Scored) -> None:
        known = known_groups(validation, "reject_option")
        decided = validation.predicted == self._index
        groups = validation.groups
        self.threshold, self.sides = None, np.zeros_like(self.sides)
        for group in np.unique(groups[known]):
            rate = decided[groups == group].mean()
            self.sides[group] = 1 if rate < decided[known].mean() else -1
        if not (self.sides == 1).any():
            self._notes = {"threshold": None, "margin": None, "deprived": []}
            return
        favourable = validation.known_labels == self._index
        grid = _Grid(self._scores(validation), favourable, self.sides[groups])
        best = grid.best(self.settings.bound)
        self.threshold, self.margin = float(grid.thresholds[best]), float(grid.margins[best])
        self._notes = {
            "threshold": self.threshold,
            "margin": self.margin,
            "deprived": [int(s) for s in np.flatnonzero(self.sides == 1)],
            "parity_difference": float(grid.differences[best]),
            "balanced_accuracy": float(grid.accuracies[best]),
            "bound_met": bool(abs(grid.differences[best]) <= self.settings.bound),
        }

    def decide(self, part: Scored) -> Floats:
        if self.threshold is None:
            return one_hot(part.predicted, self.task.num_classes)
        chosen = decisions(
            self._scores(part), self.sides[part.groups], self.threshold, np.array([self.margin])
        )[0]
        return one_hot(np.where(chosen, self._index, 1 - self._index), self.task.num_classes)

    def notes(self) -> dict[str, object]:
        return self._notes

    @property
    def _index(self) -> int:
        found = _favourable(self.task.classes, self.settings.favourable)
        assert found is not None, "the harness asks skip() first"
        return found

    def _scores(self, part: Scored) -> Floats:
        """(n,) probability of the favourable class."""
        logs = np.asarray(part.log_probabilities, dtype=np.float64)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(weights[:, self._index] / weights.sum(axis=1))


def decisions(scores: Floats, sides: Codes, threshold: float, margins: Floats) -> Flags:
    """(m, n) which samples get the favourable decision, for each of m margins.

    Args:
        scores: (n,) probability of the favourable class.
        sides: (n,) 1 deprived, -1 privileged, 0 neither.
        threshold: between the classes.
        margins: (m,) half-widths of the band.
    """
    band = (scores > threshold - margins[:, None]) & (scores <= threshold + margins[:, None])
    return np.asarray(np.where(band & (sides != 0), sides == 1, scores > threshold))


class _Grid:
    """Balanced accuracy and parity difference of every pair of threshold and margin.

    Attributes:
        thresholds, margins, accuracies, differences: (5000,), margins within thresholds.
    """

    def __init__(self, scores: Floats, favourable: Flags, sides: Codes) -> None:
        margins, accuracies, differences = [], [], []
        for threshold in THRESHOLDS:
            tried = np.linspace(0.0, min(threshold, 1 - threshold), NUM_MARGINS)
            chosen = decisions(scores, sides, threshold, tried)
            right = chosen == favourable
            present = [rows for rows in (favourable, ~favourable) if rows.any()]
            margins.append(tried)
            accuracies.append(np.mean([right[:, rows].mean(axis=1) for rows in present], axis=0))
            deprived, others = (chosen[:, sides == side].mean(axis=1) for side in (1, -1))
            differences.append(deprived - others)
        self.thresholds = np.repeat(THRESHOLDS, NUM_MARGINS)
        self.margins = np.concatenate(margins)
        self.accuracies = np.concatenate(accuracies)
        self.differences = np.concatenate(differences)

    def best(self, bound: float) -> int:
        """Position of the pair to take."""
        allowed = np.abs(self.differences) <= bound
        if not allowed.any():
            allowed = np.abs(self.differences) == np.abs(self.differences).min()
        return int(np.where(allowed, self.accuracies, -np.inf).argmax())


def _favourable(classes: tuple[str, ...], wanted: str) -> int | None:
    """Code of the favourable class, None where the names do not tell."""
    if wanted:
        return classes.index(wanted) if wanted in classes else None
    for code, name in enumerate(classes):
        if name in FAVOURABLE:
            return code
    for code, name in enumerate(classes):
        if name in UNFAVOURABLE:
            return 1 - code
    return None
