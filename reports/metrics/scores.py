"""What a metric returns, and the reductions over groups that the metrics share.

Shapes: S seeds, G groups, K classes; P and E are the printed groups (or pairs, or just `all`) and
the printed emotions (classes, or `all`, `mean`, `max`, `min`) of a metric.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from reports.metrics.counts import Counts, Floats, Ints, Numbers
from reports.metrics.reasons import SKIPPED, Reason

Codes = npt.NDArray[np.int8]
Comparison = Literal["ratio", "gap", "worst"]
ALL = ("all",)
NAMED_SKIPS = 8


@dataclass(frozen=True, eq=False)
class Rates:
    """Fractions with their denominators; NaN unless `reason` is `DEFINED`; one shape."""

    value: Floats
    n: Ints
    reason: Codes


Shared = TypeVar("Shared", "Rates", "Scores")


@dataclass(frozen=True, eq=False)
class Scores:
    """Values of one metric for every seed, printed group and printed emotion.

    Attributes:
        groups, emotions: P and E names.
        value, n, reason: (S, P, E); `n` is the smallest denominator behind a value.
        worst, best: (S, P, E) indices into `items` of the group with the lowest and the highest
            rate, -1 where there is none.
        items: names that `worst` and `best` point to.
        skips: (seed, printed group, emotion) to a phrase that names what a defined value leaves
            out.
    """

    groups: tuple[str, ...]
    emotions: tuple[str, ...]
    value: Floats
    n: Ints
    reason: Codes
    worst: Ints
    best: Ints
    items: tuple[str, ...] = ()
    skips: Mapping[tuple[int, int, int], str] = field(default_factory=dict)


def shared(compute: Callable[[Counts, int], Shared]) -> Callable[[Counts, int], Shared]:
    """Decorator: the rates or scores are computed once for the same counts and least count.

    Whoever calls must not write into the arrays.
    """

    @functools.wraps(compute)
    def remembered(counts: Counts, min_n: int) -> Shared:
        key = (compute.__name__, min_n)
        if key not in counts.memo:
            counts.memo[key] = compute(counts, min_n)
        found: Shared = counts.memo[key]
        return found

    return remembered


def rate(numerator: Numbers, denominator: Ints, *, min_n: int, empty: Reason | Codes) -> Rates:
    """Numerator / denominator, undefined where the denominator is 0 or below `min_n`.

    Args:
        numerator: counts, or expected counts, of any shape.
        denominator: counts of the same shape.
        min_n: smallest denominator of a defined rate, at least 1.
        empty: reason given where the denominator is 0.
    """
    defined = denominator >= min_n
    value = np.full_like(denominator, np.nan, dtype=np.float64)
    np.divide(numerator, denominator, out=value, where=defined)
    short = np.where(denominator == 0, np.int8(empty), np.int8(Reason.INSUFFICIENT))
    reason = np.where(defined, np.int8(Reason.DEFINED), short)
    return Rates(value, denominator, reason)


def with_one_emotion(rates: Rates) -> Rates:
    """(S, G) rates as (S, G, 1)."""
    return Rates(rates.value[..., None], rates.n[..., None], rates.reason[..., None])


def plain_scores(rates: Rates, groups: tuple[str, ...], emotions: tuple[str, ...]) -> Scores:
    """Scores that are the rates themselves, without worst or best group."""
    shape = (len(rates.value), len(groups), len(emotions))
    none = np.full(shape, -1, dtype=np.int64)
    value, n = rates.value.reshape(shape), rates.n.reshape(shape)
    return Scores(groups, emotions, value, n, rates.reason.reshape(shape), none, none)


def quiet_scores(
    value: Floats, reason: Codes, groups: tuple[str, ...], emotions: tuple[str, ...]
) -> Scores:
    """Values and reasons of replicates, for which nothing else is wanted (see `Counts.quiet`)."""
    shape = (len(value), len(groups), len(emotions))
    # One number seen from everywhere: nothing is written, and nobody reads it.
    zero, none = (np.broadcast_to(np.int64(one), shape) for one in (0, -1))
    return Scores(groups, emotions, value.reshape(shape), zero, reason.reshape(shape), none, none)


def between_groups(
    rates: Rates, counts: Counts, emotions: tuple[str, ...], how: Comparison
) -> Scores:
    """Compare the groups: lowest / highest rate, highest - lowest, or the lowest alone.

    Undefined groups are skipped and named; with fewer than two defined groups the score is
    undefined, and so is a ratio whose highest rate is 0.

    Args:
        rates: (S, G, E).
        counts: gives the names of the G groups.
        emotions: E names.
        how: lowest / highest (`ratio`), highest - lowest (`gap`) or lowest (`worst`).

    Returns:
        Scores of shape (S, 1, E).
    """
    defined = rates.reason == Reason.DEFINED
    lowest_first = np.where(defined, rates.value, np.inf)
    highest_first = np.where(defined, rates.value, -np.inf)
    low, high = lowest_first.min(1), highest_first.max(1)
    enough = defined.sum(1) >= 2
    reason = np.where(enough, np.int8(Reason.DEFINED), np.int8(Reason.FEWER_THAN_TWO_GROUPS))
    if how == "ratio":
        reason = np.where(enough & (high == 0), np.int8(Reason.ALL_ZERO), reason)
    valid = reason == Reason.DEFINED
    value = _compared(low, high, valid, how)
    if counts.quiet:
        return quiet_scores(value, reason, ALL, emotions)
    return Scores(
        groups=ALL,
        emotions=emotions,
        value=value[:, None],
        n=smallest_denominator(rates.n, defined & valid[:, None], axis=1)[:, None],
        reason=reason[:, None],
        worst=np.where(valid, lowest_first.argmin(1), -1)[:, None],
        best=np.where(valid, highest_first.argmax(1), -1)[:, None],
        items=counts.groups,
        skips=skipped(~defined & valid[:, None], counts.groups),
    )


def _compared(low: Floats, high: Floats, valid: npt.NDArray[np.bool_], how: Comparison) -> Floats:
    value = np.full_like(low, np.nan)
    match how:
        case "ratio":
            np.divide(low, high, out=value, where=valid)
        case "gap":
            np.subtract(high, low, out=value, where=valid)
        case "worst":
            np.copyto(value, low, where=valid)
    return value


def smallest_denominator(n: Ints, used: npt.NDArray[np.bool_], axis: int) -> Ints:
    """Smallest count along `axis` among the used ones, or among all where none is used."""
    large = np.iinfo(np.int64).max
    among_used: Ints = np.where(used, n, large).min(axis)
    return np.where(used.any(axis), among_used, n.min(axis))


def skipped(
    missing: npt.NDArray[np.bool_], names: Sequence[str]
) -> dict[tuple[int, int, int], str]:
    """Phrases that name what was left out.

    Args:
        missing: (S, X, E), true where thing x of X was left out of the value at (s, 0, e).
        names: X names.
    """
    if not missing.any():
        return {}
    phrases = {}
    for seed, emotion in np.argwhere(missing.any(1)).tolist():
        left_out = np.flatnonzero(missing[seed, :, emotion]).tolist()
        if len(left_out) <= NAMED_SKIPS:
            phrases[seed, 0, emotion] = SKIPPED + "; ".join(names[x] for x in left_out)
        else:
            phrases[seed, 0, emotion] = f"{SKIPPED}{len(left_out)} of {len(names)}"
    return phrases
