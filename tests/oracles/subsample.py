"""Subsampling, methods.md 3.4: the loss on what is kept is plain cross entropy."""

from tests.oracles.given import Given, cross_entropies

CASES = [{}, {"axis": "stratum", "floor": 2}]


def terms(given: Given) -> dict[str, float]:
    return {"ce": float(cross_entropies(given.logits(), given.batch["labels"]).mean())}
