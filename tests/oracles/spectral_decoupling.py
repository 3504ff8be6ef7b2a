"""Spectral decoupling: methods.md 2.4."""

import numpy as np

from tests.oracles.given import Given, cross_entropies

CASES = [
    {},
    {"schedule": "constant"},
    {"schedule": "constant", "logits": "true_class", "strength": 0.3},
    {"schedule": "author_switch", "strength": 0.2, "switch": 0.9},
    {"schedule": "author_switch", "strength": 0.2, "switch": 0.5},
]


def terms(given: Given) -> dict[str, float]:
    settings, labels, logits = given.settings, given.batch["labels"], given.logits()
    defaults = {"constant": 0.1, "author_switch": 2e-5, "switch_rescaled": 2e-5}
    strength = settings["strength"]
    strength = defaults[settings["schedule"]] if strength is None else strength
    switched = given.index / given.total >= settings["switch"]
    weights = (1.0, strength)
    if switched and settings["schedule"] == "author_switch":
        weights = (strength, strength)
    if switched and settings["schedule"] == "switch_rescaled":
        weights = (1.0, 1.0)
    own = logits[np.arange(len(labels)), labels]
    penalised = logits if settings["logits"] == "all" else own
    return {
        "ce": weights[0] * cross_entropies(logits, labels).mean(),
        "spectral_decoupling": weights[1] * (penalised**2).mean(),
    }
