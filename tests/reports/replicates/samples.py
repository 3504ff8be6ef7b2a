"""Small test sets with known group and class sizes."""

from __future__ import annotations

import numpy as np

from reports.catalogue import metric_cards
from reports.metrics.counts import confusion_tensor

CARDS = {card.key: card for card in metric_cards()}
CLASSES, GROUPS = ("c0", "c1", "c2"), ("g0", "g1", "g2")
SHAPE = {"num_groups": 3, "num_classes": 3}


def sample(seed=0, size=120, seeds=2, unknown=0.1, accuracy=0.7):
    """Labels (N,), decided (S, N) and groups (N,) of three classes and three unequal groups."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, size)
    groups = generator.choice(3, size, p=[0.6, 0.3, 0.1])
    groups[generator.random(size) < unknown] = -1
    right = generator.random((seeds, size)) < accuracy
    decided = np.where(right, labels, generator.integers(0, 3, (seeds, size)))
    return labels, decided, groups


def observed(labels, decided, groups):
    """(S, G, K, K) counts."""
    return confusion_tensor(labels, decided, groups, **SHAPE)


def as_probabilities(decided):
    """(S, N, K) of 0 and 1."""
    return (decided[..., None] == np.arange(3)).astype(float)


def joined(chunks):
    """All replicates of an iterator of chunks."""
    return np.concatenate(list(chunks))
