"""Bias amplification by hand, by slow loops, and at its limits."""

import dataclasses

import numpy as np
import pytest

from reports.convention import STRICT
from reports.metrics.amplification import ba_t2a
from tests.reports.frames import scores, value
from tests.reports.metrics.cases import (
    CASES,
    codes,
    counts_of,
    prediction_set,
    sample_reason,
    sample_scores,
    sample_value,
)


def decided(labels, predicted, groups, train, *, num_classes=2, num_groups=2):
    return prediction_set(
        labels, None, groups, predicted=predicted, num_classes=num_classes, num_groups=num_groups,
        train_counts=None if train is None else {"g": np.asarray(train)},
    )  # fmt: skip


# Test: c0 predicted for 3 of g0 and 1 of g1, c1 for 1 of g0 and 3 of g1; truth is even.
EVEN = ([0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 0, 1, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1])


def test_co_occurrence_grows_by_what_the_leading_groups_gain():
    # Training: g0 holds .6 of c0 and .4 of c1, so g0 leads in c0 and g1, with .6, in c1; among
    # those predicted as the classes g0 and g1 hold .75: (.15 + .15) / 2.
    assert sample_value("ba_mals", decided(*EVEN, [[6, 4], [4, 6]])) == pytest.approx(0.15)


def test_classes_that_lean_to_no_group_add_nothing():
    # c0: 66 % in training and 75 % predicted; c1 is shared out evenly: .09 / 2.
    assert sample_value("ba_mals", decided(*EVEN, [[66, 34], [5, 5]])) == pytest.approx(0.045)


def test_a_class_never_predicted_or_absent_in_training_adds_nothing_and_is_named():
    train = [[6, 4], [4, 6], [9, 1]]
    found = sample_scores("ba_mals", decided(*EVEN, train, num_classes=3))
    assert found.value.item() == pytest.approx(0.3 / 3)
    assert found.skips[0, 0, 0] == "skipped: c2"
    found = sample_scores("ba_mals", decided(*EVEN, [[6, 4], [0, 0]]))
    assert found.value.item() == pytest.approx(0.15 / 2)
    assert found.skips[0, 0, 0] == "skipped: c1"
    assert found.n.item() == 4


def test_directional_amplification_by_hand():
    # Training ties c0 to g0. P(c0) is .5 in both groups of the test and predicted .75 and .25: each
    # of the four changes is .25 in the direction of training.
    assert sample_value("ba_a2t", decided(*EVEN, [[6, 4], [4, 6]])) == pytest.approx(0.25)
    # The opposite training makes the same predictions weaken the tie.
    assert sample_value("ba_a2t", decided(*EVEN, [[4, 6], [6, 4]])) == pytest.approx(-0.25)
    # Independent codes have no direction, also where shares are no round binary numbers.
    assert sample_value("ba_a2t", decided(*EVEN, [[3, 9], [7, 21]])) == 0.0


def slow_mals(train, predicted, groups):
    num_classes, num_groups = train.shape
    total = 0.0
    for c in range(num_classes):
        if train[c].sum() and (predicted == c).any():
            for k in range(num_groups):
                before = train[c, k] / train[c].sum()
                if before > 1 / num_groups:
                    total += ((predicted == c) & (groups == k)).sum() / (predicted == c).sum()
                    total -= before
    return total / num_classes


def slow_a2t(train, labels, predicted, groups):
    num_classes, num_groups = train.shape
    terms = []
    for c in range(num_classes):
        for k in range(num_groups):
            if (own := groups == k).any():
                joint = train[c, k] / train.sum()
                chance = train[c].sum() / train.sum() * train[:, k].sum() / train.sum()
                change = np.mean(predicted[own] == c) - np.mean(labels[own] == c)
                terms.append(np.sign(round(joint - chance, 12)) * change)
    return np.mean(terms)


