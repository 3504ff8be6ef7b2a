"""Numbers of one data set as the figures need them, from metric rows and, where known, statistics.

Everything is a fraction here; figures print percent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reports.rows import REFERENCE_BLOCK, MethodRow, method_rows
from reports.seed_values import Place
from reports.specs import DatasetCard
from reports.study import StudyFrames

ACCURACY: Place = ("all", "all", "all", "acc")
#: methods beside the baseline in figures that show only some
BEST = 4
_STATISTICS = ("mean", "low", "high", "floor_mean", "floor_low", "floor_high")
_KEY = ("method", "variant", "attribute", "group", "emotion", "metric")


def fairness_place(attribute: str) -> Place:
    """Place of the fairness score that the figures show: worst over best group accuracy."""
    return attribute, "all", "all", "fs_acc"


@dataclass(frozen=True)
class Number:
    """A method's number: per defined seed, its mean, and 95 % interval and floor where known.

    `n` is the smallest denominator behind it; what is not known is NaN.
    """

    values: tuple[float, ...]
    n: int
    mean: float
    low: float = math.nan
    high: float = math.nan
    floor_mean: float = math.nan
    floor_low: float = math.nan
    floor_high: float = math.nan


@dataclass(frozen=True, eq=False)
class Results:
    """One data set's numbers.

    Attributes:
        dataset: its card.
        rows: methods that have values, in table order.
        statistics: (method, variant, place...) -> the columns `_STATISTICS`; empty where the study
            has none.
        baseline_key: method that the others are compared with; empty where the study has none.
    """

    dataset: DatasetCard
    rows: tuple[MethodRow, ...]
    statistics: Mapping[tuple[str, ...], tuple[float, ...]]
    baseline_key: str

    @property
    def has_intervals(self) -> bool:
        """Whether intervals are known."""
        return bool(self.statistics)

    @cached_property
    def baseline(self) -> MethodRow | None:
        """The baseline with its default settings."""
        mine = [row for row in self.rows if row.run[1] == self.baseline_key]
        return next((row for row in mine if row.block != REFERENCE_BLOCK), None)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Attributes and intersections with at least two groups."""
        groups = self.dataset.attributes()
        return tuple(name for name, members in groups.items() if len(members) > 1)

    def number(self, row: MethodRow, place: Place) -> Number:
        """What is known of a method at a place; NaN where nothing is."""
        entries = row.values.get(place, [])
        values = tuple(entry.value for entry in entries if not math.isnan(entry.value))
        mean = math.fsum(values) / len(values) if values else math.nan
        known = self.statistics.get((*row.run[1:], *place), ())
        return Number(values, min((entry.n for entry in entries), default=0), mean, *known[1:])

    def competes(self, row: MethodRow) -> bool:
        """Whether a method was trained like the others and has all its seeds."""
        return row.block != REFERENCE_BLOCK and row.done == row.expected

    def best(self, place: Place) -> list[MethodRow]:
        """The baseline, then the few methods best at a place among those that compete.

        Only methods at least as accurate as the baseline count, if it has a value: a method that
        predicts one class for everybody is fair and useless.
        """
        least = self.number(self.baseline, ACCURACY).mean if self.baseline else -math.inf
        able = [
            row
            for row in self.rows
            if row is not self.baseline
            and self.competes(row)
            and not self.number(row, ACCURACY).mean < least
            and not math.isnan(self.number(row, place).mean)
        ]
        able.sort(key=lambda row: -self.number(row, place).mean)
        return [*([self.baseline] if self.baseline else []), *able[:BEST]]


def results_of(frames: StudyFrames, dataset: DatasetCard) -> Results:
    """The numbers of one data set under the study's selection rule."""
    rows = tuple(row for row in method_rows(frames, dataset) if row.done)
    return Results(dataset, rows, _statistics(frames, dataset), baseline_of(frames, rows))


def baseline_of(frames: StudyFrames, rows: Sequence[MethodRow]) -> str:
    """Key of the baseline: that of the statistics, else the first of its family, else `ce`."""
    present = {row.run[1] for row in rows}
    named = [frames.baseline] if frames.baseline else []
    cards = frames.methods
    named += cards.loc[cards["family"] == "baseline", "method"].astype(str).tolist()
    return next((key for key in (*named, "ce") if key in present), "")


def _statistics(
    frames: StudyFrames, dataset: DatasetCard
) -> dict[tuple[str, ...], tuple[float, ...]]:
    table = frames.statistics
    if table is None:
        return {}
    mine = table[(table["dataset"] == dataset.key) & (table["select"] == frames.select)]
    keys = zip(*(mine[name].astype(str).tolist() for name in _KEY), strict=True)
    numbers = zip(*(mine[name].astype(float).tolist() for name in _STATISTICS), strict=True)
    return dict(zip(keys, numbers, strict=True))


def percent(value: float) -> float:
    """A fraction as the axes of the figures have it."""
    return 100.0 * value


def interval_words(results: Results) -> str:
    """What a caption says of the intervals."""
    if results.has_intervals:
        return "Lines are 95 % intervals over seeds and test samples."
    return "Intervals are not drawn, for the study has no statistics."


def seeds_words(results: Results) -> str:
    """What a caption says of the seeds."""
    most = max((row.expected for row in results.rows), default=0)
    unit = "repeat" if results.dataset.folds > 1 else "seed"
    return f"mean over {most} {unit}s" if most > 1 else f"one {unit}"
