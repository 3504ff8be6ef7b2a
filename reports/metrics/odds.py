"""Equal opportunity and equalized odds, each class against the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import false_positive_rate, recall
from reports.metrics.counts import Counts
from reports.metrics.reasons import Reason
from reports.metrics.scores import Scores, between_groups
from reports.metrics.summaries import with_summaries


@metric(
    "eopd",
    title="Equal-opportunity difference",
    limits=(0, 1),
    direction="lower",
    source="Hardt et al. 2016",
    per="attribute and class, max and mean over classes",
    null="tpr",
    strata="group_class",
)
def eopd(counts: Counts, convention: Convention) -> Scores:
    """Highest minus lowest recall of each class, (S, 1, K + 2)."""
    rates = recall(counts, convention.min_n)
    return with_summaries(
        between_groups(rates, counts, counts.classes, "gap"), counts, ("max", "mean")
    )


@metric(
    "eod",
    title="Equalized-odds difference",
    limits=(0, 1),
    direction="lower",
    source="Hardt et al. 2016; Rizvi et al. 2024, Sec. 4.1",
    per="attribute and class, max and mean over classes",
    null="tpr",
    strata="group_class",
)
def eod(counts: Counts, convention: Convention) -> Scores:
    """Larger of the gaps of recall and of false-positive rate of each class, (S, 1, K + 2).

    Undefined for a class unless both gaps are defined; worst and best group are those of the larger
    gap.
    """
    opportunity = between_groups(recall(counts, convention.min_n), counts, counts.classes, "gap")
    alarm = between_groups(
        false_positive_rate(counts, convention.min_n), counts, counts.classes, "gap"
    )
    reason = np.where(opportunity.reason != Reason.DEFINED, opportunity.reason, alarm.reason)
    use_alarm = alarm.value > opportunity.value
    scores = replace(
        opportunity,
        value=np.where(
            reason == Reason.DEFINED, np.maximum(opportunity.value, alarm.value), np.nan
        ),
        n=np.minimum(opportunity.n, alarm.n),
        reason=reason,
        # The group with the higher false-positive rate is the one served worse, so the ends swap.
        worst=np.where(use_alarm, alarm.best, opportunity.worst),
        best=np.where(use_alarm, alarm.worst, opportunity.best),
        skips={**alarm.skips, **opportunity.skips},
    )
    return with_summaries(_without_ends(scores), counts, ("max", "mean"))


def _without_ends(scores: Scores) -> Scores:
    """The scores without worst and best group, and without skips, where the value is undefined."""
    defined = scores.reason == Reason.DEFINED
    return replace(
        scores,
        worst=np.where(defined, scores.worst, -1),
        best=np.where(defined, scores.best, -1),
        skips={at: phrase for at, phrase in scores.skips.items() if defined[at]},
    )
