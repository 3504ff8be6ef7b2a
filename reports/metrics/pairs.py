"""Differences between two groups at a time: signed ones of each pair, and means over the pairs."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from reports.metrics.counts import Counts, Floats, Ints
from reports.metrics.reasons import Reason
from reports.metrics.scores import (
    ALL,
    Rates,
    Scores,
    plain_scores,
    quiet_scores,
    skipped,
    smallest_denominator,
)


def pairs_of(num_groups: int) -> tuple[Ints, Ints]:
    """First and second group of each of the G(G-1)/2 pairs, in the declared order of the levels."""
    pairs = np.array(list(combinations(range(num_groups), 2)), dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def pair_names(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Printed names `a:b` of the pairs."""
    return tuple(f"{a}:{b}" for a, b in combinations(groups, 2))


def signed_differences(rates: Rates, counts: Counts, emotions: tuple[str, ...]) -> Scores:
    """Rate of the first minus that of the second group of each pair, (S, P, E).

    Pairs `a:b` keep the declared order of the levels. A pair with an undefined group is undefined
    for that group's reason.

    Args:
        rates: (S, G, E).
        counts: gives the names of the G groups.
        emotions: E names.
    """
    first, second = pairs_of(len(counts.groups))
    value = rates.value[:, first] - rates.value[:, second]
    first_reason = rates.reason[:, first]
    reason = np.where(first_reason != Reason.DEFINED, first_reason, rates.reason[:, second])
    if counts.quiet:
        return quiet_scores(value, reason, pair_names(counts.groups), emotions)
    n = np.minimum(rates.n[:, first], rates.n[:, second])
    return pair_scores(Rates(value, n, reason), counts, emotions)


def pair_scores(differences: Rates, counts: Counts, emotions: tuple[str, ...]) -> Scores:
    """Scores of signed values of pairs: the group with the lower rate is the worst.

    Args:
        differences: (S, P, E), first minus second group.
        counts: gives the names of the G groups.
        emotions: E names.
    """
    scores = plain_scores(differences, pair_names(counts.groups), emotions)
    if counts.quiet:
        return scores
    first, second = (group[:, None] for group in pairs_of(len(counts.groups)))
    defined = scores.reason == Reason.DEFINED
    low = np.where(scores.value < 0, first, second)
    high = np.where(scores.value < 0, second, first)
    worst, best = (np.where(defined, end, -1) for end in (low, high))
    return replace(scores, worst=worst, best=best, items=counts.groups)


def mean_over_pairs(rates: Rates, counts: Counts, emotions: tuple[str, ...]) -> Scores:
    """Mean absolute difference of the pairs of defined groups, (S, 1, E).

    Undefined groups are skipped and named; undefined with fewer than two defined groups.

    Args:
        rates: (S, G, E).
        counts: gives the names of the G groups.
        emotions: E names.
    """
    defined = rates.reason == Reason.DEFINED
    used = defined.sum(1)
    enough = used >= 2
    # With rates in rising order the i-th of m is the upper one in i pairs, the lower one in m-1-i.
    rising = np.sort(np.where(defined, rates.value, np.inf), axis=1)
    place = np.arange(rates.value.shape[1])[:, None]
    present = place < used[:, None]
    weight = 2 * place - used[:, None] + 1
    total = (np.where(present, rising, 0.0) * weight).sum(1)
    value = np.full_like(total, np.nan)
    np.divide(total, used * (used - 1) // 2, out=value, where=enough)
    return over_groups(np.maximum(value, 0.0), rates.n, defined, counts=counts, emotions=emotions)


def over_groups(
    value: Floats,
    n: Ints,
    defined: npt.NDArray[np.bool_],
    *,
    counts: Counts,
    emotions: tuple[str, ...],
) -> Scores:
    """Scores of one value over all defined groups, without worst and best one.

    Args:
        value: (S, E), NaN where fewer than two groups are defined.
        n: (S, G, E) denominators of the groups.
        defined: (S, G, E), which groups the value is of.
        counts: gives the names of the G groups.
        emotions: E names.

    Returns:
        (S, 1, E); undefined groups are named.
    """
    enough = defined.sum(1) >= 2
    code = np.where(enough, np.int8(Reason.DEFINED), np.int8(Reason.FEWER_THAN_TWO_GROUPS))
    if counts.quiet:
        return quiet_scores(value, code, ALL, emotions)
    smallest = smallest_denominator(n, defined & enough[:, None], axis=1)
    left_out = skipped(~defined & enough[:, None], counts.groups)
    scores = plain_scores(Rates(value, smallest, code), ALL, emotions)
    return replace(scores, items=counts.groups, skips=left_out)
