"""Statistics over seeds: the run is the unit, the test samples are a second, crossed source."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats  # type: ignore[import-untyped]

from reports.stats.outcome import Outcome

Floats = NDArray[np.float64]

LEVEL = 0.95
NO_SEED = "no seed has a value"
ONE_SEED = "one seed: its own spread is not in the interval"
NO_SPREAD = "all differences are equal"
FEW = "fewer than two seeds"


@dataclass(frozen=True)
class SeedInterval:
    """The expected score of a training procedure, with seed and sampling error.

    Attributes:
        mean: of the defined seeds.
        se: standard error of seeds and test samples together.
        low, high: 95 % limits.
        dof: Satterthwaite degrees of freedom; infinite where only sampling error counts.
        reason: empty, or what the interval lacks.
    """

    mean: float = math.nan
    se: float = math.nan
    low: float = math.nan
    high: float = math.nan
    dof: float = math.nan
    reason: str = ""


def seed_interval(values: ArrayLike, se_test: float = 0.0) -> SeedInterval:
    """Interval of the mean over seeds: se^2 = sd^2 / S + se_test^2, t with Satterthwaite's dof.

    The percentile bootstrap over five seeds covers 84 % when seed noise dominates; this interval
    covers 93 to 97 % (`tests/reports/stats/test_seeds.py`).

    Args:
        values: (S,) scores, NaN where undefined.
        se_test: sampling error of the mean over the test samples with seeds fixed, at least 0; NaN
            gives a NaN interval.

    Source: decisions 23; Satterthwaite 1946.
    """
    known = _known(values)
    if not len(known):
        return SeedInterval(reason=NO_SEED)
    mean = float(known.mean())
    seed_part = float(known.var(ddof=1)) / len(known) if len(known) > 1 else 0.0
    variance = seed_part + se_test**2
    if math.isnan(variance):
        return SeedInterval(mean, reason="no sampling error")
    # The sampling error comes from many replicates: its own degrees of freedom count as infinite.
    dof = variance**2 / (seed_part**2 / (len(known) - 1)) if seed_part > 0 else math.inf
    half = float(stats.t.ppf((1 + LEVEL) / 2, dof)) * math.sqrt(variance)
    reason = ONE_SEED if len(known) == 1 else ""
    return SeedInterval(mean, math.sqrt(variance), mean - half, mean + half, dof, reason)


def t_p(difference: float, se: float, dof: float) -> float:
    """Two-sided p of a difference with this standard error; NaN for a standard error of 0."""
    if not se > 0:
        return math.nan
    return float(2 * stats.t.sf(abs(difference) / se, dof))


def paired_t(a: ArrayLike, b: ArrayLike) -> Outcome:
    """Paired t test of S matched values; undefined below two pairs or without any spread."""
    d = _paired(a, b)
    if len(d) < 2:
        return Outcome(n=len(d), reason=FEW)
    if np.ptp(d) <= _rounding(d):
        return Outcome(n=len(d), reason=NO_SPREAD)
    statistic = float(d.mean() / (d.std(ddof=1) / math.sqrt(len(d))))
    p = float(2 * stats.t.sf(abs(statistic), len(d) - 1))
    return Outcome(statistic, len(d) - 1, p, len(d))


def smallest_sign_flip_p(seeds: int) -> float:
    """Smallest two-sided p that a sign-flip or signed-rank test of so many pairs can reach."""
    return 2.0 ** (1 - seeds) if seeds > 0 else math.nan


def sign_flip_test(a: ArrayLike, b: ArrayLike) -> Outcome:
    """Exact two-sided test that flips the signs of the S differences; at most 20 seeds."""
    d = _paired(a, b)
    if not len(d):
        return Outcome(reason=NO_SEED)
    if len(d) > 20:
        return Outcome(n=len(d), reason="more than 20 seeds: use the t test")
    signs = 1 - 2 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
    sums = np.abs(signs @ d)
    observed = abs(d.sum())
    p = float(np.mean(sums >= observed - _rounding(d) * len(d)))
    return Outcome(statistic=float(d.mean()), p=p, n=len(d))


def cliffs_delta(a: ArrayLike, b: ArrayLike) -> float:
    """(pairs with a > b less pairs with a < b) / all pairs, in [-1, 1]; NaN without values."""
    first, second = _known(a), _known(b)
    if not len(first) or not len(second):
        return math.nan
    return float(np.sign(first[:, None] - second[None]).mean())


def spread_test(a: ArrayLike, b: ArrayLike) -> Outcome:
    """Brown-Forsythe test of equal spread over seeds; undefined where nothing spreads."""
    first, second = _known(a), _known(b)
    if min(len(first), len(second)) < 2:
        return Outcome(n=len(first) + len(second), reason=FEW)
    away = [np.abs(x - np.median(x)) for x in (first, second)]
    within = sum(float(((x - x.mean()) ** 2).sum()) for x in away)
    n = len(first) + len(second)
    if within <= _rounding(np.concatenate(away)) ** 2:
        return Outcome(n=n, reason="the values do not spread")
    statistic, p = stats.levene(first, second, center="median")
    return Outcome(float(statistic), 1, float(p), n)


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> Outcome:
    """Exact binomial McNemar test on the samples that one method gets right and the other wrong."""
    first, second = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    only_a, only_b = int((first & ~second).sum()), int((~first & second).sum())
    if only_a + only_b == 0:
        return Outcome(n=len(first), reason="both methods are right on the same samples")
    p = float(stats.binomtest(only_a, only_a + only_b).pvalue)
    return Outcome(statistic=only_a - only_b, p=p, n=len(first))


def bootstrap_p(differences: ArrayLike) -> float:
    """Two-sided p of (B,) bootstrap differences: twice the smaller tail, at most 1; NaN left out.

    Source: metrics.md 8.1.
    """
    d = _known(differences)
    if not len(d):
        return math.nan
    tail = min(int((d <= 0).sum()), int((d >= 0).sum()))
    return min(1.0, 2 * (1 + tail) / (len(d) + 1))


def exchange_p(observed: float, exchanged: ArrayLike) -> float:
    """P of the paired exchange: share of (B,) differences at least as far from 0; NaN left out."""
    d = _known(exchanged)
    if not len(d) or math.isnan(observed):
        return math.nan
    # Equal up to rounding counts as extreme.
    slack = 1e-12 * max(1.0, abs(observed))
    return float((1 + (np.abs(d) >= abs(observed) - slack).sum()) / (len(d) + 1))


def _known(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64).ravel()
    return found[~np.isnan(found)]


def _paired(a: ArrayLike, b: ArrayLike) -> Floats:
    return _known(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64))


def _rounding(d: Floats) -> float:
    """What differences of equal numbers may amount to."""
    return 1e-12 * max(1.0, float(np.abs(d).max(initial=0)))
