"""Rates per class and group: recall, false-positive rate, selection rate."""

from __future__ import annotations

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.counts import Counts, Ints
from reports.metrics.reasons import Reason
from reports.metrics.scores import Codes, Rates, Scores, plain_scores, rate, shared


@shared
def recall(counts: Counts, min_n: int) -> Rates:
    """(S, G, K) share of each class's samples that is predicted as such."""
    empty = _empty(counts, counts.per_class, Reason.NO_POSITIVES)
    return rate(counts.correct, counts.per_class, min_n=min_n, empty=empty)


@shared
def false_positive_rate(counts: Counts, min_n: int) -> Rates:
    """(S, G, K) share of the other classes' samples that is predicted as the class."""
    negatives = counts.per_group[..., None] - counts.per_class
    empty = _empty(counts, negatives, Reason.NO_NEGATIVES)
    return rate(counts.selected - counts.correct, negatives, min_n=min_n, empty=empty)


@shared
def miss_rate(counts: Counts, min_n: int) -> Rates:
    """(S, G, K) share of each class's samples that is predicted as another class."""
    hits = recall(counts, min_n)
    return Rates(1.0 - hits.value, hits.n, hits.reason)


@shared
def selection_rate(counts: Counts, min_n: int) -> Rates:
    """(S, G, K) share of a group's samples that is predicted as each class."""
    members = np.broadcast_to(counts.per_group[..., None], counts.selected.shape)
    return rate(counts.selected, members, min_n=min_n, empty=Reason.EMPTY_GROUP)


def _empty(counts: Counts, like: Ints, reason: Reason) -> Codes:
    group_is_empty = np.broadcast_to(counts.per_group[..., None] == 0, like.shape)
    return np.where(group_is_empty, np.int8(Reason.EMPTY_GROUP), np.int8(reason))


@metric(
    "tpr",
    title="Recall of a class",
    limits=(0, 1),
    direction="higher",
    source="Suresh and Ong 2022, Eq. 1",
    per="class and group, and class overall",
    overall=True,
    strata="group_class",
)
def tpr(counts: Counts, convention: Convention) -> Scores:
    """Recall, (S, G, K)."""
    return plain_scores(recall(counts, convention.min_n), counts.groups, counts.classes)


@metric(
    "sr",
    title="Selection rate of a class",
    limits=(0, 1),
    direction="zero",
    source="Calders and Verwer 2010",
    per="class and group, and class overall",
    overall=True,
)
def sr(counts: Counts, convention: Convention) -> Scores:
    """Share of samples predicted as each class, (S, G, K)."""
    return plain_scores(selection_rate(counts, convention.min_n), counts.groups, counts.classes)


@metric(
    "fpr",
    title="False-positive rate of a class",
    limits=(0, 1),
    direction="lower",
    source="Hardt et al. 2016",
    per="class and group, and class overall",
    overall=True,
    strata="group_class",
)
def fpr(counts: Counts, convention: Convention) -> Scores:
    """Share of the other classes' samples that is predicted as the class, (S, G, K)."""
    rates = false_positive_rate(counts, convention.min_n)
    return plain_scores(rates, counts.groups, counts.classes)


@metric(
    "fnr",
    title="False-negative rate of a class (miss rate, 1 - tpr)",
    limits=(0, 1),
    direction="lower",
    source="Hardt et al. 2016",
    per="class and group, and class overall",
    overall=True,
    strata="group_class",
)
def fnr(counts: Counts, convention: Convention) -> Scores:
    """Share of a class's samples that is predicted as another class, (S, G, K)."""
    return plain_scores(miss_rate(counts, convention.min_n), counts.groups, counts.classes)
