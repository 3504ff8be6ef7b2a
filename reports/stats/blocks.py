"""Methods over several data sets: ranks, Friedman's test, critical differences.

Blocks are data sets. Seeds are no blocks, nor are attributes of the same test images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc  # type: ignore[import-untyped]

from reports.stats.outcome import Outcome

Floats = NDArray[np.float64]

FEWEST_BLOCKS = 5
DECIMALS = 12
TOO_FEW = "too few data sets for a rank test"
TIED = "all methods tie on every data set"


@dataclass(frozen=True, eq=False)
class Ranking:
    """Ranks of k methods over N blocks.

    Attributes:
        mean_ranks: (k,) 1 is best; ties share their ranks.
        friedman: chi-square with tie correction, k - 1 degrees of freedom.
        iman_davenport: its F form, the better calibrated of the two; the second degrees of freedom
            are (k - 1) (N - 1).
    """

    mean_ranks: Floats
    friedman: Outcome
    iman_davenport: Outcome


def ranking(scores: ArrayLike) -> Ranking:
    """Mean ranks and Friedman's test of (N, k) scores, higher better; blocks with NaN are left out.

    Fewer than five blocks, or fewer than three methods, give ranks without a test. Scores that
    differ by rounding only tie.

    Source: metrics.md 8.2; Friedman 1937; Iman and Davenport 1980; Demsar 2006.
    """
    table = np.asarray(scores, dtype=np.float64)
    table = table[~np.isnan(table).any(axis=1)]
    blocks, k = table.shape
    if not blocks:
        nothing = Outcome(reason=TOO_FEW)
        return Ranking(np.full(k, np.nan), nothing, nothing)
    # Means of equal numbers in another order differ in the last bit, and are no better for it.
    ranks = pd.DataFrame(-np.round(table, DECIMALS)).rank(axis=1).to_numpy()
    mean = ranks.mean(axis=0)
    if blocks < FEWEST_BLOCKS or k < 3:
        reason = TOO_FEW if blocks < FEWEST_BLOCKS else "fewer than three methods"
        nothing = Outcome(n=blocks, reason=reason)
        return Ranking(mean, nothing, nothing)
    return Ranking(mean, *_tests(ranks))


def _tests(ranks: Floats) -> tuple[Outcome, Outcome]:
    blocks, k = ranks.shape
    # With ties the squared ranks vary less; this is the chi-square divided by its tie correction.
    spread = float((ranks**2).sum()) - blocks * k * (k + 1) ** 2 / 4
    if spread <= 1e-12:
        return Outcome(n=blocks, reason=TIED), Outcome(n=blocks, reason=TIED)
    between = float(((ranks.sum(axis=0) - blocks * (k + 1) / 2) ** 2).sum())
    statistic = (k - 1) * between / spread
    friedman = Outcome(statistic, k - 1, float(chdtrc(k - 1, statistic)), blocks)
    left = blocks * (k - 1) - statistic
    if left <= 1e-9:
        # All blocks agree: F is infinite and its p 0, which no number of blocks can prove.
        return friedman, Outcome(n=blocks, reason="all data sets rank alike: F is infinite")
    f = (blocks - 1) * statistic / left
    dof = (k - 1) * (blocks - 1)
    return friedman, Outcome(f, k - 1, float(fdtrc(k - 1, dof, f)), blocks)


def critical_difference(k: int, blocks: int, alpha: float = 0.05) -> float:
    """Difference of mean ranks from which two of k methods differ (Nemenyi).

    NaN below five blocks or two methods.

    Source: Demsar 2006; q is the studentised range quantile over the square root of 2.
    """
    if blocks < FEWEST_BLOCKS or k < 2:
        return math.nan
    # Slow to import, and few reports are of so many data sets.
    from scipy.stats import studentized_range  # type: ignore[import-untyped]

    q = float(studentized_range.ppf(1 - alpha, k, np.inf)) / math.sqrt(2)
    return q * math.sqrt(k * (k + 1) / (6 * blocks))


def cliques(mean_ranks: ArrayLike, difference: float) -> list[tuple[int, ...]]:
    """Maximal groups of two or more methods whose mean ranks differ less than critically.

    Args:
        mean_ranks: (k,) ranks.
        difference: critical difference; NaN gives no group.

    Returns:
        Groups of places in `mean_ranks`, from the best ranks down, each in the order of its ranks.
    """
    ranks = np.asarray(mean_ranks, dtype=np.float64)
    order = np.argsort(ranks, kind="stable")
    found: list[tuple[int, ...]] = []
    reached = 0
    for start in range(len(order)):
        inside = ranks[order[start:]] - ranks[order[start]] < difference
        stop = start + int(inside.sum())
        if stop - start > 1 and stop > reached:
            found.append(tuple(int(place) for place in order[start:stop]))
            reached = stop
    return found
