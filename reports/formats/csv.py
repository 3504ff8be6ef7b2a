"""Tables as CSV in long form: one line a cell, with the printed text and the unrounded numbers."""

from __future__ import annotations

import csv
import io

from reports.tables import Table

FIELDS = (
    "block",
    "row",
    "span",
    "column",
    "text",
    "state",
    "bold",
    "unit",
    "mean",
    "sd",
    "n",
    "expected",
    "reason",
)


def table_text(table: Table) -> str:
    """The cells, row by row; `mean` and `sd` are fractions, empty where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for block, row in table.rows():
        for column, cell in zip(table.columns, row.cells, strict=True):
            is_value = cell.state == "value"
            writer.writerow(
                [
                    block,
                    row.label,
                    column.span,
                    column.header,
                    cell.printed,
                    cell.state,
                    int(cell.bold),
                    cell.unit if is_value else "",
                    repr(cell.mean) if is_value else "",
                    "" if cell.sd is None else repr(cell.sd),
                    cell.n if is_value else "",
                    cell.expected if is_value else "",
                    cell.reason,
                ]
            )
    return text.getvalue()
