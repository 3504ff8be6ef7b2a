"""Rows for the strata of one tabulation: proportions, differences, and the test of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.audit.options import ALPHA, POWER, AuditOptions
from reports.audit.tabulation import Tabulation
from reports.convention import Convention
from reports.stats.chi_square import adjusted_residuals, allows_chi_square, pearson
from reports.stats.effect_size import cramers_v_corrected
from reports.stats.exact import exact_test
from reports.stats.outcome import Estimate, Outcome
from reports.stats.power import detectable_difference, detectable_v
from reports.stats.proportions import odds_ratio, risk_difference, standard_error, wilson

Row = dict[str, Any]
Table = NDArray[np.int64]

SPARSE = {
    "cochran": "too few expected for a chi-square test",
    "all5": "an expected count below 5",
}


def proportion_rows(tabulation: Tabulation) -> Iterator[Row]:
    """P(label | condition, group) with Wilson intervals; `residual` is that of the label."""
    for condition, table in zip(tabulation.strata, tabulation.counts, strict=True):
        with_label, n = table[:, 1], table.sum(axis=1)
        low, high = wilson(with_label, n)
        error = standard_error(with_label, n)
        residual = adjusted_residuals(table)[:, 1]
        for group, name in enumerate(tabulation.groups):
            yield _place(tabulation, condition) | {
                "group": name,
                "n": int(n[group]),
                "n_labelled": int(with_label[group]),
                "proportion": with_label[group] / n[group] if n[group] else math.nan,
                "standard_error": error[group],
                "low": low[group],
                "high": high[group],
                "residual": residual[group],
                "counted": tabulation.counted,
            }


def pair_rows(tabulation: Tabulation) -> Iterator[Row]:
    """Difference and odds ratio of every pair of groups; what could have been detected."""
    for condition, table in zip(tabulation.strata, tabulation.counts, strict=True):
        for first, second in combinations(range(len(tabulation.groups)), 2):
            pair = table[[first, second]]
            difference = risk_difference(pair[0], pair[1])
            odds = odds_ratio(pair)
            yield _place(tabulation, condition) | {
                "group_a": tabulation.groups[first],
                "group_b": tabulation.groups[second],
                "difference": difference.value,
                "difference_low": difference.low,
                "difference_high": difference.high,
                "odds_ratio": odds.value,
                "odds_low": odds.low,
                "odds_high": odds.high,
                "detectable": _detectable(pair),
                "n": int(pair.sum()),
                "reason": difference.reason or odds.reason,
            }


def _detectable(table: Table) -> float:
    """Smallest effect that the test finds: a difference of two groups, Cramer's V of more."""
    sizes = table.sum(axis=1)
    if len(table) > 2:
        dof = int((sizes > 0).sum()) - 1
        return detectable_v(int(sizes.sum()), dof, alpha=ALPHA, power=POWER)
    if not sizes.all():
        return math.nan
    share = float(table[:, 1].sum() / table.sum())
    return detectable_difference(int(sizes[0]), int(sizes[1]), share, alpha=ALPHA, power=POWER)


def effect_of(table: Table) -> Estimate:
    """What a test of one table reports: the difference of two groups, Cramer's V of more."""
    if len(table) == 2:
        return risk_difference(table[0], table[1])
    return cramers_v_corrected(table)


def where_allowed(table: Table, convention: Convention) -> Outcome:
    """Pearson's test of a table; without its p where the convention's rule does not allow it.

    Source: metrics.md 10.3.
    """
    result = pearson(table)
    if math.isnan(result.p) or allows_chi_square(table, convention.sparse_rule):
        return result
    return replace(result, p=math.nan, reason=SPARSE[convention.sparse_rule])


def stratum_tests(tabulation: Tabulation, options: AuditOptions) -> Iterator[tuple[Row, bool]]:
    """Rows of `audit.csv` and whether a row is the one that the table prints for its condition.

    A table of counts that the convention's rule does not allow keeps its statistic but has no p;
    under `strict` an exact p stands in for it.
    """
    for condition, table in zip(tabulation.strata, tabulation.counts, strict=True):
        result = where_allowed(table, options.convention)
        effect = effect_of(table)
        testable = not math.isnan(result.statistic)
        exact = testable and math.isnan(result.p) and options.convention.exact
        found = {"detectable": _detectable(table) if testable else math.nan}
        yield test_row(tabulation, condition, "chi2", result, effect) | found, not exact
        if exact:
            draw = options.generator(
                tabulation.dataset, tabulation.label, tabulation.attribute, condition
            )
            result = exact_test(table, draw)
            yield test_row(tabulation, condition, "exact", result, effect) | found, True


def test_row(
    tabulation: Tabulation, condition: str, test: str, result: Outcome, effect: Estimate
) -> Row:
    """One row of `audit.csv`; `p_holm` is filled in when all tests are known.

    `detectable` is for the frame `cells` and unknown unless the caller fills it in.
    """
    return {
        "dataset": tabulation.dataset,
        "label": tabulation.label,
        "attribute": tabulation.attribute,
        "condition": condition,
        "test": test,
        "statistic": result.statistic,
        "dof": result.dof,
        "p": result.p,
        "p_holm": math.nan,
        "effect": effect.value,
        "effect_low": effect.low,
        "effect_high": effect.high,
        "detectable": math.nan,
        "n": result.n,
        "min_expected": result.min_expected,
        "reason": "; ".join(dict.fromkeys(filter(None, (result.reason, effect.reason)))),
    }


def _place(tabulation: Tabulation, condition: str) -> Row:
    return {
        "dataset": tabulation.dataset,
        "label": tabulation.label,
        "attribute": tabulation.attribute,
        "family": tabulation.family,
        "condition": condition,
    }
