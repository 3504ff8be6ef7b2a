"""Intervals of proportions, risk differences and odds ratios."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from reports.stats.proportions import odds_ratio, risk_difference, standard_error, wilson
from tests.reports.stats.rscript import r_numbers

Z = 1.959963984540054
group = st.tuples(st.integers(0, 60), st.integers(0, 60))


def test_wilson_interval_is_the_one_worked_out_by_hand():
    # centre (p + z^2 / 2n) / (1 + z^2 / n), half width z sqrt(p q / n + z^2 / 4n^2) / (1 + z^2 / n)
    low, high = wilson(30, 40)
    over = 1 + Z**2 / 40
    centre, half = (0.75 + Z**2 / 80) / over, Z * math.sqrt(0.75 * 0.25 / 40 + Z**2 / 6400) / over

    assert (low, high) == pytest.approx((centre - half, centre + half), rel=1e-12)


def test_wilson_interval_equals_r():
    low, high = wilson(30, 40)

    assert [float(low), float(high)] == pytest.approx(
        r_numbers("prop.test(30, 40, correct=FALSE)$conf.int"), rel=1e-8
    )


@given(st.lists(group, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_wilson_interval_lies_around_the_proportion_and_within_0_and_1(groups):
    yes, no = np.array(groups).T
    low, high = wilson(yes, yes + no)

    for k, n, lower, upper in zip(yes, yes + no, low, high, strict=True):
        if n == 0:
            assert math.isnan(lower)
            assert math.isnan(upper)
        else:
            assert 0 <= lower <= k / n <= upper <= 1
            wanted = proportion_confint(k, n, method="wilson")
            assert (lower, upper) == pytest.approx(wanted, abs=1e-12)


def test_standard_error_is_that_of_a_binomial():
    # sqrt(.25 x .75 / 48) = .0625; 0 of 5: 0; 0 of 0: undefined
    got = standard_error([12, 0, 0], [48, 5, 0])

    assert got[:2] == pytest.approx([0.0625, 0])
    assert math.isnan(got[2])


def test_arrays_of_counts_keep_their_shape():
    yes, n = np.array([[1, 2, 0], [4, 5, 6]]), 10

    assert standard_error(yes, n).shape == (2, 3)
    assert [each.shape for each in wilson(yes, n)] == [(2, 3), (2, 3)]


def test_risk_difference_and_interval_are_those_of_newcombe():
    # Newcombe 1998, table II, example (a), method 10: 56/70 - 48/80 = .2 [.0524, .3339]
    got = risk_difference([14, 56], [32, 48])

    assert got.value == pytest.approx(0.2)
    assert (got.low, got.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(group, group)
@settings(max_examples=80, deadline=None)
def test_risk_difference_equals_statsmodels_and_changes_sign_with_the_order(a, b):
    got, reverse = risk_difference(a, b), risk_difference(b, a)
    if sum(a) == 0 or sum(b) == 0:
        assert math.isnan(got.value)
        assert math.isnan(got.low)
        assert got.reason == "a group is empty"
        return

    wanted = confint_proportions_2indep(a[1], sum(a), b[1], sum(b), method="newcomb")
    assert (got.low, got.high) == pytest.approx(wanted, abs=1e-12)
    assert -1 <= got.low <= got.value + 1e-12
    assert got.value - 1e-12 <= got.high <= 1
    assert (reverse.value, reverse.low, reverse.high) == pytest.approx(
        (-got.value, -got.high, -got.low), abs=1e-12
    )


def test_odds_ratio_is_of_the_label_in_the_first_row():
    # odds 20/10 = 2 over 15/30 = .5: 4; Woolf: se = sqrt(1/10 + 1/20 + 1/30 + 1/15) = .5
    got = odds_ratio([[10, 20], [30, 15]])

    assert got.value == pytest.approx(4)
    assert (got.low, got.high) == pytest.approx((4 * math.exp(-Z / 2), 4 * math.exp(Z / 2)))
    assert got.reason == ""


def test_a_zero_count_adds_a_half_to_all_and_says_so():
    # 3.5, .5 / 4.5, 1.5: (.5 / 3.5) / (1.5 / 4.5) = 3 / 7
    got = odds_ratio([[3, 0], [4, 1]])
    se = math.sqrt(1 / 3.5 + 1 / 0.5 + 1 / 4.5 + 1 / 1.5)

    assert got.value == pytest.approx(3 / 7)
    assert got.high == pytest.approx(3 / 7 * math.exp(Z * se))
    assert got.reason == "0.5 added to every count"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[0, 0], [3, 4]], "a group is empty"),
        ([[0, 0], [0, 0]], "a group is empty"),
        ([[3, 0], [5, 0]], "nobody or everybody has the label"),
        ([[0, 3], [0, 5]], "nobody or everybody has the label"),
    ],
)
def test_an_odds_ratio_of_empty_margins_is_undefined(table, reason):
    got = odds_ratio(table)

    assert math.isnan(got.value)
    assert math.isnan(got.low)
    assert math.isnan(got.high)
    assert got.reason == reason


@given(st.lists(st.integers(1, 500), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_odds_ratio_equals_statsmodels_and_inverts_with_the_order(cells):
    table = np.array(cells).reshape(2, 2)
    got, reverse = odds_ratio(table), odds_ratio(table[::-1])
    # statsmodels puts the event first: columns swapped
    wanted = Table2x2(table[:, ::-1])

    assert got.value == pytest.approx(table[0, 1] * table[1, 0] / (table[0, 0] * table[1, 1]))
    assert (got.low, got.high) == pytest.approx(wanted.oddsratio_confint(), rel=1e-9)
    assert (reverse.value, reverse.low, reverse.high) == pytest.approx(
        (1 / got.value, 1 / got.high, 1 / got.low), rel=1e-9
    )


def test_odds_ratio_equals_a_logistic_regression_in_r():
    wanted = r_numbers(
        "{m <- glm(cbind(c(20, 15), c(10, 30)) ~ c(1, 0), family=binomial,"
        " control=list(epsilon=1e-14)); s <- coef(summary(m))[2, ];"
        " exp(c(s[1], s[1] - qnorm(.975) * s[2], s[1] + qnorm(.975) * s[2]))}"
    )
    got = odds_ratio([[10, 20], [30, 15]])

    assert [got.value, got.low, got.high] == pytest.approx(wanted, rel=1e-8)
