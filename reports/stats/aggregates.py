"""Aggregates of runs over several data sets: S runs x D data sets, higher better.

Written here because the usual package ignores the random state that it is given (metrics.md 15).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats  # type: ignore[import-untyped]

from reports.stats.outcome import Estimate

Floats = NDArray[np.float64]

DECIMALS = 12
NO_RUN = "no run has a score"
NO_SPREAD = "no two draws of the runs differ: no interval"
ONE_RUN = "a data set with one run: no interval"


def interquartile_mean(scores: ArrayLike) -> float:
    """Mean of the middle half of all scores; NaN without any."""
    known = _known(scores)
    return float(stats.trim_mean(known, 0.25)) if len(known) else math.nan


def optimality_gap(scores: ArrayLike, gamma: float = 1.0) -> float:
    """How far runs fall short of `gamma` on average, those above it counting as `gamma`.

    NaN without any.
    """
    known = _known(scores)
    return float(gamma - np.minimum(known, gamma).mean()) if len(known) else math.nan


def performance_profile(scores: ArrayLike, thresholds: ArrayLike) -> Floats:
    """(T,) share of runs with a score above each threshold; NaN without any run.

    Args:
        scores: (S, D), NaN left out.
        thresholds: (T,) scores to exceed.
    """
    known = _known(scores)
    if not len(known):
        return np.full(np.shape(thresholds), np.nan)
    above = known[:, None] > np.asarray(thresholds, dtype=np.float64)[None]
    return np.asarray(above.mean(axis=0))


def probability_of_improvement(x: ArrayLike, y: ArrayLike) -> float:
    """Chance that a run of x beats one of y on a data set drawn at random; ties count one half.

    Args:
        x: (S, D) scores of the one method, NaN left out.
        y: (R, D) scores of the other on the same data sets.

    Returns:
        In [0, 1]; NaN where no data set has runs of both.
    """
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    chances = []
    for column in range(first.shape[1]):
        a, b = _known(first[:, column]), _known(second[:, column])
        if len(a) and len(b):
            sign = np.sign(np.round(a[:, None] - b[None], DECIMALS))
            chances.append(float((sign.mean() + 1) / 2))
    return float(np.mean(chances)) if chances else math.nan


def aggregate_interval(
    scores: ArrayLike,
    aggregate: Callable[[Floats], float],
    generator: np.random.Generator,
    *,
    draws: int = 2000,
) -> Estimate:
    """The aggregate with a 95 % interval over runs drawn anew within each data set.

    Percentiles are taken as far out as t is beyond the normal for so few runs: plain ones cover 82
    to 92 % with five runs on one to six data sets, these 92 to 95 (three runs: 75 on one data
    set, 93 on more).

    Args:
        scores: (S, D), NaN where a run has no score.
        aggregate: function of (S, D) scores.
        generator: source of the draws.
        draws: bootstrap samples.

    Source: metrics.md 8.3; Hesterberg 2015 (expanded percentiles).
    """
    table = np.asarray(scores, dtype=np.float64)
    value = aggregate(table)
    if math.isnan(value):
        return Estimate(reason=NO_RUN)
    if _fewest(table) < 2:
        return Estimate(value, reason=ONE_RUN)
    drawn = [aggregate(_redrawn(table, generator)) for _ in range(draws)]
    return _expanded(value, drawn, (table,))


def improvement_interval(
    x: ArrayLike, y: ArrayLike, generator: np.random.Generator, *, draws: int = 2000
) -> Estimate:
    """`probability_of_improvement` with a 95 % interval, runs of both methods drawn anew.

    Args:
        x: (S, D) scores of the one method.
        y: (R, D) scores of the other on the same data sets.
        generator: source of the draws.
        draws: bootstrap samples.
    """
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    value = probability_of_improvement(first, second)
    if math.isnan(value):
        return Estimate(reason=NO_RUN)
    if min(_fewest(first), _fewest(second)) < 2:
        return Estimate(value, reason=ONE_RUN)
    drawn = [
        probability_of_improvement(_redrawn(first, generator), _redrawn(second, generator))
        for _ in range(draws)
    ]
    return _expanded(value, drawn, (first, second))


def _fewest(table: Floats) -> int:
    """Runs of the data set that has the fewest, those without any left out."""
    runs = (~np.isnan(table)).sum(axis=0)
    return int(runs[runs > 0].min())


def _redrawn(table: Floats, generator: np.random.Generator) -> Floats:
    """(S, D) with as many defined runs of each data set as before, drawn with replacement."""
    runs = (~np.isnan(table)).sum(axis=0)
    # NaN sorts last, so the first `runs` scores of a column are the defined ones.
    ordered = np.sort(table, axis=0)
    picks = generator.integers(0, np.maximum(runs, 1), table.shape)
    drawn = np.take_along_axis(ordered, picks, axis=0)
    return np.where(np.arange(len(table))[:, None] < runs, drawn, np.nan)


def _expanded(value: float, drawn: Sequence[float], tables: Sequence[Floats]) -> Estimate:
    """Percentile limits that allow for the few runs behind each draw."""
    runs = np.concatenate([(~np.isnan(table)).sum(axis=0) for table in tables])
    runs = runs[runs > 0]
    # A bootstrap of S runs has (S - 1) / S of their variance, known with this many degrees.
    dof = float((runs - 1).sum())
    reach = math.sqrt(runs.sum() / dof) * float(stats.t.ppf(0.975, dof))
    outside = 100 * float(stats.norm.sf(reach))
    low, high = np.percentile(drawn, [outside, 100 - outside])
    if high - low <= 10.0**-DECIMALS:
        return Estimate(value, reason=NO_SPREAD)
    return Estimate(value, float(low), float(high))


def _known(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64).ravel()
    return found[~np.isnan(found)]
