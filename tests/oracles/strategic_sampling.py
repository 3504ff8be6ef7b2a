"""Strategic sampling, methods.md 3.1: the loss on what is drawn is plain cross entropy."""

from tests.oracles.given import Given, cross_entropies

CASES = [{}, {"mode": "duplicate", "cap": 10.0}]


def terms(given: Given) -> dict[str, float]:
    return {"ce": float(cross_entropies(given.logits(), given.batch["labels"]).mean())}
