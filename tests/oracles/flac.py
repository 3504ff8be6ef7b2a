"""FLAC: methods.md 7.8."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, unit_rows
from tests.oracles.gradient_reversal import group_loss, targets

CASES = [
    {},
    {"strength": 30000.0, "ce_weight": 0.01, "delta": 0.5},
    {"groups": "per_attribute"},
]


def soft(features: Array, delta: float) -> Array:
    unit = unit_rows(features)
    size = len(unit)
    values = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            distance = np.sqrt(((unit[i] - unit[j]) ** 2).sum() + 1e-6)
            values[i, j] = 1 / (1 + distance**delta)
    return values


def divergence(of_groups: Array, found: Array, labels: Array) -> float:
    threshold = (of_groups.max() + of_groups.min()) / 2
    values = []
    for i, label in enumerate(labels):
        pairs = [
            j
            for j, other in enumerate(labels)
            if (of_groups[i, j] < threshold if other == label else of_groups[i, j] > threshold)
        ]
        p = np.array([1 - of_groups[i, j] for j in pairs])
        q = np.array([found[i, j] for j in pairs])
        p, q = p / (p.sum() + 1e-7), q / (q.sum() + 1e-7)
        values += list((p - q) * (np.log(p) - np.log(q)))
    return float(np.mean(values)) if values else 0.0


def terms(given: Given) -> dict[str, float]:
    settings, images, labels = given.settings, given.batch["images"], given.batch["labels"]
    group_features = given.run("group_trunk", images)
    if given.stage == "group classifier":
        heads = range(len(targets(given)[1]))
        logits = [given.run(f"group_heads.{head}", group_features) for head in heads]
        return {"group_ce": group_loss(given, logits)}
    features = given.features()
    delta = settings["delta"]
    value = divergence(soft(group_features, delta), soft(features, delta), labels)
    ce = cross_entropies(given.run("head", features), labels).mean()
    return {"ce": settings["ce_weight"] * ce, "flac": settings["strength"] * value}
