"""Calibration errors by hand, by a slow loop, and against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from reports.convention import PAPER, STRICT
from reports.measure import grouped, measure
from reports.metrics.calibration import ece_gap_draws
from tests.reports.metrics.cases import (
    CASES,
    prediction_set,
    random_set,
    sample_reason,
    sample_scores,
    sample_value,
)

# Confidences .9 (right), .9 (wrong), .6 (right) in g0; .6 (right), .6 (wrong) in g1.
HAND = prediction_set([1, 0, 1, 1, 0], [0.9, 0.9, 0.6, 0.6, 0.6], [0, 0, 0, 1, 1])


def test_the_calibration_error_weighs_bins_by_their_samples():
    # g0: bin of .9 holds 2, accuracy .5, off by .4; bin of .6 holds 1, off by .4.
    # g1: bin of .6 holds 2, accuracy .5, off by .1.
    found = sample_scores("ece", HAND)
    assert found.value[0, :, 0] == pytest.approx([2 / 3 * 0.4 + 1 / 3 * 0.4, 0.1])
    assert found.n[0, :, 0].tolist() == [3, 2]


def test_the_gap_of_calibration_errors_names_the_group_that_is_calibrated_worse():
    found = sample_scores("ece_gap", HAND)
    assert found.value.item() == pytest.approx(0.3)
    assert found.items[found.worst.item()] == "g0"


def test_the_brier_score_sums_squared_distances_over_the_classes():
    # g1: (.4^2 + .4^2 + .6^2 + .6^2) / 2
    assert sample_scores("brier", HAND).value[0, 1, 0] == pytest.approx(0.52)


def slow_error(confidence, correct, bins=15):
    total = 0.0
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        inside = (confidence >= low) & ((confidence < high) | (b == bins - 1))
        if inside.any():
            gap = abs(correct[inside].mean() - confidence[inside].mean())
            total += inside.sum() / len(confidence) * gap
    return total


@pytest.mark.parametrize("num_classes", [2, 7])
def test_calibration_errors_equal_a_slow_loop_and_brier_scores_scikit_learn(num_classes):
    for seed in range(CASES // 2):
        one = random_set(seed, num_classes)
        error, score = (sample_scores(key, one).value[0, :, 0] for key in ("ece", "brier"))
        for group in range(3):
            of = one.attributes[:, 0] == group
            if of.any():
                p, y = one.probabilities[of], one.labels[of]
                wanted = slow_error(p.max(1), p.argmax(1) == y)
                assert error[group] == pytest.approx(wanted, abs=1e-12)
                wanted = brier_score_loss(y, p, labels=range(num_classes), scale_by_half=False)
                assert score[group] == pytest.approx(wanted, abs=1e-12)


def test_full_confidence_lies_in_the_last_bin():
    # .95 and 1 share the bin [14/15, 1]: |1/2 - .975|, not |0 - 1| / 2 + |1 - .95| / 2.
    one = prediction_set([1, 0, 0, 0], [0.95, 1.0, 0.0, 0.0], [0, 0, 1, 1])
    assert sample_value("ece", one) == pytest.approx(0.475)


def test_overall_calibration_counts_samples_of_unknown_group():
    one = prediction_set([1, 1], [0.6, 0.8], [0, -1])
    frame = measure(one, PAPER).query("metric == 'ece'")
    # off by .4 and .2
    assert frame.query("attribute == 'all'")["value"].item() == pytest.approx(0.3)
    assert frame.query("attribute == 'g' and group == 'g0'")["value"].item() == pytest.approx(0.4)


def test_without_probabilities_there_is_no_calibration_and_the_rows_say_so():
    one = prediction_set([1, 0], None, [0, 1], predicted=[1, 1])
    frame = measure(one).query("metric in ('ece', 'ece_gap', 'brier') and attribute == 'g'")
    assert set(frame["reason"]) == {"no_probabilities"} and frame["value"].isna().all()
    assert frame.query("metric == 'ece'")["group"].tolist() == ["g0", "g1"]


def test_small_and_empty_groups_have_no_calibration_error():
    one = prediction_set([1, 0, 1], [0.9, 0.9, 0.6], [0, 0, 0], num_groups=3)
    assert sample_scores("ece", one, STRICT).reason[0, :, 0].tolist() == [5, 2, 2]
    assert sample_reason("ece_gap", one) == "fewer_than_two_groups"


def test_draws_of_the_gap_are_gaps_of_permuted_groups():
    one = random_set(3, 7, size=200)
    # Of the same samples, with other probabilities.
    other = replace(one, probabilities=np.roll(one.probabilities, 1, axis=1))
    runs = [grouped(each, "g") for each in (one, other)]
    draws = ece_gap_draws(runs, PAPER, 40, np.random.default_rng(0))

    rng = np.random.default_rng(0)
    known = one.attributes[:, 0] >= 0
    for drawn in draws:
        permuted = one.attributes[:, 0].copy()
        permuted[known] = rng.permutation(permuted[known])
        for value, each in zip(drawn, (one, other), strict=True):
            again = prediction_set(each.labels, each.probabilities, permuted, num_groups=3)
            assert value == pytest.approx(sample_value("ece_gap", again), abs=1e-12)


def test_draws_of_the_gap_are_undefined_where_the_gap_is():
    one = prediction_set([1, 0], [0.9, 0.9], [0, 0])
    assert np.isnan(ece_gap_draws([grouped(one, "g")], PAPER, 3, np.random.default_rng(0))).all()
