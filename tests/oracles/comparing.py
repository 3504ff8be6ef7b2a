"""Groups that are compared in a batch: methods.md 1.3, absence rule."""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from tests.oracles.given import Array, Given


def columns(given: Given) -> Array:
    """(B, H) codes of the targets under the setting `groups`."""
    if given.settings["groups"] == "per_attribute":
        return given.batch["attributes"]
    return given.batch["groups"][:, None]


def compared(codes: Array, min_count: int, inside: Array | None = None) -> list[Array]:
    """Rows of each compared group, by code; empty where there are not two."""
    inside = np.ones(len(codes), dtype=bool) if inside is None else inside
    found = []
    for code in sorted(set(codes[codes >= 0])):
        rows = np.flatnonzero((codes == code) & inside)
        if len(rows) >= min_count:
            found.append(rows)
    return found if len(found) >= 2 else []


def blocks(given: Given, codes: Array, *, per_class: bool) -> list[list[Array]]:
    """Compared groups of the whole batch, or of each class in turn."""
    least = given.settings["min_count"]
    if not per_class:
        return [compared(codes, least)]
    labels = given.batch["labels"]
    return [compared(codes, least, labels == y) for y in range(given.num_classes)]


def over_targets(given: Given, term: Callable[[Array], float]) -> float:
    """Mean over the targets of the term of their (B,) codes."""
    codes = columns(given)
    return float(np.mean([term(codes[:, j]) for j in range(codes.shape[1])]))


def pairs(groups: list[Array]) -> Iterator[tuple[Array, Array]]:
    return combinations(groups, 2)


def mean_over_blocks(found: list[list[Array]], statistic: Callable[[Array, Array], float]) -> float:
    """Mean over blocks with groups, of the mean over pairs of groups, of a statistic of rows."""
    values = [np.mean([statistic(a, b) for a, b in pairs(groups)]) for groups in found if groups]
    return float(np.mean(values)) if values else 0.0


def median_distance(points: Array, rows: list[int]) -> float:
    """Lower median of the squared distances between different rows; 1 where there is none."""
    distances = sorted(
        float(((points[i] - points[j]) ** 2).sum()) for i, j in combinations(rows, 2)
    )
    return distances[(len(distances) - 1) // 2] if distances else 1.0
