"""Latent alignment: methods.md 9.1."""

import numpy as np

from tests.oracles.given import Array, Given, log_softmax
from tests.oracles.gradient_reversal import group_loss

CASES = [
    {},
    {"encoder": "ae", "recon_weight": 0.5, "groups": "intersection"},
    {"discriminator": False, "kl_weight": 0.01, "block": "resblock"},
    {"lambda_adv": 3.0, "ce_weight": 0.1, "reverse_weight": 0.5, "log_zero": -2.0},
]


def latent(given: Given) -> tuple[Array, Array, Array]:
    mean, log_variance = given.run("encoder", given.batch["images"])
    if given.settings["encoder"] == "ae":
        return mean, mean, log_variance
    return mean + given.draws.normal(*mean.shape) * np.exp(log_variance / 2), mean, log_variance


def gram(features: Array) -> Array:
    """(B, C, C) of (B, C, H, W), divided by C H W."""
    _, channels, height, width = features.shape
    matrices = np.einsum("bchw,bdhw->bcd", features, features)
    return matrices / (channels * height * width)


def style(given: Given, images: Array) -> float:
    pairs = zip(given.run("phi", images), given.run("phi", given.batch["images"]), strict=True)
    squares = [((gram(a) - gram(b)) ** 2).sum(axis=(1, 2)) for a, b in pairs]
    return float(np.sum(squares, axis=0).mean())


def terms(given: Given) -> dict[str, float]:
    settings = given.settings
    if given.stage == "classify":
        return classify(given)
    z, mean, log_variance = latent(given)
    group = group_loss(given, given.run("discriminator", z))
    adversarial = settings["discriminator"]
    if adversarial and given.update == 0:
        return {"discriminator": group}
    images = given.run("generator", z)
    found = {"style": settings["alpha"] * style(given, images)}
    if settings["encoder"] == "vae":
        kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)
        found["kl"] = settings["kl_weight"] * kl.mean()
    if adversarial:
        found["confusion"] = -settings["lambda_adv"] * group
    if settings["recon_weight"]:
        distance = np.abs(images - given.batch["images"]).mean()
        found["reconstruction"] = settings["recon_weight"] * distance
    return found


def classify(given: Given) -> dict[str, float]:
    mean, _ = given.run("encoder", given.batch["images"])
    log_probabilities = log_softmax(given.run("head", given.run("classifier", mean)))
    labels = given.batch["labels"]
    own = log_probabilities[np.arange(len(labels)), labels]
    settings = given.settings
    # The full sum over classes, with the logarithm of a target of 0 replaced by A.
    targets = np.where(np.eye(given.num_classes)[labels] == 1, 0.0, settings["log_zero"])
    reverse = -(np.exp(log_probabilities) * targets).sum(axis=1)
    return {
        "ce": settings["ce_weight"] * -own.mean(),
        "reverse_ce": settings["reverse_weight"] * reverse.mean(),
    }
