"""HSIC: methods.md 6.2."""

import numpy as np

from tests.oracles.comparing import compared, median_distance, over_targets
from tests.oracles.given import Array, Given, cross_entropies, log_softmax, unit_rows

CASES = [
    {},
    {"on": "feature", "strength": 3.0},
    {"group_kernel": "gaussian", "sigma": 0.5, "groups": "per_attribute"},
]


def terms(given: Given) -> dict[str, float]:
    settings, features = given.settings, given.features()
    logits = given.run("head", features)
    on_features = settings["on"] == "feature"
    seen = unit_rows(features) if on_features else np.exp(log_softmax(logits))

    def term(codes: Array) -> float:
        rows = sorted(int(i) for group in compared(codes, settings["min_count"]) for i in group)
        if not rows:
            return 0.0
        scale = median_distance(seen, rows) if on_features else settings["sigma"]
        number = len(rows)
        kernel, same = np.empty((number, number)), np.empty((number, number))
        for p, i in enumerate(rows):
            for q, j in enumerate(rows):
                kernel[p, q] = np.exp(-((seen[i] - seen[j]) ** 2).sum() / scale)
                same[p, q] = codes[i] == codes[j]
                if settings["group_kernel"] == "gaussian":
                    same[p, q] = np.exp(-(float(codes[i] - codes[j]) ** 2))
        centring = np.eye(number) - 1 / number
        return float(np.trace(kernel @ centring @ same @ centring)) / (number - 1) ** 2

    ce = cross_entropies(logits, given.batch["labels"]).mean()
    return {"ce": ce, "hsic": settings["strength"] * over_targets(given, term)}
