"""Discrimination among samples that have the same stratum, such as the same action units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reports.catalogue import sample_metric
from reports.convention import Convention
from reports.metrics.counts import Floats, Ints
from reports.metrics.pairs import pair_names, pair_scores, pairs_of
from reports.metrics.reasons import Reason
from reports.metrics.samples import GroupedSamples, undefined
from reports.metrics.scores import (
    ALL,
    Codes,
    Rates,
    Scores,
    plain_scores,
    skipped,
    smallest_denominator,
    with_one_emotion,
)
from reports.metrics.summaries import with_summaries
from reports.predictions import PredictionSet

_SOURCE = "Mantel and Haenszel 1959; Chen and Joo 2021, supplement 1.3"


def has_strata(predictions: PredictionSet) -> bool:
    """Whether samples can be compared within strata."""
    return predictions.strata is not None


@sample_metric(
    "cdisc",
    title="Discrimination within strata, largest of the pairs of groups",
    limits=(0, 1),
    direction="lower",
    source=_SOURCE,
    per="attribute and class, max and mean over classes",
)
def cdisc(samples: GroupedSamples, convention: Convention) -> Scores:
    """Largest absolute conditional difference of the pairs for each class, (1, 1, K + 2).

    Pairs without enough samples in common strata are skipped and named.
    """
    classes = samples.counts.classes
    if samples.predictions.strata is None:
        return undefined(Reason.NO_STRATA, ALL, (*classes, "max", "mean"))
    pairs = cdisc_signed(samples, convention)
    defined = pairs.reason == Reason.DEFINED
    if not defined.any():
        reason = Reason.NO_SHARED_STRATUM if _two_big(samples, convention.min_n) else None
        return undefined(reason or Reason.FEWER_THAN_TWO_GROUPS, ALL, (*classes, "max", "mean"))
    at = np.where(defined, np.abs(pairs.value), -np.inf).argmax(1)[:, None]
    value, worst, best = (
        np.take_along_axis(part, at, 1) for part in (np.abs(pairs.value), pairs.worst, pairs.best)
    )
    largest = replace(
        pairs,
        groups=ALL,
        value=value,
        n=smallest_denominator(pairs.n, defined, axis=1)[:, None],
        reason=np.full(value.shape, np.int8(Reason.DEFINED)),
        worst=worst,
        best=best,
        skips=skipped(~defined, pairs.groups),
    )
    return with_summaries(largest, samples.counts, ("max", "mean"))


@sample_metric(
    "cdisc_signed",
    title="Signed difference of selection rates within strata, a:b = a - b",
    limits=(-1, 1),
    direction="zero",
    source=_SOURCE,
    per="pair of groups and class",
    applies=has_strata,
)
def cdisc_signed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Weighted mean over strata of the difference of selection rates of each pair, (1, P, K).

    A stratum of n_a and n_b samples weighs n_a n_b / (n_a + n_b); strata that lack one of the
    groups are left out. `n` is the smaller group's samples in the strata used.
    """
    if samples.predictions.strata is None:
        return undefined(
            Reason.NO_STRATA, pair_names(samples.counts.groups), samples.counts.classes
        )
    sizes, selected = _tables(samples)
    first, second = pairs_of(len(samples.counts.groups))
    value = np.full((1, len(first), selected.shape[-1]), np.nan)
    for pair, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        shared = (sizes[:, a] > 0) & (sizes[:, b] > 0)
        if shared.any():
            n_a, n_b = sizes[shared, a, None], sizes[shared, b, None]
            weight = n_a * n_b / (n_a + n_b)
            difference = selected[shared, a] / n_a - selected[shared, b] / n_b
            value[0, pair] = (weight * difference).sum(0) / weight.sum()
    reason, n = _usable_pairs(samples, sizes, convention.min_n)
    value = np.where(reason[..., None] == Reason.DEFINED, value, np.nan)
    wide = (
        np.broadcast_to(n[..., None], value.shape),
        np.broadcast_to(reason[..., None], value.shape),
    )
    return pair_scores(Rates(value, *wide), samples.counts, samples.counts.classes)


@sample_metric(
    "cdisc_share",
    title="Share of two groups' samples that lie in strata with both",
    limits=(0, 1),
    direction="higher",
    source=_SOURCE,
    per="pair of groups",
    applies=has_strata,
)
def cdisc_share(samples: GroupedSamples, convention: Convention) -> Scores:
    """Samples that `cdisc_signed` rests on over all samples of the pair, (1, P, 1)."""
    names = pair_names(samples.counts.groups)
    if samples.predictions.strata is None:
        return undefined(Reason.NO_STRATA, names, ALL)
    sizes, _ = _tables(samples)
    first, second = pairs_of(sizes.shape[1])
    shared = (sizes[:, first] > 0) & (sizes[:, second] > 0)
    used = np.where(shared, sizes[:, first] + sizes[:, second], 0).sum(0)
    both = samples.sizes[first] + samples.sizes[second]
    enough = np.minimum(samples.sizes[first], samples.sizes[second]) >= convention.min_n
    empty = np.minimum(samples.sizes[first], samples.sizes[second]) == 0
    short = np.where(empty, np.int8(Reason.EMPTY_GROUP), np.int8(Reason.INSUFFICIENT))
    share = np.where(enough, used / np.maximum(both, 1), np.nan)
    reason = np.where(enough, np.int8(Reason.DEFINED), short)
    rates = Rates(share[None], both[None], reason[None])
    return plain_scores(with_one_emotion(rates), names, ALL)


def _two_big(samples: GroupedSamples, min_n: int) -> bool:
    return bool((samples.sizes >= min_n).sum() >= 2)


def _tables(samples: GroupedSamples) -> tuple[Ints, Floats]:
    """(H, G) samples of the strata that occur, and (H, G, K) those predicted as each class."""
    one = samples.predictions
    assert one.strata is not None, "asked only for sets that have strata"
    used = samples.known & (one.strata >= 0)
    _, strata = np.unique(one.strata[used], return_inverse=True)
    num_groups, num_classes = len(samples.counts.groups), len(one.classes)
    num_strata = int(strata.max(initial=-1)) + 1
    cells = strata * num_groups + samples.codes[used]
    sizes = np.bincount(cells, minlength=num_strata * num_groups)
    selected = np.zeros((num_strata * num_groups, num_classes))
    if one.decisions is not None:
        np.add.at(selected, cells, one.decisions[used])
    else:
        flat = np.bincount(cells * num_classes + one.predicted[used], minlength=selected.size)
        selected += flat.reshape(selected.shape)
    return sizes.reshape(-1, num_groups), selected.reshape(-1, num_groups, num_classes)


def _usable_pairs(samples: GroupedSamples, sizes: Ints, min_n: int) -> tuple[Codes, Ints]:
    """(1, P) why a pair has no value, and the smaller group's samples in common strata."""
    first, second = pairs_of(sizes.shape[1])
    shared = (sizes[:, first] > 0) & (sizes[:, second] > 0)
    in_common = [np.where(shared, sizes[:, group], 0).sum(0) for group in (first, second)]
    n = np.minimum(*in_common)
    empty = np.minimum(samples.sizes[first], samples.sizes[second]) == 0
    reason = np.where(n >= min_n, np.int8(Reason.DEFINED), np.int8(Reason.INSUFFICIENT))
    reason = np.where(n == 0, np.int8(Reason.NO_SHARED_STRATUM), reason)
    return np.where(empty, np.int8(Reason.EMPTY_GROUP), reason)[None], n[None]
