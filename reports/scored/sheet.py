"""Rows of anyone's predictions, with the role of each column settled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.errors import ReportError
from reports.tabular.columns import TextColumn
from reports.tabular.groups import Codes, Floats, Grouping
from reports.tabular.levels import natural_order

#: more classes than this are scores or names taken for classes
MAX_CLASSES = 100
#: a row of probabilities may miss a sum of 1 by so much, as printed decimals do
SUM_TOLERANCE = 0.01

_EMPTY = ("", "nan")
_WHOLE = re.compile(r"([+-]?\d+)\.0*")


@dataclass(frozen=True, eq=False)
class Probabilities:
    """Predicted probabilities of each row.

    Attributes:
        classes: K names.
        values: (N, K).
    """

    classes: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, eq=False)
class Sheet:
    """N rows, one a sample predicted by one run of one method.

    Attributes:
        source: what messages call the rows.
        first_line: line of the first row in its file; 0 for arrays, whose rows count from 0.
        dataset, method, seed: what tells runs apart; rows of one run are its test samples.
        label: true classes.
        predicted: predicted classes; None where they are the most probable ones.
        probabilities: None where they are not known.
        groupings: protected attributes.
        sample: names of the samples, by which rows of different runs are matched; None matches
            them by their order.
        classes: declared classes in order; empty takes those that occur.
    """

    source: str
    first_line: int
    dataset: TextColumn
    method: TextColumn
    seed: TextColumn
    label: TextColumn
    predicted: TextColumn | None
    probabilities: Probabilities | None
    groupings: tuple[Grouping, ...]
    sample: TextColumn | None = None
    classes: tuple[str, ...] = ()

    def at(self, row: int) -> str:
        """Where a row stands, for messages."""
        word = "line" if self.first_line else "row"
        return f"{self.source}, {word} {self.first_line + row}"


def class_column(column: TextColumn) -> TextColumn:
    """The column with whole numbers written one way, for programs write 3 and 3.0 for one class."""
    plain = [
        found[1] if (found := _WHOLE.fullmatch(level)) else level.removeprefix("+")
        for level in column.levels
    ]
    if not all(re.fullmatch(r"-?\d+", level) for level in plain if level.lower() not in _EMPTY):
        return column
    levels = tuple(dict.fromkeys(plain))
    place = np.array([levels.index(level) for level in plain], dtype=np.int64)
    return TextColumn(column.name, levels, place[column.codes])


def class_codes(sheet: Sheet, column: TextColumn, classes: Sequence[str], rows: Codes) -> Codes:
    """(len(rows),) places in `classes` of a column's cells.

    Raises:
        ReportError: a cell is empty or names no class; the message says where.
    """
    place = {name: code for code, name in enumerate(classes)}
    table = np.array([place.get(level, -1) for level in column.levels], dtype=np.int64)
    codes: Codes = table[column.codes[rows]]
    if (codes < 0).any():
        row = int(rows[np.argmax(codes < 0)])
        level = column.levels[column.codes[row]]
        what = "is empty" if level.lower() in _EMPTY else f"is {level!r}, no class"
        raise ReportError(
            f"{sheet.at(row)}: {column.name} {what}; leave the row out or give one of "
            f"{', '.join(classes)}"
        )
    return codes


def classes_of(sheet: Sheet, rows: Codes) -> tuple[str, ...]:
    """The classes of a data set: declared, or of the probabilities, or all that occur.

    Raises:
        ReportError: too many occur, or labels and predictions share none.
    """
    if sheet.classes:
        return sheet.classes
    if sheet.probabilities is not None:
        return sheet.probabilities.classes
    assert sheet.predicted is not None
    true, guessed = _levels(sheet.label, rows), _levels(sheet.predicted, rows)
    names = natural_order({*true, *guessed})
    if len(names) > MAX_CLASSES:
        many = max((sheet.label, true), (sheet.predicted, guessed), key=lambda pair: len(pair[1]))
        raise ReportError(
            f"{sheet.source}: {many[0].name} has {len(many[1])} different values, more than the "
            f"{MAX_CLASSES} classes that are possible; give the column of the class"
        )
    if true and guessed and not set(true) & set(guessed):
        raise ReportError(
            f"{sheet.source}: {sheet.label.name} ({_some(true)}) and {sheet.predicted.name} "
            f"({_some(guessed)}) have no class in common; name the classes alike in both"
        )
    return names


def checked_probabilities(sheet: Sheet) -> tuple[Probabilities, str]:
    """The probabilities with rows that sum to 1 exactly, and a note if they had to be scaled.

    Raises:
        ReportError: one is missing, negative or above 1, or a row is far from a sum of 1.
    """
    given = sheet.probabilities
    assert given is not None
    values = given.values
    for bad, what in (
        (np.isnan(values).any(axis=1), "a probability is missing"),
        (((values < 0) | (values > 1)).any(axis=1), "a probability is not between 0 and 1"),
    ):
        if bad.any():
            hint = "leave the row out" if "missing" in what else "give softmax outputs, not logits"
            raise ReportError(f"{sheet.at(int(np.argmax(bad)))}: {what}; {hint}")
    sums = values.sum(axis=1)
    distance = np.abs(sums - 1)
    if distance.size and distance.max() > SUM_TOLERANCE:
        row = int(np.argmax(distance > SUM_TOLERANCE))
        raise ReportError(
            f"{sheet.at(row)}: the probabilities sum to {sums[row]:.4g}, not to 1; give one column "
            "for every class"
        )
    note = ""
    if distance.size and distance.max() > 1e-6:
        note = f"probabilities are scaled to a sum of 1 (they missed it by {distance.max():.2g})"
    return Probabilities(given.classes, values / sums[:, None]), note


def _levels(column: TextColumn, rows: Codes) -> tuple[str, ...]:
    used = np.unique(column.codes[rows]).tolist()
    return tuple(
        level for level in (column.levels[code] for code in used) if level.lower() not in _EMPTY
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
