"""The papers' printed numbers: read from the files in this folder, as a frame or as records."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

import pandas as pd

#: source -> how a caption cites it
CITATIONS = {
    "rizvi2024": "Rizvi et al. 2024",
    "rizvi2024_summary": "summary of Rizvi et al. 2024",
    "suresh2022": "Suresh and Ong 2022",
    "chen2021_supp": "Chen and Joo 2021, supplement",
    "joo2024": "summary of Joo et al. 2024",
}


@dataclass(frozen=True)
class PublishedValue:
    """One printed number; all fields are text, `value` and `std` as printed, `std` often empty.

    `method` is a registry key where the method has one and empty for statistics of data; `table` is
    the number of the table in the paper. The folder's README says what each field means.
    """

    source: str
    table: str
    dataset: str
    method: str
    attribute: str
    group: str
    emotion: str
    condition: str
    metric: str
    unit: str
    value: str
    std: str
    note: str

    @property
    def number(self) -> float:
        """The printed number in its printed unit: 94.2 percent is 94.2."""
        return float(self.value)

    @property
    def cited(self) -> str:
        """Paper and table: "Rizvi et al. 2024, Table 4"."""
        return f"{CITATIONS[self.source]}, {table_name(self.table)}"

    @property
    def is_bold(self) -> bool:
        return "bold in source" in self.note


def table_name(table: str) -> str:
    """A table's name, "Table 4"; or "headline" for the numbers of a summary."""
    return table if table == "headline" else f"Table {table}"


COLUMNS = tuple(field.name for field in fields(PublishedValue))


@cache
def published_records() -> tuple[PublishedValue, ...]:
    """Every printed number, in the order of the files and of the papers' tables."""
    return tuple(_records())


def _records() -> Iterator[PublishedValue]:
    folder = resources.files("reports.published")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".csv"):
            lines = path.read_text(encoding="utf-8").splitlines()
            for row in csv.DictReader(lines):
                yield PublishedValue(**row)


def published_values() -> pd.DataFrame:
    """The records as a frame with the columns of the files and `number`, the value as a float.

    All other columns are text, so that trailing zeros survive. Add up numbers of different `metric`
    or `unit` at your own risk: the papers' two fairness ratios are different quantities.
    """
    records = published_records()
    frame = pd.DataFrame([vars(record) for record in records], columns=list(COLUMNS))
    return frame.assign(number=[record.number for record in records])
