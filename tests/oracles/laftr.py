"""LAFTR: methods.md 5.5."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [
    {},
    {"target": "eodds", "a_z": 3.0, "min_count": 1},
    {"target": "eodds"},
    {"a_x": 0.5, "hidden": 0},
    {"a_z": 0.0, "a_y": 2.0},
]


def error(given: Given, logits: Array) -> float:
    groups, labels = given.batch["groups"], given.batch["labels"]
    blocks = [np.full(len(labels), True)]
    if given.settings["target"] == "eodds":
        blocks = [labels == k for k in range(given.num_classes)]
    means = []
    for block in blocks:
        values = []
        for group in range(logits.shape[1]):
            own = block & (groups == group)
            if own.sum() >= given.settings["min_count"]:
                values.append(np.mean(1 - np.exp(log_softmax(logits[own])[:, group])))
        means += values if len(values) > 1 else []
    return float(np.mean(means)) if means else 0.0


def terms(given: Given) -> dict[str, float]:
    settings, labels, features = given.settings, given.batch["labels"], given.features()
    inputs = features
    if settings["target"] == "eodds":
        inputs = np.concatenate([features, np.eye(given.num_classes)[labels]], axis=1)
    (logits,) = given.run("adversary", inputs)
    if given.update == 0 and settings["a_z"] > 0:
        return {"adversary": error(given, logits)}
    ce = cross_entropies(given.run("head", features), labels).mean()
    found = {"ce": settings["a_y"] * ce}
    if settings["a_z"] > 0:
        found["confusion"] = -settings["a_z"] * error(given, logits)
    if settings["a_x"] > 0:
        groups = given.batch["groups"]
        told = [np.eye(logits.shape[1])[s] * (s >= 0) for s in groups]
        images = given.run("decoder", np.concatenate([features, np.array(told)], axis=1))
        squares = (images - given.batch["images"]) ** 2
        found["reconstruction"] = settings["a_x"] * squares.mean()
    return found
