"""Which columns of a design say something that the columns before them do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular  # type: ignore[import-untyped]

Floats = NDArray[np.float64]

#: share of a column's spread that must not follow from the columns before it
TOLERANCE = 1e-10
#: rows centred at a time, so that no second design is held in memory
CHUNK = 65_536


def independent_columns(design: Floats) -> NDArray[np.bool_]:
    """(P,) True for each column that is no linear combination of those before it.

    The first column is the intercept: columns are compared by their spread about the mean, so a
    constant one is dependent. Without rows only the intercept remains.

    Args:
        design: (N, P), its first column all ones.
    """
    spread = _spread(design)
    own = np.diag(spread)
    means = np.abs(design).mean(axis=0) if len(design) else np.zeros(len(own))
    kept: list[int] = []
    factor = np.zeros((len(own), len(own)))
    independent = np.zeros(len(own), bool)
    independent[0] = True
    for column in range(1, len(own)):
        if own[column] <= len(design) * (TOLERANCE * means[column]) ** 2:
            continue
        size = len(kept)
        shared = solve_triangular(factor[:size, :size], spread[kept, column], lower=True)
        rest = own[column] - shared @ shared
        if rest > TOLERANCE * own[column]:
            factor[size, :size], factor[size, size] = shared, np.sqrt(rest)
            kept.append(column)
            independent[column] = True
    return independent


def _spread(design: Floats) -> Floats:
    """(P, P) sums of squares and products about the means."""
    total = np.zeros((design.shape[1], design.shape[1]))
    if not len(design):
        return total
    means = design.mean(axis=0)
    for start in range(0, len(design), CHUNK):
        part = design[start : start + CHUNK] - means
        total += part.T @ part
    return total
