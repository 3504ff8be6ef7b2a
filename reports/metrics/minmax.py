"""Min/max fairness scores: the rate of the worst group over that of the best group."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import recall
from reports.metrics.counts import Counts
from reports.metrics.odds import recall_ratio
from reports.metrics.performance import group_accuracy
from reports.metrics.reasons import SKIPPED, Reason
from reports.metrics.scores import (
    ALL,
    Rates,
    Scores,
    between_groups,
    smallest_denominator,
    with_one_emotion,
)
from reports.metrics.summaries import with_summaries

Absent = Literal["common", "skip", "nan"]


@metric(
    "fs_acc",
    title="Fairness score of accuracy (worst / best group)",
    limits=(0, 1),
    direction="higher",
    source="Suresh and Ong 2022, Eq. 4",
    per="attribute",
    null="tpr",
)
def fs_acc(counts: Counts, convention: Convention) -> Scores:
    """Lowest over highest group accuracy, (S, 1, 1)."""
    return between_groups(
        with_one_emotion(group_accuracy(counts, convention.min_n)), counts, ALL, "ratio"
    )


@metric(
    "fs_gap",
    title="Gap of accuracy (best - worst group)",
    limits=(0, 1),
    direction="lower",
    source="companion of fs_acc",
    per="attribute",
    null="tpr",
)
def fs_gap(counts: Counts, convention: Convention) -> Scores:
    """Highest minus lowest group accuracy, (S, 1, 1)."""
    return between_groups(
        with_one_emotion(group_accuracy(counts, convention.min_n)), counts, ALL, "gap"
    )


@metric(
    "fs_tpr",
    title="Fairness score of recall (worst / best group)",
    limits=(0, 1),
    direction="higher",
    source="Suresh and Ong 2022, Eq. 1",
    per="attribute and class, mean and min over classes",
    null="tpr",
    strata="group_class",
)
def fs_tpr(counts: Counts, convention: Convention) -> Scores:
    """Lowest over highest group recall of each class, (S, 1, K + 2)."""
    return with_summaries(recall_ratio(counts, convention.min_n), counts, ("mean", "min"))


@metric(
    "fs_mca",
    title="Fairness score of summed recalls (worst / best group)",
    limits=(0, 1),
    direction="higher",
    source="Rizvi et al. 2024, Eq. 4",
    per="attribute",
    null="tpr",
    strata="group_class",
)
def fs_mca(counts: Counts, convention: Convention) -> Scores:
    """Lowest over highest summed recall over the classes that all groups have, (S, 1, 1)."""
    return summed_recall_ratio(counts, convention.min_n, absent="common")


def summed_recall_ratio(counts: Counts, min_n: int, absent: Absent) -> Scores:
    """Lowest over highest sum of class recalls of the groups.

    Args:
        counts: confusion counts.
        min_n: smallest group and smallest stratum that count.
        absent: which classes enter: `common`, those with a defined recall in every group of at
            least `min_n` samples, the dropped ones named; `skip`, each group's own mean over its
            defined classes; `nan`, all classes, a group that lacks one being undefined.

    Returns:
        Scores (S, 1, 1); `n` is the smallest stratum used.
    """
    rates = recall(counts, min_n)
    big_enough = counts.per_group >= min_n
    defined = (rates.reason == Reason.DEFINED) & big_enough[..., None]
    common = common_classes(counts, min_n)
    used = defined & common if absent == "common" else defined
    usable = defined.all(-1) if absent == "nan" else used.any(-1)
    mean = np.full(usable.shape, np.nan)
    np.divide(np.where(used, rates.value, 0.0).sum(-1), used.sum(-1), out=mean, where=usable)
    reason = np.where(usable, np.int8(Reason.DEFINED), np.int8(Reason.INSUFFICIENT))
    n = counts.per_group if counts.quiet else smallest_denominator(rates.n, used, axis=-1)
    scores = between_groups(with_one_emotion(Rates(mean, n, reason)), counts, ALL, "ratio")
    if absent != "common":
        return scores
    return _name_dropped_classes(scores, counts, common[:, 0], big_enough)


def common_classes(counts: Counts, min_n: int) -> npt.NDArray[np.bool_]:
    """(S, 1, K) whether every group of at least `min_n` samples has a defined recall of a class."""
    defined = recall(counts, min_n).reason == Reason.DEFINED
    too_small = counts.per_group < min_n
    every: npt.NDArray[np.bool_] = (defined | too_small[..., None]).all(1, keepdims=True)
    return every


def _name_dropped_classes(
    scores: Scores, counts: Counts, common: npt.NDArray[np.bool_], big_enough: npt.NDArray[np.bool_]
) -> Scores:
    none_left = ~common.any(-1) & (big_enough.sum(-1) >= 2)
    code = np.int8(Reason.NO_COMMON_CLASS)
    reason = np.where(none_left[:, None, None], code, scores.reason)
    if counts.quiet:
        return replace(scores, reason=reason)
    skips = dict(scores.skips)
    for seed in np.flatnonzero(~common.all(-1) & (reason[:, 0, 0] == Reason.DEFINED)).tolist():
        dropped = [
            name for name, kept in zip(counts.classes, common[seed], strict=True) if not kept
        ]
        groups = skips.get((seed, 0, 0), SKIPPED).removeprefix(SKIPPED)
        skips[seed, 0, 0] = SKIPPED + "; ".join([groups, *dropped] if groups else dropped)
    return replace(scores, reason=reason, skips=skips)
