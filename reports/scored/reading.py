"""Predictions in a table file: which column is what, and the sheet they make."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reports.errors import ReportError
from reports.scored.sheet import Probabilities, Sheet, class_column
from reports.tabular.columns import Columns, TableFile, TextColumn, line_of
from reports.tabular.levels import AttributeSpec, grouping_of


@dataclass(frozen=True)
class ScoreColumns:
    """Roles of the columns of a file of predictions.

    Attributes:
        label: true class.
        prediction: predicted class; empty takes the most probable class.
        probabilities: columns of probabilities, `CLASS=COLUMN` or a name that ends in its class, or
            one beginning that all of them share.
        attributes: protected attributes.
        method, seed, dataset, sample: columns, or empty where the file has none.
        classes: declared classes in order; empty takes those that occur.
    """

    label: str
    attributes: tuple[AttributeSpec, ...]
    prediction: str = ""
    probabilities: tuple[str, ...] = ()
    method: str = ""
    seed: str = ""
    dataset: str = ""
    sample: str = ""
    classes: tuple[str, ...] = ()


def read_sheet(path: Path, roles: ScoreColumns) -> Sheet:
    """The predictions of a CSV, TSV or Parquet file.

    A file without a column of methods holds one method, which is called after the file; without
    one of seeds, one run called 0; without one of data sets, one called `data`.

    Raises:
        ReportError: the file cannot be read, a column is missing, or roles do not fit together.
    """
    if not roles.label:
        raise ReportError("the column of the true class is not said; give --label COLUMN")
    if not roles.prediction and not roles.probabilities:
        raise ReportError(
            "the predictions are not said; give --pred COLUMN, or --proba for probabilities"
        )
    file = TableFile.opened(path)
    chances = probability_columns(file, roles.probabilities)
    options = {
        "--label": roles.label, "--pred": roles.prediction, "--method": roles.method,
        "--seed": roles.seed, "--dataset": roles.dataset, "--id": roles.sample,
    }  # fmt: skip
    for option, name in options.items():
        if name:
            file.check(name, option)
    for spec in roles.attributes:
        file.check(spec.column, "--groups")
    named = [name for name in options.values() if name]
    texts = [*named, *(spec.column for spec in roles.attributes)]
    columns = file.read(texts, list(chances.values()))
    return _sheet(path, roles, columns, chances)


def _sheet(path: Path, roles: ScoreColumns, columns: Columns, chances: dict[str, str]) -> Sheet:
    def named(name: str, constant: str) -> TextColumn:
        if name:
            return _without_empty(path, columns.texts[name])
        return TextColumn(constant, (constant,), np.zeros(columns.size, dtype=np.int64))

    return Sheet(
        source=str(path),
        first_line=line_of(0),
        dataset=named(roles.dataset, "data"),
        method=named(roles.method, _stem(path)),
        seed=named(roles.seed, "0"),
        label=class_column(columns.texts[roles.label]),
        predicted=class_column(columns.texts[roles.prediction]) if roles.prediction else None,
        probabilities=Probabilities(
            tuple(chances), np.stack([columns.numbers[name] for name in chances.values()], axis=1)
        )
        if chances
        else None,
        groupings=tuple(
            grouping_of(spec, without_minus_one(columns.texts[spec.column]))
            for spec in roles.attributes
        ),
        sample=columns.texts[roles.sample] if roles.sample else None,
        classes=roles.classes,
    )


def without_minus_one(column: TextColumn) -> TextColumn:
    """The column with the cell -1 empty where all others are codes from 0."""
    plain = class_column(column)
    others = [level for level in plain.levels if level not in ("", "-1")]
    if "-1" not in plain.levels or not all(level.isdecimal() for level in others):
        return plain
    levels = tuple("unknown" if level == "-1" else level for level in plain.levels)
    return TextColumn(plain.name, levels, plain.codes)


def probability_columns(file: TableFile, asked: Sequence[str]) -> dict[str, str]:
    """Class -> column of its probability, in the order asked for or of the file.

    Raises:
        ReportError: a column is missing, or two columns would be of one class.
    """
    if len(asked) == 1 and "=" not in asked[0] and asked[0] not in file.columns:
        start = asked[0].rstrip("*")
        found = [name for name in file.columns if name.startswith(start) and name != start]
        if len(found) < 2:
            file.check(asked[0], "--proba")
        return {name.removeprefix(start): name for name in found}
    pairs = [name.partition("=")[::2] if "=" in name else ("", name) for name in asked]
    for _, column in pairs:
        file.check(column, "--proba")
    shared = _shared_start([column for name, column in pairs if not name])
    chosen = {name or column.removeprefix(shared): column for name, column in pairs}
    if len(chosen) < len(pairs):
        raise ReportError("--proba names a class twice; give one column a class")
    if len(chosen) == 1:
        raise ReportError(
            f"--proba names only the column {asked[0]!r}; give one column for every class"
        )
    return chosen


def _shared_start(names: Sequence[str]) -> str:
    """What all names begin with, up to the last character that is no letter or digit."""
    if len(names) < 2:
        return ""
    shared = os.path.commonprefix(names)
    found = re.match(r".*[^A-Za-z0-9]", shared)
    return found[0] if found else ""


def _without_empty(path: Path, column: TextColumn) -> TextColumn:
    if "" in column.levels:
        rows = np.flatnonzero(column.codes == column.levels.index(""))
        if rows.size:
            raise ReportError(
                f"{path}, line {line_of(int(rows[0]))}: {column.name} is empty; every row must say "
                "which run it is of"
            )
    return column


def _stem(path: Path) -> str:
    name = path.name.split(".")[0]
    return name if name else "model"
