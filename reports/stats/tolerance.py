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

    Args:
        new: number of this version.
        old: number it is compared with, whose size sets the tolerance.
        is_p: whether they are p values.

    Source: metrics.md 13, tier A.
    """
    if math.isnan(new) or math.isnan(old):
        return math.isnan(new) and math.isnan(old)
    if new == old:
        return True  # also infinite ones
    allowed = 1e-6 * abs(old) if is_p else 1e-12 + 1e-9 * abs(old)
    return math.isfinite(old) and abs(new - old) <= allowed


def equal_simulated(new: float, old: float, standard_error: float) -> bool:
    """Whether two Monte-Carlo numbers agree: within five standard errors of their simulation.

    For library versions that draw otherwise; on the same versions a fixed generator gives equal
    numbers.

    Args:
        new: number of this version.
        old: number it is compared with.
        standard_error: Monte-Carlo error of one of them, at least 0.

    Source: metrics.md 13, tier A.
    """
    return equal_exact(new, old) or abs(new - old) <= 5 * standard_error


def flipped_share(new: ArrayLike, old: ArrayLike) -> float:
    """Share of samples whose predicted class changed; 1 where the numbers of samples differ.

    Args:
        new: (N,) predicted classes.
        old: (N,) those they are compared with.

    Source: metrics.md 13, tier B.
    """
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
        verdict: `equivalent` if the limits lie inside the margin, `different` if both lie beyond
            the same side, else `inconclusive`: more seeds are needed.
        alarm: the difference is larger than chance alone makes it once in a hundred jobs.
        margin: the margin that was used.
    """

    difference: float
    low: float
    high: float
    verdict: Verdict
    alarm: bool
    margin: float

    @property
    def outside(self) -> bool:
        """Whether the difference itself exceeds the margin: decides where seeds have run out."""
        return abs(self.difference) > self.margin


def equivalence(
    new: ArrayLike, reference: ArrayLike, margin: float, *, checks: int = 1
) -> Equivalence:
    """Welch's two one-sided tests of new against reference seeds.

    Fewer than two defined values on a side are inconclusive, with limits of NaN. A metric that must
    not get worse but may get better asks for `low > -margin` (higher better) alone, at 5 %.

    Args:
        new: (S,) values of new seeds; NaN is left out.
        reference: (R,) values of the reference seeds.
        margin: difference that does not matter, above 0; never taken below the standard error of
            the reference.
        checks: comparisons of the whole job, among which one false alarm in a hundred is shared.

    Source: metrics.md 13, tier C.
    """
    z, x = (v[~np.isnan(v)] for v in (np.asarray(new, float), np.asarray(reference, float)))
    if min(len(z), len(x)) < 2:
        difference = float(z.mean() - x.mean()) if len(z) and len(x) else math.nan
        return Equivalence(difference, math.nan, math.nan, "inconclusive", False, margin)
    difference = float(z.mean() - x.mean())
    parts = [float(v.var(ddof=1)) / len(v) for v in (z, x)]
    se = math.sqrt(sum(parts))
    margin = max(margin, math.sqrt(parts[1]))
    half = _welch(parts, (len(z), len(x))) * se if se > 0 else 0.0
    low, high = difference - half, difference + half
    verdict: Verdict = "inconclusive"
    if -margin < low and high < margin:
        verdict = "equivalent"
    elif low >= margin or high <= -margin:
        verdict = "different"
    sd = float(x.std(ddof=1))
    factor = float(stats.t.ppf(1 - FALSE_ALARMS / checks / 2, len(x) - 1))
    limit = factor * sd * math.sqrt(1 / len(x) + 1 / len(z))
    # Without spread in the reference any change is one, but not the rounding of a mean.
    alarm = abs(difference) > max(limit, 1e-12)
    return Equivalence(difference, low, high, verdict, alarm, margin)


def _welch(parts: list[float], sizes: tuple[int, int]) -> float:
    """95 % quantile of t with Welch's degrees of freedom."""
    dof = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, sizes, strict=True))
    return float(stats.t.ppf(0.95, dof))
