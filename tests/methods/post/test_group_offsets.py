"""Group offsets: the search, its guarantees, what keeps the shared numbers."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from methods.post import group_offsets
from methods.post.base import PostTask, Scored, one_hot
from methods.post.group_offsets import GroupOffsets
from tests.methods.post.scored import binary, build, make_part, make_task

MODES = ("class", "group_class")
OBJECTIVES = ("worst", "tradeoff")
VALUES = sorted((round(0.05 * step, 2) for step in range(-60, 61)), key=lambda b: (abs(b), b))


def offsets_for(part: Scored, task: PostTask, **settings: Any) -> GroupOffsets:
    post = build(GroupOffsets, task, **settings)
    post.fit(part)
    assert isinstance(post, GroupOffsets)
    return post


def class_mean(right: Any, labels: Any) -> float:
    return float(np.mean([right[labels == y].mean() for y in np.unique(labels)]))


def objective(predicted: Any, part: Scored, name: str, mu: float = 1.0) -> float:
    """J without the penalty, from decisions alone."""
    right = predicted == part.labels
    of_groups = []
    for s in np.unique(part.groups[part.groups >= 0]):
        rows = part.groups == s
        of_groups.append(class_mean(right[rows], part.labels[rows]))
    if name == "worst":
        return min(of_groups)
    return class_mean(right, part.labels) - mu * (max(of_groups) - min(of_groups))


def test_without_a_fit_decisions_are_those_of_the_method() -> None:
    task = make_task(7, 6)
    part = make_part(task)
    decisions = build(GroupOffsets, task).decide(part)
    assert np.array_equal(decisions, one_hot(part.predicted, 7))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("seed", range(5))
def test_the_objective_is_never_below_that_of_no_offsets(mode: str, name: str, seed: int) -> None:
    task = make_task(3 + seed % 2, 1 + seed)
    part = make_part(task, 120, seed=seed)
    post = offsets_for(part, task, mode=mode, objective=name)
    after = objective(post.decide(part).argmax(axis=1), part, name)
    before = objective(part.predicted, part, name)
    assert after >= before
    penalised = after - 1e-3 * (post.offsets**2).sum() / (
        1 if mode != "class" else len(post.offsets)
    )
    assert post.notes()["objective_before"] == pytest.approx(before)
    assert post.notes()["objective_after"] == pytest.approx(penalised)
    assert penalised >= before - 1e-12


def test_a_constant_added_to_a_group_changes_nothing() -> None:
    task = make_task(3, 2)
    part = make_part(task)
    post = offsets_for(part, task)
    before = post.decide(part)
    post.offsets = post.offsets + np.array([[0.7], [-1.3]])
    assert np.array_equal(post.decide(part), before)


def test_two_groups_with_shifted_scores_get_the_threshold_of_each() -> None:
    # Log-odds of class 1: group 0 is split at 0, group 1 at 1.0 (0.5 below, 1.5 above).
    part = binary(
        [-0.5] * 10 + [0.5] * 10 + [0.5] * 10 + [1.5] * 10,
        [0] * 20 + [1] * 20,
        ([0] * 10 + [1] * 10) * 2,
    )
    post = offsets_for(part, make_task(2, 2))
    assert np.array_equal(post.decide(part).argmax(axis=1), part.labels)
    # As the binary rule: class 1 where the log-odds exceed b_0 - b_1, between 0.5 and 1.5.
    threshold = post.offsets[1, 0] - post.offsets[1, 1]
    assert 0.5 <= threshold < 1.5
    # Group 0 is left at 0: the penalty breaks its ties.
    assert np.array_equal(post.offsets[0], [0.0, 0.0])


def test_one_set_of_numbers_cannot_serve_both_groups() -> None:
    part = binary(
        [-0.5] * 10 + [0.5] * 10 + [0.5] * 10 + [1.5] * 10,
        [0] * 20 + [1] * 20,
        ([0] * 10 + [1] * 10) * 2,
    )
    post = offsets_for(part, make_task(2, 2), mode="class")
    assert np.array_equal(post.offsets[0], post.offsets[1])
    assert objective(post.decide(part).argmax(axis=1), part, "worst") == 0.5


def slow_search(part: Scored, task: PostTask, mode: str, name: str, mu: float) -> Any:
    """The search of the specification, one value after the other; no class is rare."""

    def value(table: Any, shared: bool) -> float:
        rows = np.vstack([np.broadcast_to(table, (task.num_groups, task.num_classes)),
                          np.zeros(task.num_classes)])  # fmt: skip
        predicted = (part.log_probabilities + rows[part.groups]).argmax(axis=1)
        numbers = table[:1] if shared else table
        return objective(predicted, part, name, mu) - 1e-3 * float((numbers**2).sum())

    def sweep(table: Any, shared: bool) -> Any:
        for _ in range(5):
            for row, k in np.ndindex(table.shape):
                best, best_value = 0.0, -np.inf
                for b in VALUES:
                    table[row, k] = b
                    found = value(table, shared)
                    if found > best_value + 1e-12:
                        best, best_value = b, found
                table[row, k] = best
        return table

    start = sweep(np.zeros((1, task.num_classes)), True)
    if mode == "class":
        return np.repeat(start, task.num_groups, axis=0)
    start = np.repeat(start, task.num_groups, axis=0)
    if value(start, False) < value(np.zeros_like(start), False):
        start = np.zeros_like(start)
    return sweep(start, False)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "mu", "seed"), [("worst", 1.0, 0), ("tradeoff", 2.0, 1)])
def test_the_search_is_that_of_a_slow_loop(mode: str, name: str, mu: float, seed: int) -> None:
    task = make_task(2, 2)
    part = make_part(task, 24, seed=seed)
    wanted = slow_search(part, task, mode, name, mu)
    post = offsets_for(part, task, mode=mode, objective=name, mu=mu, min_count=0)
    np.testing.assert_allclose(post.offsets, wanted, atol=1e-12)


def test_five_sweeps_go_further_than_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task(3, 2)
    part = make_part(task, 60, seed=3)
    wanted = slow_search(part, task, "group_class", "tradeoff", 1.0)
    post = offsets_for(part, task, objective="tradeoff", min_count=0)
    np.testing.assert_allclose(post.offsets, wanted, atol=1e-12)
    for sweeps in (2, 4):
        monkeypatch.setattr(group_offsets, "SWEEPS", sweeps)
        short = offsets_for(part, task, objective="tradeoff", min_count=0)
        assert not np.array_equal(short.offsets, post.offsets)


def test_of_a_number_and_its_negative_the_negative_is_taken() -> None:
    # b_0 = 0.05 rights the second sample, b_0 = -0.05 the third: the same J.
    part = binary([-1, 0.02, -0.02, 1], [0] * 4, [0, 0, 1, 1])
    post = offsets_for(part, make_task(2, 1), mode="class")
    assert post.offsets.tolist() == [[-0.05, 0.0]]


def rare(size: int) -> tuple[Scored, PostTask]:
    """Group 1 has `size` samples of class 2, all decided wrongly by 0.4; raising class 2 as much in
    group 0 would spoil the other classes there.
    """
    near, far = [[2.0, 0.0, 1.8], [0.0, 2.0, 1.8]], [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    scores = [*near * 20, *[[0.0, 0.0, 2.0]] * 20, *far * 20, *[[2.0, 2.0, 1.6]] * size]
    labels = [*[0, 1] * 20, *[2] * 20, *[0, 1] * 20, *[2] * size]
    groups = np.repeat([0, 1], [60, 40 + size])
    return Scored(np.array(scores), groups, np.array(labels)), make_task(3, 2)


def test_a_class_with_few_validation_samples_in_a_group_keeps_the_shared_number() -> None:
    few, enough = offsets_for(*rare(9)), offsets_for(*rare(10))
    assert few.notes()["kept_shared"] == [[1, "sad"]]
    assert enough.notes()["kept_shared"] == []
    # 0.45 is the first value above 0.4; the shared number stays 0 for the sake of group 0.
    assert (few.offsets[1, 2], enough.offsets[1, 2]) == (0.0, 0.45)
    assert offsets_for(*rare(9), min_count=9).offsets[1, 2] == 0.45


def test_a_group_that_validation_lacks_gets_the_shared_numbers() -> None:
    task = make_task(3, 3)
    part = make_part(make_task(3, 2), 200)
    shared = offsets_for(part, task, mode="class").offsets
    post = offsets_for(part, task)
    assert np.array_equal(shared[0], shared[2])
    assert np.array_equal(post.offsets[2], shared[2]) or not post.offsets[2].any()
    assert post.notes()["kept_shared"] == [[2, "neutral"], [2, "happy"], [2, "sad"]]


@pytest.mark.parametrize("mode", MODES)
def test_decisions_on_unknown_groups_stay_those_of_the_method(mode: str) -> None:
    task = make_task(3, 2)
    part = make_part(task, unknown=0.5)
    post = offsets_for(part, task, mode=mode)
    unknown = part.groups < 0
    assert post.offsets.any() and unknown.any()
    assert np.array_equal(post.decide(part)[unknown].argmax(axis=1), part.predicted[unknown])


def test_permuted_groups_get_permuted_numbers_in_the_control() -> None:
    task = make_task(3, 2)
    part = make_part(task)
    swapped = Scored(
        part.log_probabilities, np.where(part.groups < 0, -1, 1 - part.groups), part.labels
    )
    first, second = (offsets_for(p, task, mode="class") for p in (part, swapped))
    assert np.array_equal(first.offsets, second.offsets)


def test_seven_classes_and_six_groups_are_fitted_in_no_time() -> None:
    task = make_task(7, 6)
    part = make_part(task, 600)
    start = time.process_time()
    offsets_for(part, task)
    assert time.process_time() - start < 1.5
