"""Rows on the whole data set: is the label, all classes together, associated with the group?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from reports.audit.observations import Observations
from reports.audit.stratum_rows import where_allowed
from reports.audit.tabulation import ALL
from reports.convention import Convention
from reports.stats.effect_size import cramers_v_corrected

Row = dict[str, Any]

EVERY_CLASS = "all"


def association_tests(observations: Observations, convention: Convention) -> Iterator[Row]:
    """Classes x groups of every attribute, for single labels of three classes or more.

    The effect is the bias-corrected Cramer's V. This is association, not annotation bias: the faces
    of the groups may differ.
    """
    if observations.has_votes or len(observations.classes) < 3:
        return
    labelled = observations.yes.sum(axis=1) == 1
    codes = observations.yes.argmax(axis=1)
    for grouping in observations.groupings:
        used = labelled & (grouping.codes >= 0)
        shape = (len(grouping.levels), len(observations.classes))
        place = grouping.codes[used] * shape[1] + codes[used]
        counts = np.bincount(place, observations.weights[used], shape[0] * shape[1])
        table = counts.reshape(shape).astype(np.int64)
        result = where_allowed(table, convention)
        effect = cramers_v_corrected(table)
        yield {
            "dataset": observations.name,
            "label": EVERY_CLASS,
            "attribute": grouping.name,
            "condition": ALL,
            "test": "chi2",
            "statistic": result.statistic,
            "dof": result.dof,
            "p": result.p,
            "p_holm": math.nan,
            "effect": effect.value,
            "effect_low": effect.low,
            "effect_high": effect.high,
            "n": result.n,
            "min_expected": result.min_expected,
            "reason": result.reason,
        }
