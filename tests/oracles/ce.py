"""Cross entropy: methods.md 2.1."""

from tests.oracles.given import Given, cross_entropies

CASES = [{}]


def terms(given: Given) -> dict[str, float]:
    return {"ce": cross_entropies(given.logits(), given.batch["labels"]).mean()}
