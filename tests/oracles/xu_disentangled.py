"""Disentangled features, one attribute or their product: methods.md 5.3."""

from tests.oracles.given import Given, cross_entropies
from tests.oracles.uniform_confusion import uniform_loss

CASES = [{}, {"alpha": 3.0, "hidden": 8}, {"alpha": 0.0}]


def terms(given: Given) -> dict[str, float]:
    features, alpha = given.features(), given.settings["alpha"]
    found = {"ce": cross_entropies(given.run("head", features), given.batch["labels"]).mean()}
    if alpha == 0:
        return found
    for position, logits in enumerate(given.run("adversary", features)):
        codes = given.batch["attributes"][:, position]
        known = codes >= 0
        own = cross_entropies(logits[known], codes[known]).mean()
        found["attributes"] = found.get("attributes", 0.0) + own
        confusion = alpha * uniform_loss(logits, known)
        found["confusion"] = found.get("confusion", 0.0) + confusion
    return found
