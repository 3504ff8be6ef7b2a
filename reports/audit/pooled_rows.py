"""Rows for all strata of a family together: pooled tests, and Calders-Verwer discrimination."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.audit.options import ALPHA, POWER
from reports.audit.stratum_rows import test_row
from reports.audit.tabulation import Tabulation
from reports.stats.effect_size import corrected_v
from reports.stats.outcome import Estimate, Outcome
from reports.stats.power import detectable_common_difference
from reports.stats.proportions import risk_difference
from reports.stats.strata import (
    cochran_mantel_haenszel,
    common_difference,
    common_odds_ratio,
    equal_odds,
    share_used,
)

Row = dict[str, Any]


def pooled_tests(tabulation: Tabulation) -> Iterator[Row]:
    """Cochran-Mantel-Haenszel, and whether the odds ratio is the same in all strata."""
    counts = tabulation.counts
    result = cochran_mantel_haenszel(counts)
    yield test_row(tabulation, tabulation.family, "cmh", result, _pooled_effect(counts, result))
    if len(tabulation.strata) > 1:
        name = "breslow_day" if len(tabulation.groups) == 2 else "interaction"
        yield test_row(tabulation, tabulation.family, name, equal_odds(counts), Estimate())


def _pooled_effect(counts: NDArray[np.int64], result: Outcome) -> Estimate:
    """The common odds ratio of two groups; of more, Cramer's V of the pooled statistic."""
    if counts.shape[1] == 2:
        return common_odds_ratio(counts)
    if math.isnan(result.statistic):
        return Estimate()
    return corrected_v(result.statistic, result.n, int(result.dof) + 1, 2)


def discrimination_rows(
    overall: Tabulation, families: tuple[Tabulation, ...], source: str
) -> Iterator[Row]:
    """Calders-Verwer for each pair of groups: raw, and at equal facial movement.

    `value` is the share of the first group that has the label minus that of the second, as signed
    in metrics.md 3.2; the conditional form weighs the strata as Mantel and Haenszel do. A pair of
    which both signs matter comes once, in the declared order of the levels. `n` counts the images
    that the value is made of: those in strata that hold both groups.
    """
    for first, second in combinations(range(len(overall.groups)), 2):
        pair = overall.counts[0][[first, second]]
        raw = risk_difference(pair[0], pair[1])
        yield _row(overall, source, "raw", (first, second), raw, share=1.0, used=pair[None])
        for family in families:
            pairs = family.counts[:, [first, second]]
            used = pairs[(pairs.sum(axis=2) > 0).all(axis=1)]
            yield _row(
                family,
                source,
                "conditional",
                (first, second),
                common_difference(pairs),
                share=share_used(pairs),
                used=used,
            )


def _row(
    tabulation: Tabulation,
    source: str,
    form: str,
    pair: tuple[int, int],
    estimate: Estimate,
    *,
    share: float,
    used: NDArray[np.int64],
) -> Row:
    n = used.sum(axis=(1, 2))
    mean = np.divide(used[:, :, 1].sum(axis=1), n, out=np.full(len(n), np.nan), where=n > 0)
    sizes = used.sum(axis=2)
    return {
        "dataset": tabulation.dataset,
        "label": tabulation.label,
        "attribute": tabulation.attribute,
        "source": source,
        "form": form,
        "family": tabulation.family,
        "group_a": tabulation.groups[pair[0]],
        "group_b": tabulation.groups[pair[1]],
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "share_used": share,
        "detectable": detectable_common_difference(sizes, mean, alpha=ALPHA, power=POWER),
        "n": int(n.sum()),
        "reason": estimate.reason,
    }
