"""The frames that a harness hands over, checked, and read back as typed records."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from reports.errors import ReportError
from reports.measure import METRIC_COLUMNS
from reports.specs import DatasetCard
from reports.statistics_frame import PLACE, STATISTICS

Confusions = Mapping[str, Mapping[str, Sequence[Sequence[int]]]]
CELL_COLUMNS = (
    "dataset",
    "method",
    "variant",
    "seed",
    "train_groups",
    "test_groups",
    "status",
    "reason",
    "cell",
)
METHOD_COLUMNS = (
    "method",
    "title",
    "family",
    "source",
    "action_units",
    "reconstruction",
    "cost",
)
DATASET_COLUMNS = ("dataset", "title", "classes", "levels", "intersections", "folds")
CORRECTED_COLUMNS = (
    "dataset", "method", "variant", "select", "attribute", "metric", "emotion", "seeds", "guessed",
    "weighted", "weighted_se", "corrected", "sd", "se", "reason",
)  # fmt: skip
FRONT_COLUMNS = ("dataset", "method", "variant", "select", "attribute", "probability")
STATUSES = ("done", "failed", "not_applicable", "pending")


@dataclass(frozen=True)
class CellRecord:
    """One planned cell and what became of it; `status` is one of `STATUSES`.

    `train_groups` and `test_groups` say whether it reads group labels in training (those of the
    validation part, if it is fitted to them, included) and when it predicts: a matter of the cell,
    because a setting of the method may change it.
    """

    dataset: str
    method: str
    variant: str
    seed: str
    train_groups: bool
    test_groups: bool
    status: str
    reason: str
    cell: str

    @property
    def first_line(self) -> str:
        """The first line of the reason."""
        return self.reason.strip().split("\n")[0].strip()


@dataclass(frozen=True)
class MethodCard:
    """What the tables need to know of a method."""

    key: str
    title: str
    reconstruction: bool
    cost: float


@dataclass(frozen=True, eq=False)
class StudyFrames:
    """A study as data frames.

    Attributes:
        metrics: rows of `reports.measure.measure`, of any number of selection rules; for a data set
            with folds, the tables use only the rows of pooled predictions, whose seed reads
            "first-last" ("0-4").
        cells: one row a planned cell, columns `CELL_COLUMNS`, `status` one of `STATUSES`.
        methods: one row a method, columns `METHOD_COLUMNS`, in the order in which tables list them.
        datasets: one row a data set, columns `DATASET_COLUMNS`; `classes` a tuple, `levels` a dict
            of tuples, `intersections` a tuple of tuples, `folds` the seeds that make one repeat (1
            for a fixed test part).
        preset: name of the training protocol.
        select: the selection rule whose rows are shown.
        statistics: one row a number of a method over its seeds, columns `STATISTICS`; None where no
            uncertainty was computed.
        fronts: one row a method and attribute, columns `FRONT_COLUMNS`: how surely the method is on
            the front of accuracy and fairness; None where that was not computed.
        data_notes: data set -> sentences that a report on it must carry.
        confusions: data set -> attribute that a classifier guessed -> its counts (true, guessed).
        corrected: scores by guessed groups, columns `CORRECTED_COLUMNS`; None where none was
            guessed.

    Raises:
        ReportError: a frame lacks a column, a status is unknown, or a cell's method or data set has
            no card.
    """

    metrics: pd.DataFrame
    cells: pd.DataFrame
    methods: pd.DataFrame
    datasets: pd.DataFrame
    preset: str
    select: str
    statistics: pd.DataFrame | None = None
    fronts: pd.DataFrame | None = None
    data_notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    confusions: Confusions = field(default_factory=dict)
    corrected: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        for name, columns in (
            ("metrics", METRIC_COLUMNS),
            ("cells", CELL_COLUMNS),
            ("methods", METHOD_COLUMNS),
            ("datasets", DATASET_COLUMNS),
            ("statistics", STATISTICS),
            ("fronts", FRONT_COLUMNS),
            ("corrected", CORRECTED_COLUMNS),
        ):
            frame = getattr(self, name)
            if frame is None:
                continue
            missing = [column for column in columns if column not in frame.columns]
            if missing:
                raise ReportError(f"the {name} frame lacks the column {missing[0]!r}; add it")
        strange = set(self.cells["status"]) - set(STATUSES)
        if strange:
            raise ReportError(
                f"cells: unknown status {min(strange)!r}; give one of {', '.join(STATUSES)}"
            )
        for kind, frame in (("method", self.methods), ("dataset", self.datasets)):
            homeless = set(self.cells[kind]) - set(frame[kind])
            if homeless:
                raise ReportError(
                    f"{kind} {min(homeless)!r} has cells but no card; add it to `{kind}s`"
                )

    @cached_property
    def _statistic_rows(self) -> dict[tuple[str, ...], int]:
        """Place of each number of the shown selection rule -> its row in `statistics`."""
        if self.statistics is None:
            return {}
        shown = (self.statistics["select"] == self.select).tolist()
        names = [name for name in PLACE if name != "select"]
        places = zip(*(self.statistics[name].tolist() for name in names), strict=True)
        return {
            place: row for row, (place, is_shown) in enumerate(zip(places, shown, strict=True))
            if is_shown
        }  # fmt: skip

    @cached_property
    def _statistic_columns(self) -> dict[str, Any]:
        assert self.statistics is not None
        return {name: self.statistics[name].to_numpy() for name in STATISTICS}

    def statistic(self, *place: str) -> dict[str, Any] | None:
        """What `statistics` knows of (dataset, method, variant, attribute, group, emotion, metric).

        None where it has no such row.
        """
        row = self._statistic_rows.get(place)
        if row is None:
            return None
        return {name: column[row] for name, column in self._statistic_columns.items()}

    @cached_property
    def front_probabilities(self) -> dict[tuple[str, ...], float]:
        """(data set, method, variant, attribute) -> its column of `fronts`, of the shown rule."""
        if self.fronts is None:
            return {}
        shown = self.fronts[self.fronts["select"] == self.select]
        names = ["dataset", "method", "variant", "attribute"]
        places = shown[names].itertuples(index=False, name=None)
        return dict(zip(places, shown["probability"].tolist(), strict=True))

    @cached_property
    def corrections(self) -> dict[tuple[str, ...], dict[Hashable, Any]]:
        """(data set, method, variant, attribute, metric) -> its row of `corrected`."""
        if self.corrected is None:
            return {}
        shown = self.corrected[self.corrected["select"] == self.select]
        names = ["dataset", "method", "variant", "attribute", "metric"]
        places = shown[names].itertuples(index=False, name=None)
        return dict(zip(places, shown.to_dict("records"), strict=True))

    @cached_property
    def baseline(self) -> str:
        """The method that differences are to; empty without statistics."""
        if self.statistics is None:
            return ""
        known = self.statistics["baseline"]
        known = known[known.notna() & (known != "")]
        return str(known.iloc[0]) if len(known) else ""

    @cached_property
    def cell_records(self) -> tuple[CellRecord, ...]:
        """The cells, in an order that does not depend on the frame's."""
        records = [_cell_record(row) for row in self.cells.to_dict("records")]
        return tuple(
            sorted(
                records,
                key=lambda one: (one.dataset, one.method, one.variant, seed_order(one.seed)),
            )
        )

    @cached_property
    def method_cards(self) -> dict[str, MethodCard]:
        """Method cards by key, in the frame's order."""
        names = ["method", "title", "reconstruction", "cost"]
        rows = self.methods[names].itertuples(index=False, name=None)
        return {
            key: MethodCard(key, title, bool(mark), float(cost)) for key, title, mark, cost in rows
        }

    @cached_property
    def dataset_cards(self) -> tuple[DatasetCard, ...]:
        """Data-set cards in the frame's order."""
        rows = self.datasets[list(DATASET_COLUMNS)].itertuples(index=False, name=None)
        return tuple(
            DatasetCard(
                key, title, tuple(classes), dict(levels), tuple(map(tuple, crossed)), int(folds),
                self.confusions.get(key, {}),
            )
            for key, title, classes, levels, crossed, folds in rows
        )  # fmt: skip


def _cell_record(row: Mapping[Hashable, object]) -> CellRecord:
    texts = {name: str(row[name]) for name in CELL_COLUMNS}
    flags = {name: bool(row[name]) for name in ("train_groups", "test_groups")}
    return CellRecord(**{**texts, **flags})  # type: ignore[arg-type]


def seed_order(seed: str) -> tuple[int, str]:
    """Sort key that puts seed 10 after seed 9, and pooled seeds by their first one."""
    first = seed.split("-")[0]
    return (int(first) if first.isdecimal() else -1, seed)
