"""How strongly rows and columns of a table depend on each other, on a scale from 0 to 1."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike
from scipy.optimize import brentq  # type: ignore[import-untyped]
from scipy.special import ndtri  # type: ignore[import-untyped]
from scipy.stats import ncx2  # type: ignore[import-untyped]

from reports.stats.chi_square import pearson, without_empty
from reports.stats.outcome import Estimate

UNDEFINED = "the statistic is undefined"
TOO_FEW = "too few observations"


def cramers_v(table: ArrayLike) -> float:
    """Cramer's V of a table (R, C), sqrt(X2 / (N (min(R, C) - 1))), in [0, 1].

    From the uncorrected Pearson statistic, empty rows (and, beyond two columns, empty columns)
    left out; NaN where that is undefined. Biased upwards: about sqrt((R - 1) / N) for two columns
    that are independent of the rows.

    Source: metrics.md 10.5.
    """
    test = pearson(table)
    if math.isnan(test.statistic):
        return math.nan
    return math.sqrt(test.statistic / (test.n * (min(without_empty(table).shape) - 1)))


def noncentrality(statistic: float, dof: float, probability: float) -> float:
    """Noncentrality at which chi-square is at most `statistic` with this probability.

    Args:
        statistic: at least 0.
        dof: at least 1.
        probability: between 0 and 1.

    Returns:
        0 or more; 0 also where already the central chi-square lies below the statistic less often
        than that (a larger noncentrality only makes it rarer).
    """
    if ncx2.cdf(statistic, dof, 0.0) <= probability:
        return 0.0
    # with d = 1, P(X2 <= x) <= Phi(sqrt x - root), and more degrees of freedom lower it further:
    # the root lies below sqrt x - Phi^-1(probability)
    bound = math.sqrt(statistic) - float(ndtri(probability)) + 0.01
    root = brentq(
        lambda root: float(ncx2.cdf(statistic, dof, root * root)) - probability,
        0.0,
        bound,
        xtol=1e-12,
        rtol=1e-12,
    )
    return float(root) ** 2


def corrected_v(statistic: float, n: int, rows: int, columns: int) -> Estimate:
    """Bergsma's bias-corrected V with a 95 % interval, from a chi-square statistic.

    Bergsma estimates phi-square = lambda / N, where lambda is the noncentrality of the statistic,
    by max(0, X2 - dof N / (N - 1)) / N, and divides it by m = min(R', C') - 1 with
    R' = R - (R - 1)^2 / (N - 1), C' likewise; V is the square root. The interval has the same
    scale: lambda is replaced by those noncentralities at which the statistic would be that large
    (low), or that small (high), once in 40 times, and goes through the same N and m. So `low` is 0
    unless the test is significant at 2.5 %, and the point lies between: the mean of the
    noncentral chi-square, dof + lambda, never leaves its own central 95 %.

    A statistic below its expectation dof is taken as dof for `high`, as the point takes it for 0:
    otherwise the interval of a statistic near 0 would shrink to [0, 0], as if 0 were certain. The
    interval is approximate and, for strong dependence (V above about .5), too wide.

    Args:
        statistic: of Pearson (without Yates), or of Cochran, Mantel and Haenszel with
            `columns` = 2.
        n: observations behind it.
        rows: groups that the test used.
        columns: label values that it used.

    Returns:
        In [0, 1]; NaN where the statistic is, or with about as few observations as rows.
    Source: metrics.md 10.5; Bergsma 2013; interval: inversion of the noncentral chi-square.
    """
    if math.isnan(statistic):
        return Estimate(reason=UNDEFINED)
    if n < 2 or min(rows, columns) < 2:
        return Estimate(reason=TOO_FEW)
    dof = (rows - 1) * (columns - 1)
    largest = min(size - 1 - (size - 1) ** 2 / (n - 1) for size in (rows, columns))
    if largest <= 0:
        return Estimate(reason=TOO_FEW)
    lambdas = (
        max(0.0, statistic - dof * n / (n - 1)),
        noncentrality(statistic, dof, 0.975),
        noncentrality(max(statistic, dof), dof, 0.025),
    )
    value, low, high = (min(1.0, math.sqrt(each / n / largest)) for each in lambdas)
    return Estimate(value, low, high)


def cramers_v_corrected(table: ArrayLike) -> Estimate:
    """Bergsma's bias-corrected V of a table (R, C) with its 95 % interval, see `corrected_v`.

    NaN with the reason of `pearson` where independence cannot be tested.
    """
    test = pearson(table)
    if test.reason:
        return Estimate(reason=test.reason)
    rows, columns = without_empty(table).shape
    return corrected_v(test.statistic, test.n, rows, columns)
