"""Difference of equal opportunity: methods.md 6.3."""

import numpy as np

from tests.oracles.comparing import blocks, over_targets
from tests.oracles.diff_dp import gap
from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [
    {},
    {"min_count": 1},
    {"classes": ("class1", "class2"), "min_count": 1, "memory": 0.5},
    {"reduce": "max_gap", "strength": 0.3, "groups": "per_attribute"},
]


def terms(given: Given) -> dict[str, float]:
    logits, settings = given.logits(), given.settings
    probabilities = np.exp(log_softmax(logits))
    chosen = [
        y for y in range(given.num_classes)
        if not settings["classes"] or f"class{y}" in settings["classes"]
    ]  # fmt: skip

    def term(codes: Array) -> float:
        found = blocks(given, codes, per_class=True)
        values = [
            gap(probabilities[:, y], found[y], settings["reduce"]) for y in chosen if found[y]
        ]
        return float(np.mean(values)) if values else 0.0

    ce = cross_entropies(logits, given.batch["labels"]).mean()
    return {"ce": ce, "parity": settings["strength"] * over_targets(given, term)}
