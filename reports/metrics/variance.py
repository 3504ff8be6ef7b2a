"""Between-group variance of rates, corrected for the noise of small groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import recall
from reports.metrics.counts import Counts
from reports.metrics.performance import group_accuracy
from reports.metrics.reasons import Reason
from reports.metrics.scores import ALL, Rates, Scores, between_groups, with_one_emotion
from reports.metrics.summaries import with_summaries

#: a group of one sample says nothing about its own noise
LEAST_N = 2
# -0.25: two samples a group, half of them right in each; 0.5: two groups with rates 0 and 1.
_LIMITS = (-0.25, 0.5)


def bgv_twice(counts: Counts, convention: Convention) -> Scores:
    """`bgv` less the noise once more, (S, 1, 1): on resampled test sets its mean is `bgv`."""
    rates = group_accuracy(counts, max(convention.min_n, LEAST_N))
    return corrected_variance(with_one_emotion(rates), counts, ALL, twice=True)


def bgv_tpr_twice(counts: Counts, convention: Convention) -> Scores:
    """`bgv_tpr` less the noise once more, (S, 1, K + 2)."""
    rates = recall(counts, max(convention.min_n, LEAST_N))
    scores = corrected_variance(rates, counts, counts.classes, twice=True)
    return with_summaries(scores, counts, ("max", "mean"))


@metric(
    "bgv",
    title="Corrected between-group variance of accuracy",
    limits=_LIMITS,
    direction="lower",
    source="Lum, Zhang and Bower 2022",
    per="attribute",
    null="tpr",
    on_resampled=bgv_twice,
)
def bgv(counts: Counts, convention: Convention) -> Scores:
    """Variance of group accuracies less its expected noise, (S, 1, 1); may be negative."""
    rates = group_accuracy(counts, max(convention.min_n, LEAST_N))
    return corrected_variance(with_one_emotion(rates), counts, ALL)


@metric(
    "bgv_tpr",
    title="Corrected between-group variance of recall",
    limits=_LIMITS,
    direction="lower",
    source="Lum, Zhang and Bower 2022",
    per="attribute and class, max and mean over classes",
    null="tpr",
    strata="group_class",
    on_resampled=bgv_tpr_twice,
)
def bgv_tpr(counts: Counts, convention: Convention) -> Scores:
    """Variance of group recalls of each class less its expected noise, (S, 1, K + 2)."""
    rates = recall(counts, max(convention.min_n, LEAST_N))
    scores = corrected_variance(rates, counts, counts.classes)
    return with_summaries(scores, counts, ("max", "mean"))


def corrected_variance(
    rates: Rates, counts: Counts, emotions: tuple[str, ...], *, twice: bool = False
) -> Scores:
    """var(m, ddof 1) - mean m(1 - m)/(n - 1) over the defined groups, (S, 1, E).

    The second term is what binomial noise adds on average, so that the difference is unbiased for
    the variance of the true rates; it is not cut off at 0.

    Args:
        rates: (S, G, E) shares m of at least 2 samples n each.
        counts: gives the names of the G groups.
        emotions: E names.
        twice: take off the noise of the test set and that of resampling it, the second term times
            (2 n - 1)/(n - 1) in each group. The mean over resampled test sets is then what the test
            set gives with the noise taken off once.
    Source: metrics.md 6.6.
    """
    scores = between_groups(rates, counts, emotions, "gap")
    defined = rates.reason == Reason.DEFINED
    used = np.maximum(defined.sum(1), LEAST_N)
    m = np.where(defined, rates.value, 0.0)
    mean = m.sum(1) / used
    spread = (np.where(defined, m - mean[:, None], 0.0) ** 2).sum(1) / (used - 1)
    less = np.maximum(rates.n - 1, 1)
    factor = (2 * rates.n - 1) / less if twice else 1.0
    noise = (factor * m * (1 - m) / less).sum(1) / used
    valid = scores.reason == Reason.DEFINED
    return replace(scores, value=np.where(valid, (spread - noise)[:, None], np.nan))
