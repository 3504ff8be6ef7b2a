"""Gradient reversal: methods.md 5.1."""

import math

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies

CASES = [
    {},
    {"target": "eodds", "reads": "logits", "balance": True},
    {"mode": "alternating", "lambda_max": 0.3},
    {"mode": "alternating", "schedule": "constant"},
    {"groups": "per_attribute", "balance": True},
]


def targets(given: Given) -> tuple[Array, list[Array]]:
    """(B, H) codes of the targets, and the training counts of the values of each."""
    cube = np.zeros(given.group_sizes) if given.counts is None else given.counts.sum(axis=0)
    cube = cube.reshape(given.group_sizes)
    if given.settings.get("groups") != "per_attribute":
        return given.batch["groups"][:, None], [cube.ravel()]
    axes = range(cube.ndim)
    return given.batch["attributes"], [cube.sum(tuple(a for a in axes if a != j)) for j in axes]


def group_loss(given: Given, logits: list[Array], *, balance: bool = False) -> float:
    """Mean over adversaries of the (weighted) mean cross entropy of the known groups."""
    codes, counts = targets(given)
    losses = []
    for position, scores in enumerate(logits):
        known = codes[:, position] >= 0
        own = codes[known, position]
        values = cross_entropies(scores[known], own)
        if balance:
            sizes = counts[position]
            values = values * (sizes.sum() / (len(sizes) * sizes))[own]
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
