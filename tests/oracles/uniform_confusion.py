"""Uniform confusion: methods.md 5.2."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, log_softmax
from tests.oracles.gradient_reversal import group_loss

#: with 28 training samples and batches of 12 an epoch has two steps: the third is in an idle epoch
CASES = [
    {},
    {"alpha": 2.0, "hidden": 0, "balance": True},
    {"schedule": "per_epoch_ratio"},
    {"alpha": 0.0},
]


def uniform_loss(logits: Array, known: Array) -> float:
    values = [-log_softmax(row).sum() / logits.shape[1] for row in logits[known]]
    return float(np.sum(values) / len(values))


def terms(given: Given) -> dict[str, float]:
    settings, features = given.settings, given.features()
    ce = cross_entropies(given.run("head", features), given.batch["labels"]).mean()
    if settings["alpha"] == 0:
        return {"ce": ce}
    logits = given.run("adversary", features)
    steps = given.class_counts.sum() // len(features)
    trunk_trains = (given.index // steps) % settings["ratio"] == 0
    if settings["schedule"] == "per_step":
        trunk_trains = given.update == 1
    if given.update == 0:
        loss = group_loss(given, logits, balance=settings["balance"])
        return {"adversary_idle": 0.0} if trunk_trains else {"adversary": loss}
    confusion = uniform_loss(logits[0], given.batch["groups"] >= 0)
    if not trunk_trains:
        return {"trunk_idle": 0.0}
    return {"ce": ce, "confusion": settings["alpha"] * confusion}
