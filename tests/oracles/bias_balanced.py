"""Bias-balanced loss: methods.md 4.3, priors by 13."""

import math

import numpy as np

from tests.oracles.given import Given, log_softmax

CASES = [{}, {"floor": 1e-9}]


def log_shares(counts: list[int], floor: float) -> list[float]:
    total = sum(counts)
    if floor:
        return [math.log(n / total + floor) for n in counts]
    return [math.log((n + 1) / (total + len(counts))) for n in counts]


def terms(given: Given) -> dict[str, float]:
    assert given.counts is not None
    losses = []
    logits, floor = given.logits(), given.settings["floor"]
    for row, y, s in zip(logits, given.batch["labels"], given.batch["groups"], strict=True):
        counts = given.counts[:, s] if s >= 0 else given.class_counts
        shifted = row + np.array(log_shares([int(n) for n in counts], floor))
        losses.append(-log_softmax(shifted)[y])
    return {"balanced_ce": float(np.mean(losses))}
