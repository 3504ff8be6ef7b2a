"""EvenFace's numbers in a notebook: arrays of labels, predictions and groups to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.convention import Convention, convention_named
from reports.formats import fragment, markdown
from reports.predictions import PredictionSet
from reports.report import FORMATS, tables_of
from reports.rounding import rounded
from reports.scored.arrays import sheet_of
from reports.scored.documents import write_scored
from reports.scored.frames import effort_of, scored_frames
from reports.scored.sets import prediction_sets
from reports.study import StudyFrames
from reports.tables import Table

if TYPE_CHECKING:
    import pandas as pd

#: the layout that a notebook shows
SHOWN = ("summary",)


@dataclass(frozen=True, eq=False)
class FairnessReport:
    """Metrics and tables of some methods' predictions.

    Attributes:
        sets: the predictions, one set a run.
        frames: what the tables are made of.
        convention: how they are counted.
        notes: what was understood: samples, classes, groups and their sizes.
    """

    sets: tuple[PredictionSet, ...]
    frames: StudyFrames
    convention: Convention
    notes: tuple[str, ...]

    @property
    def metrics(self) -> pd.DataFrame:
        """Every metric of every run, a row each; the columns of `metrics.csv`, fractions."""
        return self.frames.metrics

    @property
    def statistics(self) -> pd.DataFrame | None:
        """Every number over its runs, the columns of `statistics.csv`; None without uncertainty."""
        return self.frames.statistics

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Accuracy and, by attribute, scores: means over the runs, a row a method, fractions."""
        rows = self.metrics
        attributes = self.sets[0].attribute_names()
        wanted = {("all", "all", "acc"): "accuracy"}
        for name in attributes:
            wanted[name, "all", "fs_acc"] = f"{name}: fs_acc"
            wanted[name, "all", "wga_attr"] = f"{name}: worst group"
            wanted[name, "max", "disc"] = f"{name}: disc max"
        methods = list(dict.fromkeys(self.frames.methods["method"]))
        overall = rows[(rows["group"] == "all") & rows["emotion"].isin(["all", "max"])]
        means = overall.groupby(["method", "attribute", "emotion", "metric"])["value"].mean()
        table = means.unstack("method").reindex(list(wanted))[methods].T
        table.columns = list(wanted.values())
        return table

    def tables(self, layouts: Sequence[str] | None = None) -> list[Table]:
        """The tables of these layouts (`python -m benchmarks list layouts`), all for None.

        Raises:
            ReportError: a layout is unknown.
        """
        sections = tables_of(self.frames, layouts, self.convention)
        return list(chain.from_iterable(tables for _, tables in sections))

    def to_markdown(self, layouts: Sequence[str] | None = SHOWN) -> str:
        """The tables as GitHub Markdown.

        Raises:
            ReportError: a layout is unknown.
        """
        return "\n".join(markdown.table_text(table) for table in self.tables(layouts))

    def write(
        self, folder: str | Path, formats: Sequence[str] = FORMATS,
        layouts: Sequence[str] | None = None,
    ) -> list[Path]:  # fmt: skip
        """Write the report of a study into a folder: tables, metrics, figures, page; the files.

        Raises:
            ReportError: a format or layout is unknown.
        """
        return write_scored(
            self.frames, self.sets, Path(folder), self.convention, formats=formats, layouts=layouts
        )

    def __repr__(self) -> str:
        runs = "1 run" if len(self.sets) == 1 else f"{len(self.sets)} runs"
        lines = [
            f"FairnessReport of {runs}, convention {self.convention.name}; means in percent",
            *self.notes,
            self.summary.map(_percent).T.to_string(),
        ]
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        return "\n".join(fragment.table_text(table) for table in self.tables(SHOWN))


def fairness_report(
    y: Any, yhat: Any, groups: Any, *, classes: Sequence[Any] | None = None, proba: Any = None,
    seeds: Sequence[Any] | None = None, levels: Mapping[str, Sequence[Any]] | None = None,
    cross: Sequence[Sequence[str]] | None = None, baseline: str = "", dataset: str = "data",
    convention: str = "strict", uncertainty: bool = True,
) -> FairnessReport:  # fmt: skip
    """Every metric of the suite for predictions, by protected attribute.

    Args:
        y: (N,) true classes, names or codes.
        yhat: (N,) predicted classes or (S, N) for S runs on the same samples; a mapping from method
            to such an array compares methods. None takes the most probable class of `proba`.
        groups: (N,) groups of one attribute, or several attributes as a mapping or a frame. Missing
            values, "unknown" and the code -1 are unknown: they count overall and in no group.
        classes: names in order; needed with `proba`, whose columns they name, unless `y` holds
            codes. Without them the classes are those that occur. Codes in `y` and `yhat` are places
            in them.
        proba: (N, K) or (S, N, K) predicted probabilities, or a mapping from method.
        seeds: S names of the runs; 0, 1, ... by default.
        levels: attribute -> its groups in order, those without samples included; codes in `groups`
            are places in them. By default the groups that occur.
        cross: products of attributes that are reported too; of two attributes theirs by default.
        baseline: method that goes first and that the others are compared with.
        dataset: its name in tables.
        convention: `strict` (groups below 10 samples are undefined) or `paper`.
        uncertainty: compute intervals, noise floors and comparisons (seconds, for many samples).

    Raises:
        ReportError: shapes, lengths, indexes, names or probabilities do not fit together.
    """
    chosen = convention_named(convention)
    sheet = sheet_of(
        y, yhat, groups, proba=proba, classes=classes, levels=levels, seeds=seeds, dataset=dataset
    )
    names = [grouping.name for grouping in sheet.groupings]
    if cross is None:
        cross = [names] if len(names) == 2 else []
    sets, notes = prediction_sets(sheet, [tuple(product) for product in cross])
    effort = effort_of(sets) if uncertainty else None
    frames = scored_frames(sets, chosen, baseline=baseline, effort=effort)
    return FairnessReport(tuple(sets), frames, chosen, tuple(notes))


def _percent(value: float) -> str:
    return "-" if value != value else rounded(value, scale=100)
