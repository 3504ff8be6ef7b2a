"""Prejudice remover: methods.md 6.4."""

import math

import numpy as np

from tests.oracles.comparing import compared, over_targets
from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [{}, {"strength": 0.3, "groups": "per_attribute", "min_count": 1}]


def terms(given: Given) -> dict[str, float]:
    logits = given.logits()
    probabilities = np.exp(log_softmax(logits))

    def term(codes: Array) -> float:
        groups = compared(codes, given.settings["min_count"])
        rows = [int(i) for group in groups for i in group]
        total = 0.0
        for group in groups:
            for i in group:
                for k in range(given.num_classes):
                    given_group = probabilities[group, k].mean()
                    overall = probabilities[rows, k].mean()
                    ratio = max(given_group, 1e-7) / max(overall, 1e-7)
                    total += probabilities[i, k] * math.log(ratio)
        return total / max(len(rows), 1)

    ce = cross_entropies(logits, given.batch["labels"]).mean()
    return {"ce": ce, "prejudice": given.settings["strength"] * over_targets(given, term)}
