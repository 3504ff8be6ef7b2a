"""Class-balanced loss: methods.md 2.5."""

import numpy as np

from tests.oracles.given import Given, cross_entropies

CASES = [{}, {"beta": 0.9}, {"beta": 0.0}]


def terms(given: Given) -> dict[str, float]:
    labels, counts = given.batch["labels"], given.class_counts
    beta = given.settings["beta"]
    raw = [(1 - beta) / (1 - beta ** int(n)) for n in counts]
    mean = sum(w * n for w, n in zip(raw, counts, strict=True)) / counts.sum()
    losses = cross_entropies(given.logits(), labels)
    weighted = [raw[y] / mean * loss for y, loss in zip(labels, losses, strict=True)]
    return {"weighted_ce": float(np.mean(weighted))}
