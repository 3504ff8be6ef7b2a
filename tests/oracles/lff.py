"""Learning from failure at the first step of a run: methods.md 8.3."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [{}, {"q": 0.3}, {"q": 1.0, "decay": 0.0}]


def normalised(losses: Array, labels: Array) -> Array:
    """First losses over the largest of their class."""
    return np.array([v / losses[labels == y].max() for v, y in zip(losses, labels, strict=True)])


def terms(given: Given) -> dict[str, float]:
    labels, q = given.batch["labels"], given.settings["q"]
    logits, biased = given.logits(), given.run("biased", given.batch["images"])
    losses = cross_entropies(logits, labels)
    hard = normalised(cross_entropies(biased, labels), labels)
    easy = normalised(losses, labels)
    own = np.exp(log_softmax(biased))[np.arange(len(labels)), labels]
    return {
        "weighted_ce": float((hard / (hard + easy + 1e-8) * losses).mean()),
        "biased": float(((1 - own**q) / q).mean()),
    }
