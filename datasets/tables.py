"""Columns of a label file as codes and numbers; a value that does not belong there is an error."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.spec import UNKNOWN, Codes


@dataclass(frozen=True)
class Table:
    """A CSV file with a header.

    Attributes:
        path: the file, for messages.
        rows: its lines, column -> text without blanks at the ends.
    """

    path: Path
    rows: list[dict[str, str]]

    @classmethod
    def read(cls, path: Path) -> Table:
        """The table in `path`.

        Raises:
            DataError: it cannot be read, has no rows, or a row that is shorter or longer than the
                header.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                rows = list(csv.DictReader(lines, restval=None))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{path} cannot be read as a CSV table ({error}).") from error
        if not rows:
            raise DataError(f"{path} has no rows: copy the data set again.")
        for number, row in enumerate(rows, start=2):
            if None in row or None in row.values():
                raise DataError(f"{path}, line {number}: not as many fields as the header has.")
        return cls(path, [{key: text.strip() for key, text in row.items()} for row in rows])

    def texts(self, column: str) -> list[str]:
        """The column as it stands."""
        return [row[column] for row in self.rows]

    def distinct(self, column: str) -> list[str]:
        """The column, of which no text may be empty or come twice.

        Raises:
            DataError: one is or does.
        """
        texts = self.texts(column)
        seen: set[str] = set()
        for number, text in enumerate(texts, start=2):
            if not text or text in seen:
                what = f"'{text}' comes twice" if text else "is empty"
                raise DataError(f"{self.path}, line {number}: {column} {what}.")
            seen.add(text)
        return texts

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


def bands(values: NDArray[np.float64], cuts: Sequence[float]) -> Codes:
    """(N,) band of each value: 0 below the first cut, a cut itself in the band above; NaN is -1."""
    codes = np.digitize(values, cuts).astype(np.int64)
    codes[np.isnan(values)] = UNKNOWN
    return codes
