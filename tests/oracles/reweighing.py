"""Reweighing: methods.md 3.3."""

import numpy as np

from tests.oracles.given import Given, cross_entropies

CASES = [{}]


def terms(given: Given) -> dict[str, float]:
    counts = given.counts
    assert counts is not None
    labels, groups = given.batch["labels"], given.batch["groups"]

    def weight(y: int, s: int) -> float:
        return float(counts[y].sum() * counts[:, s].sum() / (counts.sum() * counts[y, s]))

    # Without samples in every stratum the weights do not sum to n: brought back to mean 1.
    present = np.argwhere(counts > 0)
    mean = sum(counts[y, s] * weight(y, s) for y, s in present) / counts.sum()
    own = [weight(y, s) / mean if s >= 0 else 1.0 for y, s in zip(labels, groups, strict=True)]
    return {"weighted_ce": float(np.mean(own * cross_entropies(given.logits(), labels)))}
