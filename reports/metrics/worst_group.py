"""Worst-group accuracy, over the attribute's groups and over the strata."""

from __future__ import annotations

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.class_rates import recall
from reports.metrics.counts import Counts
from reports.metrics.performance import group_accuracy
from reports.metrics.reasons import Reason
from reports.metrics.scores import (
    ALL,
    Scores,
    between_groups,
    skipped,
    smallest_denominator,
    with_one_emotion,
)


@metric(
    "wga_attr",
    title="Accuracy of the worst group",
    limits=(0, 1),
    direction="higher",
    source="Sagawa et al. 2020",
    per="attribute",
    null="tpr",
)
def wga_attr(counts: Counts, convention: Convention) -> Scores:
    """Lowest group accuracy, (S, 1, 1)."""
    rates = with_one_emotion(group_accuracy(counts, convention.min_n))
    return between_groups(rates, counts, ALL, "worst")


@metric(
    "wga_stratum",
    title="Accuracy of the worst stratum (class x group)",
    limits=(0, 1),
    direction="higher",
    source="Sagawa et al. 2020, Sec. 2",
    per="attribute",
    null="tpr",
    strata="group_class",
)
def wga_stratum(counts: Counts, convention: Convention) -> Scores:
    """Lowest recall over the strata with enough samples, (S, 1, 1).

    Worst and best "group" are strata, written `class | group`; `n` is the smallest
    stratum used. Undefined unless two groups have a defined stratum.
    """
    rates = recall(counts, convention.min_n)
    seeds = len(rates.value)
    # Class-major, as the names in `counts.strata` are.
    value = rates.value.swapaxes(1, 2).reshape(seeds, -1)
    n = rates.n.swapaxes(1, 2).reshape(seeds, -1)
    defined = rates.reason.swapaxes(1, 2).reshape(seeds, -1) == Reason.DEFINED
    enough = (rates.reason == Reason.DEFINED).any(-1).sum(-1) >= 2
    lowest_first = np.where(defined, value, np.inf)
    highest_first = np.where(defined, value, -np.inf)
    code = np.where(enough, np.int8(Reason.DEFINED), np.int8(Reason.FEWER_THAN_TWO_GROUPS))
    used, left_out = defined & enough[:, None], ~defined & enough[:, None]
    return Scores(
        groups=ALL,
        emotions=ALL,
        value=np.where(enough, lowest_first.min(-1), np.nan)[:, None, None],
        n=smallest_denominator(n, used, axis=-1)[:, None, None],
        reason=code[:, None, None],
        worst=np.where(enough, lowest_first.argmin(-1), -1)[:, None, None],
        best=np.where(enough, highest_first.argmax(-1), -1)[:, None, None],
        items=counts.strata,
        skips={} if counts.quiet else skipped(left_out[..., None], counts.strata),
    )
