"""When new numbers still are the old ones."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from reports.stats.tolerance import (
    equal_exact,
    equal_simulated,
    equivalence,
    flipped_share,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("new", "old", "equal"),
    [
        (0.5, 0.5, True),
        # allowed: 1e-12 + 1e-9 x .5 = 5.01e-10
        (0.5 + 4.9e-10, 0.5, True),
        (0.5 + 5.1e-10, 0.5, False),
        (9e-13, 0.0, True),
        (2e-12, 0.0, False),
        (NAN, NAN, True),
        (NAN, 0.0, False),
        (0.0, NAN, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (1.0, math.inf, False),
        (math.inf, 1.0, False),
    ],
)
def test_metrics_agree_to_nine_digits(new, old, equal):
    assert equal_exact(new, old) is equal


@pytest.mark.parametrize(
    ("new", "equal"), [(1e-20 * (1 + 9e-7), True), (1e-20 * (1 + 1.1e-6), False), (0.0, False)]
)
def test_small_p_values_are_compared_by_their_ratio(new, equal):
    assert equal_exact(new, 1e-20, is_p=True) is equal
    # as a metric both would be 0
    assert equal_exact(new, 1e-20)


def test_simulated_numbers_may_differ_by_five_standard_errors():
    assert equal_simulated(0.549, 0.5, 0.01)
    assert not equal_simulated(0.551, 0.5, 0.01)
    assert equal_simulated(NAN, NAN, 0.01)
    assert not equal_simulated(NAN, 0.5, 0.01)
    assert equal_simulated(0.5, 0.5, NAN)
    assert not equal_simulated(0.4, 0.5, NAN)


def test_flipped_predictions_are_counted():
    assert flipped_share([0, 1, 2, 2], [0, 1, 1, 2]) == 0.25
    assert flipped_share([], []) == 0
    assert flipped_share([0, 1], [0, 1, 1]) == 1


def test_the_limits_are_those_of_welch_at_90_percent():
    new, old = [0.81, 0.83, 0.80, 0.84], [0.80, 0.82, 0.85, 0.79, 0.81]
    found = equivalence(new, old, 0.05)
    wanted = stats.ttest_ind(new, old, equal_var=False).confidence_interval(0.90)

    assert found.difference == pytest.approx(np.mean(new) - np.mean(old))
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-9)


@given(st.integers(0, 10_000), st.floats(-0.06, 0.06), st.integers(2, 7), st.integers(2, 7))
@settings(max_examples=80, deadline=None)
def test_equivalence_is_what_two_one_sided_tests_of_statsmodels_find(seed, shift, few, many):
    generator = np.random.default_rng(seed)
    new, old = generator.normal(shift, 0.01, few), generator.normal(0, 0.01, many)
    found = equivalence(new, old, 0.03)
    if found.margin != 0.03:
        return  # the reference is too noisy for this margin
    compared = CompareMeans(DescrStatsW(new), DescrStatsW(old))
    p = compared.ttost_ind(-0.03, 0.03, usevar="unequal")[0]

    assert (found.verdict == "equivalent") == (p < 0.05)


@pytest.mark.parametrize(
    ("shift", "spread", "verdict", "outside"),
    [
        (0.0, 0.002, "equivalent", False),
        (0.1, 0.002, "different", True),
        (-0.1, 0.002, "different", True),
        (0.015, 0.03, "inconclusive", False),
        (0.025, 0.03, "inconclusive", True),
    ],
)
def test_the_verdict_follows_from_limits_and_margin(shift, spread, verdict, outside):
    # five seeds -2 ... 2 times the spread: sd 1.58, se of the reference .71 spreads
    reference = 0.8 + spread * np.arange(-2, 3)
    found = equivalence(reference + shift, reference, 0.0212132034 if spread == 0.03 else 0.02)

    assert found.verdict == verdict
    assert found.outside is outside


def test_the_margin_is_at_least_the_standard_error_of_the_reference():
    # sd of .7 .8 .9 is .1: .1 / sqrt(3)
    found = equivalence([0.8, 0.8, 0.8], [0.7, 0.8, 0.9], 0.01)

    assert found.margin == pytest.approx(0.1 / math.sqrt(3))


def test_the_quick_alarm_of_ten_checks_sounds_from_5_4_deviations():
    # t(4; 1 - .001 / 2) x sqrt(1/5 + 1/5) = 8.610 x .6325 = 5.445 deviations of the reference
    reference = np.array([-2.0, -1, 0, 1, 2]) / 100
    sd = reference.std(ddof=1)

    assert not equivalence(reference + 5.44 * sd, reference, 0.01, checks=10).alarm
    assert equivalence(reference + 5.45 * sd, reference, 0.01, checks=10).alarm
    assert equivalence(reference - 5.45 * sd, reference, 0.01, checks=10).alarm


def test_a_job_of_many_checks_sounds_a_false_alarm_at_most_once_in_a_hundred():
    generator = np.random.default_rng(3)
    jobs, checks = 300, 10
    alarms = [
        any(
            equivalence(*generator.normal(0, 0.01, (2, 5)), 0.01, checks=checks).alarm
            for _ in range(checks)
        )
        for _ in range(jobs)
    ]

    # 3 expected; more than 9 come up once in 900
    assert sum(alarms) <= 9


@pytest.mark.parametrize(
    ("new", "old", "difference"),
    [
        ([0.8], [0.7, 0.8], 0.05),
        ([0.8, 0.7], [0.8, NAN], -0.05),
        ([], [0.8, 0.7], NAN),
        ([NAN, NAN], [NAN], NAN),
    ],
    ids=["one new", "one reference", "no new", "nothing defined"],
)
def test_fewer_than_two_seeds_are_inconclusive(new, old, difference):
    found = equivalence(new, old, 0.01)

    assert found.verdict == "inconclusive"
    assert not found.alarm
    assert np.isnan([found.low, found.high]).all()
    assert found.difference == pytest.approx(difference, nan_ok=True)


def test_seeds_without_spread_are_compared_as_they_are():
    same, moved = equivalence([0.8] * 3, [0.8] * 3, 0.01), equivalence([0.9] * 3, [0.8] * 3, 0.01)

    assert (same.verdict, same.alarm) == ("equivalent", False)
    assert (moved.verdict, moved.alarm) == ("different", True)
    # means of equal numbers may differ in the last bit
    assert not equivalence([0.1] * 3, [0.1] * 7, 0.01).alarm
