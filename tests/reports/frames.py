"""Metric values of confusion tensors given by hand."""

from __future__ import annotations

import numpy as np

from reports.catalogue import metric_cards
from reports.convention import PAPER, Convention
from reports.metrics import Counts
from reports.metrics.reasons import WORDS
from reports.metrics.scores import Scores


def counts(tensor: object, unknown: object = None) -> Counts:
    """Counts of a (G, K, K) tensor of one seed, groups g0, g1, ..., classes c0, c1, ..."""
    array = np.asarray(tensor, dtype=np.int64)[None]
    overall = (
        array.sum(1) if unknown is None else array.sum(1) + np.asarray(unknown, dtype=np.int64)
    )
    extra = int(overall.sum() - array.sum())
    names = [
        tuple(f"{letter}{i}" for i in range(size))
        for letter, size in zip("gc", array.shape[1:3], strict=True)
    ]
    return Counts(array, overall, names[0], names[1], n_unknown=extra)


def scores(key: str, of: Counts, convention: Convention = PAPER) -> Scores:
    """All values of one metric."""
    return next(card for card in metric_cards() if card.key == key).compute(of, convention)


def value(
    key: str, of: Counts, emotion: str = "all", group: str = "all", convention: Convention = PAPER
) -> float:
    """One value of one metric."""
    found = scores(key, of, convention)
    return float(found.value[0, found.groups.index(group), found.emotions.index(emotion)])


def reason(
    key: str, of: Counts, emotion: str = "all", group: str = "all", convention: Convention = PAPER
) -> str:
    """Why one value is undefined."""
    found = scores(key, of, convention)
    return WORDS[found.reason[0, found.groups.index(group), found.emotions.index(emotion)]]
