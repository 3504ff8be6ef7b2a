"""Statistics over seeds: the run is the unit, the test samples are a second, crossed source."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, ndtr, stdtr, stdtrit  # type: ignore[import-untyped]

from reports.stats.outcome import Outcome

Floats = NDArray[np.float64]

LEVEL = 0.95
#: differences below this are rounding, not spread
DECIMALS = 12
ROUNDING = 10.0**-DECIMALS
#: sign-flip tests go through all 2^S patterns
MOST_FLIPS = 20
NO_PAIR = "no two runs to compare"


@dataclass(frozen=True, eq=False)
class SeedInterval:
    """Expected scores of training procedures, with seed and sampling error; arrays of one shape.

    Attributes:
        mean: of the defined seeds; NaN without any.
        se: standard error of seeds and test samples together.
        low, high: 95 % limits; NaN where no spread was seen at all, which proves no certainty.
        dof: Satterthwaite degrees of freedom; infinite where only sampling error counts.
        seeds: defined seeds; with one, its own spread is not in the interval.
        seed_se, seed_dof: the part of `se` that is known from the seeds alone and its degrees of
            freedom; 0 and infinite where they show no spread.
    """

    mean: Floats
    se: Floats
    low: Floats
    high: Floats
    dof: Floats
    seeds: NDArray[np.int64]
    seed_se: Floats
    seed_dof: Floats


def seed_interval(values: ArrayLike, se_test: ArrayLike = 0.0) -> SeedInterval:
    """Intervals of means over seeds: se^2 = sd^2 / S + se_test^2, t with Satterthwaite's dof.

    Coverage in percent at nominal 95, by the ratio se_test : sd / sqrt(S), over 200,000 normal
    studies each (the percentile bootstrap over five seeds: 84 where seed noise dominates):

        S    test only   4:1    2:1    1:1    1:2    1:4   1:10   seeds only
        2       95.0    95.1   94.8   92.9   88.9   87.3   89.4      95.0
        3       95.0    95.1   95.1   94.1   92.6   92.4   93.8      95.0
        5       95.0    95.1   95.1   94.7   94.2   94.3   94.8      95.1
        10      94.9    94.9   94.9   95.0   94.8   94.9   95.0      95.0

    Where runs err on different images, that disagreement is in both parts: rates of five runs on
    30 to 3,068 images are covered 93 to 98 %, 99 % if all images are equally hard.

    Args:
        values: (S, ...) scores, NaN where undefined.
        se_test: (...) sampling error of the mean over the test samples with seeds fixed, at least
            0; NaN gives a NaN interval.

    Source: decisions 23; Satterthwaite 1946.
    """
    mean, sd, seeds = over_seeds(values)
    unknown = np.where(np.isnan(mean), np.nan, 0.0)
    seed_part = np.where(seeds > 1, sd**2, 0.0) / np.maximum(seeds, 1)
    variance = seed_part + np.asarray(se_test, dtype=np.float64) ** 2 + unknown
    # The sampling error comes from many replicates: its own degrees of freedom count as infinite.
    dof = np.full(np.shape(variance), np.inf)
    own = np.where(seed_part > 0, seed_part, np.nan) ** 2 / np.maximum(seeds - 1, 1)
    np.divide(variance**2, own, out=dof, where=seed_part > 0)
    half = t_reach(np.where(variance > 0, np.sqrt(variance), np.nan), dof)
    return SeedInterval(
        mean, np.sqrt(variance), mean - half, mean + half, dof + unknown, seeds,
        seed_se=np.sqrt(seed_part), seed_dof=np.where(seed_part > 0, seeds - 1.0, np.inf),
    )  # fmt: skip


def over_seeds(values: ArrayLike, ddof: int = 1) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Mean, standard deviation and number of the defined values along the first axis.

    The deviation is NaN for fewer than two defined values, the mean without any.

    Args:
        values: (S, ...) numbers of the order of 1 at most, NaN where undefined.
        ddof: 1 for the spread of training runs, 0 for that of these runs only.
    """
    table = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(table)
    seeds = np.asarray(known.sum(axis=0))
    mean = np.full(seeds.shape, np.nan)
    np.divide(np.where(known, table, 0.0).sum(axis=0), seeds, out=mean, where=seeds > 0)
    squares = np.where(known, (table - mean) ** 2, 0.0).sum(axis=0)
    sd = np.full(seeds.shape, np.nan)
    np.divide(squares, seeds - ddof, out=sd, where=seeds > 1)
    sd = np.sqrt(sd)
    # Equal values leave a spread of rounding errors, which would pass for a tiny standard error.
    return mean, np.where(sd <= ROUNDING * np.maximum(1.0, np.abs(mean)), 0.0, sd), seeds


