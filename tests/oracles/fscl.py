"""FSCL: methods.md 7.5."""

import numpy as np

from tests.oracles.given import Array, Given, unit_rows
from tests.oracles.supcon import anchor, doubled_features, probe

CASES = [{}, {"temperature": 0.2}]


def similarities(given: Given) -> Array:
    unit = unit_rows(given.run("projector", doubled_features(given)))
    values: Array = unit @ unit.T / given.settings["temperature"]
    return values


def sets(labels: Array, groups: Array, i: int) -> tuple[list[int], list[int]]:
    """Positives and contrast set of anchor i."""
    everyone = range(len(labels))
    positives = [j for j in everyone if j != i and labels[j] == labels[i]]
    contrast = [
        k for k in everyone if labels[k] != labels[i] and groups[k] == groups[i] and groups[i] >= 0
    ]
    return positives, contrast


def terms(given: Given) -> dict[str, float]:
    if given.stage == "probe":
        return probe(given)
    rows = similarities(given)
    labels, groups = np.tile(given.batch["labels"], 2), np.tile(given.batch["groups"], 2)
    losses = [anchor(rows[i], *sets(labels, groups, i)) for i in range(len(labels))]
    return {"fscl": given.settings["temperature"] / 0.07 * float(np.mean(losses))}
