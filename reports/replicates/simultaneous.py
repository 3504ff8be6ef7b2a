"""Intervals of comparisons between groups that hold for all groups' rates at once.

A bootstrap of the extremes of the groups adds the sampling noise a second time. Instead, every
group's rate gets an interval at the level 0.95^(1/G) (Sidak), so that all G hold at once with 95 %;
what lies between the rates in these boxes then lies between the limits given here. Conservative.

Shapes: S seeds, G groups, any further axes (classes) behind. All seeds share their test images:
sizes are distinct images, never S times as many. A score is the mean of the seeds' own scores, and
its limits are the means of the seeds' own limits.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit  # type: ignore[import-untyped]

from reports.metrics.class_rates import recall
from reports.metrics.counts import Counts, Floats
from reports.metrics.minmax import common_classes
from reports.metrics.reasons import Reason
from reports.replicates.values import seed_mean

Compare = Literal["ratio", "gap", "worst"]
LEVEL = 0.95


def sidak_wilson(rates: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Wilson limits of all groups' rates at once, low and high of shape (S, G, ...).

    Args:
        rates: (S, G, ...) in [0, 1], NaN for groups that do not count.
        n: (G, ...) or (S, G, ...) distinct test images behind each rate.

    Returns:
        Within [0, 1] and around the rate; NaN where the rate is. G counts the groups with a rate.
    Source: metrics.md 6.5; Wilson 1927; Sidak 1967.
    """
    # A report whose statistics are kept does not need it, and it takes long to import.
    from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

    p, size = _same_shape(rates, n)
    defined = ~np.isnan(p) & (size > 0)
    low, high = np.full(p.shape, np.nan), np.full(p.shape, np.nan)
    alpha = np.broadcast_to(_alpha(defined), p.shape)[defined]
    rate, number = p[defined], size[defined]
    ends = proportion_confint(rate * number, number, alpha=alpha, method="wilson")
    # Rounding may put the end of a rate of 0 or 1 on its wrong side.
    low[defined], high[defined] = np.minimum(ends[0], rate), np.maximum(ends[1], rate)
    return low, high


def sidak_normal(rates: ArrayLike, standard_errors: ArrayLike) -> tuple[Floats, Floats]:
    """Normal limits of all groups' rates at once, for rates that are no simple proportions.

    Args:
        rates: (S, G, ...) in [0, 1], as mean recalls; NaN for groups that do not count.
        standard_errors: (G, ...) or (S, G, ...), as of a bootstrap of the test samples.

    Returns:
        Low and high, within [0, 1]; NaN where rate or standard error is.
    Source: metrics.md 6.5, for `fs_mca`.
    """
    p, error = _same_shape(rates, standard_errors)
    defined = ~np.isnan(p) & ~np.isnan(error)
    half = -ndtri(_alpha(defined) / 2) * error
    missing = np.where(defined, 0.0, np.nan)
    return np.maximum(p - half, 0.0) + missing, np.minimum(p + half, 1.0) + missing


def mean_recall_limits(counts: Counts, min_n: int) -> tuple[Floats, Floats]:
    """Limits (S, G, 1) of the mean recalls that `fs_mca` compares, all groups at once.

    Means over the classes that all groups of at least `min_n` samples have. The standard error is
    the one that a bootstrap within the strata tends to, sqrt(sum p (1 - p) / n) / classes, with
    half a correct and half a wrong sample added to every stratum: without them a stratum of four
    samples that are all correct would have none, and the interval of the ratio would cover too
    little (92.8 % in a simulation with recalls of 0.93 and RAF-DB's strata; with them 99.5 %).

    Args:
        counts: confusion counts.
        min_n: smallest group and stratum that count.

    Returns:
        NaN for groups that do not count, and where the groups have no class in common.
    Source: metrics.md 6.5, for `fs_mca`.
    """
    rates = recall(counts, min_n)
    groups_count = (counts.per_group >= min_n)[..., None]
    used = common_classes(counts, min_n) & groups_count & (rates.reason == Reason.DEFINED)
    n = np.where(used, counts.per_class, 1)
    p = (counts.correct + 0.5) / (n + 1)
    number = used.sum(-1)
    error, mean = np.full(number.shape, np.nan), np.full(number.shape, np.nan)
    variance = np.where(used, p * (1 - p) / n, 0.0).sum(-1)
    np.divide(np.sqrt(variance), number, out=error, where=number > 0)
    np.divide(np.where(used, rates.value, 0.0).sum(-1), number, out=mean, where=number > 0)
    return sidak_normal(mean[..., None], error[..., None])


