"""Proportions, their differences and odds ratios, with 95 % intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.contingency_tables import Table2x2  # type: ignore[import-untyped]
from statsmodels.stats.proportion import (  # type: ignore[import-untyped]
    confint_proportions_2indep,
    proportion_confint,
)

from reports.stats.chi_square import ONE_SIDED
from reports.stats.outcome import Estimate

Floats = NDArray[np.float64]

EMPTY_GROUP = "a group is empty"
HALF_ADDED = "0.5 added to every count"


def wilson(successes: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's 95 % interval of a proportion, (low, high) of the common shape of the arguments.

    Within [0, 1] and around the proportion; NaN where `n` is 0.

    Source: metrics.md 10.5; Wilson 1927.
    """
    count, size = _pair(successes, n)
    low, high = np.full(size.shape, np.nan), np.full(size.shape, np.nan)
    some = size > 0
    if some.any():
        low[some], high[some] = proportion_confint(count[some], size[some], method="wilson")
        # rounding may put the end of a proportion of 0 or 1 on its wrong side
        p = count[some] / size[some]
        low[some], high[some] = np.minimum(low[some], p), np.maximum(high[some], p)
    return low, high


def standard_error(successes: ArrayLike, n: ArrayLike) -> Floats:
    """Binomial standard error of a proportion, sqrt(p (1 - p) / n); NaN where `n` is 0.

    It is 0 for a proportion of 0 or 1, whatever `n`: Wilson's interval is the honest one there.
    """
    count, size = _pair(successes, n)
    some = size > 0
    divisor = np.where(some, size, 1.0)
    p = count / divisor
    return np.where(some, np.sqrt(p * (1 - p) / divisor), np.nan)


def _pair(successes: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Both as floats of one shape."""
    count, size = np.broadcast_arrays(
        np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    )
    return count, size


def risk_difference(first: ArrayLike, second: ArrayLike) -> Estimate:
    """Proportion with the label in the first group minus that in the second, in [-1, 1].

    The interval is Newcombe's hybrid of two Wilson intervals, without continuity correction.

    Args:
        first: (2,) counts without and with the label.
        second: the same of the other group.

    Returns:
        NaN where a group is empty.
    Source: metrics.md 10.5; Newcombe 1998, method 10.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    n_a, n_b = a.sum(), b.sum()
    if n_a == 0 or n_b == 0:
        return Estimate(reason=EMPTY_GROUP)
    low, high = confint_proportions_2indep(a[1], n_a, b[1], n_b, method="newcomb", compare="diff")
    value = float(a[1] / n_a - b[1] / n_b)
    return Estimate(value, min(float(low), value), max(float(high), value))


def odds_ratio(table: ArrayLike) -> Estimate:
    """Odds of the label in the first row over the odds in the second, above 0.

    The interval is Woolf's, on the logarithm. If any count is 0, 0.5 is added to all four for the
    ratio and its interval, and `reason` says so.

    Args:
        table: (2, 2) counts, column 0 without, column 1 with the label.

    Returns:
        NaN where a group is empty, or nobody or everybody has the label.
    Source: metrics.md 10.5; Woolf 1955.
    """
    counts = np.asarray(table, dtype=np.float64)
    if (counts.sum(axis=1) == 0).any():
        return Estimate(reason=EMPTY_GROUP)
    if (counts.sum(axis=0) == 0).any():
        return Estimate(reason=ONE_SIDED)
    zero = bool((counts == 0).any())
    # statsmodels puts the event in column 0; by itself it would add 0.5 to the zeros only
    odds = Table2x2(counts[:, ::-1] + (0.5 if zero else 0.0), shift_zeros=False)
    low, high = odds.oddsratio_confint()
    return Estimate(float(odds.oddsratio), float(low), float(high), HALF_ADDED if zero else "")
