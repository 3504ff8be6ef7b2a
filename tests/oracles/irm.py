"""IRM: methods.md 6.6, and 13 for samples of unknown group."""

import numpy as np

from tests.oracles.comparing import over_targets
from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [
    {},
    {"switch": 0.9},
    {"switch": 0.5, "strength": 3.0, "average": "samples"},
    {"strength": 0.0, "groups": "per_attribute"},
]


def terms(given: Given) -> dict[str, float]:
    logits, labels, settings = given.logits(), given.batch["labels"], given.settings
    losses = cross_entropies(logits, labels)

    def average(codes: Array) -> float:
        present = sorted(set(codes[codes >= 0]))
        known = (codes >= 0).sum()
        total = losses[codes < 0].sum()
        if present:
            total += known * np.mean([losses[codes == s].mean() for s in present])
        return float(total / len(losses))

    def derivative(rows: Array) -> float:
        probabilities = np.exp(log_softmax(logits[rows]))
        one_hot = np.eye(given.num_classes)[labels[rows]]
        return float((logits[rows] * (probabilities - one_hot)).sum() / len(rows))

    def penalty(codes: Array) -> float:
        products = []
        for s in sorted(set(codes[codes >= 0])):
            rows = np.flatnonzero(codes == s)
            if len(rows) >= 2:
                products.append(derivative(rows[::2]) * derivative(rows[1::2]))
        return float(np.mean(products)) if products else 0.0

    by_group = settings["average"] == "groups"
    ce = over_targets(given, average) if by_group else float(losses.mean())
    if settings["strength"] == 0:
        return {"ce": ce}
    switched = given.index >= round(settings["switch"] * given.total)
    weight = settings["strength"] if switched else 1.0
    return {"ce": ce, "invariance": weight * over_targets(given, penalty)}
