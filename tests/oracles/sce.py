"""Symmetric cross entropy: methods.md 2.3, by the sum over clipped targets."""

import numpy as np

from tests.oracles.given import Given, cross_entropies, log_softmax

CASES = [{}, {"alpha": 0.1, "beta": 0.1, "log_zero": -9.21}, {"beta": 0.0}]


def terms(given: Given) -> dict[str, float]:
    settings, labels, logits = given.settings, given.batch["labels"], given.logits()
    found = {"ce": settings["alpha"] * float(cross_entropies(logits, labels).mean())}
    if settings["beta"]:
        log_target = np.full(logits.shape, settings["log_zero"])
        log_target[np.arange(len(labels)), labels] = 0
        reverse = -(np.exp(log_softmax(logits)) * log_target).sum(axis=1)
        found["reverse_ce"] = settings["beta"] * float(reverse.mean())
    return found
