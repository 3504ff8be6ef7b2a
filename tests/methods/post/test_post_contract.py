"""What every post-processor must do; they are found by walking the package."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import ROOT, registry
from datasets.settings import make
from methods.cards import MethodError
from methods.post.base import PostProcessor, PostTask, Scored
from tests.methods.post.scored import (
    build,
    make_part,
    make_spec,
    make_task,
    registered,
    without_labels,
)

POSTS = registered()
EVERY = pytest.mark.parametrize("cls", POSTS.values(), ids=list(POSTS))
SHAPES = {"2x2": make_task(2, 2), "7x6": make_task(7, 6), "2x1": make_task(2, 1)}
#: each with every shape that it says it can treat
CASES = {
    f"{key}-{shape}": (cls, task)
    for key, cls in POSTS.items()
    for shape, task in SHAPES.items()
    if cls.skip(make_spec(task.classes), cls.Settings()) is None
}
EVERY_CASE = pytest.mark.parametrize(("cls", "task"), CASES.values(), ids=list(CASES))


def fitted(cls: type[PostProcessor], task: PostTask, part: Scored | None = None) -> PostProcessor:
    post = build(cls, task)
    post.fit(make_part(task) if part is None else part)
    return post


def same(first: Scored, second: Scored) -> bool:
    return all(
        np.array_equal(getattr(first, f.name), getattr(second, f.name))
        for f in dataclasses.fields(Scored)
    )


def test_the_three_post_processors_are_found_and_are_no_methods() -> None:
    assert set(POSTS) >= {"group_offsets", "hardt_eqodds", "reject_option"}
    assert not set(POSTS) & set(registry.methods())


def test_post_processors_load_no_torch() -> None:
    names = ", ".join(f"methods.post.{key}" for key in POSTS)
    code = f"import benchmarks, sys, {names}; sys.exit('torch' in sys.modules)"
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=path, check=False).returncode == 0


@EVERY
def test_card_and_settings_are_as_those_of_a_method(cls: type[PostProcessor]) -> None:
    card = cls.card
    assert card.key == cls.__module__.rsplit(".", 1)[-1]
    assert (card.family, card.cost) == ("post", 0.0)
    assert card.needs == {"val_groups", "test_groups"}
    assert card.title and card.source
    assert len(sys.modules[cls.__module__].__doc__.splitlines()) >= 5
    assert pickle.loads(pickle.dumps(card)) == card
    for field in dataclasses.fields(cls.Settings):
        assert len(field.metadata["doc"]) > 10
        for value in (field.default, *field.metadata["search"], *field.metadata["choices"]):
            made = make(cls.Settings, {field.name: value}, card.key)
            assert getattr(made, field.name) == value


@EVERY_CASE
def test_decisions_are_distributions(cls: type[PostProcessor], task: PostTask) -> None:
    post = fitted(cls, task)
    part = make_part(task, 200, seed=1)
    decisions = post.decide(without_labels(part))
    assert decisions.shape == (200, task.num_classes)
    assert (decisions >= 0).all()
    np.testing.assert_allclose(decisions.sum(axis=1), 1.0, atol=1e-12)


@EVERY_CASE
def test_the_same_part_gives_the_same_decisions_and_is_left_alone(
    cls: type[PostProcessor], task: PostTask
) -> None:
    part, other = make_part(task), make_part(task, 100, seed=1)
    first, second = fitted(cls, task, part), fitted(cls, task)
    second.fit(part)  # a second fit forgets the first
    assert np.array_equal(first.decide(other), second.decide(other))
    assert same(part, make_part(task)) and same(other, make_part(task, 100, seed=1))


@EVERY_CASE
def test_the_order_of_the_samples_does_not_matter(cls: type[PostProcessor], task: PostTask) -> None:
    part = make_part(task)
    order = np.random.default_rng(0).permutation(len(part))
    shuffled = Scored(part.log_probabilities[order], part.groups[order], part.labels[order])
    np.testing.assert_allclose(
        fitted(cls, task, part).decide(part)[order],
        fitted(cls, task, shuffled).decide(shuffled),
        atol=1e-7,
    )


@EVERY_CASE
def test_decisions_on_unknown_groups_are_certain(cls: type[PostProcessor], task: PostTask) -> None:
    post = fitted(cls, task)
    part = make_part(task)
    unknown = Scored(part.log_probabilities, np.full(len(part), -1))
    decisions = post.decide(unknown)
    assert set(np.unique(decisions)) == {0.0, 1.0}


@EVERY
def test_a_group_that_only_the_test_part_has_is_decided(cls: type[PostProcessor]) -> None:
    task = make_task(2, 3)
    part = make_part(task)
    fit = Scored(part.log_probabilities, np.where(part.groups == 2, -1, part.groups), part.labels)
    decisions = fitted(cls, task, fit).decide(part)
    np.testing.assert_allclose(decisions.sum(axis=1), 1.0, atol=1e-12)


@EVERY
@pytest.mark.parametrize("label", [0, 1])
def test_a_class_that_no_sample_has_does_no_harm(cls: type[PostProcessor], label: int) -> None:
    task = make_task(2, 2)
    part = make_part(task)
    alone = Scored(part.log_probabilities, part.groups, np.full(len(part), label))
    assert np.isfinite(fitted(cls, task, alone).decide(part)).all()


@EVERY
def test_probabilities_of_zero_and_one_do_no_harm(cls: type[PostProcessor]) -> None:
    task = make_task(2, 2)
    part = make_part(task)
    extreme = np.where(part.log_probabilities > np.log(0.5), 0.0, -np.inf)
    post = fitted(cls, task, Scored(extreme, part.groups, part.labels))
    decisions = post.decide(Scored(extreme, part.groups))
    np.testing.assert_allclose(decisions.sum(axis=1), 1.0, atol=1e-12)


@EVERY
def test_float32_predictions_are_treated_as_float64_ones(cls: type[PostProcessor]) -> None:
    task = make_task(2, 2)
    part = make_part(task)
    short = part.log_probabilities.astype(np.float32)
    first = fitted(cls, task, Scored(short, part.groups, part.labels))
    second = fitted(cls, task, Scored(short.astype(np.float64), part.groups, part.labels))
    assert first.notes() == second.notes()


@EVERY
def test_without_a_known_group_nothing_is_fitted(cls: type[PostProcessor]) -> None:
    task = make_task(2, 2)
    part = make_part(task, unknown=2.0)
    with pytest.raises(MethodError, match="no validation sample has a known group"):
        fitted(cls, task, part)


@EVERY
def test_a_fit_needs_labels(cls: type[PostProcessor]) -> None:
    task = make_task(2, 2)
    with pytest.raises(MethodError, match="labels"):
        fitted(cls, task, without_labels(make_part(task)))


@EVERY_CASE
def test_notes_are_json_and_not_empty(cls: type[PostProcessor], task: PostTask) -> None:
    notes = fitted(cls, task).notes()
    assert notes and json.loads(json.dumps(notes, allow_nan=False)) == notes
