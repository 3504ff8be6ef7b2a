"""FSCL+: methods.md 7.5."""

import numpy as np

from tests.oracles.fscl import sets, similarities
from tests.oracles.given import Given
from tests.oracles.supcon import probe

CASES = [{}, {"temperature": 0.2}]


def terms(given: Given) -> dict[str, float]:
    if given.stage == "probe":
        return probe(given)
    rows = similarities(given)
    labels, groups = np.tile(given.batch["labels"], 2), np.tile(given.batch["groups"], 2)
    strata = [(y, s) for y, s in zip(labels, groups, strict=True)]
    known = [stratum for stratum in strata if stratum[1] >= 0]
    mean_size = len(known) / len(set(known)) if known else 1.0
    total = 0.0
    for i, stratum in enumerate(strata):
        positives, contrast = sets(labels, groups, i)
        log_term = float(np.log(np.exp(rows[i, contrast]).sum())) if contrast else 0.0
        loss = 0.0
        for j in positives:
            others = strata.count(strata[j]) - 1
            weight = 1 / others if groups[j] >= 0 else 1 / len(positives)
            loss -= weight * (float(rows[i, j]) - log_term)
        total += loss * (mean_size / strata.count(stratum) if groups[i] >= 0 else 1.0)
    return {"fscl_plus": given.settings["temperature"] / 0.07 * total / len(labels)}
