"""Fair latent space: methods.md 9.2 with its settled readings."""

import numpy as np

from tests.oracles.ce_on_e import generator_terms
from tests.oracles.given import Array, Given, cross_entropies

CASES = [
    {},
    {"width": 7, "temperature": 0.2},
    {"lambda_dg": 0.1, "lambda_eq": 10.0, "lambda_di": 3.0, "lambda_c": 0.5, "width": 6},
    {"encoder": "a.pt2", "decoder": "b.pt2"},
]


def terms(given: Given) -> dict[str, float]:
    if given.stage == "generate":
        return generator_terms(given)
    if given.stage == "classify":
        logits = given.run("head", given.batch["features"])
        return {"ce": cross_entropies(logits, given.batch["labels"]).mean()}
    return part_terms(given)


def part_terms(given: Given) -> dict[str, float]:
    settings, labels, groups = given.settings, given.batch["labels"], given.batch["groups"]
    latent, log_det = flow(given)
    width = latent.shape[1]
    of_class, of_group = latent[:, : width // 2], latent[:, width // 2 :]
    found = {"gaussian": float(np.mean((latent**2).sum(axis=1) / 2 - log_det) / width)}
    for name, part, kept, crossed in (
        ("class", of_class, labels, groups),
        ("group", of_group, groups, labels),
    ):
        matrix = np.atleast_2d(np.cov(part.T, ddof=1))
        found[f"diagonal_{name}"] = settings["lambda_dg"] * off_diagonal(matrix)
        found[f"equal_{name}"] = settings["lambda_eq"] * float(np.var(np.diag(matrix)))
        draws = given.draws.uniform(len(part), len(part))
        pulled = contrast(part, kept, crossed, draws, settings["temperature"])
        found[f"contrast_{name}"] = settings["lambda_di"] * pulled
    known = groups >= 0
    class_ce = cross_entropies(given.run("class_head", of_class), labels)
    group_ce = cross_entropies(given.run("group_head", of_group)[known], groups[known])
    found["ce_class"] = settings["lambda_c"] * class_ce.mean()
    found["ce_group"] = settings["lambda_c"] * group_ce.mean()
    return found


def flow(given: Given) -> tuple[Array, Array]:
    """Outputs and log-determinants from the stored weights, block by block."""
    values = given.batch["features"]
    log_det = np.zeros(len(values))
    kept = values.shape[1] - values.shape[1] // 2
    for block in range(8):
        at = f"flow.blocks.{block}"
        log_scale = given.state[f"{at}.scaling.log_scale"]
        values = values * np.exp(log_scale) + given.state[f"{at}.scaling.shift"]
        values = values[:, given.state[f"{at}.order"]]
        layers = [given.state[f"{at}.coupling.layers.{n}"] for n in ("0.weight", "0.bias")]
        hidden = np.maximum(values[:, :kept] @ layers[0].T + layers[1], 0)
        layers = [given.state[f"{at}.coupling.layers.{n}"] for n in ("2.weight", "2.bias")]
        outputs = hidden @ layers[0].T + layers[1]
        half = outputs.shape[1] // 2
        scale = np.clip(outputs[:, :half], -2, 2)
        changed = values[:, kept:] * np.exp(scale) + outputs[:, half:]
        values = np.concatenate([values[:, :kept], changed], axis=1)
        log_det = log_det + log_scale.sum() + scale.sum(axis=1)
    return values, log_det


def off_diagonal(matrix: Array) -> float:
    width = len(matrix)
    pairs = [matrix[i, j] ** 2 for i in range(width) for j in range(width) if i != j]
    return float(sum(pairs)) / (width * (width - 1))


def contrast(part: Array, kept: Array, crossed: Array, draws: Array, temperature: float) -> float:
    known = (kept >= 0) & (crossed >= 0)
    rows = [i for i in range(len(part)) if known[i]]
    losses = []
    for i in rows:
        partners = [j for j in rows if kept[j] == kept[i] and crossed[j] != crossed[i]]
        if not partners:
            continue
        partner = max(partners, key=lambda j: draws[i, j])
        others = [j for j in rows if kept[j] != kept[i]]

        def nearness(i: int, j: int) -> float:
            return float(np.exp(-((part[i] - part[j]) ** 2).mean() / temperature))

        own = nearness(i, partner)
        losses.append(-np.log(own / (own + sum(nearness(i, j) for j in others))))
    return float(np.mean(losses)) if losses else 0.0
