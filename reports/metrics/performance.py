"""Performance: accuracy, weighted F1, mean class-wise accuracy; overall and per group."""

from __future__ import annotations

from typing import Literal

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.counts import Counts, Floats
from reports.metrics.reasons import Reason
from reports.metrics.scores import ALL, Rates, Scores, plain_scores, rate, shared


@shared
def group_accuracy(counts: Counts, min_n: int) -> Rates:
    """(S, G) share of correct predictions in each group."""
    return rate(counts.correct.sum(-1), counts.per_group, min_n=min_n, empty=Reason.EMPTY_GROUP)


def mean_recall(counts: Counts, absent: Literal["skip", "zero", "nan"]) -> Floats:
    """Mean over classes of the recall in each group.

    Args:
        counts: confusion counts.
        absent: a class without samples is left out (`skip`, as scikit-learn's
            `balanced_accuracy_score`), counts as 0 (`zero`, as its macro recall over all declared
            labels) or makes the mean NaN (`nan`).

    Returns:
        (S, G) in [0, 1]; NaN for a group without samples whatever `absent` says.
    """
    present = counts.per_class > 0
    recall = np.zeros_like(present, dtype=np.float64)
    np.divide(counts.correct, counts.per_class, out=recall, where=present)
    classes = (
        present.sum(-1) if absent == "skip" else np.full(present.shape[:-1], present.shape[-1])
    )
    usable = present.all(-1) if absent == "nan" else present.any(-1)
    mean = np.full(usable.shape, np.nan)
    np.divide(recall.sum(-1), classes, out=mean, where=usable)
    return mean


@metric(
    "acc",
    title="Accuracy",
    limits=(0, 1),
    direction="higher",
    source="Suresh and Ong 2022, Sec. IV-C",
    per="group, and overall",
    overall=True,
)
def acc(counts: Counts, convention: Convention) -> Scores:
    """Share of correct predictions, (S, G, 1)."""
    return plain_scores(group_accuracy(counts, convention.min_n), counts.groups, ALL)


@metric(
    "wf1",
    title="Support-weighted F1",
    limits=(0, 1),
    direction="higher",
    source="Suresh and Ong 2022, Table V",
    per="group, and overall",
    overall=True,
)
def wf1(counts: Counts, convention: Convention) -> Scores:
    """Mean of the classes' F1 weighted by their true counts, (S, G, 1); the F1 of 0/0 is 0."""
    either = counts.per_class + counts.selected
    f1 = np.zeros_like(either, dtype=np.float64)
    np.divide(2 * counts.correct, either, out=f1, where=either > 0)
    group = group_accuracy(counts, convention.min_n)
    value = np.full(group.value.shape, np.nan)
    weighted = (counts.per_class * f1).sum(-1)
    np.divide(weighted, counts.per_group, out=value, where=group.reason == Reason.DEFINED)
    return plain_scores(Rates(value, group.n, group.reason), counts.groups, ALL)


@metric(
    "mca",
    title="Mean class-wise accuracy (absent classes skipped)",
    limits=(0, 1),
    direction="higher",
    source="Rizvi et al. 2024, Sec. 4.1",
    per="group, and overall",
    overall=True,
    strata="group_class",
)
def mca(counts: Counts, convention: Convention) -> Scores:
    """Mean recall over the classes that occur, (S, G, 1).

    `min_n` is asked of the group, not of each class, so that the value is scikit-learn's balanced
    accuracy; `n` is the smallest class behind it.
    """
    group = group_accuracy(counts, convention.min_n)
    defined = group.reason == Reason.DEFINED
    value = np.where(defined, mean_recall(counts, "skip"), np.nan)
    smallest = np.where(counts.per_class > 0, counts.per_class, np.iinfo(np.int64).max).min(-1)
    return plain_scores(
        Rates(value, np.where(defined, smallest, group.n), group.reason), counts.groups, ALL
    )
