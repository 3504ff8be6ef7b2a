"""A table with a row a face, read line by line: OpenFace's has 714 columns, of which few count."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.spec import Codes

Floats = NDArray[np.float64]

#: rows that are numbers at a time; all of a wide table would not fit into memory
BLOCK = 1024
#: what may stand between fields; a table without any of them has blanks there
_MARKS = (",", "\t", ";")


@dataclass(frozen=True)
class Block:
    """Some rows of a table.

    Attributes:
        lines: R numbers of the rows' lines, for messages.
        texts: for each column of texts asked for its R texts, without blanks at their ends.
        numbers: (R, C) the columns asked for; NaN where a field is empty.
    """

    lines: list[int]
    texts: list[list[str]]
    numbers: Floats


class SideTable:
    """A table of which the header is read.

    Attributes:
        path: the file.
        statement: what it says of itself: `extractor`, `kind`, `range`.
        header: names of its columns; empty where the first line holds numbers.
        width: number of its columns.
    """

    def __init__(self, path: Path, handle: IO[str]) -> None:
        self.path = path
        first = handle.readline()
        self._above = 0
        line = ""
        if first.startswith("#"):
            line, first, self._above = first, handle.readline(), 1
        self.statement = _statement(path, line)
        mark = next((mark for mark in _MARKS if mark in first), " ")
        self._reader = csv.reader(
            chain([first], handle), delimiter=mark, skipinitialspace=mark == " "
        )
        fields = next(self._filled(), None)
        if fields is None:
            raise DataError(f"{path} is empty: write it again.")
        names = [name.strip() for name in fields]
        has_header = not all(_is_number(name) for name in names)
        self.header = names if has_header else []
        self.width = len(names)
        self._first = [] if has_header else [(self._line, fields)]

    @property
    def _line(self) -> int:
        return self._reader.line_num + self._above

    def _filled(self) -> Iterator[list[str]]:
        return (row for row in self._reader if any(field.strip() for field in row))

    def blocks(self, columns: Sequence[int], texts: Sequence[int] = ()) -> Iterator[Block]:
        """The rows below the header.

        Args:
            columns: C places of the columns of numbers.
            texts: places of the columns of texts.

        Raises:
            DataError: a row that is shorter or longer than the first, or a text among the numbers;
                the message names the line.
        """
        rows = chain(self._first, ((self._line, row) for row in self._filled()))
        while some := list(islice(rows, BLOCK)):
            numbers = np.empty((len(some), len(columns)))
            for place, (line, row) in enumerate(some):
                if len(row) != self.width:
                    raise DataError(
                        f"{self.path}, line {line}: not as many fields as the header has."
                    )
                try:
                    numbers[place] = [float(row[column]) for column in columns]
                except ValueError:
                    numbers[place] = [self._number(line, column, row[column]) for column in columns]
            found = [[row[column].strip() for _, row in some] for column in texts]
            yield Block([line for line, _ in some], found, numbers)

    def _number(self, line: int, column: int, field: str) -> float:
        if not field.strip():
            return np.nan
        try:
            return float(field)
        except ValueError:
            name = self.header[column] if self.header else f"column {column + 1}"
            raise DataError(
                f"{self.path}, line {line}: {name} must be a number, not '{field.strip()}'."
            ) from None


@contextmanager
def opened(path: Path) -> Iterator[SideTable]:
    """The table in a file, gzip allowed; a mark at its start and any kind of line ends are, too.

    Raises:
        DataError: it cannot be read, or not as text or a table; also while its rows are read.
    """
    try:
        with _open(path) as handle:
            yield SideTable(path, handle)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text ({error}).") from error
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table ({error}).") from error


def face_numbers(path: Path, numbers: Floats | None, block: Block) -> Codes:
    """(R,) numbers of the faces in their pictures; -1 where the field is empty or there is none.

    Raises:
        DataError: one is no whole number from 0.
    """
    if numbers is None:
        return np.full(len(block.lines), -1, dtype=np.int64)
    known = np.where(np.isnan(numbers), 0, numbers)
    wrong = (known < 0) | (known > 1e9) | (known != np.round(known))
    refuse(wrong, path, block.lines, "face must be a whole number, 0 or larger")
    return np.where(np.isnan(numbers), -1, known).astype(np.int64)


def refuse(wrong: NDArray[np.bool_], path: Path, lines: list[int], what: str) -> None:
    """Raises DataError with the first of the rows that are wrong."""
    if wrong.any():
        raise DataError(f"{path}, line {lines[int(np.argmax(wrong))]}: {what}.")


def text_of(path: Path) -> str:
    """The whole of a small file.

    Raises:
        DataError: it cannot be read as text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text ({error}).") from error


def statement_beside(path: Path) -> Path:
    """Where a table without a first line after `#` says what it holds: `NAME.json`."""
    return path.with_name(path.name.removesuffix(".gz")).with_suffix(".json")


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _statement(path: Path, line: str) -> dict[str, Any]:
    """Of the first line after `#`, in JSON or as `name=value`, else of a `.json` beside."""
    if line:
        text = line.lstrip("# ").strip()
        if text.startswith("{"):
            return _json(path, text)
        return dict(part.split("=", 1) for part in re.split(r"[;\s]+", text) if "=" in part)
    beside = statement_beside(path)
    return _json(beside, text_of(beside)) if beside.is_file() else {}


def _json(path: Path, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path} does not say what it holds in JSON ({error}).") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} must hold a table of names and values.")
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
