"""Focal loss: methods.md 2.2."""

import numpy as np

from tests.oracles.given import Given, log_softmax

CASES = [{}, {"gamma": 0.0}, {"gamma": 0.5}]


def terms(given: Given) -> dict[str, float]:
    labels = given.batch["labels"]
    probability = np.exp(log_softmax(given.logits()))[np.arange(len(labels)), labels]
    weight = (1 - probability) ** given.settings["gamma"]
    return {"focal": float((weight * -np.log(probability)).mean())}
