"""Group DRO: methods.md 8.1."""

import numpy as np

from tests.oracles.given import Given, cross_entropies

CASES = [{}, {"strata": "group", "margin": 2.0}, {"eta": 0.1, "margin": 1.0}, {"eta": 0.0}]


def terms(given: Given) -> dict[str, float]:
    assert given.counts is not None
    labels, groups = given.batch["labels"], given.batch["groups"]
    losses = cross_entropies(given.logits(), labels)
    by_group = given.settings["strata"] == "group"
    sizes = given.counts.sum(axis=0) if by_group else given.counts.ravel()
    means = np.zeros(len(sizes))
    for stratum in range(len(sizes)):
        own = groups == stratum
        if not by_group:
            label, group = divmod(stratum, given.counts.shape[1])
            own = (labels == label) & (groups == group)
        if own.any():
            means[stratum] = losses[own].sum() / own.sum()
    shares = np.where(sizes > 0, 1.0, 0.0) / (sizes > 0).sum()
    margins = given.settings["margin"] / np.sqrt(np.maximum(sizes, 1))
    shares = shares * np.exp(given.settings["eta"] * (means + margins))
    return {"weighted_strata": float((shares / shares.sum() * means).sum())}
