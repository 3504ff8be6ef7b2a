"""AU positive matching: methods.md 7.1."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, unit_rows

#: columns of the paper's twelve units in the tests' data (the first column is another unit)
PAPER = slice(1, 13)
CASES = [
    {},
    {"reduce": "mean", "strength": 0.3},
    {"au_weighting": "detached"},
    {"au_weighting": "raw_cosine"},
    {"au_weighting": "fixed_projection", "reduce": "mean"},
    {"au_weighting": "none"},
]


def relu(values: Array) -> Array:
    return np.maximum(values, 0)


def pair_weight(given: Given, first: Array, second: Array) -> float:
    weight, bias = given.state["matcher.units.weight"], given.state["matcher.units.bias"]
    match given.settings["au_weighting"]:
        case "none":
            return 1.0
        case "raw_cosine":
            pair = np.stack([first, second])
        case "fixed_projection":
            pair = np.stack([first, second]) @ weight.T
        case _:
            pair = relu(np.stack([first, second]) @ weight.T + bias)
    pair = unit_rows(pair)
    return float(pair[0] @ pair[1])


def matching(given: Given) -> float:
    """L_pm anchor by anchor and positive by positive."""
    batch = given.batch
    weight, bias = given.state["matcher.features.weight"], given.state["matcher.features.bias"]
    projected = unit_rows(relu(given.features() @ weight.T + bias))
    units, known, labels = batch["action_units"], batch["action_units_known"], batch["labels"]
    total = 0.0
    for i in range(len(labels)):
        positives = [
            p
            for p in range(len(labels))
            if p != i and labels[p] == labels[i] and known[[i, p]].all()
        ]
        products = [
            pair_weight(given, units[i, PAPER], units[p, PAPER]) * (projected[i] @ projected[p])
            for p in positives
        ]
        divisor = max(len(positives), 1) if given.settings["reduce"] == "mean" else 1
        total -= sum(products) / divisor
    return total / len(labels)


def terms(given: Given) -> dict[str, float]:
    ce = cross_entropies(given.logits(), given.batch["labels"]).mean()
    return {"ce": ce, "positive_matching": given.settings["strength"] * matching(given)}
