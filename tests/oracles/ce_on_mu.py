"""Cross entropy on the latent encoder: methods.md 14."""

from tests.oracles.given import Given, cross_entropies

CASES = [{}, {"block": "resblock"}]


def terms(given: Given) -> dict[str, float]:
    return {"ce": cross_entropies(given.logits(), given.batch["labels"]).mean()}
