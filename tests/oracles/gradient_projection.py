"""Gradient projection, terms: methods.md 5.4 (the projection itself is in its own tests)."""

import numpy as np

from tests.oracles.given import Given, cross_entropies, log_softmax
from tests.oracles.gradient_reversal import group_loss

CASES = [
    {},
    {"target": "eodds", "scope": "global"},
    {"reads": "scaled_softmax", "hidden": 8},
    {"reads": "scaled_softmax", "target": "eodds"},
]


def terms(given: Given) -> dict[str, float]:
    settings, labels, logits = given.settings, given.batch["labels"], given.logits()
    seen = logits
    if settings["reads"] == "scaled_softmax":
        seen = np.exp(log_softmax((1 + abs(given.state["reader.slope"])) * logits))
    rows = []
    for values, label in zip(seen, labels, strict=True):
        one_hot = np.eye(given.num_classes)[label]
        told = one_hot if settings["reads"] == "logits" else np.outer(values, one_hot).ravel()
        rows.append(np.concatenate([values, told] if settings["target"] == "eodds" else [values]))
    return {
        "ce": cross_entropies(logits, labels).mean(),
        "adversary": group_loss(given, given.run("adversary", np.array(rows))),
    }
