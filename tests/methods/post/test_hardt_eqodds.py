"""Equalised odds: equal rates, no better solution elsewhere, what is left as it is."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from methods.post.base import PostTask, Scored, one_hot
from methods.post.hardt_eqodds import HardtEqOdds
from tests.methods.post.outside import aif360_equal_odds, fairlearn_equal_odds
from tests.methods.post.scored import (
    build,
    certain,
    make_part,
    make_spec,
    make_task,
    rates,
    without_labels,
)

SHAPES = [(2, 2), (2, 3), (3, 2), (7, 6)]


def equalised(part: Scored, task: PostTask, **settings: Any) -> HardtEqOdds:
    post = build(HardtEqOdds, task, **settings)
    post.fit(part)
    assert isinstance(post, HardtEqOdds)
    return post


def largest_gap(found: Any) -> float:
    """Largest difference between groups of (G, ...) rates."""
    return float(np.nanmax(np.nanmax(found, axis=0) - np.nanmin(found, axis=0)))


def accuracy(decisions: Any, part: Scored) -> float:
    known = part.groups >= 0
    return float(decisions[known, part.labels[known]].mean())


def class_mean(decisions: Any, part: Scored) -> float:
    known = part.groups >= 0
    right = decisions[np.arange(len(part)), part.labels]
    return float(np.mean([right[known & (part.labels == y)].mean() for y in set(part.labels)]))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_all_groups_have_one_confusion_matrix(shape: tuple[int, int], seed: int) -> None:
    task = make_task(*shape)
    part = make_part(task, 600, seed=seed)
    found = rates(equalised(part, task).decide(part), part, task)
    assert largest_gap(rates(one_hot(part.predicted, shape[0]), part, task)) > 0.1
    assert largest_gap(found) < 1e-8


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_opportunity_makes_recalls_equal_and_costs_no_more(shape: tuple[int, int]) -> None:
    task = make_task(*shape)
    part = make_part(task, 600)
    recalls, whole = (equalised(part, task, constraint=c).decide(part) for c in ("eopp", "eodds"))
    found = rates(recalls, part, task)
    assert largest_gap(np.einsum("gkk->gk", found)) < 1e-8
    assert accuracy(recalls, part) >= accuracy(whole, part) - 1e-8
    if shape[0] > 2:
        assert largest_gap(found) > 1e-3


@pytest.mark.parametrize("constraint", ["eodds", "eopp"])
def test_slack_bounds_every_difference_and_is_used(constraint: str) -> None:
    task = make_task(3, 4)
    part = make_part(task, 600)
    last = 0.0
    for eps in (0.0, 0.05, 0.2, 1.0):
        decisions = equalised(part, task, constraint=constraint, eps=eps).decide(part)
        found = rates(decisions, part, task)
        compared = np.einsum("gkk->gk", found) if constraint == "eopp" else found
        assert largest_gap(compared) <= eps + 1e-8
        assert accuracy(decisions, part) >= last - 1e-8
        last = accuracy(decisions, part)


@pytest.mark.parametrize("prior", ["class", "uniform"])
def test_without_a_bound_every_decision_becomes_the_likeliest_class(prior: str) -> None:
    # eps = 1 allows everything: for each group and decision the class with the largest weight.
    task = make_task(3, 2)
    part = make_part(task, 200, gap=2.5)
    post = equalised(part, task, eps=1.0, prior=prior)
    total = 0.0
    for s, j in product(range(2), range(3)):
        rows = (part.groups == s) & (part.predicted == j)
        counts = np.bincount(part.labels[rows], minlength=3)
        weights = counts / (part.groups >= 0).sum()
        if prior == "uniform":
            sizes = np.bincount(part.labels[part.groups >= 0], minlength=3)
            weights = counts / sizes / 3
        total += weights.max()
    assert post.notes()["objective"] == pytest.approx(total, abs=1e-8)
    score = accuracy if prior == "class" else class_mean
    assert score(post.decide(part), part) == pytest.approx(total, abs=1e-8)


def test_groups_with_the_same_rates_lose_no_accuracy() -> None:
    # Both groups: class 0 right in 6 of 8, class 1 right in 3 of 5.
    labels = np.tile([0] * 8 + [1] * 5, 2)
    predicted = np.tile([0] * 6 + [1] * 2 + [1] * 3 + [0] * 2, 2)
    part = certain(predicted, np.repeat([0, 1], 13), labels, 2)
    post = equalised(part, make_task(2, 2))
    # Already the best that is equal, so of all best solutions the one that changes nothing.
    assert np.allclose(post.decide(part), one_hot(predicted, 2), atol=1e-7)
    assert accuracy(post.decide(part), part) >= 9 / 13 - 1e-8


def test_of_all_best_solutions_the_one_that_keeps_most_decisions_is_taken() -> None:
    task = make_task(7, 6)
    part = make_part(task, 300)
    decisions = equalised(part, task, constraint="eopp").decide(part)
    kept = decisions[np.arange(len(part)), part.predicted].mean()
    # Measured; the solver's own choice among the best ones keeps 0.182.
    assert kept == pytest.approx(0.2451, abs=1e-3)


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("seed", range(3))
def test_one_group_loses_no_accuracy(num_classes: int, seed: int) -> None:
    task = make_task(num_classes, 1)
    part = make_part(task, 100, seed=seed, gap=0.0)
    decisions = equalised(part, task).decide(part)
    before = accuracy(one_hot(part.predicted, num_classes), part)
    assert accuracy(decisions, part) >= before - 1e-8


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [0.0, 0.05])
def test_rows_of_the_transitions_are_distributions(shape: tuple[int, int], eps: float) -> None:
    task = make_task(*shape)
    post = equalised(make_part(task, 100), task, eps=eps)
    for mixture in post.mixtures.values():
        assert mixture.shape == (shape[0], shape[0])
        assert (mixture >= 0).all() and (mixture <= 1 + 1e-12).all()
        np.testing.assert_allclose(mixture.sum(axis=1), 1.0, atol=1e-12)


def best_of_two(part: Scored, prior: tuple[float, float]) -> float:
    """Best pi_0 (1 - x) + pi_1 y over the points (x, y) that both groups reach.

    From decisions with rates (f, t) a group reaches the parallelogram (0, 0), (f, t), (1, 1),
    (1 - f, 1 - t); the best common point is a corner of one inside the other, or a crossing.
    """
    shapes = []
    for s in (0, 1):
        f, t = (part.predicted[(part.groups == s) & (part.labels == y)].mean() for y in (0, 1))
        corners = [(0.0, 0.0), (f, t), (1.0, 1.0), (1 - f, 1 - t)]
        middle = np.array([0.5, 0.5])
        sides = []
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            normal = np.array([b[1] - a[1], a[0] - b[0]])
            limit = normal @ a
            sides.append((normal, limit) if normal @ middle <= limit else (-normal, -limit))
        shapes.append(sides)
    sides = shapes[0] + shapes[1]
    best = -np.inf
    for (n1, l1), (n2, l2) in combinations(sides, 2):
        matrix = np.stack([n1, n2])
        if abs(np.linalg.det(matrix)) < 1e-12:
            continue
        point = np.linalg.solve(matrix, [l1, l2])
        if all(n @ point <= limit + 1e-9 for n, limit in sides):
            best = max(best, prior[0] * (1 - point[0]) + prior[1] * point[1])
    return best


@pytest.mark.parametrize("prior", ["class", "uniform"])
@pytest.mark.parametrize("seed", range(6))
def test_two_classes_and_two_groups_reach_the_best_common_point(prior: str, seed: int) -> None:
    task = make_task(2, 2)
    part = make_part(task, 80, seed=seed, unknown=0.0, gap=1.5)
    share = float(part.labels.mean())
    wanted = best_of_two(part, (0.5, 0.5) if prior == "uniform" else (1 - share, share))
    post = equalised(part, task, prior=prior)
    assert post.notes()["objective"] == pytest.approx(wanted, abs=1e-8)
    score = accuracy if prior == "class" else class_mean
    assert score(post.decide(part), part) == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_with_uniform_prior_the_optimum_is_that_of_aif360(seed: int) -> None:
    task = make_task(2, 2)
    part = make_part(task, 150, seed=seed, unknown=0.0)
    found = rates(equalised(part, task, prior="uniform").decide(part), part, task)
    ours = sum(found[s, 0, 1] - found[s, 1, 1] for s in (0, 1))
    assert ours == pytest.approx(aif360_equal_odds(part), abs=1e-7)


@pytest.mark.parametrize("scores", ["hard", "roc"])
@pytest.mark.parametrize("num_groups", [2, 3])
@pytest.mark.parametrize("seed", range(2))
def test_with_class_prior_the_accuracy_is_that_of_fairlearn(
    scores: str, num_groups: int, seed: int
) -> None:
    task = make_task(2, num_groups)
    part = make_part(task, 250, seed=seed, unknown=0.0)
    log_odds = part.log_probabilities[:, 1] - part.log_probabilities[:, 0]
    given = part.predicted if scores == "hard" else log_odds
    ours = accuracy(equalised(part, task, scores=scores).decide(part), part)
    of_one = fairlearn_equal_odds(given, part)
    theirs = accuracy(np.stack([1 - of_one, of_one], axis=1), part)
    # Theirs is the best on a grid of 1000 false-positive rates.
    assert theirs - 1e-8 <= ours <= theirs + 2e-3


@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_thresholds_give_equal_rates_and_cost_less_than_changed_decisions(eps: float) -> None:
    task = make_task(2, 3)
    part = make_part(task, 300)
    roc = equalised(part, task, scores="roc", eps=eps).decide(part)
    assert largest_gap(rates(roc, part, task)) <= eps + 1e-8
    hard = equalised(part, task, eps=eps).decide(part)
    assert accuracy(roc, part) > accuracy(hard, part)


def test_thresholds_lie_between_the_scores_of_the_validation_part() -> None:
    task = make_task(2, 2)
    part = make_part(task, 100)
    post = equalised(part, task, scores="roc")
    log_odds = part.log_probabilities[:, 1] - part.log_probabilities[:, 0]
    for s in (0, 1):
        own = np.unique(log_odds[part.groups == s])
        inner = post.thresholds[s][1:-1]
        assert ((own[:-1] <= inner) & (inner < own[1:])).all()


def test_more_than_two_classes_have_no_thresholds() -> None:
    roc = HardtEqOdds.Settings(scores="roc")
    assert "two classes" in str(HardtEqOdds.skip(make_spec(("a", "b", "c")), roc))
    assert HardtEqOdds.skip(make_spec(("a", "b")), roc) is None
    assert HardtEqOdds.skip(make_spec(("a", "b", "c")), HardtEqOdds.Settings()) is None


def test_a_class_that_a_group_lacks_is_not_compared_there_and_is_noted() -> None:
    task = make_task(3, 3)
    part = make_part(task, 400)
    rows = ~((part.groups == 1) & (part.labels == 2))
    part = Scored(part.log_probabilities[rows], part.groups[rows], part.labels[rows])
    post = equalised(part, task)
    assert post.notes()["not_compared"] == [[1, "sad"]]
    found = rates(post.decide(part), part, task)
    assert np.isnan(found[1, 2]).all()
    assert largest_gap(found) < 1e-8


def test_a_decision_that_a_group_never_saw_is_kept() -> None:
    # Group 1 never decides class 2 on the validation part.
    labels = np.tile([0, 1, 2], 20)
    groups = np.repeat([0, 1], 30)
    predicted = np.where((groups == 1) & (labels == 2), 0, labels)
    post = equalised(certain(predicted, groups, labels, 3), make_task(3, 2))
    test = certain([2, 2], [0, 1], [0, 0], 3)
    assert np.array_equal(post.decide(without_labels(test))[1], [0.0, 0.0, 1.0])


@pytest.mark.parametrize("scores", ["hard", "roc"])
def test_unknown_and_unseen_groups_keep_their_decisions(scores: str) -> None:
    task = make_task(2, 4)
    part = make_part(make_task(2, 2))
    post = equalised(part, task, scores=scores)
    test = Scored(part.log_probabilities, np.tile([-1, 3], len(part) // 2))
    assert np.array_equal(post.decide(test), one_hot(part.predicted, 2))
    assert post.notes()["groups_kept"] == [2, 3]


def test_relabelled_groups_get_the_same_decisions() -> None:
    task = make_task(3, 3)
    part = make_part(task, 300)
    other = np.array([2, 0, 1, -1])[part.groups]
    swapped = Scored(part.log_probabilities, other, part.labels)
    first, second = equalised(part, task), equalised(swapped, task)
    np.testing.assert_allclose(first.decide(part), second.decide(swapped), atol=1e-6)
