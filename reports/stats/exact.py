"""Exact and simulated p of one table of counts, given both of its margins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln  # type: ignore[import-untyped]
from scipy.stats import fisher_exact  # type: ignore[import-untyped]

from reports.stats.chi_square import pearson, without_empty
from reports.stats.outcome import Outcome

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

#: statistics closer than this are equal but for rounding
TIE = 1e-9


def exact_test(
    table: ArrayLike,
    generator: np.random.Generator,
    *,
    draws: int = 20_000,
    limit: int = 1_000_000,
) -> Outcome:
    """Test of independence that holds however small the counts are.

    Two groups: Fisher's two-sided test. More: the share of tables of the same margins, each with
    its probability under independence, whose Pearson statistic is at least the observed one; all
    such tables are enumerated where prod(group size + 1) is at most `limit`, otherwise `draws` of
    them are drawn and p = (1 + as extreme) / (1 + draws).

    Args:
        table: (G, 2) counts without and with the label; empty groups are left out.
        generator: used only for drawing.
        draws: at least 1.
        limit: see above.

    Returns:
        p, `n` and `min_expected`; `reason` says how: "Fisher", "enumeration" or "Monte Carlo,
        20,000 draws". `statistic` is Pearson's for the latter two and NaN for Fisher; there are no
        degrees of freedom. NaN where `pearson` is, with its reason.
    Source: metrics.md 10.3.
    """
    test = pearson(table)
    if test.reason:
        return test
    counts = without_empty(table).astype(np.int64)
    sizes, positives = counts.sum(axis=1), int(counts[:, 1].sum())
    if len(counts) == 2:
        statistic, p, how = math.nan, float(fisher_exact(counts).pvalue), "Fisher"
    elif math.prod(int(size) + 1 for size in sizes) <= limit:
        statistic, p, how = test.statistic, _enumerated(counts[:, 1], sizes), "enumeration"
    else:
        drawn = generator.multivariate_hypergeometric(sizes, positives, size=draws)
        extreme = _pearson_statistics(drawn, sizes) >= _observed(counts[:, 1], sizes)
        statistic, p = test.statistic, (1 + int(extreme.sum())) / (draws + 1)
        how = f"Monte Carlo, {draws:,} draws"
    return Outcome(
        statistic=statistic, p=min(p, 1.0), n=test.n, min_expected=test.min_expected, reason=how
    )


def _terms(labelled: Counts, size: int, share: float) -> Floats:
    """What a group of this size with so many labelled adds to the Pearson statistic."""
    return np.asarray((labelled - size * share) ** 2 / (size * share * (1 - share)))


def _pearson_statistics(labelled: Counts, sizes: Counts) -> Floats:
    """Pearson statistics (B,) of tables given by their labelled counts (B, G)."""
    share = float(labelled[0].sum() / sizes.sum())
    statistics = np.zeros(len(labelled))
    for group, size in enumerate(sizes):
        statistics += _terms(labelled[:, group], int(size), share)
    return statistics


def _observed(labelled: Counts, sizes: Counts) -> float:
    """Least statistic that is as extreme as the observed one, summed in the same order."""
    return float(_pearson_statistics(labelled[None], sizes)[0]) - TIE


def _enumerated(labelled: Counts, sizes: Counts) -> float:
    """Probability, given the margins, of a Pearson statistic at least as large as observed.

    Tables grow group by group, smallest first; partial tables that cannot reach the total any more
    are dropped, and the largest group takes what is left. So at most prod(size + 1) over the other
    groups are held at once.
    """
    order = np.argsort(sizes, kind="stable")
    labelled, sizes = labelled[order], sizes[order]
    total = int(labelled.sum())
    share = total / int(sizes.sum())
    room = int(sizes.sum())
    used, statistic, weight = np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1)
    for size in sizes.tolist()[:-1]:
        room -= size
        here = np.arange(size + 1)
        used = (used[:, None] + here).ravel()
        possible = (used <= total) & (used + room >= total)
        statistic = (statistic[:, None] + _terms(here, size, share)).ravel()[possible]
        weight = (weight[:, None] + _log_choose(size, here)).ravel()[possible]
        used = used[possible]
    last = total - used
    statistic = statistic + _terms(last, room, share)
    weight = weight + _log_choose(room, last)
    probability = np.exp(weight - weight.max())
    extreme = statistic >= _observed(labelled, sizes)
    return float(probability[extreme].sum() / probability.sum())


def _log_choose(size: int, labelled: Counts) -> Floats:
    """Logarithm of the ways to choose so many of a group."""
    return np.asarray(
        gammaln(size + 1.0) - gammaln(labelled + 1.0) - gammaln(size - labelled + 1.0)
    )
