"""Where a data set lies below `--data-root`, found by the names in its tree."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import DataError

#: How far below the root a set may lie; three is an archive unpacked into a folder of its own name.
DEPTH = 3
IGNORED = {"__MACOSX"}


@dataclass(frozen=True)
class Layout:
    """What gives a set away.

    Attributes:
        name: the folder's name as distributed, `london`.
        table: the label file in it, `labels.csv`.
        columns: columns that its header must have; they tell it from a file of the same name in
            another set.
    """

    name: str
    table: str
    columns: tuple[str, ...]


def find_table(root: Path | None, layout: Layout) -> Path:
    """The label file of the set `layout`; `root` is the set's folder or at most three above it.

    Of several the one nearest to the root is taken, then the folder of the set's own name, then
    the first by name.

    Raises:
        DataError: no root, no such folder, or no such set below it.
    """
    wanted = f"{layout.name}/{layout.table}"
    mend = f"point --data-root at the folder that holds {wanted}"
    if root is None:
        raise DataError(f"Data set {layout.name} is read from a folder: {mend}.")
    if not root.is_dir():
        raise DataError(f"Data set {layout.name} was not found, {root} is not a folder: {mend}.")
    foreign: list[Path] = []
    level = [root]
    for _ in range(DEPTH + 1):
        tables = [folder / layout.table for folder in level if (folder / layout.table).is_file()]
        matching = [table for table in tables if not missing_columns(table, layout.columns)]
        if matching:
            return min(matching, key=lambda table: (table.parent.name != layout.name, str(table)))
        foreign += [table for table in tables if table.parent.name == layout.name]
        level = [inner for folder in level for inner in _subfolders(folder)]
    if foreign:
        lacking = ", ".join(missing_columns(foreign[0], layout.columns))
        raise DataError(f"{foreign[0]} lacks the columns {lacking}: {mend} as it was distributed.")
    raise DataError(
        f"Data set {layout.name} was not found: no {wanted} in {root} or up to {DEPTH} folders "
        f"below it; {mend}."
    )


def missing_columns(table: Path, columns: tuple[str, ...]) -> list[str]:
    """Those of `columns` that the header of the CSV file `table` does not have."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            header = next(csv.reader(lines), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        header = []
    return [column for column in columns if column not in header]


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.name not in IGNORED and e.is_dir()]
    except OSError:
        return []  # A folder that may not be looked into holds nothing for us.
    return [folder / name for name in sorted(names)]
