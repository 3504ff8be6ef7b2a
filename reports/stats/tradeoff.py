"""Accuracy against fairness: points (performance, fairness), both higher better, in [0, 1]."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def pareto_front(performance: ArrayLike, fairness: ArrayLike) -> NDArray[np.bool_]:
    """(M,) whether no other point is at least as good in both and better in one.

    Equal points do not dominate each other; a point with NaN is on no front.

    Args:
        performance, fairness: (..., M); leading axes are replicates.
    """
    p, f = np.asarray(performance, np.float64), np.asarray(fairness, np.float64)
    known = ~(np.isnan(p) | np.isnan(f))
    p, f = np.where(known, p, -np.inf), np.where(known, f, -np.inf)
    at_least = (p[..., :, None] <= p[..., None, :]) & (f[..., :, None] <= f[..., None, :])
    better = (p[..., :, None] < p[..., None, :]) | (f[..., :, None] < f[..., None, :])
    return np.asarray(known & ~(at_least & better).any(axis=-1))


def front_probability(performance: ArrayLike, fairness: ArrayLike) -> Floats:
    """(M,) share of (B, M) paired replicates in which each point is on the front."""
    return np.asarray(pareto_front(performance, fairness).mean(axis=0), dtype=np.float64)


def distance_to_optimum(
    performance: float, fairness: float, utopia: tuple[float, float] = (1.0, 1.0)
) -> float:
    """Distance of a point to the utopia point, axes scaled by it; in [0, sqrt 2] for (1, 1).

    A utopia point made of the compared set makes every value depend on the others: not the default.

    Source: Han et al. 2022.
    """
    return math.hypot(1 - performance / utopia[0], 1 - fairness / utopia[1])


def hypervolume(
    performance: ArrayLike, fairness: ArrayLike, reference: tuple[float, float]
) -> float:
    """Area that the points dominate beyond the reference point; points outside add nothing.

    Args:
        performance, fairness: (M,).
        reference: chance accuracy and the fairness that counts as none.
    """
    p, f = np.asarray(performance, np.float64), np.asarray(fairness, np.float64)
    inside = (p > reference[0]) & (f > reference[1])
    area, best = 0.0, reference[1]
    for place in sorted(np.flatnonzero(inside), key=lambda one: -p[one]):
        if f[place] > best:
            area += (p[place] - reference[0]) * (f[place] - best)
            best = f[place]
    return float(area)


def performance_at_fairness(
    performance: ArrayLike, fairness: ArrayLike, thresholds: ArrayLike
) -> Floats:
    """(T,) highest performance among points with at least so much fairness; NaN without any."""
    p, f = np.asarray(performance, np.float64), np.asarray(fairness, np.float64)
    wanted = np.asarray(thresholds, dtype=np.float64)
    best = np.full(len(wanted), np.nan)
    for place, threshold in enumerate(wanted):
        enough = p[(f >= threshold) & ~np.isnan(p)]
        if len(enough):
            best[place] = enough.max()
    return best
