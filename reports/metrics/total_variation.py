"""Total-variation distance between the groups' distributions of predicted classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import selection_rate
from reports.metrics.counts import Counts
from reports.metrics.pairs import over_groups, pair_names, pairs_of
from reports.metrics.reasons import Reason
from reports.metrics.scores import ALL, Rates, Scores, plain_scores, shared


@shared
def distances(counts: Counts, min_n: int) -> Rates:
    """(S, P) half the summed absolute differences of selection rates of each pair of groups.

    A pair with an undefined group is undefined for that group's reason.
    """
    rates = selection_rate(counts, min_n)
    value, n, reason = rates.value, rates.n[..., 0], rates.reason[..., 0]
    first, second = pairs_of(value.shape[1])
    # One pair at a time: all at once would need an array 15 times as large for six groups.
    apart = [np.abs(value[:, a] - value[:, b]).sum(-1) for a, b in zip(first, second, strict=True)]
    distance = 0.5 * np.stack(apart, axis=-1) if apart else np.zeros((len(value), 0))
    missing = np.where(reason[:, first] != Reason.DEFINED, reason[:, first], reason[:, second])
    # Half a sum of rounded numbers can pass 1 by the last bit.
    return Rates(np.minimum(distance, 1.0), np.minimum(n[:, first], n[:, second]), missing)


@metric(
    "disc_tv",
    title="Total-variation distance of predicted classes, largest of the pairs of groups",
    limits=(0, 1),
    direction="lower",
    source="derived from Calders and Verwer 2010",
    per="attribute",
    null="dp",
)
def disc_tv(counts: Counts, convention: Convention) -> Scores:
    """Largest distance of two groups, (S, 1, 1); `worst` and `best` are these, in declared order.

    With two classes the number is `disc`.
    """
    pairs, scores = distances(counts, convention.min_n), _mean(counts, convention)
    if pairs.value.shape[1] == 0:
        return scores
    at = np.where(np.isnan(pairs.value), -np.inf, pairs.value).argmax(1)[:, None]
    value = np.take_along_axis(pairs.value, at, 1)[:, None]
    if counts.quiet:
        return replace(scores, value=value)
    defined = scores.reason == Reason.DEFINED
    worst, best = (
        np.where(defined, group[at][:, None], -1) for group in pairs_of(len(counts.groups))
    )
    return replace(scores, value=value, worst=worst, best=best)


@metric(
    "disc_tv_mean",
    title="Total-variation distance of predicted classes, mean of the pairs of groups",
    limits=(0, 1),
    direction="lower",
    source="derived from Calders and Verwer 2010",
    per="attribute",
    null="dp",
)
def disc_tv_mean(counts: Counts, convention: Convention) -> Scores:
    """Mean distance of the pairs of defined groups, (S, 1, 1)."""
    return _mean(counts, convention)


@metric(
    "disc_tv_pair",
    title="Total-variation distance of predicted classes of two groups",
    limits=(0, 1),
    direction="lower",
    source="derived from Calders and Verwer 2010",
    per="pair of groups",
    null="dp",
)
def disc_tv_pair(counts: Counts, convention: Convention) -> Scores:
    """Distance of each pair of groups, (S, P, 1); pairs `a:b` as in `disc_signed`."""
    return plain_scores(distances(counts, convention.min_n), pair_names(counts.groups), ALL)


def _mean(counts: Counts, convention: Convention) -> Scores:
    pairs, rates = (rule(counts, convention.min_n) for rule in (distances, selection_rate))
    defined = pairs.reason == Reason.DEFINED
    total = np.where(defined, pairs.value, 0.0).sum(1)
    mean = np.full(total.shape, np.nan)
    np.divide(total, defined.sum(1), out=mean, where=defined.any(1))
    groups = rates.reason[..., :1] == Reason.DEFINED
    return over_groups(mean[:, None], rates.n[..., :1], groups, counts=counts, emotions=ALL)