def t_reach(se: ArrayLike, dof: ArrayLike) -> Floats:
    """Half the width of 95 % intervals with these standard errors."""
    return np.asarray(stdtrit(np.asarray(dof), (1 + LEVEL) / 2) * np.asarray(se))


def t_p(difference: ArrayLike, se: ArrayLike, dof: ArrayLike) -> Floats:
    """Two-sided p of differences with these standard errors; NaN for a standard error of 0."""
    d, spread = np.asarray(difference, np.float64), np.asarray(se, np.float64)
    statistic = np.full(np.broadcast_shapes(d.shape, spread.shape), np.nan)
    np.divide(np.abs(d), spread, out=statistic, where=spread > 0)
    return np.asarray(2 * stdtr(dof, -statistic))


def seed_difference(
    a: ArrayLike, b: ArrayLike, se_test: ArrayLike, *, paired: bool
) -> SeedInterval:
    """Intervals of the difference of two procedures' means.

    Paired runs are subtracted one by one. Others have se^2 = se_a^2 + se_b^2 + se_test^2 and the
    smaller of the two degrees of freedom, at most the right ones.

    Args:
        a: (S, ...) scores of the one procedure.
        b: (R, ...) scores of the other; R = S if paired.
        se_test: (...) sampling error of the difference of the means, seeds fixed, on the same test
            samples.
        paired: whether run s of the one and run s of the other share their seed.
    """
    if paired:
        return seed_interval(np.asarray(a, np.float64) - np.asarray(b, np.float64), se_test)
    own, their = seed_interval(a), seed_interval(b)
    difference = np.asarray(own.mean - their.mean)
    se = np.sqrt(own.se**2 + their.se**2 + np.asarray(se_test, np.float64) ** 2)
    dof = np.fmin(own.dof, their.dof)
    reach = t_reach(se, dof)
    return SeedInterval(
        difference, se, difference - reach, difference + reach, dof,
        np.minimum(own.seeds, their.seeds), seed_se=np.hypot(own.seed_se, their.seed_se),
        seed_dof=np.fmin(own.seed_dof, their.seed_dof),
    )  # fmt: skip


def two_source_p(found: SeedInterval) -> Floats:
    """Two-sided p of a mean of 0, seeds and test samples being two sources of error.

    Behrens and Fisher's: were the variance v of the seeds' mean known, p would be
    2 Phi(-|mean| / sqrt(v + se_test^2)); it is averaged over what v may be, seed_se^2 dof / chi^2.
    That is Student's p without sampling error and the normal one without seed error. It does not
    follow from the interval: Satterthwaite's t, close at 5 %, rejects far too often at the small
    levels that a correction for many tests asks for. Rejections / level at 5, .56 and .11 % (one of
    9 and of 45 tests), at the worst ratio of se_test : seed_se for each, of normal studies:

        S    Satterthwaite         this           this, at its most careful
        2    2.6   13    48        1.0 1.0 1.0    .23 .04 .01
        3    1.5  5.0    15        1.0 1.0 1.0    .50 .18 .06
        5    1.2  2.1   4.1        1.0 1.0 1.0    .71 .50 .34
        10   1.0  1.3   1.7        1.0 1.0 1.0    .87 .76 .72

    Returns:
        NaN where the standard error is 0 or undefined. Exact to about 1e-8.

    Source: Behrens 1929; Fisher 1935; Robinson 1976 for the size.
    """
    squared, seed, dof, se = np.broadcast_arrays(
        np.asarray(found.mean) ** 2, found.seed_se, found.seed_dof, found.se
    )
    p = np.full(squared.shape, np.nan)
    for freedom in np.unique(dof[se > 0]):
        at = (dof == freedom) & (se > 0)
        sampling = np.maximum(se[at] ** 2 - seed[at] ** 2, 0.0)
        shares, weights = _inverse_chi_squares(freedom)
        total = np.zeros(sampling.shape)
        for share, weight in zip(shares, weights, strict=True):
            spread = seed[at] ** 2 * share + sampling
            total += weight * 2 * ndtr(-np.sqrt(squared[at] / spread))
        p[at] = total
    return p