def test_both_equal_slow_loops():
    for seed in range(CASES):
        y, p, g = codes(seed, 4, 3)
        if len(np.unique(g)) < 2:
            continue
        train = np.random.default_rng(seed).poisson(2, (4, 3))
        train[0] += 1
        one = decided(y, p, g, train, num_classes=4, num_groups=3)
        assert sample_value("ba_mals", one) == pytest.approx(slow_mals(train, p, g), abs=1e-12)
        assert sample_value("ba_a2t", one) == pytest.approx(slow_a2t(train, y, p, g), abs=1e-12)
        own = np.array([[((y == c) & (g == k)).sum() for k in range(3)] for c in range(4)])
        found = value("ba_a2t_test", counts_of(y, p, g, 4, 3))
        assert found == pytest.approx(slow_a2t(own, y, p, g), abs=1e-12)


def test_a_perfect_predictor_amplifies_in_no_direction():
    for seed in range(20):
        y, _, g = codes(seed, 3, 3)
        if len(np.unique(g)) == 3:
            train = np.random.default_rng(seed).poisson(3, (3, 3)) + 1
            assert sample_value("ba_a2t", decided(y, y, g, train, num_classes=3, num_groups=3)) == 0
            assert value("ba_a2t_test", counts_of(y, y, g, 3, 3)) == 0


def test_from_class_to_attribute_is_the_same_with_the_roles_exchanged():
    # Class 0 truly has 2 of each group, 3 predicted as g0; class 1 the other way round.
    tensor = np.array([[[2, 0], [1, 1]], [[1, 1], [0, 2]]])
    assert ba_t2a(tensor, np.array([[6, 4], [4, 6]])) == pytest.approx(0.25)
    for seed in range(50):
        y, p, g = codes(seed, 3, 4)
        train = np.random.default_rng(seed).poisson(3, (3, 4))
        exchanged = counts_of(y, p, g, 3, 4).tensor[0]
        of = decided(y, p, g, train, num_classes=3, num_groups=4)
        # The groups play the classes: (G, K, K) counts, training (G, K).
        wanted = sample_value("ba_a2t", of)
        assert ba_t2a(exchanged, train.T) == pytest.approx(wanted, abs=1e-12, nan_ok=True)


def test_small_groups_are_left_out_and_named_and_one_group_is_not_enough():
    labels, predicted, groups = (np.repeat(np.array(part), 5) for part in EVEN)
    one = decided(
        np.append(labels, 1), np.append(predicted, 0), np.append(groups, 2),
        [[6, 4, 5], [4, 6, 5]], num_groups=3,
    )  # fmt: skip
    found = sample_scores("ba_a2t", one, STRICT)
    assert found.value.item() == pytest.approx(0.25)
    assert (found.skips[0, 0, 0], found.n.item()) == ("skipped: g2", 20)
    alone = decided([0, 1], [0, 0], [0, 0], [[6, 4], [4, 6]])
    assert sample_reason("ba_a2t", alone) == "fewer_than_two_groups"
    assert sample_reason("ba_mals", alone) == "fewer_than_two_groups"
    other = decided(*EVEN, [[6, 0], [4, 0]])
    assert sample_reason("ba_mals", other) == "fewer_than_two_groups"


def test_an_empty_declared_level_changes_nothing():
    wide = decided(*EVEN, [[6, 4, 0], [4, 6, 0]], num_groups=3)
    for key in ("ba_mals", "ba_a2t"):
        plain = decided(*EVEN, [[6, 4], [4, 6]])
        assert sample_value(key, wide) == pytest.approx(sample_value(key, plain))


@pytest.mark.parametrize("key", ["ba_mals", "ba_a2t"])
def test_without_counts_of_training_there_is_no_amplification_and_a_reason(key):
    assert sample_reason(key, decided(*EVEN, None)) == "no_training_counts"
    lacking = dataclasses.replace(decided(*EVEN, None), train_counts={})
    assert sample_reason(key, lacking) == "no_training_counts"


def test_directions_of_the_test_labels_are_found_seed_by_seed():
    y, p, g = codes(5, 3, 3)
    one = counts_of(y, p, g, 3, 3)
    both = dataclasses.replace(
        one, tensor=np.concatenate([one.tensor, one.tensor[:, ::-1]]),
        overall=np.repeat(one.overall, 2, axis=0),
    )  # fmt: skip
    found = scores("ba_a2t_test", both).value[:, 0, 0]
    assert found == pytest.approx([value("ba_a2t_test", one)] * 2)
