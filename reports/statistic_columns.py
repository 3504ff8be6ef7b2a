"""Columns of the frame `statistics` for one metric of one method and attribute."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from reports.catalogue import MetricCard
from reports.metrics.counts import Counts
from reports.metrics.reasons import WORDS, Reason
from reports.metrics.scores import Scores
from reports.replicates.values import seed_mean
from reports.runs import Runs
from reports.score_intervals import bootstrap_limits, comparison_limits, has_t_interval
from reports.stats.seeds import (
    SeedInterval,
    cliffs_delta,
    exchange_p,
    majority_p,
    mcnemar,
    over_seeds,
    paired_t_p,
    seed_difference,
    seed_interval,
    signed_rank_p,
    smallest_sign_flip_p,
    spread_p,
    two_source_p,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """One metric of one method and attribute: observed per seed, and its replicates.

    `values` is (S, P, E), `resampled` (B, P, E) averaged over the seeds; `for_interval` as
    `resampled` where the card has `on_resampled`.
    """

    card: MetricCard
    scores: Scores
    resampled: Floats
    for_interval: Floats | None = None

    @property
    def values(self) -> Floats:
        return self.scores.value

    @property
    def size(self) -> int:
        """Numbers of the metric: P x E."""
        return math.prod(self.values.shape[1:])


def resampled_twin(card: MetricCard) -> MetricCard | None:
    """The card of what is computed of resampled test sets for the metric's interval, if any."""
    if card.on_resampled is None:
        return None
    return replace(card, key=f"{card.key} for its interval", compute=card.on_resampled)


def same_shape(one: Measured, other: Measured | None) -> bool:
    """Whether both hold the same numbers, so that they can be subtracted."""
    return other is not None and one.resampled.shape == other.resampled.shape


def place_columns(one: Measured, attribute: str) -> dict[str, Any]:
    """Where each number belongs: attribute, group, emotion and metric."""
    scores = one.scores
    return {
        "attribute": attribute,
        "metric": one.card.key,
        "group": np.repeat(np.array(scores.groups, dtype=object), len(scores.emotions)),
        "emotion": np.tile(np.array(scores.emotions, dtype=object), len(scores.groups)),
    }


def own_columns(
    one: Measured, measured: Mapping[str, Measured], counts: Counts, min_n: int
) -> dict[str, Any]:
    """Mean, spread, sampling error and interval; `n` is the smallest denominator of any seed."""
    mean, sd, seeds = over_seeds(one.values)
    # A single resampling distribution serves all seeds: they share the test samples.
    se_test = over_seeds(one.resampled)[1]
    interval = seed_interval(one.values, se_test)
    if one.for_interval is None:
        own = comparison_limits(one.card.key, measured, counts, min_n)
        low, high, kind = _limits(one, own, interval)
    else:
        low, high = bootstrap_limits(one.for_interval, one.values, one.scores.emotions)
        kind = np.where(np.isnan(low), "none", "bootstrap")
    reason = np.where(seeds > 0, Reason.DEFINED, one.scores.reason[0])
    return {
        "mean": mean.ravel(),
        "seeds": seeds.ravel(),
        "n": one.scores.n.min(axis=0).ravel(),
        "sd": sd.ravel(),
        "se_test": se_test.ravel(),
        "se": interval.se.ravel(),
        "low": np.maximum(low, one.card.limits[0]).ravel(),
        "high": np.minimum(high, one.card.limits[1]).ravel(),
        "interval": kind.ravel(),
        "reason": np.array([WORDS[code] for code in reason.ravel()], dtype=object),
    }


def _limits(
    one: Measured, own: tuple[Floats, Floats] | None, interval: SeedInterval
) -> tuple[Floats, Floats, npt.NDArray[np.object_]]:
    """Limits and their kind: `simultaneous` where groups are compared, else `t`, or `none`."""
    shape = interval.low.shape
    plain = np.broadcast_to([has_t_interval(one.card.key, e) for e in one.scores.emotions], shape)
    low, high = (np.where(plain, x, np.nan) for x in (interval.low, interval.high))
    kind = np.where(plain, "t", "none").astype(object)
    if own is not None:
        known = ~np.isnan(own[0])
        low, high = np.where(known, own[0], low), np.where(known, own[1], high)
        kind = np.where(known, "simultaneous", kind)
    return low, high, np.where(np.isnan(low), "none", kind)


def difference_columns(one: Measured, other: Measured, runs: Runs, base: Runs) -> dict[str, Any]:
    """Method less baseline: paired over the test samples, and over seeds where they match."""
    spread = over_seeds(one.resampled - other.resampled)[1]
    paired = runs.seeds == base.seeds
    found = seed_difference(one.values, other.values, spread, paired=paired)
    columns: dict[str, Any] = {
        "baseline": base.method,
        "difference": found.mean.ravel(),
        "difference_low": found.low.ravel(),
        "difference_high": found.high.ravel(),
        "difference_p": two_source_p(found).ravel(),
        "cliffs_delta": cliffs_delta(one.values, other.values).ravel(),
        "spread_p": spread_p(one.values, other.values).ravel(),
    }
    if paired:
        columns |= {
            "seed_t_p": paired_t_p(one.values, other.values).ravel(),
            "signed_rank_p": signed_rank_p(one.values, other.values).ravel(),
            "smallest_p": smallest_sign_flip_p(len(runs.seeds)),
        }
    return columns


def mcnemar_column(one: Measured, runs: Runs, base: Runs, attribute: str) -> dict[str, Any]:
    """McNemar's exact p of the accuracies, of all paired seeds together; nothing without pairs.

    Its null hypothesis is about the trained networks: those of one seed are equally accurate, for
    most seeds. It says nothing of other seeds.

    Args:
        one: the accuracies of the method, (S, G, 1).
        runs: the method's.
        base: the baseline's.
        attribute: by whose groups.
    """
    drawn = runs.decisions is not None or base.decisions is not None
    if one.card.key != "acc" or drawn or runs.seeds != base.seeds:
        return {}
    right, other = (x.predicted == x.labels for x in (runs, base))
    groups = runs.groups(attribute)[1]
    found = []
    for code, values in enumerate(one.values[:, :, 0].T):
        pairs = zip(right[:, groups == code], other[:, groups == code], strict=True)
        p = majority_p([mcnemar(a, b).p for a, b in pairs])
        found.append(np.nan if np.isnan(values).any() else p)
    return {"mcnemar_p": np.array(found)}


def exchange_columns(one: Measured, other: Measured, exchanged: Floats | None) -> dict[str, Any]:
    """P of the paired exchange; nothing where it was not made.

    Args:
        one: of the method.
        other: of the baseline.
        exchanged: (B, P, E) differences of the seed averages with predictions swapped.
    """
    if exchanged is None:
        return {}
    observed = seed_mean(one.values, axis=0) - seed_mean(other.values, axis=0)
    p = [exchange_p(float(observed[at]), exchanged[:, *at]) for at in np.ndindex(observed.shape)]
    return {"exchange_p": np.array(p)}
