"""Aggregates of runs on one or several data sets: S runs x D data sets, higher better.

Written here because the usual package ignores the random state that it is given (metrics.md 15).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit  # type: ignore[import-untyped]

from reports.stats.outcome import Estimate

Floats = NDArray[np.float64]

DECIMALS = 12
NO_RUN = "no run has a score"
NO_SPREAD = "no two draws of the runs differ: no interval"
ONE_RUN = "a data set with one run: no interval"


def mean_score(scores: ArrayLike) -> Floats:
    """(...) mean of all (..., S, D) scores; NaN without any."""
    return _mean(_table(scores), (-2, -1))


def interquartile_mean(scores: ArrayLike) -> Floats:
    """(...) mean of the middle half of all (..., S, D) scores; NaN without any."""
    table = _table(scores)
    # NaN sorts last.
    ordered = np.sort(table.reshape(*table.shape[:-2], -1), axis=-1)
    known = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    cut, place = known // 4, np.arange(ordered.shape[-1])
    middle = (place >= cut) & (place < known - cut)
    return _mean(np.where(middle, ordered, np.nan), (-1,))


def optimality_gap(scores: ArrayLike, gamma: float = 1.0) -> Floats:
    """(...) how far runs fall short of `gamma` on average, those above it counting as `gamma`.

    Args:
        scores: (..., S, D), NaN left out; the gap is NaN without any.
        gamma: the score that is enough.
    """
    return np.asarray(gamma - mean_score(np.minimum(_table(scores), gamma)))


def performance_profile(scores: ArrayLike, thresholds: ArrayLike) -> Floats:
    """(T,) share of runs with a score above each threshold; NaN without any run.

    Args:
        scores: (S, D), NaN left out.
        thresholds: (T,) scores to exceed.
    """
    known = np.asarray(scores, dtype=np.float64).ravel()
    known = known[~np.isnan(known)]
    if not len(known):
        return np.full(np.shape(thresholds), np.nan)
    above = known[:, None] > np.asarray(thresholds, dtype=np.float64)[None]
    return np.asarray(above.mean(axis=0))


def probability_of_improvement(x: ArrayLike, y: ArrayLike) -> Floats:
    """(...) chance that a run of x beats one of y on a data set drawn at random; ties count half.

    Args:
        x: (..., S, D) scores of the one method, NaN left out.
        y: (..., R, D) scores of the other on the same data sets.

    Returns:
        In [0, 1]; NaN where no data set has runs of both.
    """
    first, second = _table(x), _table(y)
    wins, pairs = (np.zeros((*first.shape[:-2], first.shape[-1])) for _ in range(2))
    for run in range(first.shape[-2]):
        sign = np.sign(np.round(first[..., run, None, :] - second, DECIMALS))
        known = ~np.isnan(sign)
        wins += np.where(known, (sign + 1) / 2, 0.0).sum(axis=-2)
        pairs += known.sum(axis=-2)
    chances = np.full(wins.shape, np.nan)
    np.divide(wins, pairs, out=chances, where=pairs > 0)
    return _mean(chances, (-1,))


def aggregate_intervals(
    scores: ArrayLike,
    aggregates: Sequence[Callable[[Floats], Floats]],
    generator: np.random.Generator,
    *,
    draws: int = 2000,
) -> list[Estimate]:
    """Aggregates with 95 % intervals over runs drawn anew within each data set.

    Percentiles are taken as far out as t is beyond the normal for so few runs: plain ones cover 82
    to 92 % with five runs on one to six data sets, these 92 to 95 (three runs: 75 on one data
    set, 93 on more).

    Args:
        scores: (S, D), NaN where a run has no score.
        aggregates: functions of (..., S, D) scores, as those above.
        generator: source of the draws, which the aggregates share.
        draws: bootstrap samples.

    Source: metrics.md 8.3; Hesterberg 2015 (expanded percentiles).
    """
    table = np.asarray(scores, dtype=np.float64)
    values = [float(aggregate(table)) for aggregate in aggregates]
    if np.isnan(table).all():
        return [Estimate(reason=NO_RUN)] * len(values)
    if _fewest(table) < 2:
        return [Estimate(value, reason=ONE_RUN) for value in values]
    redrawn = _redrawn(table, generator, draws)
    return [
        _expanded(value, aggregate(redrawn), (table,))
        for value, aggregate in zip(values, aggregates, strict=True)
    ]


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
    value = float(probability_of_improvement(first, second))
    if math.isnan(value):
        return Estimate(reason=NO_RUN)
    if min(_fewest(first), _fewest(second)) < 2:
        return Estimate(value, reason=ONE_RUN)
    drawn = probability_of_improvement(
        _redrawn(first, generator, draws), _redrawn(second, generator, draws)
    )
    return _expanded(value, drawn, (first, second))


def _fewest(table: Floats) -> int:
    """Runs of the data set that has the fewest, those without any left out."""
    runs = (~np.isnan(table)).sum(axis=0)
    return int(runs[runs > 0].min())


def _redrawn(table: Floats, generator: np.random.Generator, draws: int) -> Floats:
    """(draws, S, D) with as many defined runs of each data set as before, with replacement."""
    runs = (~np.isnan(table)).sum(axis=0)
    # NaN sorts last, so the first `runs` scores of a column are the defined ones.
    ordered = np.sort(table, axis=0)
    picks = generator.integers(0, np.maximum(runs, 1), (draws, *table.shape))
    drawn = np.take_along_axis(ordered[None], picks, axis=1)
    return np.where(np.arange(len(table))[:, None] < runs, drawn, np.nan)


def _expanded(value: float, drawn: Floats, tables: Sequence[Floats]) -> Estimate:
    """Percentile limits that allow for the few runs behind each draw."""
    runs = np.concatenate([(~np.isnan(table)).sum(axis=0) for table in tables])
    runs = runs[runs > 0]
    # A bootstrap of S runs has (S - 1) / S of their variance, known with this many degrees.
    dof = float((runs - 1).sum())
    reach = math.sqrt(runs.sum() / dof) * float(stdtrit(dof, 0.975))
    outside = 100 * float(ndtr(-reach))
    low, high = np.percentile(drawn, [outside, 100 - outside])
    if high - low <= 10.0**-DECIMALS:
        return Estimate(value, reason=NO_SPREAD)
    return Estimate(value, float(low), float(high))


def _table(scores: ArrayLike) -> Floats:
    return np.atleast_2d(np.asarray(scores, dtype=np.float64))


def _mean(values: Floats, axes: tuple[int, ...]) -> Floats:
    """Mean over the axes without NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    number = np.asarray(known.sum(axis=axes))
    mean = np.full(number.shape, np.nan)
    np.divide(np.where(known, values, 0.0).sum(axis=axes), number, out=mean, where=number > 0)
    return mean
