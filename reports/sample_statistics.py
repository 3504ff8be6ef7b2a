"""Statistics of metrics that need the samples themselves, where they have a noise floor.

These metrics (calibration, leakage) are no functions of confusion counts, so that their floors need
every sample once more; they have no interval and no comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.catalogue import SampleMetricCard, sample_metric_cards
from reports.convention import Convention
from reports.measure import grouped
from reports.metrics.reasons import WORDS
from reports.predictions import PredictionSet
from reports.replicates.floor import floor_of
from reports.replicates.streams import generator_for
from reports.replicates.values import seed_mean
from reports.statistics import Effort
from reports.statistics_frame import STATISTICS, TEXTS
from reports.stats.seeds import over_seeds

#: the runs of one method on one data set under one rule, and an attribute
SampleTask = tuple[list[PredictionSet], str]


def sample_tasks_of(sets: Iterable[PredictionSet]) -> list[SampleTask]:
    """The pieces of work that do not depend on each other."""
    groups: dict[tuple[str, str, str, str], list[PredictionSet]] = {}
    for one in sets:
        groups.setdefault((one.dataset, one.method, one.variant, one.select), []).append(one)
    return [
        (group, attribute)
        for group in groups.values()
        for attribute in group[0].attribute_names()
        if any(_cards(group))
    ]


def sample_task_statistics(
    group: Sequence[PredictionSet],
    attribute: str,
    *,
    convention: Convention,
    effort: Effort,
    suite_seed: int = 0,
) -> pd.DataFrame:
    """The rows of one task with the columns `STATISTICS`, p of the floors not yet corrected.

    Args:
        group: runs of one method, tested on the same samples.
        attribute: by whose groups.
        convention: smallest group that counts.
        effort: a quarter of its permutations are made, for each looks at every sample.
        suite_seed: of the streams; methods share the draws of their data set.
    """
    first, draws = group[0], effort.permutations // 4
    names = {name: getattr(first, name) for name in ("dataset", "method", "variant", "select")}
    rows = [
        {**names, "attribute": attribute, "metric": card.key}
        | _row(card, group, attribute, convention, draws=draws, suite_seed=suite_seed)
        for card in _cards(group)
    ]
    frame = pd.DataFrame(rows).reindex(columns=list(STATISTICS))
    for name in TEXTS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    return frame


def _cards(group: Sequence[PredictionSet]) -> list[SampleMetricCard]:
    return [
        card for card in sample_metric_cards() if card.permuted and all(map(card.applies, group))
    ]


def _row(
    card: SampleMetricCard,
    group: Sequence[PredictionSet],
    attribute: str,
    convention: Convention,
    *,
    draws: int,
    suite_seed: int,
) -> dict[str, Any]:
    """One number: such a metric compares groups, so that it has one value for an attribute."""
    assert card.permuted is not None
    samples = [grouped(one, attribute) for one in group]
    scores = [card.compute(one, convention) for one in samples]
    values = np.concatenate([one.value for one in scores])[:, 0, 0]
    mean, sd, seeds = over_seeds(values)
    stream = generator_for(suite_seed, group[0].dataset, attribute, "permuted", card.key)
    drawn = card.permuted(samples, convention, draws, stream)
    floor = floor_of(seed_mean(values, axis=0), seed_mean(drawn), card.direction)
    return {
        "group": "all",
        "emotion": "all",
        "mean": float(mean),
        "seeds": int(seeds),
        "n": min(int(one.n.min()) for one in scores),
        "sd": float(sd),
        "interval": "none",
        "null": "acc",
        "floor_mean": float(floor.mean),
        "floor_low": float(floor.low),
        "floor_high": float(floor.high),
        "excess": float(floor.excess),
        "floor_p": float(floor.p),
        "reason": "" if seeds else WORDS[scores[0].reason[0, 0, 0]],
    }
