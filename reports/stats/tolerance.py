"""Whether new numbers still are the old ones: exact, by flipped predictions, by equivalence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats  # type: ignore[import-untyped]

Verdict = Literal["equivalent", "different", "inconclusive"]

#: how far a metric may move between environments (metrics.md 13)
MARGIN_PERFORMANCE, MARGIN_FAIRNESS = 0.01, 0.02
FALSE_ALARMS = 0.01


def equal_exact(new: float, old: float, *, is_p: bool = False) -> bool:
    """Whether two numbers of the same code agree: 1e-12 + 1e-9 |old|, 1e-6 relative for a p.

    Two undefined numbers agree; an undefined and a defined one do not.

    Source: metrics.md 13, tier A.
    """
    if math.isnan(new) or math.isnan(old):
        return math.isnan(new) and math.isnan(old)
    allowed = 1e-6 * abs(old) if is_p else 1e-12 + 1e-9 * abs(old)
    return abs(new - old) <= allowed


def flipped_share(new: ArrayLike, old: ArrayLike) -> float:
    """Share of samples whose predicted class changed; 1 where the numbers of samples differ."""
    first, second = np.asarray(new), np.asarray(old)
    if first.shape != second.shape:
        return 1.0
    return float(np.mean(first != second)) if first.size else 0.0


@dataclass(frozen=True)
class Equivalence:
    """Comparison of new seeds with reference seeds.

    Attributes:
        difference: mean of the new less mean of the reference.
        low, high: 90 % limits (two one-sided tests at 5 %).
        verdict: `equivalent` inside the margin, `different` outside, else `inconclusive`.
        alarm: the difference is larger than chance alone makes it once in a hundred jobs.
    """

    difference: float
    low: float
    high: float
    verdict: Verdict
    alarm: bool


def equivalence(
    new: ArrayLike, reference: ArrayLike, margin: float, *, checks: int = 1
) -> Equivalence:
    """Welch's two one-sided tests of new against reference seeds.

    Args:
        new, reference: at least two values each, none undefined.
        margin: difference that does not matter, above 0; never taken below the standard error of
            the reference.
        checks: comparisons of the whole job, among which one false alarm in a hundred is shared.

    Source: metrics.md 13, tier C.
    """
    z, x = np.asarray(new, np.float64), np.asarray(reference, np.float64)
    difference = float(z.mean() - x.mean())
    parts = [float(v.var(ddof=1)) / len(v) for v in (z, x)]
    se = math.sqrt(sum(parts))
    margin = max(margin, math.sqrt(parts[1]))
    half = _welch(parts, (len(z), len(x))) * se if se > 0 else 0.0
    low, high = difference - half, difference + half
    verdict: Verdict = "inconclusive"
    if -margin < low and high < margin:
        verdict = "equivalent"
    elif low > margin or high < -margin:
        verdict = "different"
    sd = float(x.std(ddof=1))
    factor = float(stats.t.ppf(1 - FALSE_ALARMS / checks / 2, len(x) - 1))
    limit = factor * sd * math.sqrt(1 / len(x) + 1 / len(z))
    alarm = abs(difference) > max(limit, 1e-12)
    return Equivalence(difference, low, high, verdict, alarm)


def _welch(parts: list[float], sizes: tuple[int, int]) -> float:
    """95 % quantile of t with Welch's degrees of freedom."""
    dof = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, sizes, strict=True))
    return float(stats.t.ppf(0.95, dof))
