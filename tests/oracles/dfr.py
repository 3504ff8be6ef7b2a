"""Deep feature reweighting, first stage: methods.md 8.4 (the fit has its own tests)."""

from tests.oracles.given import Given, cross_entropies

CASES = [{}, {"data": "train"}]


def terms(given: Given) -> dict[str, float]:
    return {"ce": cross_entropies(given.logits(), given.batch["labels"]).mean()}
