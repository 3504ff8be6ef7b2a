"""Predictions of one method's runs on the same test samples: what uncertainty is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.errors import ReportError
from reports.metrics.counts import Counts, Numbers, confusion_tensor, expected_tensor
from reports.predictions import PredictionSet, group_codes

ALL = "all"

Integers = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Runs:
    """S runs (seeds) of one method on one test set of N samples.

    Attributes:
        dataset, method, variant, select: names.
        seeds, cells: S names, paired.
        classes, levels, intersections: as in `PredictionSet`.
        labels: (N,) true classes; attributes: (N, J) codes, -1 unknown.
        predicted: (S, N) classes.
        decisions: (S, N, K) probabilities of rules that decide at random; None otherwise.
        probabilities: (S, N, K) predicted probabilities; None where only decisions are known.
    """

    dataset: str
    method: str
    variant: str
    select: str
    seeds: tuple[str, ...]
    cells: tuple[str, ...]
    classes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    intersections: tuple[tuple[str, ...], ...]
    labels: Integers
    attributes: Integers
    predicted: Integers
    decisions: Floats | None = None
    probabilities: Floats | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Data set, method, variant, selection rule."""
        return self.dataset, self.method, self.variant, self.select

    @property
    def decided(self) -> Integers | Floats:
        """What decides: the (S, N, K) probabilities of random decisions, else (S, N) classes."""
        return self.predicted if self.decisions is None else self.decisions

    def attribute_names(self) -> tuple[str, ...]:
        """Declared attributes, then intersections by their printed names."""
        return (*self.levels, *(" x ".join(names) for names in self.intersections))

    def groups(self, attribute: str) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
        """Group names and (N,) group codes, as `PredictionSet.groups`; `all` is everybody."""
        if attribute == ALL:
            return (ALL,), np.zeros(len(self.labels), dtype=np.int64)
        return group_codes(self.levels, self.attributes, attribute)

    def counts(self, attribute: str) -> Counts:
        """Confusion counts of all S runs by the groups of an attribute."""
        names, codes = self.groups(attribute)
        everyone = np.zeros(len(self.labels), dtype=np.int64)
        return Counts(
            self._tensor(codes, len(names)), self._tensor(everyone, 1)[:, 0], names, self.classes,
            n_unknown=int((codes < 0).sum()),
        )  # fmt: skip

    def _tensor(self, groups: npt.NDArray[np.int64], num_groups: int) -> Numbers:
        if self.decisions is not None:
            parts = [
                expected_tensor(self.labels, one, groups, num_groups=num_groups)
                for one in self.decisions
            ]
            return np.concatenate(parts)
        return confusion_tensor(
            self.labels, self.predicted, groups, num_groups=num_groups,
            num_classes=len(self.classes),
        )  # fmt: skip


def runs_of(sets: Iterable[PredictionSet]) -> list[Runs]:
    """The sets grouped by data set, method, variant and rule, each group in the order of its seeds.

    Raises:
        ReportError: two runs of a method were tested on different samples.
    """
    grouped: dict[tuple[str, str, str, str], list[PredictionSet]] = {}
    for one in sets:
        grouped.setdefault((one.dataset, one.method, one.variant, one.select), []).append(one)
    return [_joined(group) for group in grouped.values()]


def _joined(sets: Sequence[PredictionSet]) -> Runs:
    first = sets[0]
    for other in sets[1:]:
        same = np.array_equal(first.labels, other.labels) and np.array_equal(
            first.attributes, other.attributes
        )
        if not same:
            raise ReportError(
                f"{other.where} was tested on other samples than {first.where}; pool the folds, "
                "or give one test set"
            )
    return Runs(
        dataset=first.dataset,
        method=first.method,
        variant=first.variant,
        select=first.select,
        seeds=tuple(one.seed for one in sets),
        cells=tuple(one.cell for one in sets),
        classes=first.classes,
        levels=first.levels,
        intersections=first.intersections,
        labels=first.labels,
        attributes=first.attributes,
        predicted=np.stack([one.predicted for one in sets]),
        decisions=_stacked([one.decisions for one in sets]),
        probabilities=_stacked([one.probabilities for one in sets]),
    )


def _stacked(arrays: Sequence[Floats | None]) -> Floats | None:
    known = [array for array in arrays if array is not None]
    return np.stack(known) if len(known) == len(arrays) else None
