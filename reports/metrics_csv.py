"""The file `metrics.csv`: the metric frame, the same bytes for the same numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from reports.errors import ReportError
from reports.files import write_text
from reports.measure import COUNT_COLUMNS, METRIC_COLUMNS


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
    columns = {name: frame[name].tolist() for name in METRIC_COLUMNS}
    columns["value"] = ["" if value != value else repr(float(value)) for value in columns["value"]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(METRIC_COLUMNS)
    writer.writerows(zip(*columns.values(), strict=True))
    write_text(path, text.getvalue())


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
