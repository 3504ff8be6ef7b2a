"""Every number of every method over its seeds: spread, sampling error, floor, difference to the
baseline.

All of it comes from confusion tensors: observed, resampled test sets, groups dealt anew, methods
exchanged. The same metric functions read each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.best import Contender, best_columns, kept_draws
from reports.catalogue import MetricCard, metric_cards
from reports.convention import STRICT, Convention
from reports.metrics.counts import Counts
from reports.replicates.exchanged import exchanged_tensors
from reports.replicates.floor import DRAWS, PRECISE, floor_of
from reports.replicates.permuted import permuted_tensors
from reports.replicates.resampled import resampled_tensors
from reports.replicates.streams import generator_for
from reports.replicates.values import seed_mean, values_of_chunks
from reports.runs import ALL, Runs
from reports.statistic_columns import (
    Measured,
    difference_columns,
    exchange_columns,
    mcnemar_column,
    own_columns,
    place_columns,
    resampled_twin,
    same_shape,
)
from reports.statistics_frame import STATISTICS, TEXTS
from reports.stats.multiplicity import holm

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


def statistics(
    runs: Sequence[Runs],
    baseline: str,
    convention: Convention = STRICT,
    *,
    effort: Effort | None = None,
    suite_seed: int = 0,
    compared: Compared | None = None,
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
        compared: who competes for the best; None: all.
        progress: told before each attribute of each data set.

    Returns:
        A frame with the columns `STATISTICS`, in the order of the runs.
    """
    effort = effort or Effort()
    tasks = tasks_of(runs)
    frames = []
    for done, task in enumerate(tasks):
        if progress is not None:
            progress(done, len(tasks), f"{task[0][0].dataset} by {task[1]}")
        frames.append(
            task_statistics(
                *task,
                baseline,
                convention=convention,
                effort=effort,
                suite_seed=suite_seed,
                compared=compared,
            )  # fmt: skip
        )
    return corrected(frames)


#: (data set, method, variant) of the methods that compete -> planned runs; with fewer none does
Compared = Mapping[tuple[str, str, str], int]
#: all methods of one data set and rule, and an attribute (or `all`)
Task = tuple[list[Runs], str]


def tasks_of(runs: Iterable[Runs]) -> list[Task]:
    """The pieces of work that do not depend on each other."""
    return [
        (group, attribute)
        for group in _by_test_set(runs)
        for attribute in (ALL, *group[0].attribute_names())
    ]


def task_statistics(
    group: Sequence[Runs],
    attribute: str,
    baseline: str,
    *,
    convention: Convention,
    effort: Effort,
    suite_seed: int = 0,
    compared: Compared | None = None,
    metrics: Collection[str] | None = None,
) -> pd.DataFrame:
    """The rows of one task; p of differences to the baseline and of floors not yet corrected.

    Args:
        group: runs of one data set and rule.
        attribute: by whose groups, or `all`.
        baseline: as in `statistics`.
        convention: as in `statistics`.
        effort: number of replicates.
        suite_seed: of the replicates' streams.
        compared: as in `statistics`.
        metrics: the only ones wanted; None: all.
    """
    plain = sorted(group, key=lambda one: one.variant)
    base = next((one for one in plain if one.method == baseline), None)
    rivals = [one for one in group if _competes(one, compared)]
    reference: dict[str, Measured] = {}
    found: dict[int, pd.DataFrame] = {}
    contenders: dict[int, Contender] = {}
    # The baseline first, for the others are compared with its replicates.
    for one in sorted(group, key=lambda one: one is not base):
        asked = _Asked(one, attribute, convention, effort, suite_seed, metrics)
        measured = asked.measured()
        if one is base:
            reference = measured
        against = base if one is not base else None
        found[id(one)] = asked.frame(measured, against, reference)
        if len(rivals) >= 2 and one in rivals:
            contenders[id(one)] = asked.contender(measured, len(rivals))
    ways = [card.direction for card in asked.cards for _ in range(measured[card.key].size)]
    if contenders:
        columns = best_columns(list(contenders.values()), ways)
        for key, own in zip(contenders, columns, strict=True):
            found[key] = found[key].assign(**own)
    return pd.concat([found[id(one)] for one in group], ignore_index=True)