def _inverse_chi_squares(dof: float) -> tuple[Floats, Floats]:
    """Nodes dof / chi^2 and their weights, for means over a variance estimated from `dof`."""
    if math.isinf(dof):
        return np.ones(1), np.ones(1)
    # Trapezoids on the logarithm of chi^2 / dof, where the density falls off at both ends.
    step = min(0.25, math.sqrt(2 / dof))
    x = np.arange(-1 - 46 / dof, math.log(60 / dof + 8), step)
    weights = np.exp((x - np.exp(x)) * dof / 2)
    return np.exp(-x), weights / weights.sum()


def paired_t_p(a: ArrayLike, b: ArrayLike) -> Floats:
    """(...) p of paired t tests of (S, ...) matched values.

    NaN below two pairs or where all differences are equal, which proves nothing.
    """
    d = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    mean, sd, pairs = over_seeds(d)
    return t_p(mean, sd / np.sqrt(np.maximum(pairs, 1)), np.maximum(pairs - 1, 1))


def smallest_sign_flip_p(seeds: int) -> float:
    """Smallest two-sided p that a sign-flip or signed-rank test of so many pairs can reach."""
    return 2.0 ** (1 - seeds) if seeds > 0 else math.nan


def sign_flip_test(a: ArrayLike, b: ArrayLike) -> Outcome:
    """Exact two-sided test that flips the signs of the S paired differences; at most 20 seeds.

    The statistic is the mean difference. Pairs with NaN are left out.
    """
    d = _paired(a, b)
    return _flipped(d, float(d.mean()) if len(d) else math.nan)


def signed_rank_p(a: ArrayLike, b: ArrayLike) -> Floats:
    """(...) exact two-sided p of Wilcoxon's signed-rank tests of (S, ...) matched values.

    Exact also with ties; equal pairs are left out, as Wilcoxon did. NaN where no two values differ
    and for more than 20 seeds.
    """
    # A report whose statistics are kept needs none of SciPy's distributions, slow to import.
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    d = np.round(np.asarray(a, np.float64) - np.asarray(b, np.float64), DECIMALS)
    shape = d.shape[1:]
    d = np.where(np.isnan(d), 0.0, d).reshape(len(d), math.prod(shape))
    # Equal pairs take the last ranks, which are then dropped.
    far = np.where(d == 0, np.inf, np.abs(d))
    ranks = np.where(d == 0, 0.0, rankdata(far, axis=0)) * np.sign(d)
    # P follows from the ranks and how far their sum is from 0: few columns are different ones.
    kinds = np.concatenate([np.sort(np.abs(ranks), axis=0), np.abs(ranks.sum(axis=0))[None]])
    _, first, codes = np.unique(kinds, axis=1, return_index=True, return_inverse=True)
    p = np.array([_flipped(ranks[ranks[:, at] != 0, at], 0.0).p for at in first])
    return p[codes.ravel()].reshape(shape)


def _flipped(d: Floats, statistic: float) -> Outcome:
    """Share of all sign patterns whose sum is at least as far from 0 as that of `d`."""
    if not len(d):
        return Outcome(reason=NO_PAIR)
    if len(d) > MOST_FLIPS:
        return Outcome(n=len(d), reason=f"more than {MOST_FLIPS} seeds: use the t test")
    sums = np.zeros(1)
    for one in d:
        sums = np.concatenate([sums + one, sums - one])
    slack = ROUNDING * len(d) * max(1.0, float(np.abs(d).max()))
    p = float(np.mean(np.abs(sums) >= abs(d.sum()) - slack))
    return Outcome(statistic=statistic, p=p, n=len(d))


def cliffs_delta(a: ArrayLike, b: ArrayLike) -> Floats:
    """(...) share of pairs with a > b less that with a < b, in [-1, 1]; NaN without values.

    Values that differ by rounding only are equal.

    Args:
        a: (S, ...) values.
        b: (R, ...) values.
    """
    first, second = np.asarray(a, np.float64)[:, None], np.asarray(b, np.float64)[None]
    sign = np.sign(np.round(first - second, DECIMALS))
    known = ~np.isnan(sign)
    pairs = known.sum(axis=(0, 1))
    delta = np.full(pairs.shape, np.nan)
    np.divide(np.where(known, sign, 0.0).sum(axis=(0, 1)), pairs, out=delta, where=pairs > 0)
    return delta


