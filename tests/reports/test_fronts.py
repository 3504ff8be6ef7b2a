"""Probability of being on the Pareto front: an independent loop, pairing, what takes part."""

from dataclasses import replace

import numpy as np
import pytest

from reports.convention import PAPER, STRICT
from reports.fronts import fronts
from reports.runs import runs_of
from reports.study import FRONT_COLUMNS
from tests.reports.test_statistics import runs

CE = runs("ce", [0.6, 0.62, 0.64], gap=0.3)
FAIR = runs("fair", [0.5, 0.52, 0.54], base=7)
BEST = runs("best", [0.9, 0.91, 0.92], base=8)


def probabilities(*groups, compared=None, convention=STRICT, draws=200):
    made = runs_of([one for sets in groups for one in sets])
    planned = {one.key[:3]: len(one.seeds) for one in made} if compared is None else compared
    frame = fronts(made, planned, convention, draws=draws)
    assert tuple(frame.columns) == FRONT_COLUMNS
    return dict(zip(frame["method"], frame["probability"], strict=True))


def test_a_method_that_is_better_in_both_is_always_on_the_front_and_alone():
    assert probabilities(CE, BEST) == {"ce": 0.0, "best": 1.0}


def test_methods_that_are_each_better_in_one_are_both_on_the_front():
    accurate = runs("accurate", [0.8, 0.82], gap=0.3)
    fair = runs("fair", [0.4, 0.42], base=5)

    assert probabilities(accurate, fair) == pytest.approx({"accurate": 1, "fair": 1}, abs=0.02)


def test_the_same_predictions_share_the_front():
    # Draws are paired: copies never dominate each other, so each is on the front like the other.
    copy = [replace(one, method="copy") for one in CE]
    found = probabilities(CE, copy, FAIR)

    assert found["ce"] == found["copy"]


def test_methods_that_are_not_compared_neither_count_nor_have_a_row():
    planned = {("faces", "ce", ""): 3, ("faces", "fair", ""): 3, ("faces", "best", ""): 4}
    fewer_runs, without = probabilities(CE, FAIR, BEST, compared=planned), probabilities(CE, FAIR)

    assert fewer_runs == without


def test_probabilities_do_not_depend_on_the_order_of_the_methods():
    assert probabilities(CE, FAIR, BEST) == probabilities(BEST, CE, FAIR)


def one_replicate(sets, draw):
    """Accuracy and fairness score of a resampled test set and runs drawn anew."""
    labels, gender = sets[0][0].labels, sets[0][0].attributes[:, 0]
    cells = [np.flatnonzero((labels == c) & (gender == g)) for c in range(3) for g in (-1, 0, 1)]
    picked = np.concatenate([draw.choice(cell, len(cell)) for cell in cells if len(cell)])
    picks = draw.integers(0, len(sets[0]), len(sets[0]))
    found = []
    for own in sets:
        scores = []
        for run in picks:
            right = own[run].predicted[picked] == labels[picked]
            means = [
                np.mean([right[(labels[picked] == c) & (gender[picked] == g)].mean()
                         for c in range(3)])
                for g in (0, 1)
            ]  # fmt: skip
            scores.append((right.mean(), min(means) / max(means)))
        found.append(np.mean(scores, axis=0))
    return found


def test_probabilities_equal_a_slow_loop_over_resampled_test_sets():
    # Few samples, some of unknown gender, and methods that are close: probabilities in between.
    labels, gender = np.random.default_rng(3).integers(0, [3, 2], (90, 2)).T
    gender[:20] = -1
    data = labels, gender
    sets = [
        runs("one", [0.6, 0.7], gap=0.2, data=data, base=1),
        runs("two", [0.6, 0.7], gap=0.1, data=data, base=2),
        runs("three", [0.65, 0.6], gap=0.1, data=data, base=3),
    ]
    found = probabilities(*sets, convention=PAPER, draws=1000)
    draw, on_front = np.random.default_rng(0), np.zeros(3)
    for _ in range(300):
        points = one_replicate(sets, draw)
        on_front += [
            not any((other >= one).all() and (other > one).any() for other in points)
            for one in points
        ]

    # 4.5 standard errors of 300 and of 1,000 draws at a half: .15
    assert list(found.values()) == pytest.approx(on_front / 300, abs=0.15)
    assert 0.05 < min(found.values()) < 0.9


def test_decisions_at_random_are_compared_with_certain_ones():
    certain = [replace(one, decisions=np.eye(3)[one.predicted], method="certain") for one in CE]
    found = probabilities(CE, certain, FAIR)

    assert found["ce"] == found["certain"]


def test_a_group_too_small_to_count_leaves_the_front_undefined():
    alone = [replace(one, attributes=np.zeros_like(one.attributes)) for one in CE]

    assert np.isnan(probabilities(alone)["ce"])
