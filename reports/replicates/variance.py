"""Variance between groups' rates, freed of the variance that sampling alone gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from reports.metrics.counts import Floats


@dataclass(frozen=True)
class BetweenGroups:
    """Variance between groups; all NaN where fewer than two groups count.

    Attributes:
        uncorrected: sample variance of the groups' rates, at least 0.
        corrected: the same less the mean sampling variance, unbiased, possibly negative, at most
            0.5 (two groups with rates 0 and 1).
        low, high: 95 % interval of the doubly corrected bootstrap.
        groups: groups that count, those of at least two samples.
    """

    uncorrected: float = math.nan
    corrected: float = math.nan
    low: float = math.nan
    high: float = math.nan
    groups: int = 0


def between_group_variance(
    correct: ArrayLike,
    n: ArrayLike,
    *,
    draws: int,
    generator: np.random.Generator,
    variant: Literal["unbiased", "published"] = "unbiased",
) -> BetweenGroups:
    """Variance between the groups' rates, corrected for the sizes of the groups.

    Args:
        correct: (G,) correct samples of each group (or of one class in it); means over seeds need
            not be whole.
        n: (G,) samples; groups of fewer than two are left out.
        draws: bootstrap replicates.
        generator: random numbers.
        variant: `unbiased` divides by n - 1, exactly unbiased; `published` divides by n, as the
            authors' code does.

    Returns:
        NaN where fewer than two groups have two samples.
    Source: metrics.md 6.6; Lum, Zhang and Bower 2022.
    """
    x, size = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.int64)
    x, size = x[size >= 2], size[size >= 2]
    if len(size) < 2:
        return BetweenGroups(groups=len(size))
    rates = x / size
    uncorrected = float(rates.var(ddof=1))
    drawn = generator.binomial(size, np.clip(rates, 0.0, 1.0), (draws, len(size))) / size
    spread = drawn.var(axis=1, ddof=1)
    sampling = _sampling_variance(drawn, size, variant)
    if variant == "unbiased":
        twice = (sampling * (2 * size - 1) / (size - 1)).mean(1)
    else:
        twice = 2 * sampling.mean(1) - (sampling / size).mean(1)
    low, high = np.percentile(spread - twice, [2.5, 97.5]).tolist()
    corrected = uncorrected - float(_sampling_variance(rates, size, variant).mean())
    return BetweenGroups(uncorrected, corrected, low, high, len(size))


def _sampling_variance(
    rates: Floats, size: np.ndarray[tuple[int, ...], np.dtype[np.int64]], variant: str
) -> Floats:
    divisor = size - 1 if variant == "unbiased" else size
    variance: Floats = rates * (1 - rates) / divisor
    return variance
