"""Accuracy against fairness: points (performance, fairness), both higher better, in [0, 1]."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: points closer than this are equal: means in another order differ in the last bit
DECIMALS = 12
#: most pairs of points that are compared at a time
LARGEST = 2_000_000


def pareto_front(performance: ArrayLike, fairness: ArrayLike) -> NDArray[np.bool_]:
    """(..., M) whether no other point is at least as good in both and better in one.

    Equal points do not dominate each other; a point with NaN is on no front.

    Args:
        performance: (..., M); leading axes are replicates.
        fairness: (..., M) of the same points.
    """
    p, f = (np.round(np.asarray(x, np.float64), DECIMALS) for x in (performance, fairness))
    known = ~(np.isnan(p) | np.isnan(f))
    p, f = np.where(known, p, -np.inf), np.where(known, f, -np.inf)
    at_least = (p[..., :, None] <= p[..., None, :]) & (f[..., :, None] <= f[..., None, :])
    better = (p[..., :, None] < p[..., None, :]) | (f[..., :, None] < f[..., None, :])
    return np.asarray(known & ~(at_least & better).any(axis=-1))


def front_probability(performance: ArrayLike, fairness: ArrayLike) -> Floats:
    """(M,) share of the replicates in which each point is on the front.

    Only replicates in which a point is defined count for it; NaN where none is.

    Args:
        performance: (B, M) replicates, the same test samples for all points.
        fairness: (B, M) of the same replicates.
    """
    p, f = np.asarray(performance, np.float64), np.asarray(fairness, np.float64)
    known = (~np.isnan(p) & ~np.isnan(f)).sum(axis=0)
    hits = np.zeros(known.shape)
    size = max(1, LARGEST // max(1, p.shape[1] ** 2))
    for start in range(0, len(p), size):
        at = slice(start, start + size)
        hits += pareto_front(p[at], f[at]).sum(axis=0)
    share = np.full(known.shape, np.nan)
    np.divide(hits, known, out=share, where=known > 0)
    return share


def distance_to_optimum(
    performance: float, fairness: float, utopia: tuple[float, float] = (1.0, 1.0)
) -> float:
    """Distance of a point to the utopia point, axes scaled by it; in [0, sqrt 2] for (1, 1).

    A utopia point made of the compared set makes every value depend on the others: not the default.
    NaN where a coordinate is, or where the utopia point lies on an axis.

    Source: metrics.md 9; Han et al. 2022.
    """
    if min(utopia) <= 0:
        return math.nan
    return math.hypot(1 - performance / utopia[0], 1 - fairness / utopia[1])


def hypervolume(
    performance: ArrayLike, fairness: ArrayLike, reference: tuple[float, float]
) -> float:
    """Area that the points dominate beyond the reference point; points outside add nothing.

    NaN where no point is defined.

    Args:
        performance: (M,).
        fairness: (M,) of the same points.
        reference: chance accuracy and the fairness that counts as none.

    Source: metrics.md 9.
    """
    p, f = np.asarray(performance, np.float64), np.asarray(fairness, np.float64)
    if not (~np.isnan(p) & ~np.isnan(f)).any():
        return math.nan
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
    """(T,) highest performance among points with at least so much fairness; NaN without any.

    Args:
        performance: (M,).
        fairness: (M,) of the same points.
        thresholds: (T,) fairness asked for.
    """
    p, f = np.asarray(performance, np.float64), np.asarray(fairness, np.float64)
    wanted = np.asarray(thresholds, dtype=np.float64)
    best = np.full(len(wanted), np.nan)
    for place, threshold in enumerate(wanted):
        enough = p[(f >= threshold - 10.0**-DECIMALS) & ~np.isnan(p)]
        if len(enough):
            best[place] = enough.max()
    return best
