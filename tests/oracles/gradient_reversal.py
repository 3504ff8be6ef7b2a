"""Gradient reversal: methods.md 5.1."""

import math

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies

CASES = [
    {},
    {"target": "eodds", "reads": "logits", "balance": True},
    {"mode": "alternating", "lambda_max": 0.3},
    {"mode": "alternating", "schedule": "constant"},
]


def group_loss(given: Given, logits: list[Array], *, balance: bool = False) -> float:
    """Mean over adversaries of the (weighted) mean cross entropy of the known groups."""
    codes = given.batch["groups"][:, None]
    losses = []
    for position, scores in enumerate(logits):
        known = codes[:, position] >= 0
        own = codes[known, position]
        values = cross_entropies(scores[known], own)
        if balance:
            assert given.counts is not None
            per_group = given.counts.sum(axis=0)
            values = values * (per_group.sum() / (len(per_group) * per_group))[own]
        losses.append(values.sum() / known.sum())
    return float(np.mean(losses))


def terms(given: Given) -> dict[str, float]:
    settings, labels = given.settings, given.batch["labels"]
    features, logits = given.features(), given.logits()
    seen = features if settings["reads"] == "features" else logits
    if settings["target"] == "eodds":
        seen = np.concatenate([seen, np.eye(given.num_classes)[labels]], axis=1)
    loss = group_loss(given, given.run("adversary", seen), balance=settings["balance"])
    progress = given.index / given.total
    ramp = 2 / (1 + math.exp(-10 * progress)) - 1 if settings["schedule"] == "ramp" else 1.0
    ce = cross_entropies(logits, labels).mean()
    if settings["mode"] == "reversal":
        return {"ce": ce, "adversary": loss}
    if given.update == 0:
        return {"adversary": loss}
    return {"ce": ce, "confusion": -settings["lambda_max"] * ramp * loss}
