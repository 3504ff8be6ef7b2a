"""Power of two-sided tests, and the smallest effect that they find.

Two groups a and b with proportions p_a and p_b differ by d. Where a common proportion p is given
instead, it is the size-weighted mean: p_a = p + d n_b / n and p_b = p - d n_a / n, so that
(n_a p_a + n_b p_b) / n = p whatever d; d < 0 is the same with b higher.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq  # type: ignore[import-untyped]
from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]
from scipy.stats import chi2  # type: ignore[import-untyped]

from reports.stats.effect_size import noncentrality

Floats = NDArray[np.float64]


def power_of_difference(
    n_a: float, n_b: float, p_a: float, p_b: float, alpha: float = 0.05
) -> float:
    """Probability that Pearson's test (no Yates) of a 2 x 2 table finds p_a unlike p_b.

    Normal formula: the variance of the difference is pooled under the null hypothesis and unpooled
    under the alternative; both tails count, so equal proportions give `alpha`.

    Returns:
        In [0, 1]; NaN where a group is empty, a proportion is missing or outside [0, 1], or
        both are 0 or both 1.
    Source: Fleiss, Levin and Paik 2003, section 4.2, without continuity correction.
    """
    return power_of_common_difference(((n_a, n_b),), ((p_a, p_b),), alpha)


def power_of_common_difference(sizes: ArrayLike, p: ArrayLike, alpha: float = 0.05) -> float:
    """Probability that the test of Cochran, Mantel and Haenszel finds two groups to differ.

    The test sums the differences of proportions over strata with weights w = n_a n_b / n. Under
    the null hypothesis the sum has the variance sum w q (1 - q), where q is the size-weighted mean
    proportion of a stratum (the hypergeometric variance, averaged over the margins); under the
    alternative sum w^2 (p_a (1 - p_a) / n_a + p_b (1 - p_b) / n_b). With one stratum it is
    `power_of_difference`.

    Args:
        sizes: (H, 2) images of the two groups in each stratum.
        p: (H, 2) their proportions.
        alpha: level of the two-sided test.

    Returns:
        In [0, 1]; strata that lack a group, or where everybody or nobody has the label, tell
        nothing and are left out; NaN without any other, or where a `p` is not in [0, 1].
    """
    sizes, p = np.asarray(sizes, dtype=np.float64), np.asarray(p, dtype=np.float64)
    sizes, p = sizes[(sizes > 0).all(axis=1)], p[(sizes > 0).all(axis=1)]
    if not ((p >= 0) & (p <= 1)).all():
        return math.nan
    n = sizes.sum(axis=1)
    mean = (sizes * p).sum(axis=1) / n
    weight = sizes.prod(axis=1) / n
    null = float((weight * mean * (1 - mean)).sum())
    if not null > 0:
        return math.nan
    difference = float((weight * (p[:, 0] - p[:, 1])).sum())
    variance = float((weight[:, None] ** 2 * p * (1 - p) / sizes).sum())
    bound = -float(ndtri(alpha / 2)) * math.sqrt(null)
    if variance == 0:
        return float(abs(difference) > bound)
    spread = math.sqrt(variance)
    return float(ndtr((difference - bound) / spread) + ndtr((-difference - bound) / spread))


def detectable_difference(
    n_a: float, n_b: float, p: float, *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Smallest difference of two proportions that Pearson's test finds with this power.

    `p` is the size-weighted mean of the two proportions, see the head of this module. From this
    size on a difference is found whichever group is higher; where [0, 1] leaves room for a
    findable difference only if a certain group is higher, it is that of this direction.

    Returns:
        Above 0 and at most 1; NaN where no difference that [0, 1] allows is found with this power,
        a group is empty, `p` is missing, 0 or 1, or an expected count is below 1: down to there
        the true power is at most .04 below the promised one, beyond the formula fails.
    """
    return detectable_common_difference(((n_a, n_b),), (p,), alpha=alpha, power=power)


def detectable_common_difference(
    sizes: ArrayLike, p: ArrayLike, *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Smallest difference, common to all strata, that Cochran-Mantel-Haenszel finds.

    The same difference d is put into every stratum, around its size-weighted mean proportion (head
    of this module). In a stratum where [0, 1] has no room for it, the largest that fits is taken;
    what comes out is the mean of the differences so made, weighted with n_a n_b / n like the
    pooled risk difference, and is d itself where it fits everywhere. As in `detectable_difference`
    the direction counts that needs more.

    Args:
        sizes: (H, 2) images of the two groups in each stratum.
        p: (H,) size-weighted mean proportion of each stratum.
        alpha: level of the two-sided test.
        power: probability of finding the difference.

    Returns:
        Above 0 and at most 1; NaN where none is found with this power, no stratum has two groups
        and a `p` between 0 and 1, or an expected count, summed over strata, is below 1.
    """
    sizes, p = np.asarray(sizes, dtype=np.float64), np.asarray(p, dtype=np.float64)
    kept = (sizes > 0).all(axis=1) & (p > 0) & (p < 1)
    if not kept.any():
        return math.nan
    sizes, p = sizes[kept], p[kept]
    with_label, without = p @ sizes, (1 - p) @ sizes
    if min(with_label.min(), without.min()) < 1:
        return math.nan
    found = [
        _detectable(columns, p, alpha, power)
        for columns in (sizes, sizes[:, ::-1])  # a higher, b higher
    ]
    return float(np.nan if np.isnan(found).all() else np.nanmax(found))


def _detectable(sizes: Floats, p: Floats, alpha: float, power: float) -> float:
    """Smallest weighted mean difference found where the first group is the higher one."""
    n = sizes.sum(axis=1)
    up, down = sizes[:, 1] / n, sizes[:, 0] / n
    most = np.minimum((1 - p) / up, p / down)

    def lack(d: float) -> float:
        shift = np.minimum(d, most)
        # rounding may leave [0, 1] by the last bit
        both = np.clip(np.column_stack((p + shift * up, p - shift * down)), 0.0, 1.0)
        return power_of_common_difference(sizes, both, alpha) - power

    largest = float(most.max())
    if lack(largest) < 0:
        return math.nan
    d = 0.0 if power <= alpha else float(brentq(lack, 0.0, largest, xtol=1e-12))
    return float(np.average(np.minimum(d, most), weights=sizes.prod(axis=1) / n))


def detectable_v(n: int, dof: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest V, sqrt(noncentrality / n), that a chi-square test finds with this power.

    It is Cramer's V of tables with two columns (G groups: dof = G - 1) and Cohen's w of any.

    Returns:
        Above 0 and at most 1; NaN where even 1 is not found, or without observations or degrees of
        freedom.
    Source: Cohen 1988, chapter 7.
    """
    if n < 1 or dof < 1:
        return math.nan
    v = math.sqrt(noncentrality(float(chi2.isf(alpha, dof)), dof, 1 - power) / n)
    return v if v <= 1 else math.nan
