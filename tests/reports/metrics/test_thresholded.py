"""Thresholds on the probability of the second class: where they come from, and what they give."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from reports.catalogue import sample_metric_cards
from reports.convention import PAPER
from reports.errors import ReportError
from reports.measure import grouped, measure
from reports.metrics.thresholded import by_cross_fit, by_prevalence, by_test, by_validation
from reports.predictions import ValidationPart, pooled
from tests.reports.metrics.cases import (
    CASES,
    prediction_set,
    random_set,
    sample_reason,
    sample_scores,
    sample_value,
)

MODES = ["test", "prevalence", "prevalence_val", "val", "cv", "fixed"]


def validation(labels, scores, groups=None, folds=None):
    score = np.asarray(scores, dtype=float)
    codes = np.zeros(len(score), int) if groups is None else np.asarray(groups)
    return ValidationPart(
        np.asarray(labels), codes[:, None], np.stack([1 - score, score], 1), folds
    )


# Scores .2 .4 | .6 .8 of labels 0 1 | 0 1 in both groups, moved up by .1 in g1.
HAND = prediction_set(
    [0, 1, 0, 1, 0, 1, 0, 1],
    [0.2, 0.4, 0.6, 0.8, 0.3, 0.5, 0.7, 0.9],
    [0, 0, 0, 0, 1, 1, 1, 1],
    validation=validation([0, 0, 0, 1], [0.1, 0.3, 0.5, 0.6]),
)


def test_the_threshold_of_the_test_set_is_the_most_accurate_one():
    decided = by_test(HAND)
    right = (decided == (HAND.labels == 1)).sum()
    score = HAND.probabilities[:, 1]
    assert right == max(((score >= t) == (HAND.labels == 1)).sum() for t in np.linspace(0, 1, 41))


def test_prevalence_matching_finds_as_many_positives_as_there_are():
    # Four of eight: .6 .8 in g0, .7 .9 in g1.
    assert by_prevalence(HAND).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert sample_value("disc_prevalence", HAND) == 0.0


def test_the_threshold_of_the_validation_part_decides_the_test_part():
    # Between .5 and .6: positive at or above .55.
    assert sample_value("disc_val", HAND) == 0.0
    lower = dataclasses.replace(HAND, validation=validation([0, 1], [0.4, 0.6]))
    # At or above .5: two of g0, three of g1.
    assert sample_value("disc_val", lower) == pytest.approx(1 / 4)
    assert sample_value("disc_val_signed", lower) == pytest.approx(-1 / 4)
    assert sample_value("disc_fixed", HAND) == pytest.approx(1 / 4)


def test_the_prevalence_of_the_validation_part_says_how_many_are_positive():
    # A quarter of eight: the scores .8 and .9.
    assert sample_value("disc_prevalence_val", HAND) == 0.0
    three = dataclasses.replace(HAND, validation=validation([0, 1, 1, 0, 0, 1, 0, 0], [0.5] * 8))
    # Three: .7 .8 .9.
    assert sample_value("disc_prevalence_val", three) == pytest.approx(1 / 4)


@pytest.mark.parametrize("mode", ["val", "prevalence_val", "fixed"])
def test_modes_without_an_oracle_read_no_test_label(mode):
    for seed in range(20):
        one, other = random_set(seed), random_set(seed + 100)
        part = validation(other.labels, other.probabilities[:, 1])
        poisoned = dataclasses.replace(one, labels=1 - one.labels, validation=part)
        one = dataclasses.replace(one, validation=part)
        key = f"disc_{mode}"
        assert sample_value(key, one) == sample_value(key, poisoned)


def test_titles_flag_the_thresholds_that_read_test_labels_and_no_others():
    flagged = {card.key for card in sample_metric_cards() if "oracle threshold" in card.title}
    names = {f"disc_{mode}{end}" for mode in ("test", "prevalence") for end in ("", "_signed")}
    assert flagged == names


def test_the_halves_of_the_cross_fit_decide_each_other():
    # Perfectly separated: any half gives a threshold in the gap.
    labels = np.tile([0, 1], 20)
    one = prediction_set(labels, np.where(labels == 1, 0.9, 0.2), np.arange(40) % 4 // 2)
    assert (by_cross_fit(one) == (labels == 1)).all()


def test_the_cross_fit_does_not_know_the_labels_it_decides():
    # Labels without relation to the score: the oracle still gains, the cross-fit cannot.
    gains = {by_test: [], by_cross_fit: []}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        labels = np.repeat([0, 1], 20)
        one = prediction_set(labels, rng.random(40), np.arange(40) % 2)
        for decide, own in gains.items():
            own.append(np.mean(decide(one) == (labels == 1)))
    assert np.mean(gains[by_test]) > 0.55
    assert np.mean(gains[by_cross_fit]) < 0.5 + 3 * np.std(gains[by_cross_fit]) / 200**0.5


def test_distances_of_distributions_equal_scipy():
    for seed in range(CASES):
        one = random_set(seed)
        score = [one.probabilities[one.attributes[:, 0] == k, 1] for k in range(3)]
        pairs = [(0, 1), (0, 2), (1, 2)]
        ks = max(ks_2samp(score[a], score[b]).statistic for a, b in pairs)
        area = max(wasserstein_distance(score[a], score[b]) for a, b in pairs)
        assert sample_value("disc_ks", one) == pytest.approx(ks, abs=1e-12)
        assert sample_value("disc_w1", one) == pytest.approx(area, abs=1e-12)


def test_no_threshold_discriminates_more_than_the_distance_of_distributions():
    for seed in range(40):
        one = random_set(seed)
        most = sample_value("disc_ks", one)
        for mode in ("test", "prevalence", "fixed"):
            assert sample_value(f"disc_{mode}", one) <= most + 1e-12


def test_distances_see_only_the_ranking_or_only_the_shift():
    # All of g1 above all of g0: KS 1; moved by .5 throughout: area .5.
    one = prediction_set([0, 1, 0, 1], [0.1, 0.2, 0.6, 0.7], [0, 0, 1, 1])
    found = sample_scores("disc_ks", one)
    assert found.value.item() == 1.0
    assert (found.items[found.worst.item()], found.items[found.best.item()]) == ("g0", "g1")
    assert sample_value("disc_w1", one) == pytest.approx(0.5)


def test_monotone_scores_change_no_decision_of_modes_that_choose_a_threshold():
    for seed in range(30):
        one = random_set(seed)
        score = one.probabilities[:, 1] ** 3
        cubed = prediction_set(one.labels, score, one.attributes[:, 0], num_groups=3)
        for key in ("disc_prevalence", "disc_ks"):
            assert sample_value(key, cubed) == pytest.approx(sample_value(key, one), abs=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_signed_differences_are_as_large_as_the_gap(mode):
    for seed in range(10):
        one, other = random_set(seed), random_set(seed + 50)
        one = dataclasses.replace(
            one, validation=validation(other.labels, other.probabilities[:, 1])
        )
        signed = sample_scores(f"disc_{mode}_signed", one).value
        assert np.abs(signed).max() == pytest.approx(sample_value(f"disc_{mode}", one))


def test_what_is_missing_is_said():
    bare = prediction_set([0, 1], None, [0, 1], predicted=[0, 1])
    assert sample_reason("disc_val", bare) == "no_probabilities"
    assert sample_reason("disc_ks", bare) == "no_probabilities"
    without = dataclasses.replace(HAND, validation=None)
    assert sample_reason("disc_val", without) == "no_validation"
    assert sample_reason("disc_prevalence_val_signed", without) == "no_validation"
    nobody = ValidationPart(np.zeros(0, int), np.zeros((0, 1), int), np.zeros((0, 2)))
    empty = dataclasses.replace(HAND, validation=nobody)
    assert sample_reason("disc_val", empty) == "no_validation"
    one_group = prediction_set([0, 1], [0.2, 0.8], [0, 0])
    for key in ("disc_test", "disc_cv", "disc_ks", "disc_w1"):
        assert sample_reason(key, one_group) == "fewer_than_two_groups"


def test_thresholds_are_for_problems_of_two_classes():
    keys = set(measure(random_set(0, 3))["metric"])
    assert not {key for key in keys if key.startswith(("disc_val", "disc_test", "disc_ks"))}
    assert "disc_val" in set(measure(random_set(0, 2))["metric"])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_tiny_test_sets_do_no_harm(size):
    one = prediction_set([1] * size, [0.7] * size, list(range(size)), num_groups=3)
    for card in sample_metric_cards():
        assert card.compute(grouped(one, "g"), PAPER).value.shape[0] == 1


# Pooled folds ------------------------------------------------------------------------------------


def test_pooled_folds_keep_the_thresholds_of_their_own_models():
    # The second model's scores are .4 lower throughout: its own threshold is, too.
    folds = [
        prediction_set(
            [0, 1, 0, 1], np.array([0.45, 0.85, 0.55, 0.95]) - shift, [0, 0, 1, 1],
            validation=validation([0, 1], np.array([0.6, 0.8]) - shift),
        )
        for shift in (0.0, 0.4)
    ]  # fmt: skip
    one = pooled(folds, "0-1")
    assert one.folds.tolist() == [0] * 4 + [1] * 4
    # Each model finds the positives of both groups: one half each.
    assert sample_value("disc_val", one) == 0.0
    assert sample_scores("disc_val", one).n.item() == 4
    assert by_validation(one).tolist() == [0, 1, 0, 1] * 2


def test_pooled_training_counts_are_added_and_validation_needs_every_fold():
    counts = np.array([[3, 1], [2, 2]])
    folds = [
        prediction_set([0, 1], [0.2, 0.8], [0, 1], train_counts={"g": counts}) for _ in range(2)
    ]
    assert pooled(folds, "0-1").train_counts["g"].tolist() == (2 * counts).tolist()
    assert pooled(folds, "0-1").validation is None
    other = dataclasses.replace(folds[0], train_counts=None)
    assert pooled([folds[0], other], "0-1").train_counts is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_counts": {"h": np.ones((2, 2), int)}}, "training counts of 'h'"),
        ({"train_counts": {"g": np.ones((3, 2), int)}}, "has shape"),
        ({"train_counts": {"g": np.full((2, 2), -1)}}, "negative"),
        ({"strata": np.zeros(3, int)}, "strata has shape"),
        ({"strata": np.zeros(2)}, "integer codes"),
        ({"validation": validation([2], [0.5])}, "validation part: labels"),
        ({"validation": validation([0], [1.5])}, "validation part: probabilities"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    one = prediction_set([0, 1], [0.2, 0.8], [0, 1])
    with pytest.raises(ReportError, match=message):
        dataclasses.replace(one, **change)
