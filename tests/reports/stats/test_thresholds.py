import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.errors import ReportError
from reports.stats.thresholds import best_threshold, prevalence_threshold

ROWS = st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=1, max_size=25)


def columns(rows, step=0.25):
    score = np.array([step * value for value, _ in rows])
    return score, np.array([int(flag) for _, flag in rows])


def right(score, truth, threshold):
    return sum((value >= threshold) == bool(flag) for value, flag in zip(score, truth, strict=True))


def test_separable_scores_are_cut_half_way():
    # negatives up to 0.2, positives from 0.6: cut at (0.2 + 0.6) / 2
    assert best_threshold([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1]) == pytest.approx(0.4)


def test_of_equally_good_thresholds_the_one_nearest_to_a_half_is_taken():
    # scores .1+ .3- .5+ .9+: right answers at -inf: 3; .2: 2; .4: 3; .7: 2; inf: 1
    # -inf and .4 tie, and .4 is nearer to .5
    assert best_threshold([0.1, 0.3, 0.5, 0.9], [1, 0, 1, 1]) == pytest.approx(0.4)


def test_of_thresholds_equally_far_from_a_half_the_smaller_is_taken():
    # 0- .5+ .5- 1+: at .25 right are 0, one .5, 1 = 3; at .75 the same number
    assert best_threshold([0.0, 0.5, 0.5, 1.0], [0, 1, 0, 1]) == 0.25


def test_scores_that_say_nothing_are_cut_below_before_above():
    # one distinct score, one positive of two: -inf and inf both get one right
    assert best_threshold([0.5, 0.5], [1, 0]) == -np.inf
    assert best_threshold([0.5, 0.5, 0.5], [1, 0, 0]) == np.inf


@given(ROWS)
def test_the_threshold_is_as_good_as_the_best_found_by_trying_all(rows):
    score, truth = columns(rows)
    distinct = sorted(set(score))
    middle = [(a + b) / 2 for a, b in zip(distinct, distinct[1:], strict=False)]
    candidates = [-np.inf, *middle, np.inf]
    most = max(right(score, truth, threshold) for threshold in candidates)
    tied = [t for t in candidates if right(score, truth, t) == most]

    assert best_threshold(score, truth) == min(tied, key=lambda t: (abs(t - 0.5), t))


@given(ROWS)
def test_a_monotone_transform_changes_no_number_of_right_answers(rows):
    score, truth = columns(rows)
    other = np.exp(score) + 3

    assert right(score, truth, best_threshold(score, truth)) == right(
        other, truth, best_threshold(other, truth)
    )


@given(ROWS)
def test_a_transform_that_keeps_the_order_of_unique_best_cuts_keeps_the_decisions(rows):
    score, truth = columns(rows)
    distinct = np.unique(score)
    results = [right(score, truth, t) for t in [*distinct, np.inf]]
    if results.count(max(results)) > 1:
        return
    other = score**3

    assert np.array_equal(
        score >= best_threshold(score, truth), other >= best_threshold(other, truth)
    )


def test_neighbouring_floating_point_numbers_are_told_apart():
    low = 0.3
    high = np.nextafter(low, 1)

    threshold = best_threshold([low, high], [0, 1])

    assert low < threshold <= high


def test_rows_without_a_score_are_left_out():
    assert best_threshold([0.1, np.nan, 0.9], [0, 1, 1]) == pytest.approx(0.5)


@pytest.mark.parametrize("threshold", [best_threshold, prevalence_threshold])
def test_no_rows_have_no_threshold(threshold):
    assert np.isnan(threshold([], []))
    assert np.isnan(threshold([np.nan], [1]))


@pytest.mark.parametrize("threshold", [best_threshold, prevalence_threshold])
def test_an_infinite_score_is_refused_in_a_sentence(threshold):
    with pytest.raises(ReportError, match="infinite"):
        threshold([0.1, np.inf], [0, 1])


@given(ROWS)
def test_prevalence_threshold_selects_as_many_as_are_positive_unless_scores_tie(rows):
    score, truth = columns(rows)
    selected = int((score > prevalence_threshold(score, truth)).sum())

    assert selected <= truth.sum()
    if len(np.unique(score)) == len(score):
        assert selected == truth.sum()


def test_prevalence_threshold_is_the_score_after_as_many_as_are_positive():
    # falling: .9 .7 .4 .2, two positives: place 2 holds .4, and .9 and .7 lie above it
    assert prevalence_threshold([0.2, 0.9, 0.4, 0.7], [0, 1, 1, 0]) == 0.4


def test_prevalence_threshold_lets_everybody_pass_where_all_are_positive():
    assert prevalence_threshold([0.2, 0.4], [1, 1]) == -np.inf


def test_a_million_scores_are_cut_in_seconds():
    generator = np.random.default_rng(1)
    score = generator.random(1_000_000)

    threshold = best_threshold(score, score > 0.7)

    assert threshold == pytest.approx(0.7, abs=1e-4)
