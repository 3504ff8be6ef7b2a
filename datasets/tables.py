"""Columns of a label file as codes and numbers; a value that does not belong there is an error."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.spec import UNKNOWN, Codes
from datasets.tree import Source


@dataclass(frozen=True)
class Table:
    """A CSV file with a header.

    Attributes:
        source: the file.
        rows: its lines, column -> text without blanks at the ends; so are the names of columns.
    """

    source: Source
    rows: list[dict[str, str]]

    @property
    def path(self) -> str:
        """How messages call the file."""
        return self.source.shown

    @classmethod
    def read(cls, source: Source, columns: Sequence[str] = ()) -> Table:
        """The table in `source`; a mark at the start and any kind of line ends are allowed.

        Args:
            source: a CSV file with a header.
            columns: those that it must have; it may have others.

        Raises:
            DataError: it cannot be read, lacks a column, has no rows, or a row that is shorter or
                longer than the header.
        """
        lines = io.StringIO(source.text(), newline="")
        try:
            header, *rows = [row for row in csv.reader(lines) if row] or [[]]
        except csv.Error as error:
            raise DataError(f"{source.shown} cannot be read as a CSV table ({error}).") from error
        names = [name.strip() for name in header]
        lacking = [column for column in columns if column not in names]
        if lacking:
            raise DataError(
                f"{source.shown} lacks the columns {', '.join(lacking)}; it has {', '.join(names)}."
            )
        if not rows:
            raise DataError(f"{source.shown} has no rows: copy the data set again.")
        for number, row in enumerate(rows, start=2):
            if len(row) != len(names):
                raise DataError(
                    f"{source.shown}, line {number}: not as many fields as the header has."
                )
        texts = [[text.strip() for text in row] for row in rows]
        return cls(source, [dict(zip(names, row, strict=True)) for row in texts])

    def texts(self, column: str) -> list[str]:
        """The column as it stands."""
        return [row[column] for row in self.rows]

    def distinct(self, column: str) -> list[str]:
        """The column, of which no text may be empty or come twice.

        Raises:
            DataError: one is or does.
        """
        return self._distinct(column, self.texts(column))

    def distinct_paths(self, column: str) -> list[str]:
        """As `paths`, of which none may come twice.

        Raises:
            DataError: one does, is empty, or leads out of the folder.
        """
        return self._distinct(column, self.paths(column))

    def _distinct(self, column: str, texts: list[str]) -> list[str]:
        seen: set[str] = set()
        for number, text in enumerate(texts, start=2):
            if not text or text in seen:
                what = f"'{text}' comes twice" if text else "is empty"
                raise DataError(f"{self.path}, line {number}: {column} {what}.")
            seen.add(text)
        return texts

    def paths(self, column: str) -> list[str]:
        """The column as paths below the set's folder, their parts joined by `/`.

        Raises:
            DataError: one is empty or leads out of the folder.
        """
        return [
            path_below(text, f"{self.path}, line {number}: {column}")
            for number, text in enumerate(self.texts(column), start=2)
        ]

    def levels(self, column: str, names: Mapping[str, str]) -> list[str]:
        """The column, each text replaced by what `names` says.

        Raises:
            DataError: a text that is not in `names`.
        """
        texts = self.texts(column)
        for number, text in enumerate(texts, start=2):
            if text not in names:
                where = f"{self.path}, line {number}: {column}"
                raise DataError(f"{where} must be one of {', '.join(names)}, not '{text}'.")
        return [names[text] for text in texts]

    def codes(self, column: str, levels: Sequence[str], *, may_miss: bool) -> Codes:
        """(N,) places of the values in `levels`; -1 for an empty one where it `may_miss`.

        Raises:
            DataError: another value.
        """
        known = {level: code for code, level in enumerate(levels)}
        if may_miss:
            known[""] = UNKNOWN
        codes = np.empty(len(self.rows), dtype=np.int64)
        for place, text in enumerate(self.texts(column)):
            if text not in known:
                allowed = ", ".join(levels)
                where = f"{self.path}, line {place + 2}"
                raise DataError(f"{where}: {column} must be one of {allowed}, not '{text}'.")
            codes[place] = known[text]
        return codes

    def numbers(self, column: str) -> NDArray[np.float64]:
        """(N,) values; NaN where the field is empty.

        Raises:
            DataError: a text that is no finite number.
        """
        values = np.full(len(self.rows), np.nan)
        for place, text in enumerate(self.texts(column)):
            try:
                values[place] = float(text) if text else np.nan
            except ValueError:
                values[place] = np.inf
            if text and not np.isfinite(values[place]):
                where = f"{self.path}, line {place + 2}"
                raise DataError(f"{where}: {column} must be a number, not '{text}'.")
        return values


def path_below(text: str, where: str) -> str:
    """A path as a label file writes it, its parts joined by `/`.

    Args:
        text: with `/` or, from Windows, backslashes between its parts.
        where: file, line and column, for the message.

    Raises:
        DataError: it is empty, or leads out of the folder that it is taken to lie in.
    """
    path = PurePosixPath(text.replace("\\", "/"))
    if not path.parts or ".." in path.parts or PureWindowsPath(text).anchor:
        raise DataError(f"{where} must name a file below the set's folder, not '{text}'.")
    return str(path)


def bands(values: NDArray[np.float64], cuts: Sequence[float]) -> Codes:
    """(N,) band of each value: 0 below the first cut, a cut itself in the band above; NaN is -1."""
    codes = np.digitize(values, cuts).astype(np.int64)
    codes[np.isnan(values)] = UNKNOWN
    return codes