def _competes(runs: Runs, compared: Compared | None) -> bool:
    if compared is None:
        return True
    return compared.get((runs.dataset, runs.method, runs.variant)) == len(runs.seeds)


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
    metrics: Collection[str] | None

    def measured(self) -> dict[str, Measured]:
        """Every metric with its replicates of the test set."""
        counts = self._counts
        used = self._convention
        # Samples of unknown group are drawn as a group of their own: they count in no group, but
        # in metrics that also look at all samples.
        drawn = np.where(self._groups < 0, len(counts.groups), self._groups)
        found = {}
        for strata in ("group", "group_class", "all"):
            cards = [card for card in self.cards if card.strata == strata]
            if not cards:
                continue
            chunks = resampled_tensors(
                self.runs.labels, self._decided, drawn, strata=strata,
                num_groups=len(counts.groups) + bool(counts.n_unknown),
                num_classes=len(counts.classes),
                draws=self.effort.resamples, generator=self._stream("resampled", strata),
            )  # fmt: skip
            twins = {card.key: twin for card in cards if (twin := resampled_twin(card))}
            replicates = values_of_chunks(
                [*cards, *twins.values()], chunks, groups=counts.groups, classes=counts.classes,
                convention=used, seed_averaged=True,
            )  # fmt: skip
            for card in cards:
                scores, twin = card.compute(counts, used), twins.get(card.key)
                for_interval = replicates[twin.key] if twin else None
                found[card.key] = Measured(card, scores, replicates[card.key], for_interval)
        return found

    def contender(self, measured: Mapping[str, Measured], rivals: int) -> Contender:
        """What is kept to compare this method with the others, its numbers as in `frame`."""
        parts = [measured[card.key] for card in self.cards]
        draws = kept_draws(self.effort.resamples, rivals, sum(one.size for one in parts))
        values = [one.values.reshape(len(one.values), one.size) for one in parts]
        kept = [one.resampled[:draws].reshape(draws, one.size).astype(np.float32) for one in parts]
        return Contender(self.runs, np.concatenate(values, axis=1), np.concatenate(kept, axis=1))

    def frame(
        self,
        measured: Mapping[str, Measured],
        base: Runs | None,
        reference: Mapping[str, Measured],
    ) -> pd.DataFrame:
        """The rows of this method and attribute, in the order of the metrics."""
        floors, counts = self._floors(measured), self._counts
        exchanged = self._exchanged(base) if base is not None else {}
        parts = []
        for card in self.cards:
            one = measured[card.key]
            columns = place_columns(one, self.attribute) | own_columns(
                one, measured, counts, self._convention.min_n
            )
            columns |= floors.get(card.key, {})
            if base is not None and same_shape(one, reference.get(card.key)):
                columns |= difference_columns(one, reference[card.key], self.runs, base)
                columns |= exchange_columns(one, reference[card.key], exchanged.get(card.key))
                columns |= mcnemar_column(one, self.runs, base, self.attribute)
            parts.append(columns)
        frame = _stacked(parts)
        for name in ("dataset", "method", "variant", "select"):
            frame[name] = getattr(self.runs, name)
        return frame

    def _floors(self, measured: Mapping[str, Measured]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        counts = self._counts
        for null in NULLS:
            cards = [card for card in self.cards if card.null == null]
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
        cards = [card for card in self.cards if card.key in EXCHANGED]
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

    @cached_property
    def cards(self) -> tuple[MetricCard, ...]:
        """The metrics of the rows, in their order."""
        return tuple(
            card
            for card in metric_cards()
            if (card.overall or self.attribute != ALL)
            and (self.metrics is None or card.key in self.metrics)
        )

    def _stream(self, *names: str) -> np.random.Generator:
        return generator_for(self.suite_seed, self.runs.dataset, self.attribute, *names)


def _stacked(parts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One frame of the metrics' columns: arrays, or a number or word for all rows of a metric.

    Numbers that a metric lacks are NaN, words empty.
    """
    sizes = [len(part["mean"]) for part in parts]
    # All at once: a frame for each metric takes longer than many a metric itself.
    return pd.DataFrame(
        {name: np.concatenate([_filled(part, name, size) for part, size in
                               zip(parts, sizes, strict=True)]) for name in STATISTICS}
    )  # fmt: skip


def _filled(part: Mapping[str, Any], name: str, size: int) -> npt.NDArray[Any]:
    if name in TEXTS:
        return np.array(np.broadcast_to(part.get(name, ""), size), dtype=object)
    return np.broadcast_to(part.get(name, np.nan), size)


def corrected(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all tasks, with Holm's p.

    A family is one number of all methods of a data set and rule, for floors and for differences.
    """
    if not frames:
        return pd.DataFrame(columns=list(STATISTICS))
    frame = pd.concat(frames, ignore_index=True)
    place = ["dataset", "select", "attribute", "group", "emotion", "metric"]
    for source in ("floor_p", "difference_p"):
        frame[f"{source}_holm"] = frame.groupby(place, sort=False, dropna=False)[source].transform(
            lambda p: holm(p.to_numpy(dtype=np.float64))
        )
    # Words that do not apply are empty, numbers NaN.
    for name in TEXTS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    return frame[list(STATISTICS)]
