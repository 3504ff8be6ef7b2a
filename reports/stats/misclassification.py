"""Proportions in groups that a classifier guessed, corrected for its errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reports.errors import ReportError
from reports.stats.outcome import Estimate

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

#: a solution this little below 0, as a share of all images, is rounding
ROUNDING = 1e-9
#: bootstrap samples that may lack a value before the interval's ends are in doubt
MAX_UNDEFINED = 0.025
#: beyond this condition number the solution is nothing but rounding
MAX_CONDITION = 1e8

NO_IMAGES = "no images"
EMPTY = "nobody in this group"
SINGULAR = "the confusion matrix cannot be inverted"
NEGATIVE = "the counts contradict the confusion matrix"
UNSTABLE = "too few images for a correction"


def corrected_proportions(
    counts: Codes, confusion: Floats, generator: np.random.Generator, *, draws: int = 1000
) -> tuple[tuple[Estimate, ...], str]:
    """Share with the label in each true group, from counts in guessed groups.

    Solves, for images without and with the label, "true counts sorted by the classifier's errors
    give the counts seen". That supposes that the classifier errs on these images as on those its
    confusion matrix was measured on, and equally often with and without the label. The interval
    is a percentile bootstrap over the images; the confusion matrix is taken as known exactly.

    Args:
        counts: (G, 2) images without and with the label in each guessed group.
        confusion: (G, G) P(guessed column | true row); rows sum to 1.
        generator: source of the bootstrap.
        draws: bootstrap samples.

    Returns:
        G estimates in [0, 1], and the reason why all are undefined (or an empty text): a matrix
        that cannot be inverted, or a solution with negative counts, which is never clipped. A
        single group is undefined where nobody belongs to it, or where more than 2.5 % of the
        bootstrap samples leave nobody in it.

    Raises:
        ReportError: the matrix does not fit the counts, or is not one of probabilities.

    Source: metrics.md 10.11; Rogan & Gladen 1978; Barron 1977.
    """
    _check(counts, confusion)
    total = int(counts.sum())
    if total == 0:
        return _undefined(len(counts), NO_IMAGES)
    if np.linalg.cond(confusion) > MAX_CONDITION:
        return _undefined(len(counts), SINGULAR)
    true = np.linalg.solve(confusion.T, counts.astype(np.float64))
    if true.min() < -ROUNDING * total:
        return _undefined(len(counts), NEGATIVE)
    drawn = generator.multinomial(total, counts.ravel() / total, size=draws)
    sorted_out = np.linalg.solve(confusion.T, drawn.reshape(draws, *counts.shape).astype(float))
    estimates = (
        _estimate(true[group].clip(0), sorted_out[:, group], ROUNDING * total)
        for group in range(len(counts))
    )
    return tuple(estimates), ""


def _estimate(true: Floats, drawn: Floats, rounding: float) -> Estimate:
    """Share of one group from its counts (2,) and those of the bootstrap samples (B, 2)."""
    size = float(true.sum())
    if size <= rounding:
        return Estimate(reason=EMPTY)
    sizes = drawn.sum(axis=1)
    # shares outside 0..1 stay in: leaving them out would narrow the interval
    shares = drawn[sizes > rounding, 1] / sizes[sizes > rounding]
    if len(shares) < (1 - MAX_UNDEFINED) * len(drawn):
        return Estimate(reason=UNSTABLE)
    low, high = np.clip(np.percentile(shares, [2.5, 97.5]), 0, 1)
    return Estimate(float(true[1] / size), float(low), float(high))


def _undefined(num_groups: int, reason: str) -> tuple[tuple[Estimate, ...], str]:
    return (Estimate(reason=reason),) * num_groups, reason


def _check(counts: Codes, confusion: Floats) -> None:
    size = len(counts)
    if confusion.shape != (size, size):
        raise ReportError(
            f"the confusion matrix is {' x '.join(map(str, confusion.shape))} but there are {size} "
            "groups; give one row and one column a group"
        )
    sound = np.isfinite(confusion).all() and (confusion >= 0).all()
    if not sound or np.abs(confusion.sum(axis=1) - 1).max() > 1e-6:
        raise ReportError(
            "a row of the confusion matrix does not sum to 1; give P(guessed group | true group), "
            "one row a true group"
        )
