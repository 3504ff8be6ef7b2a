"""Columns of a table file, only those asked for, as codes and numbers."""

from __future__ import annotations

import csv
import difflib
import gzip
import importlib
import importlib.util
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from reports.errors import ReportError
from reports.tabular.groups import Codes, Floats

if TYPE_CHECKING:
    from _csv import Reader as _Reader

    import pandas as pd

#: cells of a column of numbers that hold no number, in any usual case
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "None", "none", "null", "unknown", "Unknown")
_TRUTH = {"True": 1.0, "False": 0.0}
#: rows from which roles are guessed
SAMPLE = 1000
_SHOWN = 12


@dataclass(frozen=True, eq=False)
class TextColumn:
    """A column of words.

    Attributes:
        name: of the column.
        levels: the distinct cells without blanks at their ends, the empty one included.
        codes: (N,) places in `levels`.
    """

    name: str
    levels: tuple[str, ...]
    codes: Codes

    def rows(self, index: Codes) -> TextColumn:
        """The same column with these rows only, with the levels that occur in them."""
        used, codes = np.unique(self.codes[index], return_inverse=True)
        levels = tuple(self.levels[code] for code in used)
        return TextColumn(self.name, levels, codes.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Columns:
    """What was read of a file: columns of words and columns of numbers (NaN where empty)."""

    texts: Mapping[str, TextColumn]
    numbers: Mapping[str, Floats]
    size: int


@dataclass(frozen=True, eq=False)
class TableFile:
    """A CSV, TSV or Parquet file, of which header and first rows are known.

    Attributes:
        path: the file; CSV and TSV may be packed as .gz or .zip.
        columns: names without blanks at their ends.
        sample: column -> its first cells.
        delimiter: between fields; empty for Parquet.
    """

    path: Path
    columns: tuple[str, ...]
    sample: Mapping[str, Sequence[str]]
    delimiter: str

    @classmethod
    def opened(cls, path: Path) -> TableFile:
        """The file, with its header and first rows read.

        Raises:
            ReportError: there is no such file, it is no table, has no rows, or two columns have
                one name.
        """
        if path.suffix.lower() in (".parquet", ".pq"):
            frame = _parquet(path, None, rows=SAMPLE)
            names = tuple(str(name).strip() for name in frame.columns)
            sample = {
                name: [cell.strip() for cell in _as_text(frame.iloc[:, place])]
                for place, name in enumerate(names)
            }
            delimiter, rows = "", len(frame)
        else:
            names, lines, delimiter = _head(path)
            sample = {name: [line[i] for line in lines] for i, name in enumerate(names)}
            rows = len(lines)
        _check_names(path, names)
        if not rows:
            raise ReportError(f"{path} has a header but no rows: write the table again")
        return cls(path, names, sample, delimiter)

    def read(self, texts: Sequence[str], numbers: Sequence[str]) -> Columns:
        """The named columns of all rows; a name may come twice and in both lists.

        Raises:
            ReportError: a column is missing, a cell of a number column is no number (the message
                names the line), or a line has more fields than the header.
        """
        texts, numbers = tuple(dict.fromkeys(texts)), tuple(dict.fromkeys(numbers))
        for name in (*texts, *numbers):
            self.check(name)
        # A column wanted as both is read as words and turned into numbers here.
        plain = tuple(name for name in numbers if name not in texts)
        frame = self._frame(texts, plain)
        return Columns(
            {name: text_column(name, frame[name]) for name in texts},
            {
                name: self._number_column(name, frame[name])
                if name in texts
                else frame[name].to_numpy(np.float64)
                for name in numbers
            },
            len(frame),
        )

    def check(self, name: str, option: str = "") -> None:
        """Raise unless the file has this column.

        Raises:
            ReportError: it has not; the message names the nearest one.
        """
        if name in self.columns:
            return
        raise ReportError(missing_column(str(self.path), name, self.columns, option))

    def _frame(self, texts: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
        wanted = [*texts, *numbers]
        if not self.delimiter:
            frame = _parquet(self.path, [self.columns.index(name) for name in wanted])
            frame.columns = wanted
            for name in numbers:
                frame[name] = self._number_column(name, frame[name])
            return frame
        _check_fields(self.path, len(self.columns), self.delimiter)
        try:
            return self._parsed(texts, numbers)
        except ValueError:
            # Some cell is no number; as words the columns can be read, and the line be named.
            frame = self._parsed(wanted, ())
            for name in numbers:
                frame[name] = self._number_column(name, frame[name])
            return frame

    def _parsed(self, texts: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
        """The columns of a text file.

        Raises:
            ValueError: a cell of a number column is no number.
        """
        import pandas as pd

        # By place, for names without a role may be empty.
        place = {name: f"{code}" for code, name in enumerate(self.columns)}
        # As words: pandas' own categories would make one of 7 and 07.
        types: dict[str, type] = {place[name]: str for name in texts}
        types |= {place[name]: np.float64 for name in numbers}
        with _stream(self.path) as stream:
            frame = pd.read_csv(
                stream, sep=self.delimiter, encoding="utf-8-sig", header=0,
                names=list(map(str, range(len(self.columns)))), usecols=list(types) or ["0"],
                index_col=False, dtype=types, keep_default_na=False,
                na_values={place[name]: list(MISSING) for name in numbers},
                skipinitialspace=True, low_memory=False,
            )  # fmt: skip
        return frame.rename(columns={code: name for name, code in place.items()})

    def _number_column(self, name: str, column: pd.Series[Any]) -> Floats:
        import pandas as pd

        if pd.api.types.is_numeric_dtype(column):
            return column.to_numpy(np.float64, na_value=np.nan)
        texts = text_column(name, column)
        values = np.full(len(texts.levels) + 1, np.nan)
        for code, text in enumerate(texts.levels):
            if text in MISSING:
                continue
            try:
                values[code] = _TRUTH[text] if text in _TRUTH else float(text)
            except ValueError:
                row = int(np.argmax(texts.codes == code))
                raise ReportError(
                    f"{self.path}, line {line_of(row)}: {name} must be a number, not {text!r}"
                ) from None
        return values[texts.codes]


def line_of(row: int) -> int:
    """Line of a file on which a row (from 0) stands, below one line of header."""
    return row + 2


def listed(items: Sequence[str]) -> str:
    """The items with commas; of many the first and how many more there are."""
    if len(items) <= _SHOWN:
        return ", ".join(items)
    return f"{', '.join(items[:_SHOWN])} and {len(items) - _SHOWN} more"


def missing_column(source: str, name: str, columns: Sequence[str], option: str = "") -> str:
    """Sentence that a column does not exist, with the nearest one there is."""
    folded = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(name.lower(), list(folded), n=1)
    hint = f"did you mean {folded[near[0]]!r}?" if near else f"it has {listed(columns)}"
    return f"{source} has no column {name!r}{f' for {option}' if option else ''}; {hint}"


def text_column(name: str, column: pd.Series[Any]) -> TextColumn:
    """The cells as words, without blanks at their ends; the empty word where there is none."""
    import pandas as pd

    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = _as_text(column).astype("category")
    raw = [str(level).strip() for level in column.cat.categories]
    levels = tuple(dict.fromkeys(raw))
    place = {level: code for code, level in enumerate(levels)}
    codes = column.cat.codes.to_numpy(np.int64)
    if (codes < 0).any():
        place.setdefault("", len(levels))
        levels = tuple(place)
    table = np.array([*(place[level] for level in raw), place.get("", -1)], dtype=np.int64)
    return TextColumn(name, levels, table[codes])


def _as_text(column: pd.Series[Any]) -> pd.Series[str]:
    # Missing values of Parquet become empty cells, whole numbers lose no digits.
    return column.astype(object).where(column.notna(), "").map(str)


@contextmanager
def _stream(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked."""
    try:
        match path.suffix.lower():
            case ".gz":
                with gzip.open(path, "rb") as unpacked:
                    yield cast(IO[bytes], unpacked)
            case ".zip":
                with zipfile.ZipFile(path) as archive, archive.open(_member(path, archive)) as file:
                    yield file
            case _:
                with path.open("rb") as plain:
                    yield plain
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise ReportError(_unreadable(path, error)) from error


def _member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n]
    if len(names) != 1:
        raise ReportError(f"{path} holds {len(names)} files: pack one table only")
    return names[0]


def _head(path: Path) -> tuple[tuple[str, ...], list[list[str]], str]:
    """Column names, first rows and delimiter of a text table."""
    with _text(path) as text:
        first = text.readline()
        if not first.strip():
            raise ReportError(f"{path} is empty: it needs a line of column names and rows")
        delimiter = _delimiter(path, first)
        lines = _cells(itertools.chain([first], text), delimiter)
        names = tuple(name.strip() for name in next(lines))
        rows = []
        for cells in itertools.islice(filter(None, lines), SAMPLE):
            # A row that is too long or too short is an error when all rows are read.
            padded = [*cells, *[""] * len(names)][: len(names)]
            rows.append([cell.strip() for cell in padded])
    return names, rows, delimiter


def _check_fields(path: Path, size: int, delimiter: str) -> None:
    """Raise unless every line has as many fields as the header: pandas fills or drops in silence.

    Raises:
        ReportError: one has not.
    """
    with _text(path) as text:
        lines = _cells(text, delimiter)
        for cells in lines:
            if len(cells) != size and cells:
                raise ReportError(
                    f"{path}, line {lines.line_num}: {len(cells)} fields where the header has "
                    f"{size}; put quotes around cells that contain the delimiter"
                )


def _cells(lines: Iterable[str], delimiter: str) -> _Reader:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    """The text of a file, unpacked; what is wrong with it becomes a sentence."""
    with _stream(path) as stream:
        try:
            yield io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        except UnicodeDecodeError as error:
            raise ReportError(f"{path} is not UTF-8 text: save the table as UTF-8") from error
        except csv.Error as error:
            raise ReportError(f"{path} cannot be read as a table: {error}") from error


def _delimiter(path: Path, header: str) -> str:
    if any(suffix.lower() in (".tsv", ".tab") for suffix in path.suffixes) and "\t" in header:
        return "\t"
    # Outside quotes; of a single column no delimiter is found, and any will do.
    bare = "".join(header.split('"')[::2])
    return max(",\t;", key=bare.count)


def _unreadable(path: Path, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return f"{path} cannot be read ({why}): check the name and the file"


def _check_names(path: Path, names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        if names.index(name) < place and name:
            raise ReportError(f"{path} has two columns called {name!r}: rename one")


def _parquet(path: Path, places: list[int] | None, rows: int | None = None) -> pd.DataFrame:
    if importlib.util.find_spec("pyarrow") is None:
        raise ReportError(
            f"{path} is Parquet, which needs pyarrow: pip install 'evenface[parquet]', or give CSV"
        )
    # By name, for the type checker need not have it.
    arrow = importlib.import_module("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")

    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            wanted = None if places is None else [names[place] for place in places]
            if rows is None:
                table = file.read(columns=wanted)
            else:
                batches = file.iter_batches(batch_size=rows, columns=wanted)
                first = next(batches, None)
                table = file.schema_arrow.empty_table() if first is None else first
    except (OSError, arrow.ArrowException) as error:
        raise ReportError(_unreadable(path, error)) from error
    # Otherwise whole numbers beside empty cells become fractions, and codes as 1 the words 1.0.
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
    return frame if wanted is None else frame[wanted]
