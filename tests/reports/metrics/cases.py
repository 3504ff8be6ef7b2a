"""Random and hand-made predictions for the tests of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reports.catalogue import sample_metric_cards
from reports.convention import PAPER, Convention
from reports.measure import grouped
from reports.metrics.counts import Counts, confusion_tensor
from reports.metrics.reasons import WORDS
from reports.metrics.scores import Scores
from reports.predictions import PredictionSet

CASES = 200


def codes(seed: int, num_classes: int, num_groups: int) -> tuple[Any, Any, Any]:
    """Labels, predictions and groups of 8 to 80 samples; small cases have empty cells."""
    rng = np.random.default_rng([seed, num_classes, num_groups])
    size = int(rng.integers(8, 81))
    labels = rng.choice(num_classes, size, p=rng.dirichlet(np.ones(num_classes)))
    wrong = rng.random(size) < rng.random()
    predicted = np.where(wrong, rng.integers(0, num_classes, size), labels)
    return labels, predicted, rng.integers(0, num_groups, size)


def counts_of(
    labels: Any, predicted: Any, groups: Any, num_classes: int, num_groups: int
) -> Counts:
    tensor = confusion_tensor(
        labels, predicted, groups, num_groups=num_groups, num_classes=num_classes
    )
    overall = confusion_tensor(
        labels, predicted, np.zeros_like(groups), num_groups=1, num_classes=num_classes
    )[:, 0]
    names = (tuple(f"{x}{i}" for i in range(n)) for x, n in (("g", num_groups), ("c", num_classes)))
    return Counts(tensor, overall, *names, n_unknown=int((groups < 0).sum()))


def prediction_set(
    labels: Sequence[int],
    probabilities: Any,
    groups: Sequence[int],
    *,
    num_groups: int = 2,
    predicted: Any = None,
    **more: Any,
) -> PredictionSet:
    """One run with an attribute `g` of levels g0, g1, ...; (N,) probabilities are of class 1."""
    likely = None if probabilities is None else np.asarray(probabilities, dtype=np.float64)
    if likely is not None and likely.ndim == 1:
        likely = np.stack([1 - likely, likely], axis=1)
    decided = likely.argmax(1) if predicted is None else np.asarray(predicted)
    num_classes = more.pop("num_classes", 2 if likely is None else likely.shape[1])
    return PredictionSet(
        dataset="d", method="m", variant="", seed="0", select="last", cell="c",
        classes=tuple(f"c{i}" for i in range(num_classes)),
        levels={"g": tuple(f"g{i}" for i in range(num_groups))},
        intersections=(),
        labels=np.asarray(labels, dtype=np.int64),
        predicted=decided,
        attributes=np.asarray(groups, dtype=np.int64)[:, None],
        probabilities=likely,
        **more,
    )  # fmt: skip


def random_set(
    seed: int, num_classes: int = 2, num_groups: int = 3, size: int = 60
) -> PredictionSet:
    """A run with probabilities that lean to the true class, some groups unknown."""
    rng = np.random.default_rng([7, seed])
    labels = rng.integers(0, num_classes, size)
    likely = rng.dirichlet(np.ones(num_classes), size) + np.eye(num_classes)[labels] * rng.random()
    likely /= likely.sum(1, keepdims=True)
    return prediction_set(labels, likely, rng.integers(-1, num_groups, size), num_groups=num_groups)


def sample_scores(
    key: str, one: PredictionSet, convention: Convention = PAPER, attribute: str = "g"
) -> Scores:
    """All values of one metric of samples."""
    card = next(card for card in sample_metric_cards() if card.key == key)
    return card.compute(grouped(one, attribute), convention)


def sample_value(key: str, one: PredictionSet, **options: Any) -> float:
    """The only value of a metric of samples, or its first."""
    return float(sample_scores(key, one, **options).value.ravel()[0])


def sample_reason(key: str, one: PredictionSet, **options: Any) -> str:
    """Why the first value of a metric of samples is undefined."""
    return WORDS[sample_scores(key, one, **options).reason.ravel()[0]]
