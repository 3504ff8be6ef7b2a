"""Every number of every method over its seeds: spread, sampling error, floor, difference to the
baseline.

All of it comes from confusion tensors: observed, resampled test sets, groups dealt anew, methods
exchanged. The same metric functions read each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.catalogue import MetricCard, Strata, metric_cards
from reports.convention import STRICT, Convention
from reports.metrics.counts import Counts
from reports.metrics.reasons import WORDS, Reason
from reports.metrics.scores import Scores
from reports.replicates.exchanged import exchanged_tensors
from reports.replicates.floor import DRAWS, PRECISE, floor_of
from reports.replicates.permuted import permuted_tensors
from reports.replicates.resampled import resampled_tensors
from reports.replicates.streams import generator_for
from reports.replicates.values import seed_mean, values_of_chunks
from reports.runs import ALL, Runs
from reports.statistics_frame import STATISTICS
from reports.stats.multiplicity import holm
from reports.stats.seeds import (
    cliffs_delta,
    exchange_p,
    over_seeds,
    paired_t_p,
    seed_interval,
    smallest_sign_flip_p,
    spread_p,
    t_p,
    t_reach,
)

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int, str], None]

#: replicates of the test set
RESAMPLES = 1_000
EXCHANGES = 1_000
#: min/max scores, for which a bootstrap is not valid and the exchange stands beside the t test
EXCHANGED = ("fs_acc", "fs_mca")
NULLS: tuple[Literal["tpr", "acc", "dp"], ...] = ("tpr", "acc", "dp")


@dataclass(frozen=True)
class Effort:
    """How many replicates are made; `precise` for p values printed to more digits."""

    permutations: int = DRAWS
    resamples: int = RESAMPLES
    exchanges: int = EXCHANGES

    @classmethod
    def precise(cls) -> Effort:
        """Enough replicates for p values below .01."""
        return cls(PRECISE, 4 * RESAMPLES, PRECISE)


@dataclass(frozen=True, eq=False)
class _Measured:
    """One metric of one method and attribute: observed per seed, and its replicates.

    `values` is (S, P, E), `resampled` (B, P, E) averaged over the seeds.
    """

    card: MetricCard
    scores: Scores
    resampled: Floats

    @property
    def values(self) -> Floats:
        return self.scores.value


def statistics(
    runs: Sequence[Runs],
    baseline: str,
    convention: Convention = STRICT,
    *,
    effort: Effort | None = None,
    suite_seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The frame `statistics` of all methods.

    Args:
        runs: of any methods, data sets and selection rules.
        baseline: method that the others of the same data set and rule are compared with; its plain
            variant where there are several.
        convention: smallest denominators.
        effort: number of replicates.
        suite_seed: of the replicates' streams; methods share the draws of their data set.
        progress: told before each method and attribute.

    Returns:
        A frame with the columns `STATISTICS`, in the order of the runs.
    """
    effort = effort or Effort()
    done, total = 0, sum(len(one.attribute_names()) + 1 for one in runs)
    frames = []
    for group in _by_test_set(runs):
        base = next((one for one in group if one.method == baseline), None)
        for attribute in (ALL, *group[0].attribute_names()):
            reference: dict[str, _Measured] = {}
            ordered = sorted(group, key=lambda one: one is not base)
            found: dict[int, pd.DataFrame] = {}
            for one in ordered:
                if progress is not None:
                    progress(done, total, f"{one.method} by {attribute}")
                done += 1
                asked = _Asked(one, attribute, convention, effort, suite_seed)
                measured = asked.measured()
                if one is base:
                    reference = measured
                against = base if one is not base else None
                found[id(one)] = asked.frame(measured, against, reference)
            frames += [found[id(one)] for one in group]
    if not frames:
        return pd.DataFrame(columns=list(STATISTICS))
    return _corrected(pd.concat(frames, ignore_index=True))


def _by_test_set(runs: Iterable[Runs]) -> list[list[Runs]]:
    """Runs of one data set and rule together; the plain variant of a method first."""
    groups: dict[tuple[str, str], list[Runs]] = {}
    for one in runs:
        groups.setdefault((one.dataset, one.select), []).append(one)
    return list(groups.values())


