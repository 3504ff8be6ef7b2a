"""Predictions in the format of WILDS: one label a line, in the order of the data set's metadata.

A file is called `<data set>_split:<split>_seed:<seed>_epoch:<epoch>_pred.csv`, or `fold:` instead
of `seed:`. It names no method: the folder does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reports.errors import ReportError
from reports.scored.reading import without_minus_one
from reports.scored.sheet import Sheet, class_column
from reports.tabular.columns import Columns, TableFile, TextColumn, listed, text_column
from reports.tabular.groups import Codes, Grouping
from reports.tabular.levels import AttributeSpec, grouping_of

_NAME = re.compile(
    r"(?P<dataset>.+?)_split:(?P<split>.+?)_(?:seed|fold):(?P<seed>[^_]+)_epoch:(?P<epoch>.+)"
    r"_pred\.csv"
)


@dataclass(frozen=True)
class WildsTruth:
    """Labels and groups of the predicted images.

    Attributes:
        metadata: table of the data set, one row an image.
        label: column of the true class.
        attributes: protected attributes.
        column, value: rows of the split are those with this value in this column; empty takes all.
        classes: declared classes in order; empty takes those that occur.
    """

    metadata: Path
    label: str
    attributes: tuple[AttributeSpec, ...]
    column: str = ""
    value: str = ""
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Run:
    """A file of predictions."""

    path: Path
    dataset: str
    method: str
    seed: str
    epoch: str


def wilds_sheet(folders: Sequence[Path], truth: WildsTruth, *, split: str, epoch: str) -> Sheet:
    """The predictions of one split and epoch with their truth.

    Args:
        folders: each folder in or below them that holds files of predictions is a method, called
            after it.
        truth: labels and groups.
        split: that was predicted, as in the names of the files.
        epoch: as in the names of the files: `best`, `last` or a number.

    Raises:
        ReportError: no predictions, several data sets, a run without this epoch, files that are no
            single labels, or not as many lines as the metadata has rows.
    """
    runs = _chosen([one for folder in folders for one in _runs(folder, split)], epoch, split)
    columns, rows = _metadata(truth)
    predicted = [_labels(run.path) for run in runs]
    for run, labels in zip(runs, predicted, strict=True):
        if len(labels) != len(rows):
            which = f" with {truth.column} {truth.value}" if truth.column else ""
            raise ReportError(
                f"{run.path} has {len(labels)} lines and {truth.metadata} {len(rows)} rows{which}; "
                "choose the rows of the split with --rows COLUMN=VALUE"
            )
    everyone: Codes = np.tile(rows, len(runs))

    def of_runs(name: str, words: Sequence[str]) -> TextColumn:
        return text_column(name, pd.Series(np.repeat(np.array(words, dtype=object), len(rows))))

    def of_images(column: TextColumn) -> TextColumn:
        return TextColumn(column.name, column.levels, column.codes[everyone])

    return Sheet(
        source="the predictions",
        first_line=0,
        dataset=of_runs("dataset", [run.dataset for run in runs]),
        method=of_runs("method", [run.method for run in runs]),
        seed=of_runs("seed", [run.seed for run in runs]),
        label=class_column(of_images(columns.texts[truth.label])),
        predicted=class_column(
            text_column("prediction", pd.Series([one for part in predicted for one in part]))
        ),
        probabilities=None,
        groupings=tuple(_grouping(spec, columns, everyone) for spec in truth.attributes),
        classes=truth.classes,
    )


def _runs(folder: Path, split: str) -> list[_Run]:
    if not folder.is_dir():
        raise ReportError(f"There is no folder {folder}")
    found = []
    for path in sorted(folder.rglob("*_pred.csv")):
        name = _NAME.fullmatch(path.name)
        if name is None or name["split"] != split:
            continue
        parts = path.parent.relative_to(folder).parts
        # WILDS collects the predictions of a method in a folder for each data set.
        below = [part for part in parts if part != name["dataset"]]
        top = folder.resolve()
        own = top.parent.name if top.name == name["dataset"] else top.name
        found.append(
            _Run(path, name["dataset"], "/".join(below) or own, name["seed"], name["epoch"])
        )
    if not found:
        raise ReportError(
            f"{folder} holds no predictions of the split {split!r}, called "
            f"<data set>_split:{split}_seed:<seed>_epoch:<epoch>_pred.csv"
        )
    return found


def _chosen(runs: Sequence[_Run], epoch: str, split: str) -> list[_Run]:
    """The file of the epoch of each run.

    Raises:
        ReportError: several data sets, a run without this epoch, or one that is there twice.
    """
    datasets = list(dict.fromkeys(run.dataset for run in runs))
    if len(datasets) > 1:
        raise ReportError(
            f"there are predictions of {listed(datasets)}; give the folders of one data set, for "
            "its metadata are one file"
        )
    epochs: dict[tuple[str, str], dict[str, _Run]] = {}
    for run in runs:
        twin = epochs.setdefault((run.method, run.seed), {}).setdefault(run.epoch, run)
        if twin is not run:
            raise ReportError(
                f"{twin.path} and {run.path} are both {run.method}, seed {run.seed}; give folders "
                "of different names"
            )
    for (method, seed), stored in epochs.items():
        if epoch not in stored:
            raise ReportError(
                f"{method}, seed {seed}, has no predictions of {split} of epoch {epoch}; it has "
                f"{listed(list(stored))}: give --epoch"
            )
    return [stored[epoch] for stored in epochs.values()]


def _labels(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").rstrip().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} cannot be read ({error}); check the file") from None
    labels = [line.strip() for line in lines]
    for number, label in enumerate(labels, 1):
        if not label or "," in label:
            what = f"{label[:30]!r}, several outputs," if label else "empty"
            raise ReportError(
                f"{path}, line {number} is {what} not one label; only data sets with one label an "
                "image can be scored"
            )
    return labels


def _metadata(truth: WildsTruth) -> tuple[Columns, Codes]:
    """The columns of the metadata and the rows of the split, in their order."""
    if not truth.metadata.is_file():
        raise ReportError(f"there is no file {truth.metadata}")
    file = TableFile.opened(truth.metadata)
    file.check(truth.label, "--label")
    for spec in truth.attributes:
        file.check(spec.column, "--groups")
    texts = [truth.label, *(spec.column for spec in truth.attributes)]
    if truth.column:
        file.check(truth.column, "--rows")
        texts.append(truth.column)
    columns = file.read(texts, [])
    if not truth.column:
        return columns, np.arange(columns.size)
    column = class_column(columns.texts[truth.column])
    if truth.value not in column.levels:
        raise ReportError(
            f"{truth.metadata}: no row has {truth.column} {truth.value!r}; there are "
            f"{listed(column.levels)}"
        )
    return columns, np.flatnonzero(column.codes == column.levels.index(truth.value))


def _grouping(spec: AttributeSpec, columns: Columns, everyone: Codes) -> Grouping:
    found = grouping_of(spec, without_minus_one(columns.texts[spec.column]))
    return Grouping(found.name, found.levels, found.codes[everyone])
