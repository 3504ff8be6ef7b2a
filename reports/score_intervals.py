"""Intervals of scores that compare groups: from limits of all groups' rates at once.

A bootstrap of a minimum, a maximum or their ratio adds the sampling noise a second time and covers
next to nothing where the groups are equal (metrics.md 6.5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reports.metrics.counts import Counts
from reports.metrics.scores import Scores
from reports.replicates.simultaneous import (
    Compare,
    between_limits,
    mean_recall_limits,
    sidak_wilson,
    widened_by_seeds,
)

Floats = npt.NDArray[np.float64]

#: summaries over classes; that of a mean is smooth enough for the t interval
EXTREMES = ("max", "min")


class Measured(Protocol):
    """A metric's scores and its values on resampled test sets, (B, P, E)."""

    @property
    def scores(self) -> Scores: ...

    @property
    def resampled(self) -> Floats: ...


@dataclass(frozen=True)
class Comparison:
    """A score made of groups' rates: which metric these are, and how they are compared.

    Rates that are shares of test samples have Wilson limits; class-mean recalls (`recalls`) have
    their own.
    """

    rate: str
    how: Compare
    recalls: bool = False


COMPARISONS: Mapping[str, Comparison] = {
    "fs_acc": Comparison("acc", "ratio"),
    "fs_gap": Comparison("acc", "gap"),
    "fs_mca": Comparison("mca", "ratio", recalls=True),
    "fs_tpr": Comparison("tpr", "ratio"),
    "eopd": Comparison("tpr", "gap"),
    "eopr": Comparison("tpr", "ratio"),
    "fnr_gap": Comparison("tpr", "gap"),
    "fpr_gap": Comparison("fpr", "gap"),
    "disc": Comparison("sr", "gap"),
    "dpd": Comparison("sr", "gap"),
    "dpr": Comparison("sr", "ratio"),
    "wga_attr": Comparison("acc", "worst"),
}


def comparison_limits(
    key: str, measured: Mapping[str, Measured], counts: Counts, min_n: int
) -> tuple[Floats, Floats] | None:
    """(P, E) limits of a score that compares groups, seeds included; None for other metrics.

    Limits of the largest or smallest class are undefined: they would need all classes at once.

    Args:
        key: of the score.
        measured: all metrics of the same method and attribute, by key.
        counts: of this method and attribute.
        min_n: smallest group and stratum that count.
    """
    known = COMPARISONS.get(key)
    if known is None or known.rate not in measured:
        return None
    rates, one = measured[known.rate], measured[key]
    if known.recalls:
        low, high = mean_recall_limits(counts, min_n)
    else:
        low, high = sidak_wilson(rates.scores.value, rates.scores.n)
    ends = between_limits(low, high, known.how)
    shape = one.scores.value.shape[1:]
    limits = [np.full(shape, np.nan) for _ in ends]
    for limit, end in zip(limits, ends, strict=True):
        limit[0, : np.size(end)] = end
    wide = widened_by_seeds(limits[0], limits[1], one.scores.value)
    return wide[0], wide[1]


def bootstrap_limits(
    resampled: Floats, values: Floats, emotions: Sequence[str]
) -> tuple[Floats, Floats]:
    """(P, E) 2.5 and 97.5 percentiles of resampled test sets, widened by the seeds.

    Undefined for the largest or smallest class, whose percentiles would be those of another score.

    Args:
        resampled: (B, P, E) means over the seeds of something whose mean over resampled test sets
            is the score.
        values: (S, P, E) of the seeds.
        emotions: E names.
    """
    low, high = (np.full(resampled.shape[1:], np.nan) for _ in range(2))
    for group, emotion in np.ndindex(low.shape):
        column = resampled[:, group, emotion]
        known = column[~np.isnan(column)]
        if len(known) and emotions[emotion] not in EXTREMES:
            low[group, emotion], high[group, emotion] = np.percentile(known, [2.5, 97.5])
    return widened_by_seeds(low, high, values)


def has_t_interval(key: str, emotion: str) -> bool:
    """Whether a score without limits of its own may have the t interval."""
    return key not in COMPARISONS or emotion == "mean"