@dataclass(frozen=True, eq=False)
class _Asked:
    """One method and attribute."""

    runs: Runs
    attribute: str
    convention: Convention
    effort: Effort
    suite_seed: int

    def measured(self) -> dict[str, _Measured]:
        """Every metric with its replicates of the test set."""
        counts = self._counts
        used = self._convention
        found = {}
        for strata in ("group", "group_class", "all"):
            cards = [card for card in self._cards if self._strata(card) == strata]
            if not cards:
                continue
            chunks = resampled_tensors(
                self.runs.labels, self._decided, self._groups, strata=strata,
                num_groups=len(counts.groups), num_classes=len(counts.classes),
                draws=self.effort.resamples, generator=self._stream("resampled", strata),
            )  # fmt: skip
            replicates = values_of_chunks(
                cards, chunks, groups=counts.groups, classes=counts.classes, convention=used,
                seed_averaged=True,
            )  # fmt: skip
            for card in cards:
                scores = card.compute(counts, used)
                found[card.key] = _Measured(card, scores, replicates[card.key])
        return found

    def frame(
        self,
        measured: Mapping[str, _Measured],
        base: Runs | None,
        reference: Mapping[str, _Measured],
    ) -> pd.DataFrame:
        """The rows of this method and attribute, in the order of the metrics."""
        floors = self._floors(measured)
        exchanged = self._exchanged(base) if base is not None else {}
        parts = []
        for card in self._cards:
            one = measured[card.key]
            columns = _place_columns(one, self.attribute) | _own_columns(one)
            columns |= floors.get(card.key, {})
            if base is not None and _same_shape(one, reference.get(card.key)):
                columns |= _difference_columns(one, reference[card.key], self.runs, base)
                columns |= _exchange_columns(one, reference[card.key], exchanged.get(card.key))
            parts.append(pd.DataFrame(columns))
        frame = pd.concat(parts, ignore_index=True).reindex(columns=list(STATISTICS))
        for name in ("dataset", "method", "variant", "select"):
            frame[name] = getattr(self.runs, name)
        return frame

    def _floors(self, measured: Mapping[str, _Measured]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        counts = self._counts
        for null in NULLS:
            cards = [card for card in self._cards if card.null == null]
            if not cards or self.attribute == ALL:
                continue
            chunks = permuted_tensors(
                self.runs.labels, self._decided, self._groups, null=null,
                num_groups=len(counts.groups), num_classes=len(counts.classes),
                draws=self.effort.permutations, generator=self._stream("permuted", null),
            )  # fmt: skip
            replicates = values_of_chunks(
                cards, chunks, groups=counts.groups, classes=counts.classes,
                convention=self._convention, seed_averaged=True,
            )  # fmt: skip
            for card in cards:
                observed = seed_mean(measured[card.key].values, axis=0)
                floor = floor_of(observed, replicates[card.key], card.direction)
                found[card.key] = {
                    "null": null,
                    "floor_mean": floor.mean.ravel(),
                    "floor_low": floor.low.ravel(),
                    "floor_high": floor.high.ravel(),
                    "excess": floor.excess.ravel(),
                    "floor_p": floor.p.ravel(),
                }
        return found

    def _exchanged(self, base: Runs) -> dict[str, Floats]:
        """(B, P, E) differences of the seed averages with the two methods' predictions swapped."""
        cards = [card for card in self._cards if card.key in EXCHANGED]
        if not cards or base.seeds != self.runs.seeds or base.decided.ndim != self._decided.ndim:
            return {}
        counts = self._counts
        pairs = exchanged_tensors(
            self.runs.labels, self._decided, base.decided, self._groups,
            num_groups=len(counts.groups), num_classes=len(counts.classes),
            draws=self.effort.exchanges,
            generator=self._stream("exchanged", self.runs.method, self.runs.variant),
        )  # fmt: skip
        both = list(pairs)
        names: dict[str, Any] = {
            "groups": counts.groups, "classes": counts.classes, "convention": self._convention,
            "seed_averaged": True,
        }  # fmt: skip
        own = values_of_chunks(cards, (a for a, _ in both), **names)
        other = values_of_chunks(cards, (b for _, b in both), **names)
        return {key: own[key] - other[key] for key in own}

    @property
    def _decided(self) -> Any:
        return self.runs.decided

    @property
    def _counts(self) -> Counts:
        return self.runs.counts(self.attribute)

    @property
    def _groups(self) -> npt.NDArray[np.int64]:
        return self.runs.groups(self.attribute)[1]

    @property
    def _convention(self) -> Convention:
        return self.convention.overall if self.attribute == ALL else self.convention

    @property
    def _cards(self) -> tuple[MetricCard, ...]:
        cards = metric_cards()
        return tuple(c for c in cards if c.overall) if self.attribute == ALL else cards

    def _strata(self, card: MetricCard) -> Strata:
        return "all" if self.attribute == ALL else card.strata

    def _stream(self, *names: str) -> np.random.Generator:
        return generator_for(self.suite_seed, self.runs.dataset, self.attribute, *names)


def _same_shape(one: _Measured, other: _Measured | None) -> bool:
    return other is not None and one.resampled.shape == other.resampled.shape


def _place_columns(one: _Measured, attribute: str) -> dict[str, Any]:
    scores = one.scores
    return {
        "attribute": attribute,
        "metric": one.card.key,
        "group": np.repeat(np.array(scores.groups, dtype=object), len(scores.emotions)),
        "emotion": np.tile(np.array(scores.emotions, dtype=object), len(scores.groups)),
    }


def _own_columns(one: _Measured) -> dict[str, Any]:
    """Mean, spread, sampling error and interval; `n` is the smallest denominator of any seed."""
    mean, sd, seeds = over_seeds(one.values)
    # A single resampling distribution serves all seeds: they share the test samples.
    se_test = over_seeds(one.resampled)[1]
    interval = seed_interval(one.values, se_test)
    limits = one.card.limits
    reason = np.where(seeds > 0, Reason.DEFINED, one.scores.reason[0])
    return {
        "mean": mean.ravel(),
        "seeds": seeds.ravel(),
        "n": one.scores.n.min(axis=0).ravel(),
        "sd": sd.ravel(),
        "se_test": se_test.ravel(),
        "se": interval.se.ravel(),
        "low": np.maximum(interval.low, limits[0]).ravel(),
        "high": np.minimum(interval.high, limits[1]).ravel(),
        "interval": "t",
        "reason": np.array([WORDS[code] for code in reason.ravel()], dtype=object),
    }


def _difference_columns(one: _Measured, other: _Measured, runs: Runs, base: Runs) -> dict[str, Any]:
    """Method less baseline: paired over the test samples, and over seeds where they match."""
    spread = over_seeds(one.resampled - other.resampled)[1]
    paired = runs.seeds == base.seeds
    columns: dict[str, Any] = {
        "baseline": base.method,
        "cliffs_delta": cliffs_delta(one.values, other.values).ravel(),
        "spread_p": spread_p(one.values, other.values).ravel(),
    }
    if paired:
        interval = seed_interval(one.values - other.values, spread)
        columns |= {
            "seed_t_p": paired_t_p(one.values, other.values).ravel(),
            "smallest_p": smallest_sign_flip_p(len(runs.seeds)),
        }
        difference, se, dof = interval.mean, interval.se, interval.dof
        low, high = interval.low, interval.high
    else:
        own, their = seed_interval(one.values), seed_interval(other.values)
        difference = own.mean - their.mean
        se = np.sqrt(own.se**2 + their.se**2 + spread**2)
        dof = np.fmin(own.dof, their.dof)
        reach = t_reach(se, dof)
        low, high = difference - reach, difference + reach
    return columns | {
        "difference": difference.ravel(),
        "difference_low": low.ravel(),
        "difference_high": high.ravel(),
        "difference_p": t_p(difference, se, dof).ravel(),
    }


def _exchange_columns(one: _Measured, other: _Measured, exchanged: Floats | None) -> dict[str, Any]:
    if exchanged is None:
        return {}
    observed = seed_mean(one.values, axis=0) - seed_mean(other.values, axis=0)
    p = [exchange_p(float(observed[at]), exchanged[:, *at]) for at in np.ndindex(observed.shape)]
    return {"exchange_p": np.array(p)}


def _corrected(frame: pd.DataFrame) -> pd.DataFrame:
    """Holm over the methods of one data set, rule and number, for floors and for differences."""
    place = ["dataset", "select", "attribute", "group", "emotion", "metric"]
    for source in ("floor_p", "difference_p"):
        frame[f"{source}_holm"] = frame.groupby(place, sort=False, dropna=False)[source].transform(
            lambda p: holm(p.to_numpy(dtype=np.float64))
        )
    return frame
