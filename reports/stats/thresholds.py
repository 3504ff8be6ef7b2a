"""Cut points that turn a score into a yes or no."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reports.errors import ReportError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def best_threshold(score: ArrayLike, truth: ArrayLike) -> float:
    """The threshold with the most right answers, where yes is a score at or above it.

    Candidates are -inf (everybody), the midpoints between neighbouring distinct scores and inf
    (nobody). Of equally good ones that nearest to 0.5 is taken, then the smallest; infinite ones
    last, -inf before inf.

    Args:
        score: (N,) finite or NaN; rows with NaN are left out.
        truth: (N,) 0/1.

    Returns:
        NaN without rows.

    Raises:
        ReportError: a score is infinite.

    Source: metrics.md 5; O(N log N).
    """
    known, flags = measured(score, truth)
    if len(known) == 0:
        return float("nan")
    candidates = candidate_thresholds(known)
    positives, passed = passing(known, flags, candidates)
    # right answers: positives that pass, and negatives that do not
    right = 2 * positives - passed + (len(flags) - int(flags.sum()))
    best = candidates[right == right.max()]
    return float(min(best, key=lambda threshold: (abs(threshold - 0.5), threshold)))


def prevalence_threshold(score: ArrayLike, truth: ArrayLike) -> float:
    """The score above which as many rows lie as are truly positive; yes is a score *above* it.

    With m positives that is the score at place m (from 0) of the falling order; ties at it make
    fewer rows positive. -inf where everybody is positive.

    Args:
        score: (N,) finite or NaN; rows with NaN are left out.
        truth: (N,) 0/1.

    Returns:
        NaN without rows.

    Raises:
        ReportError: a score is infinite.

    Source: metrics.md 5, as in the code of Chen & Joo 2021.
    """
    known, flags = measured(score, truth)
    if len(known) == 0:
        return float("nan")
    positives = int(flags.sum())
    if positives == len(known):
        return float("-inf")
    return float(np.sort(known)[::-1][positives])


def measured(score: ArrayLike, truth: ArrayLike) -> tuple[Floats, Flags]:
    """Scores and truths of the rows that have a score.

    Raises:
        ReportError: a score is infinite.
    """
    values = np.asarray(score, dtype=np.float64)
    if np.isinf(values).any():
        raise ReportError("a score is infinite; give finite scores, or leave them empty")
    known = ~np.isnan(values)
    return values[known], np.asarray(truth)[known].astype(np.bool_)


def candidate_thresholds(score: Floats) -> Floats:
    """-inf, a point between each two neighbouring distinct scores, inf; rising."""
    distinct = np.unique(score)
    below, above = distinct[:-1], distinct[1:]
    middle = below / 2 + above / 2
    # between neighbouring numbers there is none: the upper one still tells them apart
    middle = np.where(middle > below, middle, above)
    return np.concatenate([[-np.inf], middle, [np.inf]])


def passing(score: Floats, truth: Flags, thresholds: Floats) -> tuple[Floats, Floats]:
    """Positives, and rows in all, that have a score at or above each threshold.

    Args:
        score: (N,) finite.
        truth: (N,).
        thresholds: (T,).

    Returns:
        Two (T,) counts.
    """
    order = np.argsort(score, kind="stable")
    places = np.searchsorted(score[order], thresholds, side="left")
    hits = np.concatenate([[0], np.cumsum(truth[order])])
    positives = (hits[-1] - hits[places]).astype(np.float64)
    return positives, (len(score) - places).astype(np.float64)