def between_limits(low: Floats, high: Floats, how: Compare) -> tuple[Floats, Floats]:
    """Limits of the mean over seeds of a comparison between groups, each of shape (...).

    For every seed, with limits [L_k, U_k] of the groups' rates:

        ratio  min / max  [ min L / max U ,        min(1, min U / max L) ]
        gap    max - min  [ max(0, max L - min U), max U - min L ]
        worst  min        [ min L,                 min U ]

    Args:
        low: (S, G, ...) lower limits, NaN for groups that do not count.
        high: (S, G, ...) upper limits.
        how: the comparison.

    Returns:
        NaN where no seed has two groups, or, for a ratio, where all upper limits are 0.
    Source: metrics.md 6.5; the limits of gaps follow from the same box of rates.
    """
    enough = (~np.isnan(low)).sum(1) >= 2
    low_min, low_max = _extremes(low, enough)
    high_min, high_max = _extremes(high, enough)
    match how:
        case "ratio":
            ends = _ratio(low_min, high_max), np.minimum(_ratio(high_min, low_max, zero=1.0), 1.0)
        case "gap":
            ends = np.maximum(low_max - high_min, 0.0), high_max - low_min
        case "worst":
            ends = low_min, high_min
    return seed_mean(ends[0], axis=0), seed_mean(ends[1], axis=0)


def widened_by_seeds(low: Floats, high: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Limits that also cover what other training runs would give.

    Each half of the interval grows by Student's half-width of the seeds' mean, in quadrature:
    sampling of test images and of seeds are independent sources.

    Args:
        low: (...) lower limits of the mean of the seeds' scores.
        high: (...) upper limits.
        values: (S, ...) the seeds' scores.

    Returns:
        The limits unchanged where fewer than two seeds are defined, whose spread is unknown.
    Source: decisions 23, for intervals that are not symmetric.
    """
    mean = seed_mean(values, axis=0)
    number = (~np.isnan(values)).sum(0)
    several = number > 1
    squares = np.where(np.isnan(values), 0.0, (values - mean) ** 2).sum(0)
    freedom = np.maximum(number - 1, 1)
    error = np.sqrt(squares / freedom / np.maximum(number, 1))
    half = np.where(several, stdtrit(freedom, (1 + LEVEL) / 2) * error, 0.0)
    return mean - np.hypot(mean - low, half), mean + np.hypot(high - mean, half)


def _alpha(defined: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    """(S, 1, ...) error of each group's interval, so that all hold at once at `LEVEL`."""
    alpha: Floats = 1 - LEVEL ** (1 / np.maximum(defined.sum(1, keepdims=True), 1))
    return alpha


def _same_shape(rates: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats]:
    p, second = np.broadcast_arrays(
        np.asarray(rates, dtype=np.float64), np.asarray(other, dtype=np.float64)
    )
    return p, second


def _extremes(
    limits: Floats, enough: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> tuple[Floats, Floats]:
    """(S, ...) smallest and largest limit of the groups; NaN unless there are two."""
    missing = np.isnan(limits)
    smallest = np.where(missing, np.inf, limits).min(1)
    largest = np.where(missing, -np.inf, limits).max(1)
    return np.where(enough, smallest, np.nan), np.where(enough, largest, np.nan)


def _ratio(low: Floats, high: Floats, zero: float = np.nan) -> Floats:
    """Quotient of the two, `zero` where `high` is 0."""
    value = np.where(np.isnan(high), np.nan, zero)
    np.divide(low, high, out=value, where=high > 0)
    return value
