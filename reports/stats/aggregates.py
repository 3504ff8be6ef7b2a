"""Aggregates of runs over several data sets: S runs x D data sets, higher better.

Written here because the usual package ignores the random state that it is given (metrics.md 15).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats  # type: ignore[import-untyped]

from reports.stats.outcome import Estimate

Floats = NDArray[np.float64]


def interquartile_mean(scores: ArrayLike) -> float:
    """Mean of the middle half of all scores; NaN without any."""
    known = _known(scores)
    return float(stats.trim_mean(known, 0.25)) if len(known) else math.nan


def optimality_gap(scores: ArrayLike, gamma: float = 1.0) -> float:
    """How far runs fall short of `gamma` on average, those above it counting as `gamma`."""
    known = _known(scores)
    return float(gamma - np.minimum(known, gamma).mean()) if len(known) else math.nan


def performance_profile(scores: ArrayLike, thresholds: ArrayLike) -> Floats:
    """(T,) share of runs with a score above each threshold."""
    known = _known(scores)
    if not len(known):
        return np.full(np.shape(thresholds), np.nan)
    above = known[:, None] > np.asarray(thresholds, dtype=np.float64)[None]
    return np.asarray(above.mean(axis=0))


def probability_of_improvement(x: ArrayLike, y: ArrayLike) -> float:
    """Chance that a run of x beats one of y on a data set drawn at random; ties count one half.

    Args:
        x, y: (S, D) and (R, D) scores of the same data sets.
    """
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    chances = []
    for column in range(first.shape[1]):
        a, b = _known(first[:, column]), _known(second[:, column])
        if len(a) and len(b):
            sign = np.sign(a[:, None] - b[None])
            chances.append(float((sign.mean() + 1) / 2))
    return float(np.mean(chances)) if chances else math.nan


def aggregate_interval(
    scores: ArrayLike,
    aggregate: Callable[[Floats], float],
    generator: np.random.Generator,
    *,
    draws: int = 2000,
) -> Estimate:
    """The aggregate with a percentile interval over runs drawn anew within each data set.

    Args:
        scores: (S, D).
        aggregate: function of (S, D) scores.
        generator: source of the draws.
        draws: bootstrap samples.
    """
    table = np.asarray(scores, dtype=np.float64)
    value = aggregate(table)
    if math.isnan(value) or len(table) < 2:
        return Estimate(value, reason="" if len(table) > 1 else "one run: no interval")
    columns = np.arange(table.shape[1])
    drawn = [
        aggregate(table[generator.integers(0, len(table), table.shape), columns])
        for _ in range(draws)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(value, float(low), float(high))


def _known(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64).ravel()
    return found[~np.isnan(found)]
