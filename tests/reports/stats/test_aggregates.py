"""Aggregates of runs over data sets, by hand, against scipy and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.stats.aggregates import (
    aggregate_intervals,
    improvement_interval,
    interquartile_mean,
    mean_score,
    optimality_gap,
    performance_profile,
    probability_of_improvement,
)

NAN = np.nan
SCORES = st.lists(st.integers(0, 10).map(lambda n: n / 10), min_size=1, max_size=12)


def aggregate_interval(scores, aggregate, source, draws=200):
    (found,) = aggregate_intervals(scores, [aggregate], source, draws=draws)
    return found


def generator(seed=1):
    return np.random.default_rng(seed)


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=6))
def test_several_tables_at_once_are_aggregated_one_by_one(tables):
    # NaN for 9, and each list as three scores of one data set
    scores = np.array(tables, dtype=float)[:, :, None] / 10
    scores[scores == 0.9] = NAN
    for aggregate in (mean_score, interquartile_mean, optimality_gap):
        single = [float(aggregate(one)) for one in scores]
        assert aggregate(scores) == pytest.approx(single, nan_ok=True)
    single = [float(probability_of_improvement(one, scores[0])) for one in scores]
    assert probability_of_improvement(scores, scores[:1]) == pytest.approx(single, nan_ok=True)


def test_aggregates_of_one_call_share_their_draws():
    scores = generator(5).random((5, 3))
    mean, again = aggregate_intervals(scores, [mean_score, mean_score], generator(), draws=50)
    gap = aggregate_interval(scores, optimality_gap, generator(), draws=50)

    assert mean == again
    assert (gap.low, gap.high) == pytest.approx((1 - mean.high, 1 - mean.low))


@given(SCORES)
def test_the_interquartile_mean_is_scipys_trimmed_mean(scores):
    assert interquartile_mean(scores) == pytest.approx(stats.trim_mean(scores, 0.25))


def test_a_quarter_of_all_scores_is_cut_at_each_end():
    # sorted 0 .1 .2 .4 .6 .9, floor(6 / 4) = 1 cut: (.1 + .2 + .4 + .6) / 4
    assert interquartile_mean([[0.9, 0.1, 0.2], [0.4, 0.0, 0.6]]) == pytest.approx(0.325)
    assert interquartile_mean([[0.2, 0.4, NAN]]) == pytest.approx(0.3)
    assert math.isnan(interquartile_mean([[NAN]]))


@given(SCORES)
def test_the_interquartile_mean_lies_between_the_quartiles(scores):
    ordered = sorted(scores)
    cut = len(scores) // 4

    assert ordered[cut] - 1e-9 <= interquartile_mean(scores) <= ordered[-1 - cut] + 1e-9


def test_the_optimality_gap_counts_what_is_above_gamma_as_gamma():
    # .8 - mean(.5, .7, .8, .8) = .8 - .7
    assert optimality_gap([0.5, 0.7, 0.8, 0.95], 0.8) == pytest.approx(0.1)
    assert optimality_gap([1.0, 1.0]) == 0
    assert math.isnan(optimality_gap([NAN]))


def test_the_profile_counts_runs_strictly_above_a_threshold():
    # of .5 .7 .7 (NaN): above .4 all, .5 two, .7 none
    found = performance_profile([[0.5, 0.7], [0.7, NAN]], [0.4, 0.5, 0.7])

    assert found == pytest.approx([1, 2 / 3, 0])
    assert np.isnan(performance_profile([NAN], [0.1, 0.2])).tolist() == [True, True]


def test_improvement_is_averaged_over_data_sets():
    # first: .5 beats .4, loses to .6, .7 beats both: 3 of 4; second: a tie: 1/2
    x, y = [[0.5, 0.3], [0.7, 0.3]], [[0.4, 0.3], [0.6, 0.3]]

    assert probability_of_improvement(x, y) == pytest.approx((0.75 + 0.5) / 2)
    assert probability_of_improvement([[0.1 + 0.2]], [[0.3]]) == 0.5


def test_improvement_leaves_out_data_sets_that_a_method_lacks():
    assert probability_of_improvement([[0.5, NAN]], [[0.4, 0.9]]) == 1
    assert math.isnan(probability_of_improvement([[0.5, NAN]], [[NAN, 0.9]]))


@given(SCORES, SCORES)
@settings(max_examples=50, deadline=None)
def test_improvement_is_the_mann_whitney_statistic_as_a_share(x, y):
    if len({*x, *y}) == 1:
        return
    u = stats.mannwhitneyu(x, y, method="asymptotic").statistic
    first, second = np.array(x)[:, None], np.array(y)[:, None]

    assert probability_of_improvement(first, second) == pytest.approx(u / (len(x) * len(y)))
    assert probability_of_improvement(second, first) == pytest.approx(1 - u / (len(x) * len(y)))


def test_runs_are_drawn_within_their_data_set():
    # Between data sets lies 10, within them at most .1: limits of the mean stay within .05
    scores = np.array([[0.0, 10.0], [0.1, 10.1], [0.05, 10.05]])
    found = aggregate_interval(scores, mean_score, generator(), draws=300)

    assert found.value == pytest.approx(5.05)
    assert 5.0 <= found.low < found.value < found.high <= 5.1


def test_undefined_runs_are_never_drawn():
    scores = np.array([[0.2, NAN, 0.4], [0.3, NAN, 0.5], [NAN, NAN, 0.6]])
    sizes = []

    def mean(drawn):
        sizes.extend((~np.isnan(np.atleast_3d(drawn.T).T)).sum(axis=1).tolist())
        return mean_score(drawn)

    found = aggregate_interval(scores, mean, generator(), draws=50)

    assert set(map(tuple, sizes)) == {(2, 0, 3)}
    assert 0.2 <= found.low < found.high <= 0.6


def test_the_same_generator_gives_the_same_limits():
    scores = generator(5).random((5, 3))
    first, second, other = (
        aggregate_interval(scores, interquartile_mean, generator(seed), draws=200)
        for seed in (1, 1, 2)
    )

    assert first == second
    assert first != other


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([[0.5, 0.6]], "one run"),
        ([[0.5, 0.6], [0.7, NAN]], "one run"),
        ([[0.5, 0.6], [0.5, 0.6]], "no two draws"),
        ([[NAN, NAN]], "no run"),
    ],
    ids=["one run", "one run on one data set", "equal runs", "no run"],
)
def test_without_spread_between_runs_there_is_no_interval(scores, words):
    found = aggregate_interval(scores, interquartile_mean, generator(), draws=20)

    assert words in found.reason
    assert np.isnan([found.low, found.high]).all()


def test_improvement_has_limits_unless_all_runs_are_better():
    x, y = generator(2).normal(0.3, 1, (6, 3)), generator(3).normal(0, 1, (5, 3))
    found = improvement_interval(x, y, generator(), draws=300)

    assert 0 <= found.low < found.value == probability_of_improvement(x, y) < found.high <= 1
    assert "no two draws" in improvement_interval(x + 9, y, generator(), draws=20).reason
    assert "one run" in improvement_interval(x[:1], y, generator()).reason
    assert "no run" in improvement_interval(x * NAN, y, generator()).reason


def test_limits_of_a_mean_are_nearly_those_of_student():
    # 6 runs on 4 data sets: variance of the mean sum s^2 / 6 / 16, 4 x 5 degrees of freedom; plain
    # percentiles would be 15 % narrower: sqrt(5 / 6) x 1.960 / 2.086
    scores = generator(4).normal(size=(6, 4)) + [0, 1, 2, 3]
    found = aggregate_interval(scores, mean_score, generator(), draws=8000)
    reach = stats.t.ppf(0.975, 20) * math.sqrt(scores.var(axis=0, ddof=1).sum() / 96)

    assert found.high - found.low == pytest.approx(2 * reach, rel=0.05)


def test_intervals_cover_about_95_percent_with_five_runs_on_three_data_sets():
    # 100 studies: 95 % is met within 3.3 sqrt(.95 x .05 / 100) = 7 points; plain percentiles: 89 %
    random, level = generator(7), np.array([0.0, 0.75, 1.5])
    inside = []
    for _ in range(100):
        scores = level + random.normal(size=(5, 3))
        found = aggregate_interval(scores, mean_score, random, draws=300)
        inside.append(found.low <= level.mean() <= found.high)

    assert np.mean(inside) == pytest.approx(0.95, abs=0.07)
