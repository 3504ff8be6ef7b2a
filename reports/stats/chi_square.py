"""Pearson's chi-square on one table of counts.

A table is (R, C) of counts, groups in rows; with a label it is (G, 2): column 0 without the label,
column 1 with it. Groups without anyone are left out before testing.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2_contingency  # type: ignore[import-untyped]
from scipy.stats.contingency import expected_freq  # type: ignore[import-untyped]

from reports.errors import ReportError
from reports.stats.outcome import Outcome

Floats = NDArray[np.float64]

EMPTY = "no counts"
ONE_GROUP = "fewer than two groups have counts"
ONE_SIDED = "nobody or everybody has the label"


def without_empty(table: ArrayLike) -> Floats:
    """The table (R, C) without empty rows and, beyond two columns, without empty columns.

    Of two columns an empty one stays: it says that nobody, or everybody, has the label.
    """
    counts: Floats = np.asarray(table, dtype=np.float64)
    kept = counts[counts.sum(axis=1) > 0]
    if kept.shape[1] > 2:
        kept = kept[:, kept.sum(axis=0) > 0]
    return np.asarray(kept)


def expected_counts(table: ArrayLike) -> Floats:
    """Counts expected if rows and columns were independent, (R, C); NaN in a table of zeros."""
    counts = np.asarray(table, dtype=np.float64)
    if counts.sum() == 0:
        return np.full(counts.shape, np.nan)
    return np.asarray(expected_freq(counts), dtype=np.float64)


def why_untestable(kept: Floats) -> str:
    """Why independence cannot be tested in a table without empty rows; empty if it can."""
    if kept.sum() == 0:
        return EMPTY
    if len(kept) < 2:
        return ONE_GROUP
    if (kept.sum(axis=0) > 0).sum() < 2:
        return ONE_SIDED
    return ""


def pearson(table: ArrayLike, *, yates: bool = False) -> Outcome:
    """Pearson's test of independence of rows and columns.

    Empty rows are left out, in tables of more than two columns empty columns too. The p is given
    whenever it can be computed; whether the counts allow it is for `allows_chi_square` to say.

    Args:
        table: (R, C) counts.
        yates: take min(0.5, |O - E|) off each difference of a 2 x 2 table; larger tables are not
            corrected.

    Returns:
        Statistic, (R - 1)(C - 1) degrees of freedom and p; `n` and `min_expected` always (NaN for
        a table of zeros). NaN with a reason where fewer than two rows, or fewer than two columns,
        have counts.
    Source: metrics.md 10.2.
    """
    kept = without_empty(table)
    n = int(kept.sum())
    smallest = float(expected_counts(kept).min()) if n else math.nan
    reason = why_untestable(kept)
    if reason:
        return Outcome(n=n, min_expected=smallest, reason=reason)
    test = chi2_contingency(kept, correction=yates)
    return Outcome(float(test.statistic), float(test.dof), float(test.pvalue), n, smallest)


def allows_chi_square(table: ArrayLike, rule: Literal["cochran", "all5"]) -> bool:
    """Whether the counts are large enough for the chi-square approximation.

    The rule is applied after empty groups were left out; a table that cannot be tested is not
    allowed.

    Args:
        table: (R, C) counts.
        rule: `all5`: every expected count is at least 5; `cochran`: the same in 2 x 2 tables, in
            larger ones none is below 1 and at most a fifth are below 5.

    Raises:
        ReportError: no rule has this name.
    Source: metrics.md 10.3; Cochran 1954.
    """
    if rule not in ("cochran", "all5"):
        raise ReportError(f"no rule for sparse tables is called {rule!r}; give cochran or all5")
    kept = without_empty(table)
    if why_untestable(kept):
        return False
    expected = expected_counts(kept)
    if rule == "all5" or kept.shape == (2, 2):
        return bool((expected >= 5).all())
    return bool((expected >= 1).all() and 5 * (expected < 5).sum() <= expected.size)


def adjusted_residuals(table: ArrayLike) -> Floats:
    """Departure of each count from independence in standard errors, (R, C).

    (O - E) / sqrt(E (1 - row share)(1 - column share)), about standard normal under independence;
    in a 2 x 2 table all four have the absolute value sqrt(chi-square). NaN in empty rows and
    columns and where a single row or column holds everything.

    Source: metrics.md 10.5; Haberman 1973.
    """
    counts = np.asarray(table, dtype=np.float64)
    n = counts.sum()
    if n == 0:
        return np.full(counts.shape, np.nan)
    rows, columns = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    expected = expected_counts(counts)
    variance = expected * (n - rows) * (n - columns) / n**2
    defined = variance > 0
    scale = np.sqrt(np.where(defined, variance, 1.0))
    return np.where(defined, (counts - expected) / scale, np.nan)
