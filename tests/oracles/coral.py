"""CORAL: methods.md 6.1."""

import numpy as np

from tests.oracles.comparing import blocks, mean_over_blocks, over_targets
from tests.oracles.given import Array, Given, cross_entropies

CASES = [
    {},
    {"strength": 0.3, "groups": "per_attribute"},
    {"given_class": True},
    {"given_class": True, "min_count": 1},
]


def covariance(rows: Array) -> Array:
    """(d, d) with divisor n - 1; 0 for one row."""
    if len(rows) == 1:
        return np.zeros((rows.shape[1], rows.shape[1]))
    return np.cov(rows, rowvar=False)


def terms(given: Given) -> dict[str, float]:
    settings, features = given.settings, given.features()
    ce = cross_entropies(given.run("head", features), given.batch["labels"]).mean()

    def gap(a: Array, b: Array) -> float:
        first, second = features[a], features[b]
        shift = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).mean()
        return float(shift + ((covariance(first) - covariance(second)) ** 2).mean())

    def term(codes: Array) -> float:
        return mean_over_blocks(blocks(given, codes, per_class=settings["given_class"]), gap)

    return {"ce": ce, "coral": settings["strength"] * over_targets(given, term)}
