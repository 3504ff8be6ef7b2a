"""What a perfectly fair classifier would show, and how far the observed score is from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.catalogue import Direction
from reports.metrics.counts import Floats, Ints

#: replicates of a noise floor, and where p is printed to more digits
DRAWS, PRECISE = 2_000, 10_000
#: differences below this are rounding, not evidence
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Floor:
    """Noise floor of statistics of one shape.

    Attributes:
        mean, low, high: mean and 2.5 and 97.5 percentiles of the replicates of a perfectly fair
            classifier; NaN where the statistic is undefined in all of them.
        excess: observed minus `mean`.
        p: share of replicates at least as far from fair as the observed score, the observed one
            counted in; one-sided, but two-sided for signed scores, which are fairest at 0. As
            `excess`, NaN where the observed score is undefined.
        draws: replicates in which the statistic is defined.
    """

    mean: Floats
    low: Floats
    high: Floats
    excess: Floats
    p: Floats
    draws: Ints


def floor_of(observed: Floats, replicated: Floats, direction: Direction) -> Floor:
    """Noise floor of seed-averaged statistics.

    Replicates in which a statistic is undefined are left out of its floor.

    Args:
        observed: (...), as (P, E).
        replicated: (B, ...), averaged over the seeds as the observed one is.
        direction: what is fair: `higher`, `lower`, or `zero`.
    Source: metrics.md 6.3.
    """
    defined = ~np.isnan(replicated)
    usable, number = defined.any(0), defined.sum(0)
    mean, low, high, p = (np.full(observed.shape, np.nan) for _ in range(4))
    np.divide(np.where(defined, replicated, 0).sum(0), number, out=mean, where=usable)
    far = (unfairness(replicated, direction) >= unfairness(observed, direction) - TIE).sum(0)
    np.divide(1 + far, 1 + number, out=p, where=usable & ~np.isnan(observed))
    whole = usable & (number == len(replicated))
    low[whole], high[whole] = np.percentile(replicated[:, whole], [2.5, 97.5], axis=0)
    for at in map(tuple, np.argwhere(usable & ~whole)):
        column = replicated[:, *at]
        low[at], high[at] = np.percentile(column[defined[:, *at]], [2.5, 97.5])
    return Floor(mean, low, high, observed - mean, p, number)


def unfairness(values: Floats, direction: Direction) -> Floats:
    """The values turned so that higher is less fair."""
    match direction:
        case "higher":
            return -values
        case "lower":
            return values
        case "zero":
            return np.abs(values)
