"""Predictions of a treated method, made up; and the post-processors that are there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np

import methods.post
from datasets.settings import make
from datasets.spec import Attribute, DatasetSpec
from methods.post.base import PostProcessor, PostTask, Scored

NAMES = ("neutral", "happy", "sad", "angry", "fear", "surprise", "disgust")


def registered() -> dict[str, type[PostProcessor]]:
    """Every post-processor by key, found as the harness finds methods."""
    found = {}
    for info in pkgutil.walk_packages(methods.post.__path__, prefix="methods.post."):
        module = importlib.import_module(info.name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            own = cls.__module__ == module.__name__ and "card" in vars(cls)
            if own and issubclass(cls, PostProcessor):
                found[cls.card.key] = cls
    return found


def make_task(num_classes: int = 2, num_groups: int = 2) -> PostTask:
    return PostTask(NAMES[:num_classes], num_groups)


def make_spec(classes: tuple[str, ...]) -> DatasetSpec:
    return DatasetSpec("made_up", classes, (Attribute("tone", ("a", "b")),), ("tone",), 100)


def build(cls: type[PostProcessor], task: PostTask, **settings: Any) -> PostProcessor:
    """With settings checked as the command line's."""
    return cls(task, make(cls.Settings, settings, cls.card.key))


def normalised(scores: Any) -> Any:
    scores = np.asarray(scores, dtype=np.float64)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def make_part(
    task: PostTask, size: int = 300, *, seed: int = 0, unknown: float = 0.1, gap: float = 0.8
) -> Scored:
    """Scores that favour the true class, and class 1 the more the higher the group's code."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, task.num_classes, size)
    groups = draw.integers(0, task.num_groups, size)
    scores = draw.normal(size=(size, task.num_classes))
    scores[np.arange(size), labels] += 1.5
    scores[:, 1] += gap * groups
    groups[draw.random(size) < unknown] = -1
    return Scored(normalised(scores), groups, labels)


def binary(log_odds: Any, groups: Any, labels: Any) -> Scored:
    """Two classes with the given log-odds of class 1."""
    log_odds = np.asarray(log_odds, dtype=np.float64)
    rows = normalised(np.stack([np.zeros(len(log_odds)), log_odds], axis=1))
    return Scored(rows, np.asarray(groups), np.asarray(labels))


def certain(predicted: Any, groups: Any, labels: Any, num_classes: int) -> Scored:
    """Scores that only say which class was decided."""
    rows = normalised(np.eye(num_classes)[np.asarray(predicted)])
    return Scored(rows, np.asarray(groups), np.asarray(labels))


def without_labels(part: Scored) -> Scored:
    return Scored(part.log_probabilities, part.groups)


def rates(decisions: Any, part: Scored, task: PostTask) -> Any:
    """(G, K, K) share of each decision in each stratum; NaN where the stratum is empty."""
    found = np.full((task.num_groups, task.num_classes, task.num_classes), np.nan)
    for s in range(task.num_groups):
        for y in range(task.num_classes):
            rows = (part.groups == s) & (part.labels == y)
            if rows.any():
                found[s, y] = decisions[rows].mean(axis=0)
    return found
