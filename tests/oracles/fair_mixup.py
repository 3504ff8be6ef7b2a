"""Fair mixup: methods.md 6.5, and 13 (tests with fixed draws); slopes by central differences."""

from itertools import combinations

import numpy as np

from tests.oracles.comparing import blocks, columns
from tests.oracles.given import Array, Given, cross_entropies, log_softmax

CASES = [
    {},
    {"strength": 0.0},
    {"target": "eodds", "min_count": 1},
    {"groups": "per_attribute", "strength": 2.0, "min_count": 1},
    {"variant": "input"},
]
STEP = 1e-6


def terms(given: Given) -> dict[str, float]:
    settings, features = given.settings, given.features()
    ce = cross_entropies(given.run("head", features), given.batch["labels"]).mean()
    if settings["strength"] == 0:
        return {"ce": ce}
    codes, sizes = columns(given), given.group_sizes
    sizes = sizes if settings["groups"] == "per_attribute" else (int(np.prod(sizes)),)
    values = [slope_of(given, codes[:, j], size, features) for j, size in enumerate(sizes)]
    return {"ce": ce, "slope": settings["strength"] * float(np.mean(values))}


def slope_of(given: Given, codes: Array, size: int, features: Array) -> float:
    pair_keys = given.draws.uniform(size * (size - 1) // 2)
    keys, gamma = given.draws.uniform(len(codes)), given.draws.uniform(1)[0]
    found = blocks(given, codes, per_class=given.settings["target"] == "eodds")
    # Pairs of groups that some block compares; the one with the largest key.
    usable = {}
    for (a, b), key in zip(combinations(range(size), 2), pair_keys, strict=True):
        for groups in found:
            present = {int(codes[rows[0]]) for rows in groups}
            if {a, b} <= present:
                usable[key] = (a, b)
    if not usable:
        return 0.0
    first, second = usable[max(usable)]
    matched = []
    for groups in found:
        rows = {int(codes[group[0]]): sorted(group, key=lambda i: keys[i]) for group in groups}
        if first in rows and second in rows:
            matched.append(list(zip(rows[first], rows[second], strict=False)))
    return sum(
        half_slopes(given, features, matched, number, gamma) for number in range(len(matched))
    )


def half_slopes(
    given: Given, features: Array, matched: list[list[tuple[int, int]]], block: int, gamma: float
) -> float:
    """Half the sum over classes of the absolute slopes of one block's mean probabilities."""
    every = [pair for pairs in matched for pair in pairs]
    start = sum(len(pairs) for pairs in matched[:block])
    own = slice(start, start + len(matched[block]))

    def means(place: float) -> Array:
        return probabilities(given, features, every, place)[own].mean(axis=0)

    slopes = (means(gamma + STEP) - means(gamma - STEP)) / (2 * STEP)
    return float(np.abs(slopes).sum() / 2)


def probabilities(
    given: Given, features: Array, pairs: list[tuple[int, int]], place: float
) -> Array:
    """(M', K) of the mixed points, pairs first; pictures share batch normalisation with the samples
    that fill the rows up to half of the batch.
    """
    points = features if given.settings["variant"] == "manifold" else given.batch["images"]
    mixed = [place * points[a] + (1 - place) * points[b] for a, b in pairs]
    if given.settings["variant"] == "manifold":
        return np.exp(log_softmax(given.run("head", np.stack(mixed))))
    firsts = {a for a, _ in pairs}
    others = [i for i in range(len(points)) if i not in firsts]
    mixed += [points[i] for i in others[: max(1, len(points) // 2) - len(pairs)]]
    return np.exp(log_softmax(given.run("head", given.run("trunk", np.stack(mixed)))))
