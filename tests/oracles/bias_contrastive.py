"""Bias-contrastive learning: methods.md 7.6."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, unit_rows
from tests.oracles.supcon import anchor

CASES = [{}, {"ce_weight": 1.0, "weight": 0.3, "temperature": 0.1}, {"bb": True}]


def contrastive(similarities: Array, labels: Array, groups: Array) -> float:
    losses = []
    for i in range(len(labels)):
        if groups[i] < 0:
            continue
        rest = [k for k in range(len(labels)) if k != i and groups[k] >= 0]
        positives = [j for j in rest if labels[j] == labels[i] and groups[j] != groups[i]]
        losses.append(anchor(similarities[i], positives, rest))
    return float(np.mean(losses)) if losses else 0.0


def log_priors(given: Given) -> Array:
    """(G + 1, K) log P(y | s) with Laplace's rule; the last row is that of an unknown group."""
    assert given.counts is not None
    rows = [*given.counts.T, given.class_counts]
    return np.stack([np.log((row + 1) / (row.sum() + given.num_classes)) for row in rows])


def terms(given: Given) -> dict[str, float]:
    settings, batch = given.settings, given.batch
    labels, groups = batch["labels"], batch["groups"]
    logits = given.run("head", given.run("trunk", batch["images"][0::2]))
    if settings["bb"]:
        logits = logits + log_priors(given)[groups[0::2]]
    views = np.concatenate([batch["images"][1::2], batch["views"][1::2]])
    unit = unit_rows(given.run("trunk", views))
    value = contrastive(
        unit @ unit.T / settings["temperature"],
        np.tile(labels[1::2], 2),
        np.tile(groups[1::2], 2),
    )
    return {
        "ce": settings["ce_weight"] * cross_entropies(logits, labels[0::2]).mean(),
        "bias_contrastive": settings["weight"] * value,
    }
