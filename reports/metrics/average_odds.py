"""Averages in place of extremes: of the two odds gaps, and of the pairs of groups."""

from __future__ import annotations

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import false_positive_rate, recall
from reports.metrics.counts import Counts, Floats
from reports.metrics.odds import alarm_gap, difference_metric, joined_gaps, recall_gap
from reports.metrics.pairs import mean_over_pairs, signed_differences
from reports.metrics.reasons import Reason
from reports.metrics.scores import Rates, Scores, shared
from reports.metrics.summaries import with_summaries


def _mean(one: Floats, other: Floats) -> Floats:
    return 0.5 * (one + other)


@shared
def recall_pairs(counts: Counts, min_n: int) -> Scores:
    """(S, 1, K) mean absolute difference of recall over the pairs of groups."""
    return mean_over_pairs(recall(counts, min_n), counts, counts.classes)


@shared
def alarm_pairs(counts: Counts, min_n: int) -> Scores:
    """(S, 1, K) mean absolute difference of false-positive rate over the pairs of groups."""
    return mean_over_pairs(false_positive_rate(counts, min_n), counts, counts.classes)


@metric(
    "avg_odds_signed",
    title="Mean of the signed differences of recall and of false-positive rate, a:b = a - b",
    limits=(-1, 1),
    direction="zero",
    source="Bellamy et al. 2018 (AIF360, average odds difference)",
    per="pair of groups and class",
    null="tpr",
    strata="group_class",
)
def avg_odds_signed(counts: Counts, convention: Convention) -> Scores:
    """Half the sum of both differences, first minus second group of each pair, (S, P, K).

    Undefined for a pair unless both groups have both rates.
    """
    hits, alarms = (rule(counts, convention.min_n) for rule in (recall, false_positive_rate))
    reason = np.where(hits.reason != Reason.DEFINED, hits.reason, alarms.reason)
    average = Rates(_mean(hits.value, alarms.value), np.minimum(hits.n, alarms.n), reason)
    return signed_differences(average, counts, counts.classes)


@difference_metric("eod_average", title="Equalized-odds difference, mean of the two gaps")
def eod_average(counts: Counts, convention: Convention) -> Scores:
    """Mean of the gaps of recall and of false-positive rate of each class, (S, 1, K + 2).

    Undefined for a class unless both gaps are defined; worst and best group are those of the larger
    gap.
    """
    return joined_gaps((recall_gap, alarm_gap), _mean, counts, convention)


@difference_metric("eopd_pairs", title="Equal-opportunity difference, mean of the pairs of groups")
def eopd_pairs(counts: Counts, convention: Convention) -> Scores:
    """Mean absolute difference of recall over the pairs of groups of each class, (S, 1, K + 2)."""
    return with_summaries(recall_pairs(counts, convention.min_n), counts, ("max", "mean"))


@difference_metric("eod_pairs", title="Equalized-odds difference, means of the pairs of groups")
def eod_pairs(counts: Counts, convention: Convention) -> Scores:
    """Larger of the mean differences of recall and of false-positive rate, (S, 1, K + 2).

    The means are over the pairs of groups, so that one small group weighs less than in `eod`.
    """
    return joined_gaps((recall_pairs, alarm_pairs), np.maximum, counts, convention)


@difference_metric(
    "eod_average_pairs",
    title="Equalized-odds difference, mean of the two odds and of the pairs of groups",
)
def eod_average_pairs(counts: Counts, convention: Convention) -> Scores:
    """Mean of the mean differences of recall and of false-positive rate, (S, 1, K + 2)."""
    return joined_gaps((recall_pairs, alarm_pairs), _mean, counts, convention)
