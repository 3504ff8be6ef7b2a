"""Logit adjustment: methods.md 2.6, priors by 13."""

import math

from tests.oracles.given import Given, cross_entropies

CASES = [{}, {"tau": 0.5, "floor": 1e-9}, {"mode": "post_hoc"}]


def terms(given: Given) -> dict[str, float]:
    settings, counts, logits = given.settings, given.class_counts, given.logits()
    if settings["mode"] == "post_hoc":
        return {"ce": float(cross_entropies(logits, given.batch["labels"]).mean())}
    total, floor = int(counts.sum()), settings["floor"]
    for y, n in enumerate(counts):
        prior = n / total + floor if floor else (n + 1) / (total + len(counts))
        logits[:, y] += settings["tau"] * math.log(prior)
    return {"balanced_ce": float(cross_entropies(logits, given.batch["labels"]).mean())}