def spread_p(a: ArrayLike, b: ArrayLike) -> Floats:
    """(...) p of Brown-Forsythe tests of equal spread over seeds.

    NaN where a side has fewer than two values, or where all values lie equally far from the median
    of their side (always so with two values a side): F would be infinite or 0 / 0, which proves
    nothing. Equals `scipy.stats.levene(center="median")`.

    Args:
        a: (S, ...) values.
        b: (R, ...) values.
    """
    sides = [np.asarray(x, dtype=np.float64) for x in (a, b)]
    away = [np.abs(x - _median(x)) for x in sides]
    means, _, sizes = zip(*(over_seeds(x) for x in away), strict=True)
    n = sizes[0] + sizes[1]
    grand = (sizes[0] * means[0] + sizes[1] * means[1]) / np.maximum(n, 1)
    between = sum(size * (mean - grand) ** 2 for size, mean in zip(sizes, means, strict=True))
    within = sum(
        np.where(np.isnan(x), 0.0, (x - mean) ** 2).sum(axis=0)
        for x, mean in zip(away, means, strict=True)
    )
    enough = (np.minimum(*sizes) >= 2) & (within > ROUNDING**2)
    statistic = np.full(np.shape(within), np.nan)
    np.divide(between * (n - 2), within, out=statistic, where=enough)
    return np.asarray(fdtrc(1, np.maximum(n - 2, 1), statistic))


def _median(values: Floats) -> Floats:
    """Median along the first axis without NaN; NaN without values."""
    ordered = np.sort(values, axis=0)
    known = (~np.isnan(values)).sum(axis=0)
    # NaN sorts last, so the first `known` values are the defined ones.
    low = np.take_along_axis(ordered, np.maximum((known - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.maximum(known // 2 - (known == 0), 0)[None], axis=0)[0]
    return np.asarray((low + high) / 2)


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> Outcome:
    """Exact two-sided McNemar test of the samples that one method gets right, the other wrong.

    Args:
        correct_a: (N,) whether the one method is right.
        correct_b: (N,) whether the other is, on the same samples.

    Returns:
        Its statistic is the number that only a gets right less the number that only b does; no p
        where both are right on the same samples.
    """
    from scipy.stats import binomtest

    first, second = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    only_a, only_b = int((first & ~second).sum()), int((~first & second).sum())
    if only_a + only_b == 0:
        return Outcome(n=len(first), reason="both methods are right on the same samples")
    p = float(binomtest(only_a, only_a + only_b).pvalue)
    return Outcome(statistic=only_a - only_b, p=p, n=len(first))


def majority_p(p: ArrayLike) -> float:
    """P of S tests together, however they depend on each other: most of them must be significant.

    S / k times the k-th smallest p, k = S // 2 + 1, at most 1. By Markov's inequality k of S tests
    at level a k / S all reject with a probability of at most a. A test without p has seen nothing
    and counts as 1; NaN where none has one.

    Args:
        p: (S,) p of each test.

    Source: Rueger 1978.
    """
    found = np.asarray(p, dtype=np.float64).ravel()
    if np.isnan(found).all():
        return math.nan
    most = len(found) // 2 + 1
    ordered = np.sort(np.where(np.isnan(found), 1.0, found))
    return min(1.0, float(ordered[most - 1]) * len(found) / most)


def exchange_p(observed: float, exchanged: ArrayLike) -> float:
    """P of the paired exchange: share of (B,) differences at least as far from 0; NaN left out."""
    d = _known(exchanged)
    if not len(d) or math.isnan(observed):
        return math.nan
    # Equal up to rounding counts as extreme.
    slack = ROUNDING * max(1.0, abs(observed))
    return float((1 + (np.abs(d) >= abs(observed) - slack).sum()) / (len(d) + 1))


def _known(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64).ravel()
    return found[~np.isnan(found)]


def _paired(a: ArrayLike, b: ArrayLike) -> Floats:
    return _known(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64))
