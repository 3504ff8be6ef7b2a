"""The file `metrics.csv`: the metric frame, the same bytes for the same numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reports.errors import ReportError
from reports.files import write_pieces
from reports.measure import COUNT_COLUMNS, METRIC_COLUMNS

_LINES = 50_000


def write_metrics_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a metric frame, whole or not at all.

    Numbers are written in their shortest exact form, an undefined value as an empty field, lines
    end in a line feed.

    Raises:
        ReportError: the frame's columns are not `METRIC_COLUMNS`.
    """
    if tuple(frame.columns) != METRIC_COLUMNS:
        raise ReportError(
            f"{path.name}: columns are {list(frame.columns)}, give {list(METRIC_COLUMNS)}"
        )
    write_pieces(path, _pieces(frame))


def _pieces(frame: pd.DataFrame) -> Iterator[bytes]:
    """The file's lines, a few thousand at a time: all at once would need a gigabyte."""
    yield (",".join(METRIC_COLUMNS) + "\n").encode()
    columns = [_texts(frame[name]) for name in METRIC_COLUMNS]
    for start in range(0, len(frame), _LINES):
        parts = [texts(slice(start, start + _LINES)) for texts in columns]
        lines = map(",".join, zip(*parts, strict=True))
        yield ("\n".join(lines) + "\n").encode()


def _texts(column: pd.Series[Any]) -> Callable[[slice], list[str]]:
    """What makes the fields of some rows; a word is quoted once, however often it occurs."""
    if column.name == "value":
        return lambda rows: ["" if x != x else repr(x) for x in column.iloc[rows].tolist()]
    if column.name in COUNT_COLUMNS:
        return lambda rows: list(map(str, column.iloc[rows].tolist()))
    words = column.astype("category").cat
    codes = words.codes.to_numpy()
    fields = np.array([_field(word) for word in words.categories.tolist()], dtype=object)
    return lambda rows: fields[codes[rows]].tolist()


def _field(word: str) -> str:
    """A word as CSV has it."""
    text = io.StringIO()
    # A second field, for an empty one alone would be quoted.
    csv.writer(text, lineterminator="").writerow([word, ""])
    return text.getvalue()[:-1]


def read_metrics_csv(path: Path) -> pd.DataFrame:
    """The frame that `write_metrics_csv` wrote: names stay text (seeds too), an empty value is NaN.

    Raises:
        ReportError: the file is absent or has other columns.
    """
    if not path.is_file():
        raise ReportError(f"{path} is not there; run the study or the report first")
    # The parser's default float reading is off by the last bit now and then.
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if tuple(frame.columns) != METRIC_COLUMNS:
        raise ReportError(
            f"{path}: columns are not those of a metrics file; write it again with `report`"
        )
    frame["value"] = [float(text) if text else float("nan") for text in frame["value"]]
    for name in COUNT_COLUMNS:
        frame[name] = frame[name].astype("int64")
    return frame
