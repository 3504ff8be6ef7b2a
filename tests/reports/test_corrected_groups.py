"""Scores by guessed groups are corrected towards those of the true groups."""

import numpy as np
import pytest

from reports.catalogue import metric_cards
from reports.convention import PAPER, STRICT
from reports.corrected_groups import (
    METRICS,
    SINGULAR,
    corrected_scores,
    corrected_tensors,
    weighted_tensors,
)
from reports.runs import Runs

IDENTITY = [[50, 0], [0, 50]]


def runs(groups, labels, predicted, *, levels=("f", "m"), classes=("a", "b", "c")):
    predicted = np.atleast_2d(predicted)
    seeds = tuple(str(seed) for seed in range(len(predicted)))
    return Runs(
        dataset="faces", method="ce", variant="", select="last", seeds=seeds, cells=seeds,
        classes=classes, levels={"predicted_gender": levels}, intersections=(),
        labels=labels, attributes=groups[:, None], predicted=predicted,
    )  # fmt: skip


def world(size, generator, *, seeds=3):
    """Women's faces are recognised with .85, men's with .6; who is wrong answers at random."""
    groups = generator.integers(0, 2, size)
    labels = generator.integers(0, 3, size)
    right = generator.random((seeds, size)) < np.where(groups == 0, 0.85, 0.6)
    predicted = np.where(right, labels, generator.integers(0, 3, (seeds, size)))
    return groups, labels, predicted


def guesses(groups, rates, generator):
    return (generator.random(len(groups)) < np.array(rates)[groups, 1]).astype(np.int64)


def corrected(one, confusion, convention=STRICT, **options):
    found = corrected_scores(
        [one], {"faces": {"predicted_gender": confusion}}, convention, **{"draws": 50, **options}
    )
    return found.set_index("metric")


@pytest.mark.parametrize("convention", [STRICT, PAPER], ids=["strict", "paper"])
@pytest.mark.parametrize("size", [60, 2000])
def test_guesses_without_error_leave_the_scores_of_the_metrics_themselves(size, convention):
    one = runs(*world(size, np.random.default_rng(size)))
    found = corrected(one, IDENTITY, convention)
    cards = {card.key: card for card in metric_cards()}
    for metric, emotion in METRICS.items():
        scores = cards[metric].compute(one.counts("predicted_gender"), convention)
        place = scores.emotions.index(emotion)
        expected = scores.value[:, 0, place].mean()
        assert found.loc[metric, "guessed"] == pytest.approx(expected, abs=1e-12)
        assert found.loc[metric, "corrected"] == pytest.approx(expected, abs=1e-12)
        assert found.loc[metric, "weighted"] == pytest.approx(expected, abs=1e-12)


def test_two_groups_by_hand():
    # True counts 80 and 40; .75 of the first and .5 of the second are guessed to be the first:
    # 80 guessed first (60 + 20), 40 guessed second (20 + 20).
    mixed = np.array([80.0, 40.0]).reshape(2, 1, 1)
    rates = np.array([[0.75, 0.25], [0.5, 0.5]])
    np.testing.assert_allclose(corrected_tensors(mixed, rates).ravel(), [80.0, 40.0])
    # And 62 guessed first of 60 and 34: .75 * 60 + .5 * 34 = 62, 15 + 17 = 32 second.
    mixed = np.array([62.0, 32.0]).reshape(2, 1, 1)
    np.testing.assert_allclose(corrected_tensors(mixed, rates).ravel(), [60.0, 34.0])


def test_two_groups_weighted_by_hand():
    # As above 80 and 40 truly: of 80 guessed first 60 are, of 40 guessed second 20 are of the
    # first. Right are 60 and 10: .75 * 60 + .5 * 10 = 50 of the first, .25 * 60 + .5 * 10 = 20.
    rates = np.array([[0.75, 0.25], [0.5, 0.5]])
    mixed = np.array([[60.0, 20.0], [10.0, 30.0]])[:, None, :] * np.array([[[1.0], [0.0]]])
    found = weighted_tensors(mixed, rates)
    np.testing.assert_allclose(found[:, 0], [[50.0, 30.0], [20.0, 20.0]])
    np.testing.assert_allclose(found.sum(axis=(1, 2)), [80.0, 40.0])


def test_a_group_that_nobody_can_be_in_has_no_weight():
    # 95 and 5 are more of the first than its rates allow: (108.3, -8.3) truly. All count as first.
    rates = np.array([[0.9, 0.1], [0.3, 0.7]])
    found = weighted_tensors(np.array([95.0, 5.0]).reshape(2, 1, 1), rates)
    np.testing.assert_allclose(found.ravel(), [100.0, 0.0])


