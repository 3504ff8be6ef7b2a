"""MMD: methods.md 6.1."""

import math

from tests.oracles.comparing import blocks, mean_over_blocks, median_distance, over_targets
from tests.oracles.given import Array, Given, cross_entropies

CASES = [
    {},
    {"bandwidth": "fixed", "strength": 0.3},
    {"given_class": True, "min_count": 1},
    {"given_class": True, "groups": "per_attribute"},
]


def terms(given: Given) -> dict[str, float]:
    settings, features = given.settings, given.features()
    ce = cross_entropies(given.run("head", features), given.batch["labels"]).mean()

    def term(codes: Array) -> float:
        found = blocks(given, codes, per_class=settings["given_class"])
        rows = sorted(int(i) for groups in found for group in groups for i in group)
        scale = median_distance(features, rows) if settings["bandwidth"] == "median" else 1.0

        def kernel(i: int, j: int) -> float:
            distance = float(((features[i] - features[j]) ** 2).sum()) / scale
            return sum(math.exp(-(10.0**power) * distance) for power in range(-3, 4))

        def mean(a: Array, b: Array) -> float:
            return sum(kernel(i, j) for i in a for j in b) / (len(a) * len(b))

        return mean_over_blocks(found, lambda a, b: mean(a, a) + mean(b, b) - 2 * mean(a, b))

    return {"ce": ce, "mmd": settings["strength"] * over_targets(given, term)}
