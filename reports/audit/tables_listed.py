"""Tables that list the rows of a frame: declared by their columns, a block a data set."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.audit.table_specs import Record
from reports.convention import Convention
from reports.number_cells import CODES_EXPLAINED, interval_cell, p_cell
from reports.tables import Block, Cell, Column, Row, Table, Unit


@dataclass(frozen=True)
class ListedColumn:
    """A column: the field of a row that it shows, and the fields of that number's interval."""

    header: str
    field: str
    unit: Unit
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Listing:
    """A table to be made of a frame's rows; columns without any number are left out."""

    key: str
    title: str
    caption: str
    columns: tuple[ListedColumn, ...]
    label: Callable[[Mapping[str, object]], str]
    row_header: str = "Question"


def listed_table(
    listing: Listing, rows: Sequence[Record], convention: Convention
) -> Iterator[Table]:
    """The table of these rows; nothing where there are none.

    A row's `reason` becomes the footnote of its label, since it concerns all its numbers.
    """
    columns = [
        column
        for column in listing.columns
        if (not column.header.startswith("Holm p") or convention.name != "paper")
        and any(_known(row, column.field) for row in rows)
    ]
    if not columns:
        return
    blocks = tuple(
        Block(name, tuple(_row(row, listing, columns, convention) for row in own))
        for name, own in _by_dataset(rows).items()
    )
    cells = [cell for block in blocks for row in block.rows for cell in row.cells]
    brackets = "In brackets: 95 % intervals. " if any("[" in c.text for c in cells) else ""
    codes = CODES_EXPLAINED if any(cell.code for cell in cells) else ""
    yield Table(
        key=listing.key,
        title=listing.title,
        caption=f"{listing.caption} Convention {convention.name}.",
        columns=tuple(Column(column.header, better="") for column in columns),
        blocks=blocks,
        remark=(brackets + codes).strip(),
        row_header=listing.row_header,
        narrow=True,
    )


def _row(
    row: Record, listing: Listing, columns: Iterable[ListedColumn], convention: Convention
) -> Row:
    cells = tuple(_cell(row, column, convention) for column in columns)
    reason = str(row.get("reason") or "")
    return Row(listing.label(row), cells, (reason,) if reason else ())


def _cell(row: Record, column: ListedColumn, convention: Convention) -> Cell:
    # A field that a row lacks does not apply to it; one that is NaN applies and is undefined.
    if column.field not in row:
        return Cell("blank")
    value = float(row[column.field])
    if column.unit == "p":
        return p_cell(value, convention)
    low, high = (float(row[name]) if name else math.nan for name in (column.low, column.high))
    return interval_cell(value, low, high, column.unit)


def _known(row: Record, field: str) -> bool:
    return field in row and not math.isnan(float(row[field]))


def _by_dataset(rows: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(str(row["dataset"]), []).append(row)
    return found
