"""Group re-weighting: methods.md 3.2 and 13."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies

CASES = [
    {},
    {"mode": "within_class"},
    {"mode": "group"},
    {"exponent": 0.5},
    {"mode": "within_class", "exponent": 0.5},
]


def raw_weight(counts: Array, y: int, s: int, mode: str) -> float:
    if mode == "within_class":
        return float(counts[y].sum() / ((counts[y] > 0).sum() * counts[y, s]))
    if mode == "group":
        return float(counts.sum() / ((counts.sum(axis=0) > 0).sum() * counts[:, s].sum()))
    return float(counts.sum() / ((counts > 0).sum() * counts[y, s]))


def terms(given: Given) -> dict[str, float]:
    counts, settings = given.counts, given.settings
    assert counts is not None
    weights = np.zeros(counts.shape)
    for y, s in zip(*np.nonzero(counts), strict=True):
        weights[y, s] = raw_weight(counts, y, s, settings["mode"]) ** settings["exponent"]
    weights *= counts.sum() / (weights * counts).sum()
    labels, groups = given.batch["labels"], given.batch["groups"]
    losses = cross_entropies(given.logits(), labels)
    own = [weights[y, s] if s >= 0 else 1.0 for y, s in zip(labels, groups, strict=True)]
    return {"weighted_ce": float(np.mean(own * losses))}
