"""Demographic parity: differences of selection rates between groups."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import selection_rate
from reports.metrics.counts import Counts
from reports.metrics.reasons import Reason
from reports.metrics.scores import Scores, between_groups
from reports.metrics.summaries import with_summaries


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
    rates = selection_rate(counts, convention.min_n)
    return with_summaries(
        between_groups(rates, counts, counts.classes, "gap"), counts, ("max", "mean")
    )


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
    rates = selection_rate(counts, convention.min_n)
    pairs = list(combinations(range(len(counts.groups)), 2))
    first = np.array([a for a, _ in pairs], dtype=np.int64)
    second = np.array([b for _, b in pairs], dtype=np.int64)
    value = rates.value[:, first] - rates.value[:, second]
    n = np.minimum(rates.n[:, first], rates.n[:, second])
    first_reason = rates.reason[:, first]
    reason = np.where(first_reason != Reason.DEFINED, first_reason, rates.reason[:, second])
    defined = reason == Reason.DEFINED
    low = np.where(value < 0, first[:, None], second[:, None])
    high = np.where(value < 0, second[:, None], first[:, None])
    return Scores(
        groups=tuple(f"{counts.groups[a]}:{counts.groups[b]}" for a, b in pairs),
        emotions=counts.classes,
        value=value,
        n=n,
        reason=reason,
        worst=np.where(defined, low, -1),
        best=np.where(defined, high, -1),
        items=counts.groups,
    )
