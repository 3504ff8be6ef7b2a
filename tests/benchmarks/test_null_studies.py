"""Studies of equally good methods: what is drawn, and that a bad method among them is found."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.perf.null_studies import (
    FAMILIES,
    METHODS,
    SEEDS,
    WORLDS,
    drawn_study,
    judged,
    shares,
    smallest_p,
)


def study(world="noisy, fair", seed=0):
    return drawn_study(WORLDS[world], np.random.default_rng(seed))


def accuracies(runs):
    return np.array([(one.predicted == one.labels).mean(axis=1) for one in runs])


def test_a_study_has_methods_of_like_accuracy_whose_seeds_vary_more_in_noisy_worlds():
    noisy, calm = (accuracies(study(world)) for world in ("noisy, fair", "calm, fair"))

    assert noisy.shape == (METHODS, SEEDS)
    assert np.ptp(calm.mean(axis=1)) < 0.03
    assert 0.7 < calm.mean() < 0.9
    assert noisy.std(axis=1, ddof=1).mean() > 2 * calm.std(axis=1, ddof=1).mean()


def test_the_same_draws_give_the_same_study():
    first, again = study(seed=3), study(seed=3)
    assert all(np.array_equal(a.predicted, b.predicted) for a, b in zip(first, again, strict=True))


def test_a_method_that_errs_more_often_is_told_from_the_best_and_from_the_baseline():
    runs = study("calm, fair")[:4]
    draw = np.random.default_rng(1)
    bad = runs[2]
    slip = draw.random(bad.predicted.shape) < 0.1
    runs[2] = replace(bad, predicted=np.where(slip, (bad.labels + 1) % 7, bad.predicted))
    found = dict(smallest_p(judged(runs)))

    # 8 points fewer: se about .6 points
    assert found["acc all"]["best"] < 0.001
    assert found["acc all"]["difference"] < 0.001


def test_shares_are_of_every_family_and_kind():
    table = shares("calm, fair", 1)

    assert {f"{metric} {emotion}" for _, metric, emotion in FAMILIES} <= set(table.index)
    assert list(table) == ["difference", "best", "naive"]
    assert table.to_numpy() == pytest.approx(table.to_numpy().round())
