"""Cross entropy on frozen codes: methods.md 14; the generator's stage of 9.2."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies

CASES = [
    {},
    {"pixel_loss": "l1", "kl_weight": 0.5, "edge_weight": 2.0, "width": 5},
    {"encoder": "a.pt2"},
]


def terms(given: Given) -> dict[str, float]:
    if given.stage == "generate":
        return generator_terms(given)
    logits = given.run("head", given.batch["features"])
    return {"ce": cross_entropies(logits, given.batch["labels"]).mean()}


def generator_terms(given: Given) -> dict[str, float]:
    """Pixel distance and KL of a draw from the encoder's distribution."""
    settings, images = given.settings, given.batch["images"]
    mean, log_variance = given.run("codes.encoder", images)
    codes = mean + given.draws.normal(*mean.shape) * np.exp(log_variance / 2)
    error = given.run("codes.decoder", codes) - images

    def distance(values: Array) -> float:
        return float((np.abs(values) if settings["pixel_loss"] == "l1" else values**2).mean())

    down, right = error[:, :, 1:] - error[:, :, :-1], error[:, :, :, 1:] - error[:, :, :, :-1]
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)
    return {
        "pixels": distance(error),
        "edges": settings["edge_weight"] * (distance(down) + distance(right)),
        "kl": settings["kl_weight"] * kl.mean(),
    }
