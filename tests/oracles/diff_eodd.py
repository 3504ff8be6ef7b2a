"""Difference of equalised odds: methods.md 6.3."""

import numpy as np

from tests.oracles.comparing import blocks, over_targets
from tests.oracles.diff_dp import gap
from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [
    {},
    {"min_count": 1},
    {"reduce": "max_gap", "strength": 0.3, "min_count": 1, "groups": "per_attribute"},
    {"memory": 0.5, "min_count": 1},
]


def terms(given: Given) -> dict[str, float]:
    logits, settings = given.logits(), given.settings
    probabilities = np.exp(log_softmax(logits))

    def term(codes: Array) -> float:
        total = 0.0
        for groups in blocks(given, codes, per_class=True):
            total += sum(gap(column, groups, settings["reduce"]) for column in probabilities.T) / 2
        return total

    ce = cross_entropies(logits, given.batch["labels"]).mean()
    return {"ce": ce, "parity": settings["strength"] * over_targets(given, term)}
