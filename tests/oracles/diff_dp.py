"""Difference of demographic parity: methods.md 6.3."""

import numpy as np

from tests.oracles.comparing import compared, over_targets, pairs
from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [
    {},
    {"reduce": "max_gap", "strength": 0.3},
    {"groups": "per_attribute", "min_count": 1, "memory": 0.5},
]


def gap(values: Array, groups: list[Array], reduce: str) -> float:
    """D over the groups of (B,) values; 0 without groups."""
    if not groups:
        return 0.0
    if reduce == "max_gap":
        means = [values[rows].mean() for rows in groups]
        return float(max(means) - min(means))
    return float(np.mean([abs(values[a].mean() - values[b].mean()) for a, b in pairs(groups)]))


def terms(given: Given) -> dict[str, float]:
    logits, settings = given.logits(), given.settings
    probabilities = np.exp(log_softmax(logits))

    def term(codes: Array) -> float:
        groups = compared(codes, settings["min_count"])
        return sum(gap(column, groups, settings["reduce"]) for column in probabilities.T) / 2

    ce = cross_entropies(logits, given.batch["labels"]).mean()
    return {"ce": ce, "parity": settings["strength"] * over_targets(given, term)}
