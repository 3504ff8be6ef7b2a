import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.errors import ReportError
from reports.stats.misclassification import corrected_proportions


def corrected(counts, confusion, seed=1, draws=300):
    return corrected_proportions(
        np.array(counts), np.array(confusion, float), np.random.default_rng(seed), draws=draws
    )


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=4))
def test_a_perfect_classifier_changes_nothing(counts):
    estimates, reason = corrected(counts, np.eye(len(counts)), draws=20)

    assert reason == ""
    for (without, labelled), estimate in zip(counts, estimates, strict=True):
        if estimate.reason == "":
            assert estimate.value == pytest.approx(labelled / (without + labelled), abs=1e-12)


def test_attenuated_proportions_are_restored():
    # true 400/600 and 800/200 (without/with); a tenth of group 0 and a fifth of group 1 go astray
    # guessed 0: without .9*400 + .2*800 = 520, with .9*600 + .2*200 = 580
    # guessed 1: without .1*400 + .8*800 = 680, with .1*600 + .8*200 = 220
    estimates, reason = corrected([[520, 580], [680, 220]], [[0.9, 0.1], [0.2, 0.8]])

    assert reason == ""
    assert estimates[0].value == pytest.approx(0.6, abs=1e-12)
    assert estimates[1].value == pytest.approx(0.2, abs=1e-12)
    assert all(e.low < e.value < e.high for e in estimates)


def test_the_interval_is_wider_than_that_of_the_counts_as_they_are():
    counts = [[520, 580], [680, 220]]
    rough = corrected(counts, [[0.8, 0.2], [0.2, 0.8]])[0]
    plain = corrected(counts, np.eye(2))[0]

    assert rough[0].high - rough[0].low > 1.2 * (plain[0].high - plain[0].low)


def test_the_interval_without_errors_is_that_of_a_proportion():
    estimate = corrected([[600, 400], [500, 500]], np.eye(2), draws=4000)[0][0]

    # 2 * 1.96 * sqrt(.4 * .6 / 1000)
    assert estimate.high - estimate.low == pytest.approx(0.0607, rel=0.08)


def test_a_solution_with_negative_counts_is_undefined_and_not_clipped():
    # at least a tenth of group 0 is guessed as 1, but 1 was never guessed with the label
    estimates, reason = corrected([[50, 50], [50, 0]], [[0.9, 0.1], [0.1, 0.9]])

    assert reason == "the counts contradict the confusion matrix"
    assert all(np.isnan([e.value, e.low, e.high]).all() for e in estimates)
    assert {e.reason for e in estimates} == {reason}


@pytest.mark.parametrize("shift", [0, 1e-12])
def test_a_classifier_that_guesses_blindly_cannot_be_corrected(shift):
    row = [0.4 + shift, 0.6 - shift]
    estimates, reason = corrected([[50, 50], [60, 40]], [[0.4, 0.6], row])

    assert reason == "the confusion matrix cannot be inverted"
    assert all(np.isnan(e.value) for e in estimates)


def test_a_group_that_nobody_belongs_to_is_undefined_alone():
    estimates, reason = corrected([[50, 50], [0, 0]], np.eye(2))

    assert reason == ""
    assert estimates[0].value == 0.5
    assert np.isnan(estimates[1].value)
    assert estimates[1].reason == "nobody in this group"


def test_few_images_give_no_interval_where_samples_lose_the_group():
    # both images of group 1 are missing from exp(-2) = 14 % of the samples
    estimates, _ = corrected([[500, 500], [1, 1]], np.eye(2))

    assert estimates[1].reason == "too few images for a correction"
    assert np.isnan(estimates[1].value)


def test_no_images_at_all_are_said_so():
    estimates, reason = corrected([[0, 0], [0, 0]], np.eye(2))

    assert reason == "no images"
    assert all(np.isnan(e.value) for e in estimates)


def test_a_label_that_never_occurs_stays_at_zero():
    estimates, _ = corrected([[50, 0], [70, 0]], [[0.9, 0.1], [0.2, 0.8]])

    assert [e.value for e in estimates] == [0, 0]


@pytest.mark.parametrize(
    ("confusion", "words"),
    [
        (np.eye(3), "3 x 3"),
        ([[0.9, 0.2], [0.2, 0.8]], "sum to 1"),
        ([[1.2, -0.2], [0.2, 0.8]], "sum to 1"),
        ([[np.nan, 1], [0.2, 0.8]], "sum to 1"),
    ],
    ids=["size", "sum", "negative", "missing"],
)
def test_a_matrix_that_is_none_of_probabilities_is_refused(confusion, words):
    with pytest.raises(ReportError, match=words):
        corrected([[5, 5], [5, 5]], confusion)


def test_intervals_cover_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(8)
    confusion = np.array([[0.85, 0.15], [0.25, 0.75]])
    share = np.array([[0.3, 0.2], [0.3, 0.2]])  # true group x label: both groups 0.4
    cells = confusion.T @ share
    covered = []
    for _ in range(200):
        counts = generator.multinomial(800, cells.ravel()).reshape(2, 2)
        estimates, _ = corrected_proportions(counts, confusion, generator, draws=200)
        covered += [e.low <= 0.4 <= e.high for e in estimates]

    # 95 % and three standard errors of 200 pairs of correlated intervals
    assert 0.90 < np.mean(covered) < 0.99
