"""The smallest difference of two rates that two groups of these sizes can show."""

from __future__ import annotations

import math

from scipy.special import ndtri  # type: ignore[import-untyped]


def detectable_rates(
    n1: int, n2: int, p1: float, *, alpha: float = 0.05, power: float = 0.8
) -> tuple[float, float]:
    """Rates below and above p1 that differ from it detectably, by the arcsine form.

    Args:
        n1: samples of the first group.
        n2: samples of the second.
        p1: rate of the first.
        alpha: two-sided level of the test.
        power: chance of finding the difference.

    Returns:
        (lower, upper) rate of the second group; NaN where none in [0, 1] is far enough, or a group
        is empty.

    Source: metrics.md 8.4; Cohen 1988.
    """
    if min(n1, n2) < 1 or not 0 <= p1 <= 1:
        return math.nan, math.nan
    h = float(ndtri(1 - alpha / 2) + ndtri(power)) * math.sqrt(1 / n1 + 1 / n2)
    here = math.asin(math.sqrt(p1))
    return _rate(here - h / 2), _rate(here + h / 2)


def _rate(angle: float) -> float:
    return math.sin(angle) ** 2 if 0 <= angle <= math.pi / 2 else math.nan