def test_the_weighted_score_is_the_truth_where_decisions_follow_the_guess():
    # Looks decide: whoever looks like the first group is recognised with .9, others with .6, and
    # .9 and .3 of the groups do look so: recall .87 and .69 truly.
    generator = np.random.default_rng(7)
    size = 20_000
    groups, labels = generator.integers(0, 2, size), generator.integers(0, 3, size)
    looks = (generator.random(size) > np.where(groups == 0, 0.9, 0.3)).astype(np.int64)
    right = generator.random((2, size)) < np.where(looks == 0, 0.9, 0.6)
    predicted = np.where(right, labels, (labels + 1) % 3)
    confusion = [generator.multinomial(5000, row).tolist() for row in ([0.9, 0.1], [0.3, 0.7])]
    found = corrected(runs(looks, labels, predicted), confusion, draws=100).loc["fs_acc"]
    truth = 0.69 / 0.87
    assert abs(found["weighted"] - truth) < 3.3 * found["weighted_se"] < 0.05
    assert found["corrected"] < found["guessed"] < truth - 0.1


def test_the_inverted_score_is_nearer_the_truth_and_within_its_error():
    generator = np.random.default_rng(3)
    groups, labels, predicted = world(6000, generator)
    rates = [[0.8, 0.2], [0.25, 0.75]]
    true = corrected(runs(groups, labels, predicted), IDENTITY)
    confusion = [generator.multinomial(1000, row).tolist() for row in rates]
    found = corrected(
        runs(guesses(groups, rates, generator), labels, predicted), confusion, draws=300
    )
    for metric in ("fs_acc", "fs_mca"):
        truth, row = true.loc[metric, "corrected"], found.loc[metric]
        # True .67 over .87; guessing a quarter wrongly hides about half of the difference.
        assert row["guessed"] - truth > 0.08
        assert abs(row["corrected"] - truth) < 3.3 * row["se"] < 0.15


def test_the_error_covers_the_truth_over_many_test_sets():
    generator = np.random.default_rng(5)
    rates = [[0.85, 0.15], [0.2, 0.8]]
    # Recall .85 + .15 / 3 = .9 of women, .6 + .4 / 3 = .733 of men.
    truth = (0.6 + 0.4 / 3) / (0.85 + 0.15 / 3)
    covered = 0
    for study in range(200):
        groups, labels, predicted = world(1500, generator, seeds=1)
        confusion = [generator.multinomial(400, row).tolist() for row in rates]
        one = runs(guesses(groups, rates, generator), labels, predicted)
        row = corrected(one, confusion, draws=60, suite_seed=study).loc["fs_acc"]
        covered += abs(row["corrected"] - truth) < 1.96 * row["se"]
    # Binomial sd of 200 at .95 is .015; 60 draws blur the error itself.
    assert 0.89 <= covered / 200 <= 0.99


def test_guesses_that_say_nothing_cannot_be_corrected():
    one = runs(*world(300, np.random.default_rng(0)))
    found = corrected(one, [[30, 20], [30, 20]])
    assert found["corrected"].isna().all() and (found["reason"] == SINGULAR).all()
    assert found["guessed"].notna().all() and found["weighted"].isna().all()


def test_seeds_that_cannot_be_corrected_are_counted_out():
    # Everybody was guessed to be a woman: nobody is left to compare with.
    groups, labels, predicted = world(300, np.random.default_rng(0))
    found = corrected(runs(np.zeros_like(groups), labels, predicted), [[45, 5], [5, 45]])
    assert found["seeds"].eq(0).all() and found["corrected"].isna().all()
    assert (found["reason"] != "").all()


def test_unknown_guesses_are_in_no_group():
    groups, labels, predicted = world(900, np.random.default_rng(1))
    more = np.concatenate([groups, np.full(100, -1)])
    one = runs(more, np.concatenate([labels, labels[:100]]),
               np.concatenate([predicted, predicted[:, :100]], axis=1))  # fmt: skip
    both = [corrected(own, [[45, 5], [5, 45]])["corrected"] for own in
            (one, runs(groups, labels, predicted))]  # fmt: skip
    np.testing.assert_allclose(both[0], both[1])


def test_data_sets_and_attributes_that_were_not_guessed_have_no_row():
    one = runs(*world(100, np.random.default_rng(0)))
    assert corrected_scores([one], {"other": {"gender": IDENTITY}}, STRICT).empty
