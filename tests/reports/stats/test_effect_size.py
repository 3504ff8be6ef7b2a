"""Cramer's V, Bergsma's correction and the interval from the noncentral chi-square."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, ncx2
from scipy.stats.contingency import association

from reports.stats.chi_square import pearson
from reports.stats.effect_size import corrected_v, cramers_v, cramers_v_corrected, noncentrality
from tests.reports.stats.rscript import r_numbers

TABLES = {
    "2x2": [[30, 10], [20, 25]],
    "3x2": [[12, 5], [7, 9], [30, 2]],
    "3x4": [[1, 2, 3, 4], [4, 3, 2, 1], [5, 5, 0, 5]],
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_cramers_v_equals_scipy(table):
    assert cramers_v(table) == pytest.approx(association(table, method="cramer"), rel=1e-12)


def test_cramers_v_of_two_groups_is_the_phi_coefficient():
    # (25 x 35 - 15 x 25) / sqrt(40 x 60 x 50 x 50) = 500 / 2449.49
    assert cramers_v([[25, 15], [25, 35]]) == pytest.approx(500 / math.sqrt(6_000_000))


def test_corrected_v_is_the_one_worked_out_by_hand():
    # X2 = 25/6 as above, n = 100: phi2 = 1/24 - 1/99; R' - 1 = C' - 1 = 1 - 1/99
    got = cramers_v_corrected([[25, 15], [25, 35]])

    assert got.value == pytest.approx(math.sqrt((1 / 24 - 1 / 99) / (98 / 99)))


def test_corrected_v_of_a_wide_table_divides_by_its_smaller_side():
    # 3 x 4, n = 35: R' = 3 - 4 / 34, C' = 4 - 9 / 34; dof 6
    table = TABLES["3x4"]
    phi2 = max(0, pearson(table).statistic / 35 - 6 / 34)

    assert cramers_v_corrected(table).value == pytest.approx(math.sqrt(phi2 / (2 - 4 / 34)))


@given(st.floats(0, 400), st.integers(2, 7), st.integers(20, 20_000))
@settings(max_examples=60, deadline=None)
def test_the_point_lies_in_its_interval_and_all_in_0_and_1(statistic, rows, n):
    got = corrected_v(min(statistic, n), n, rows, 2)

    assert 0 <= got.low <= got.value <= got.high <= 1
    assert got.high > 0


@pytest.mark.parametrize("dof", [1, 2, 5])
def test_the_interval_leaves_0_exactly_where_the_test_is_significant_at_one_in_forty(dof):
    bound = chi2.isf(0.025, dof)

    assert corrected_v(bound - 1e-6, 5000, dof + 1, 2).low == 0
    assert corrected_v(bound + 1e-3, 5000, dof + 1, 2).low > 0


@pytest.mark.parametrize(("statistic", "dof"), [(12.3, 1), (12.3, 4), (250.0, 2), (90_000.0, 5)])
def test_the_ends_are_the_noncentralities_of_the_scale_of_the_point(statistic, dof):
    n, rows = 120_000, dof + 1
    got = corrected_v(statistic, n, rows, 2)
    largest = min(1, dof) - 1 / (n - 1)  # min(R', C') - 1 = C' - 1
    low, high = (n * largest * end**2 for end in (got.low, got.high))

    assert ncx2.sf(statistic, dof, low) == pytest.approx(0.025, rel=1e-6)
    assert ncx2.cdf(statistic, dof, high) == pytest.approx(0.025, rel=1e-6)
    # the same for the point: its noncentrality is the statistic less its expectation
    assert n * largest * got.value**2 == pytest.approx(statistic - dof * n / (n - 1))


def test_a_statistic_below_its_expectation_has_the_upper_end_of_the_expectation():
    small, expected = corrected_v(0.001, 5000, 4, 2), corrected_v(3, 5000, 4, 2)

    assert (small.value, small.low) == (0, 0)
    assert small.high == expected.high > 0.02


def test_noncentrality_equals_r():
    found = [noncentrality(30, 3, 0.025), noncentrality(30, 3, 0.975)]
    code = f"pchisq(30, 3, ncp=c({found[0]!r}, {found[1]!r}))"

    assert r_numbers(code) == pytest.approx([0.025, 0.975], abs=1e-8)


def test_noncentrality_is_0_where_the_central_distribution_lies_higher():
    assert noncentrality(0, 2, 0.5) == 0
    assert noncentrality(chi2.isf(0.5, 2) - 0.1, 2, 0.5) == 0


@pytest.mark.parametrize("statistic", [1e5, 1e6])
def test_noncentralities_of_huge_statistics_follow_the_root_approximation(statistic):
    # sqrt of a noncentral chi-square with d = 1 is normal around sqrt(lambda), deviation 1
    root = math.sqrt(noncentrality(statistic, 1, 0.975))

    assert root == pytest.approx(math.sqrt(statistic) - 1.959963984540054, rel=1e-9)


@pytest.mark.parametrize("share", [0.35, 0.39, 0.7], ids=["none", "weak", "strong"])
def test_the_interval_covers_the_true_v(share):
    generator, sizes = np.random.default_rng(4), np.array([500, 700, 300])
    p, weight = np.array([0.35, 0.35, share]), sizes / sizes.sum()
    mean = weight @ p
    true = math.sqrt(weight @ (p - mean) ** 2 / (mean * (1 - mean)))

    covered = 0
    for yes in generator.binomial(sizes, p, size=(200, 3)):
        got = cramers_v_corrected(np.column_stack((sizes - yes, yes)))
        covered += got.low <= true <= got.high
    # 95 % less 3.3 standard errors of 200 draws
    assert covered / 200 >= 0.9


def test_correction_removes_the_bias_of_v_without_dependence():
    generator, sizes = np.random.default_rng(5), np.array([60, 40, 50, 30, 20, 20])
    tables = [
        np.column_stack((sizes - yes, yes)) for yes in generator.binomial(sizes, 0.4, (150, 6))
    ]

    raw = np.mean([cramers_v(table) ** 2 for table in tables])
    corrected = np.mean([cramers_v_corrected(table).value ** 2 for table in tables])
    # E X2 = 5 x 220 / 219; phi2 of the raw V about 5 / 219
    assert raw == pytest.approx(5 / 219, rel=0.15)
    assert corrected < 0.5 * raw


def test_corrected_v_of_a_perfect_dependence_is_1():
    assert cramers_v_corrected([[40, 0], [0, 40]]).value == pytest.approx(1)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[0, 0], [0, 0]], "no counts"),
        ([[3, 4], [0, 0]], "fewer than two groups have counts"),
        ([[3, 0], [4, 0]], "nobody or everybody has the label"),
        ([[1, 0], [0, 1]], "too few observations"),
    ],
)
def test_v_of_a_table_without_comparison_is_undefined(table, reason):
    got = cramers_v_corrected(table)

    assert [math.isnan(each) for each in (got.value, got.low, got.high)] == [True] * 3
    assert got.reason == reason


def test_cramers_v_of_a_table_without_comparison_is_undefined():
    assert math.isnan(cramers_v([[3, 0], [4, 0]]))


def test_corrected_v_of_an_undefined_statistic_is_undefined():
    assert corrected_v(math.nan, 100, 3, 2).reason == "the statistic is undefined"
    assert corrected_v(1.0, 1, 2, 2).reason == "too few observations"
    assert corrected_v(1.0, 50, 1, 2).reason == "too few observations"
