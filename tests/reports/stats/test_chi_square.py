"""Pearson's test, the rules for sparse tables and adjusted residuals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import chi2_contingency

from reports.errors import ReportError
from reports.stats.chi_square import (
    adjusted_residuals,
    allows_chi_square,
    expected_counts,
    pearson,
    without_empty,
)
from tests.reports.stats.rscript import r_numbers, r_table

TABLES = {
    "2x2": [[30, 10], [20, 25]],
    "2x2 large": [[43249, 7592], [20108, 4406]],
    "3x2": [[12, 5], [7, 9], [30, 2]],
    "6x2": [[12, 5], [7, 9], [30, 2], [100, 60], [3, 1], [8, 8]],
    "3x4": [[1, 2, 3, 4], [4, 3, 2, 1], [5, 5, 0, 5]],
}
tables = arrays(
    np.int64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.integers(0, 30),
)


def test_chi_square_of_a_small_table_is_the_one_worked_out_by_hand():
    # margins 40, 60 x 50, 50: E = 20, 20, 30, 30; (5^2/20) x 2 + (5^2/30) x 2 = 2.5 + 5/3
    test = pearson([[25, 15], [25, 35]])

    assert test.statistic == pytest.approx(2.5 + 5 / 3, rel=1e-14)
    assert (test.dof, test.n, test.min_expected, test.reason) == (1, 100, 20, "")
    # P(chi2_1 > x) = erfc(sqrt(x / 2))
    assert test.p == pytest.approx(math.erfc(math.sqrt((2.5 + 5 / 3) / 2)), rel=1e-12)


def test_yates_takes_a_half_off_each_difference():
    # the same table: 4.5^2 / 20 x 2 + 4.5^2 / 30 x 2
    test = pearson([[25, 15], [25, 35]], yates=True)

    assert test.statistic == pytest.approx(4.5**2 / 10 + 4.5**2 / 15, rel=1e-14)


def test_yates_takes_off_no_more_than_the_difference():
    # E = 2.5 everywhere but O - E = 0.5: nothing is left
    assert pearson([[3, 2], [2, 3]], yates=True).statistic == 0


def test_yates_leaves_larger_tables_alone():
    assert pearson(TABLES["3x2"], yates=True) == pearson(TABLES["3x2"])


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("yates", [False, True], ids=["plain", "yates"])
def test_pearson_equals_r(table, yates):
    flag = "TRUE" if yates else "FALSE"
    wanted = r_numbers(
        f"with(suppressWarnings(chisq.test({r_table(table)}, correct={flag})),"
        "c(statistic, parameter, p.value, min(expected)))"
    )
    test = pearson(table, yates=yates)

    got = (test.statistic, test.dof, test.p, test.min_expected)
    assert got == pytest.approx(wanted, rel=1e-8, abs=1e-300)


def test_residuals_equal_r():
    table = TABLES["6x2"]
    wanted = r_numbers(f"as.vector(t(suppressWarnings(chisq.test({r_table(table)}))$stdres))")

    assert adjusted_residuals(table).ravel() == pytest.approx(wanted, rel=1e-10)


@given(tables)
@settings(max_examples=150, deadline=None)
def test_pearson_equals_scipy_or_says_why_it_cannot_be_made(table):
    test = pearson(table)
    full = without_empty(table)

    if test.reason:
        assert math.isnan(test.p)
        assert math.isnan(test.statistic)
        assert len(full) < 2 or (full.sum(axis=0) > 0).sum() < 2
    else:
        wanted = chi2_contingency(full, correction=False)
        # the formula, not the library: sum (O - E)^2 / E
        expected = np.outer(full.sum(1), full.sum(0)) / full.sum()
        assert test.statistic == pytest.approx(((full - expected) ** 2 / expected).sum())
        assert (test.dof, test.p) == pytest.approx((wanted.dof, wanted.pvalue))
    assert test.n == table.sum()


@given(tables)
@settings(max_examples=100, deadline=None)
def test_empty_groups_and_the_order_of_groups_change_nothing(table):
    more = np.vstack([np.zeros_like(table[:1]), table[::-1], np.zeros_like(table[:1])])
    plain, padded = pearson(table), pearson(more)

    assert padded.reason == plain.reason
    for name in ("statistic", "dof", "p", "n", "min_expected"):
        assert getattr(padded, name) == pytest.approx(getattr(plain, name), nan_ok=True)
    for rule in ("cochran", "all5"):
        assert allows_chi_square(more, rule) == allows_chi_square(table, rule)


def test_doubling_the_data_doubles_the_statistic():
    table = np.array(TABLES["3x2"])

    assert pearson(2 * table).statistic == pytest.approx(2 * pearson(table).statistic)


@pytest.mark.parametrize(
    ("table", "reason", "n", "smallest"),
    [
        ([[0, 0], [0, 0]], "no counts", 0, math.nan),
        (np.zeros((0, 2)), "no counts", 0, math.nan),
        ([[3, 4], [0, 0]], "fewer than two groups have counts", 7, 3),
        ([[3, 0], [4, 0]], "nobody or everybody has the label", 7, 0),
        ([[0, 3], [0, 4], [0, 1]], "nobody or everybody has the label", 8, 0),
        ([[3, 0, 0], [4, 0, 0]], "nobody or everybody has the label", 7, 3),
        ([[1, 0]], "fewer than two groups have counts", 1, 0),
    ],
)  # fmt: skip
def test_a_table_without_comparison_has_no_p_but_a_reason(table, reason, n, smallest):
    test = pearson(table)

    assert (test.reason, test.n) == (reason, n)
    assert math.isnan(test.statistic)
    assert math.isnan(test.dof)
    assert math.isnan(test.p)
    assert test.min_expected == pytest.approx(smallest, nan_ok=True)
    assert not allows_chi_square(table, "cochran")
    assert not allows_chi_square(table, "all5")


def test_an_empty_third_column_is_left_out():
    assert pearson([[5, 7, 0], [9, 2, 0]]) == pearson([[5, 7], [9, 2]])


def test_expected_counts_are_products_of_margins():
    # rows 10 and 20, columns 12 and 18 of 30: 10 x 12 / 30 = 4
    assert expected_counts([[3, 7], [9, 11]]).tolist() == [[4, 6], [8, 12]]
    assert np.isnan(expected_counts([[0, 0]])).all()


@pytest.mark.parametrize(
    ("table", "cochran", "all5"),
    [
        ([[5, 5], [5, 5]], True, True),  # all expected 5
        ([[4, 5], [5, 5]], False, False),  # 81 / 19 = 4.26
        # sizes 50, 50, 10, half with: expected 25, 25, 5: all rules
        ([[25, 25], [25, 25], [5, 5]], True, True),
        # smallest expected 4.5 in 2 of 6 cells: more than a fifth
        ([[25, 25], [25, 25], [4, 5]], False, False),
        # 2 of 10 cells below 5 (expected 2): exactly a fifth
        ([[25, 25]] * 4 + [[2, 2]], True, False),
        # 2 of 10 cells, but expected 0.5
        ([[25, 25]] * 4 + [[1, 0]], False, False),
        # the empty group does not turn a 2 x 2 table with an expected 4.26 into a larger one
        ([[4, 5], [5, 5], [0, 0]], False, False),
    ],
)  # fmt: skip
def test_the_rules_for_sparse_tables(table, cochran, all5):
    assert allows_chi_square(table, "cochran") is cochran
    assert allows_chi_square(table, "all5") is all5


def test_an_unknown_rule_is_refused():
    with pytest.raises(ReportError, match="cochran or all5"):
        allows_chi_square([[5, 5], [5, 5]], "fisher")


def test_residuals_of_two_groups_are_the_root_of_chi_square():
    table = TABLES["2x2"]
    residuals = adjusted_residuals(table)
    root = math.sqrt(pearson(table).statistic)

    assert np.abs(residuals) == pytest.approx(np.full((2, 2), root))
    # the second group (25 of 45) has the label more often than the first (10 of 40)
    assert residuals[1, 1] > 0 > residuals[0, 1]


def test_an_empty_group_has_no_residual_and_changes_no_other():
    residuals = adjusted_residuals([[30, 10], [0, 0], [20, 25]])

    assert np.isnan(residuals[1]).all()
    assert residuals[[0, 2]] == pytest.approx(adjusted_residuals(TABLES["2x2"]))


@pytest.mark.parametrize("table", [[[0, 0], [0, 0]], [[3, 4], [0, 0]], [[3, 0], [4, 0]]])
def test_residuals_of_a_table_without_comparison_are_undefined(table):
    assert np.isnan(adjusted_residuals(table)).all()


@pytest.fixture(scope="module")
def chen_and_joo(shared_data):
    folder = shared_data / "auc_fer_counts"
    return pd.read_csv(folder / "counts.csv"), pd.read_csv(folder / "tests.csv")


def table_of(counts, row):
    """Counts of one row of tests.csv; a marginal condition sums the joint rows that contain it."""
    attribute, race3 = row.attribute, row.attribute == "race3"
    if race3:
        attribute = "race"
    same = counts.query("dataset == @row.dataset and label == @row.label")
    same = same[same["attribute"] == attribute]
    if race3:
        same = same[same["group"].isin(["Asian", "Black", "White"])]
    asked = set(row.au.split(","))
    same = same[[asked <= set(au.split(",")) for au in same["au"]]]
    sums = same.groupby("group")[["n", "n_labelled"]].sum()
    return np.column_stack([sums["n"] - sums["n_labelled"], sums["n_labelled"]])


def test_every_confirmed_chi_square_of_the_annotation_bias_study_is_reproduced(chen_and_joo):
    counts, tests = chen_and_joo
    confirmed = tests[tests["confirmed"] == 1]
    assert len(confirmed) == 140

    for row in confirmed.itertuples():
        table = table_of(counts, row)
        test = pearson(table)
        assert len(table) == row.groups
        assert test.dof == row.dof
        assert abs(test.statistic - row.chi2) <= 1e-6 + 2e-5 * row.chi2, row
        # the p given there is that of the rounded statistic: d(log p) is about d(chi2) / 2
        assert test.p == pytest.approx(row.p, rel=1e-3), row
        assert test.min_expected == pytest.approx(row.min_expected, abs=6e-4), row


def test_the_unconfirmed_tables_are_those_with_small_expected_counts(chen_and_joo):
    counts, tests = chen_and_joo
    for row in tests[tests["confirmed"] == 0].itertuples():
        test = pearson(table_of(counts, row))
        # the study's own limits: 5, in the joint tables 8 (KDEF) and 10 (CFD)
        assert math.isnan(test.p) or test.min_expected < 10
