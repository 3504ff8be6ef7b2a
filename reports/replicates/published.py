"""Noise floors of published scores, of which only group sizes and pooled accuracies are known.

One run is simulated; means over several runs that make the same mistakes have the same floor.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import multivariate_hypergeom  # type: ignore[import-untyped]

from reports.catalogue import Direction
from reports.errors import ReportError
from reports.metrics.counts import Floats, Ints
from reports.replicates.floor import TIE, Floor, floor_of, unfairness

Compare = Literal["ratio", "gap", "worst"]
Model = Literal["binomial", "hypergeometric"]
#: tables that an exact floor may enumerate
MOST_TABLES = 1_000_000
_DIRECTION: dict[Compare, Direction] = {"ratio": "higher", "gap": "lower", "worst": "higher"}


def published_floor(
    sizes: ArrayLike,
    accuracies: ArrayLike,
    *,
    draws: int,
    generator: np.random.Generator,
    score: Literal["accuracy", "recalls"] = "accuracy",
    compare: Compare = "ratio",
    model: Model = "binomial",
    observed: float = float("nan"),
) -> Floor:
    """Noise floor of a score between groups, from published numbers only; arrays of shape ().

    Args:
        sizes: (G,) test samples of each group, or (G, C) of each group and class.
        accuracies: the pooled accuracy in [0, 1], or (C,) pooled recalls of the classes.
        draws: simulated test results.
        generator: random numbers.
        score: groups are compared by the share of all their samples that is correct
            (`accuracy`), or by the mean recall of the classes that all groups have (`recalls`).
        compare: lowest / highest (`ratio`), highest - lowest (`gap`) or lowest (`worst`).
        model: correct samples of a group and class are drawn independently (`binomial`), or
            share out the pooled number of correct samples, rounded (`hypergeometric`).
        observed: published score as a fraction. NaN where none is printed: `excess` and `p` are
            then NaN.

    Returns:
        NaN with fewer than two groups that have samples, or where nobody is ever correct.

    Raises:
        ReportError: sizes and accuracies do not fit together.
    Source: metrics.md 6.4 (d).
    """
    n, p = _checked(sizes, accuracies)
    correct = _correct(n, p, model, draws, generator)
    values = _compared(_rates(correct, n, score), compare)
    return floor_of(np.asarray(observed), values, _DIRECTION[compare])


def exact_floor(
    sizes: ArrayLike, correct: int, *, compare: Compare = "ratio", observed: float = float("nan")
) -> Floor:
    """Noise floor of one class, or of accuracy, by enumeration; arrays of shape ().

    The pooled number of correct samples is shared out among the groups at random: what
    `published_floor` with the model `hypergeometric` simulates. `p` is the exact probability of a
    score at least as unfair; `draws` is the number of tables.

    Args:
        sizes: (G,) test samples of each group.
        correct: samples predicted correctly, of all groups together.
        compare: as in `published_floor`.
        observed: score as a fraction, or NaN.

    Raises:
        ReportError: more than a million tables, or more correct samples than samples.
    Source: metrics.md 6.4 (e).
    """
    n = np.asarray(sizes, dtype=np.int64)
    if not 0 <= correct <= n.sum():
        raise ReportError(f"{correct} of {n.sum()} samples cannot be correct; give 0 to {n.sum()}")
    if np.prod(n + 1.0) > MOST_TABLES:
        raise ReportError(
            f"groups of {n.tolist()} samples have too many tables to enumerate; use published_floor"
        )
    grid = np.stack(np.meshgrid(*(np.arange(size + 1) for size in n[:-1]), indexing="ij"), -1)
    first = grid.reshape(-1, len(n) - 1)
    last = correct - first.sum(1)
    possible = (last >= 0) & (last <= n[-1])
    tables = np.column_stack([first, last])[possible]
    weights = multivariate_hypergeom.pmf(tables, n, correct)
    values = _compared(_rates(tables[..., None], n[:, None], "accuracy"), compare)
    return _weighted_floor(values, weights, observed, compare)


def _checked(sizes: ArrayLike, accuracies: ArrayLike) -> tuple[Ints, Floats]:
    """(G, C) sizes and (C,) accuracies."""
    n, p = np.asarray(sizes, dtype=np.int64), np.atleast_1d(np.asarray(accuracies, dtype=float))
    n = n[:, None] if n.ndim == 1 else n
    if n.ndim != 2 or p.shape != n.shape[1:]:
        raise ReportError(
            f"sizes of shape {n.shape} and accuracies of shape {p.shape} do not fit; give one "
            "accuracy a class"
        )
    if n.size == 0 or n.min() < 0 or not ((p >= 0) & (p <= 1)).all():
        raise ReportError("sizes must be counts, and accuracies fractions between 0 and 1")
    return n, p


def _correct(n: Ints, p: Floats, model: Model, draws: int, generator: np.random.Generator) -> Ints:
    """(B, G, C) correct samples."""
    if model == "binomial":
        return generator.binomial(n, p, (draws, *n.shape))
    pooled = np.rint(p * n.sum(0)).astype(np.int64)
    columns = [
        generator.multivariate_hypergeometric(n[:, c], pooled[c], size=draws)
        for c in range(n.shape[1])
    ]
    return np.stack(columns, axis=-1)


def _rates(correct: Ints, n: Ints, score: Literal["accuracy", "recalls"]) -> Floats:
    """(B, G) rates of the groups that have samples."""
    present = n.sum(1) > 0
    n, correct = n[present], correct[:, present]
    if score == "accuracy":
        accuracy: Floats = correct.sum(-1) / n.sum(-1)
        return accuracy
    common = (n > 0).all(0)
    if not common.any():
        return np.zeros((len(correct), 0))
    recalls: Floats = (correct[:, :, common] / n[:, common]).mean(-1)
    return recalls


def _compared(rates: Floats, compare: Compare) -> Floats:
    """(B,) scores."""
    if rates.shape[1] < 2:
        return np.full(len(rates), np.nan)
    low: Floats = rates.min(1)
    high: Floats = rates.max(1)
    match compare:
        case "ratio":
            ratio = np.full(len(rates), np.nan)
            np.divide(low, high, out=ratio, where=high > 0)
            return ratio
        case "gap":
            return high - low
        case "worst":
            return low


def _weighted_floor(values: Floats, weights: Floats, observed: float, compare: Compare) -> Floor:
    """The floor of a distribution that is known: `values` with probabilities `weights`."""
    defined = ~np.isnan(values) & (weights > 0)
    if not defined.any():
        return floor_of(np.asarray(observed), np.full(1, np.nan), _DIRECTION[compare])
    order = np.argsort(values[defined])
    ordered = values[defined][order]
    weight = weights[defined][order] / weights[defined].sum()
    mean = float(ordered @ weight)
    ends = np.searchsorted(np.cumsum(weight), [0.025, 0.975]).clip(max=len(ordered) - 1)
    direction = _DIRECTION[compare]
    far = unfairness(ordered, direction) >= unfairness(np.asarray(observed), direction) - TIE
    p = np.nan if np.isnan(observed) else min(1.0, float(weight[far].sum()))
    return Floor(
        mean=np.asarray(mean),
        low=np.asarray(ordered[ends[0]]),
        high=np.asarray(ordered[ends[1]]),
        excess=np.asarray(observed - mean),
        p=np.asarray(p),
        draws=np.asarray(len(ordered)),
    )
