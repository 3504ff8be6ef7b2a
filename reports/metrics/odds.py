"""Equal opportunity and equalized odds, each class against the rest.

Of two groups the one with fewer hits or more false alarms is the worst.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import false_positive_rate, recall
from reports.metrics.counts import Counts, Floats
from reports.metrics.reasons import Reason
from reports.metrics.scores import Scores, between_groups, shared
from reports.metrics.summaries import with_summaries

#: gap or ratio of each class, from counts and smallest denominator
Rule = Callable[[Counts, int], Scores]

#: a metric of each class and of the largest and the mean of them
difference_metric = functools.partial(
    metric, limits=(0, 1), direction="lower", source="Hardt et al. 2016",
    per="attribute and class, max and mean over classes", null="tpr", strata="group_class",
)  # fmt: skip
#: a metric of each class and of the mean and the smallest of them
ratio_metric = functools.partial(
    metric, limits=(0, 1), direction="higher", source="Hardt et al. 2016",
    per="attribute and class, mean and min over classes", null="tpr", strata="group_class",
)  # fmt: skip


@shared
def recall_gap(counts: Counts, min_n: int) -> Scores:
    """(S, 1, K) highest minus lowest recall of each class."""
    return between_groups(recall(counts, min_n), counts, counts.classes, "gap")


@shared
def recall_ratio(counts: Counts, min_n: int) -> Scores:
    """(S, 1, K) lowest over highest recall of each class."""
    return between_groups(recall(counts, min_n), counts, counts.classes, "ratio")


@shared
def alarm_gap(counts: Counts, min_n: int) -> Scores:
    """(S, 1, K) highest minus lowest false-positive rate of each class."""
    rates = false_positive_rate(counts, min_n)
    return _ends_swapped(between_groups(rates, counts, counts.classes, "gap"))


@shared
def alarm_ratio(counts: Counts, min_n: int) -> Scores:
    """(S, 1, K) lowest over highest false-positive rate of each class."""
    rates = false_positive_rate(counts, min_n)
    return _ends_swapped(between_groups(rates, counts, counts.classes, "ratio"))


def _ends_swapped(scores: Scores) -> Scores:
    # The group with the higher false-positive rate is the one served worse.
    return replace(scores, worst=scores.best, best=scores.worst)


@difference_metric("eopd", title="Equal-opportunity difference")
def eopd(counts: Counts, convention: Convention) -> Scores:
    """Highest minus lowest recall of each class, (S, 1, K + 2)."""
    return with_summaries(recall_gap(counts, convention.min_n), counts, ("max", "mean"))


@ratio_metric("eopr", title="Equal-opportunity ratio (the same number as fs_tpr)")
def eopr(counts: Counts, convention: Convention) -> Scores:
    """Lowest over highest recall of each class, (S, 1, K + 2)."""
    return with_summaries(recall_ratio(counts, convention.min_n), counts, ("mean", "min"))


@difference_metric("fpr_gap", title="Gap of false-positive rates")
def fpr_gap(counts: Counts, convention: Convention) -> Scores:
    """Highest minus lowest false-positive rate of each class, (S, 1, K + 2)."""
    return with_summaries(alarm_gap(counts, convention.min_n), counts, ("max", "mean"))


@difference_metric("fnr_gap", title="Gap of false-negative rates (the same number as eopd)")
def fnr_gap(counts: Counts, convention: Convention) -> Scores:
    """Highest minus lowest miss rate of each class, (S, 1, K + 2)."""
    return eopd(counts, convention)


@difference_metric(
    "eod",
    title="Equalized-odds difference",
    source="Hardt et al. 2016; Rizvi et al. 2024, Sec. 4.1",
)
def eod(counts: Counts, convention: Convention) -> Scores:
    """Larger of the gaps of recall and of false-positive rate of each class, (S, 1, K + 2).

    Undefined for a class unless both gaps are defined; worst and best group are those of the larger
    gap.
    """
    return joined_gaps((recall_gap, alarm_gap), np.maximum, counts, convention)


@ratio_metric("eor", title="Equalized-odds ratio")
def eor(counts: Counts, convention: Convention) -> Scores:
    """Smaller of the ratios of recall and of false-positive rate of each class, (S, 1, K + 2).

    Undefined for a class unless both ratios are defined: a class without a single false alarm has
    none. Worst and best group are those of the smaller ratio.
    """
    opportunity, alarm = (ratio(counts, convention.min_n) for ratio in (recall_ratio, alarm_ratio))
    scores = _both(opportunity, alarm, np.minimum, take_alarm=alarm.value < opportunity.value)
    return with_summaries(scores, counts, ("mean", "min"))


def joined_gaps(
    rules: tuple[Rule, Rule],
    joined: Callable[[Floats, Floats], Floats],
    counts: Counts,
    convention: Convention,
) -> Scores:
    """Gaps of hits and of false alarms as one of each class, (S, 1, K + 2).

    Args:
        rules: those of hits and of false alarms.
        joined: makes one value of two.
        counts: confusion counts.
        convention: smallest stratum that counts.

    Returns:
        Undefined for a class unless both gaps are; worst and best group are those of the larger
        gap.
    """
    hits, alarms = (rule(counts, convention.min_n) for rule in rules)
    scores = _both(hits, alarms, joined, take_alarm=alarms.value > hits.value)
    return with_summaries(scores, counts, ("max", "mean"))


def _both(
    opportunity: Scores,
    alarm: Scores,
    joined: Callable[[Floats, Floats], Floats],
    *,
    take_alarm: npt.NDArray[np.bool_],
) -> Scores:
    """Scores of hits and of false alarms as one, defined where both are.

    Args:
        opportunity: (S, 1, K) of hits.
        alarm: (S, 1, K) of false alarms.
        joined: makes one value of two.
        take_alarm: (S, 1, K), whether worst and best group are those of the false alarms.
    """
    reason = np.where(opportunity.reason != Reason.DEFINED, opportunity.reason, alarm.reason)
    defined = reason == Reason.DEFINED
    skips = {**alarm.skips, **opportunity.skips}
    return replace(
        opportunity,
        value=np.where(defined, joined(opportunity.value, alarm.value), np.nan),
        n=np.minimum(opportunity.n, alarm.n),
        reason=reason,
        worst=np.where(defined, np.where(take_alarm, alarm.worst, opportunity.worst), -1),
        best=np.where(defined, np.where(take_alarm, alarm.best, opportunity.best), -1),
        skips={at: phrase for at, phrase in skips.items() if defined[at]},
    )
