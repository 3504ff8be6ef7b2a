"""Demographic parity: differences and ratios of selection rates between groups."""

from __future__ import annotations

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import selection_rate
from reports.metrics.counts import Counts
from reports.metrics.pairs import signed_differences
from reports.metrics.scores import Scores, between_groups, shared
from reports.metrics.summaries import with_summaries


@shared
def selection_gap(counts: Counts, min_n: int) -> Scores:
    """Highest minus lowest selection rate of each class, max and mean over classes."""
    scores = between_groups(selection_rate(counts, min_n), counts, counts.classes, "gap")
    return with_summaries(scores, counts, ("max", "mean"))


@metric(
    "disc",
    title="Calders-Verwer discrimination",
    limits=(0, 1),
    direction="lower",
    source="Chen and Joo 2021, supplement, Eq. 1",
    per="attribute and class, max and mean over classes",
    null="dp",
)
def disc(counts: Counts, convention: Convention) -> Scores:
    """Highest minus lowest selection rate of each class, (S, 1, K + 2)."""
    return selection_gap(counts, convention.min_n)


@metric(
    "disc_signed",
    title="Signed difference of selection rates, a:b = a - b",
    limits=(-1, 1),
    direction="zero",
    source="Calders and Verwer 2010",
    per="pair of groups and class",
    null="dp",
)
def disc_signed(counts: Counts, convention: Convention) -> Scores:
    """Selection rate of the first minus that of the second group of each pair, (S, P, K).

    Pairs `a:b` keep the declared order of the levels: a positive value means that group a receives
    the label more often. A pair with an undefined group is undefined for that group's reason.
    """
    return signed_differences(selection_rate(counts, convention.min_n), counts, counts.classes)


@metric(
    "dpd",
    title="Demographic-parity difference (the same number as disc)",
    limits=(0, 1),
    direction="lower",
    source="Calders and Verwer 2010; Agarwal et al. 2018",
    per="attribute and class, max and mean over classes",
    null="dp",
)
def dpd(counts: Counts, convention: Convention) -> Scores:
    """Highest minus lowest selection rate of each class, (S, 1, K + 2)."""
    return selection_gap(counts, convention.min_n)


@metric(
    "dpr",
    title="Demographic-parity ratio",
    limits=(0, 1),
    direction="higher",
    source="Calders and Verwer 2010; Agarwal et al. 2018",
    per="attribute and class, mean and min over classes",
    null="dp",
)
def dpr(counts: Counts, convention: Convention) -> Scores:
    """Lowest over highest selection rate of each class, (S, 1, K + 2).

    Undefined for a class that no group receives.
    """
    rates = selection_rate(counts, convention.min_n)
    scores = between_groups(rates, counts, counts.classes, "ratio")
    return with_summaries(scores, counts, ("mean", "min"))
