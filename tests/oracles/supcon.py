"""Supervised contrastive learning and the pieces of the contrastive methods: methods.md 7.4."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, unit_rows

CASES = [{}, {"temperature": 0.5}, {"mode": "joint", "weight": 0.3}]


def doubled_features(given: Given) -> Array:
    """(2B, d) features of both views, from one pass."""
    views = np.concatenate([given.batch["images"], given.batch["views"]])
    features: Array = given.run("trunk", views)
    return features


def probe(given: Given) -> dict[str, float]:
    """Linear classifier on stored features."""
    logits = given.run("head", given.batch["features"])
    return {"ce": cross_entropies(logits, given.batch["labels"]).mean()}


def anchor(row: Array, positives: list[int], contrast: list[int]) -> float:
    """Minus the mean over the positives of similarity minus log of the contrast; 0 without any."""
    if not positives:
        return 0.0
    log_term = float(np.log(np.exp(row[contrast]).sum())) if contrast else 0.0
    return -sum(float(row[j]) - log_term for j in positives) / len(positives)


def supervised(similarities: Array, labels: Array) -> float:
    losses = []
    for i in range(len(labels)):
        rest = [j for j in range(len(labels)) if j != i]
        positives = [j for j in rest if labels[j] == labels[i]]
        if positives:
            losses.append(anchor(similarities[i], positives, rest))
    return float(np.mean(losses))


def terms(given: Given) -> dict[str, float]:
    if given.stage == "probe":
        return probe(given)
    features = doubled_features(given)
    unit = unit_rows(given.run("projector", features))
    labels = np.tile(given.batch["labels"], 2)
    value = supervised(unit @ unit.T / given.settings["temperature"], labels)
    if given.settings["mode"] == "two_stage":
        return {"supcon": value}
    logits = given.run("head", features[: len(labels) // 2])
    ce = cross_entropies(logits, given.batch["labels"]).mean()
    return {"ce": ce, "supcon": given.settings["weight"] * value}
