"""Tables as GitHub Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from reports.tables import Block, Cell, Row, Table

WIDEST = 9
WIDEST_NARROW = 16
ARROWS = {"higher": " \u2191", "lower": " \u2193", "": ""}


def escaped(text: str) -> str:
    """Text in which no character means anything to Markdown, on one line."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", flat).replace("&", "&amp;")


def table_text(table: Table) -> str:
    """The table with heading, caption and notes; a wide table comes in several panels."""
    widest = WIDEST_NARROW if table.narrow else WIDEST
    panels = [_panel(part, table) for part in table.panels(widest)]
    if table.remark:
        panels.append(escaped(table.remark))
    notes = [f"<sup>{escaped(table.mark(note))}</sup> {escaped(note)}" for note in table.notes()]
    parts = [f"### {escaped(table.title)}", escaped(table.caption), *panels]
    if notes:
        parts.append("  \n".join(notes))
    return "\n\n".join(parts) + "\n"


def plain_table(headers: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Texts as a Markdown table, escaped; the first column left, the others right."""
    return tabulate(
        [[escaped(text) for text in line] for line in lines],
        headers=[escaped(header) for header in headers],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["left", *("right" for _ in headers[1:])],
    )


def _panel(part: Table, whole: Table) -> str:
    arrows = whole.mixes_directions()
    headers = [escaped(whole.row_header)]
    for column in part.columns:
        span = f"{column.span}: " if column.span else ""
        arrow = ARROWS[column.better] if arrows else ""
        headers.append(escaped(span + column.header) + arrow + _sup(whole, column.note))
    lines = []
    for block in part.blocks:
        lines.append([f"*{escaped(block.title)}*", *("" for _ in part.columns)])
        lines += _block(block, whole)
    lines += [_row(row, whole) for row in part.footer]
    align = ["left", *("right" for _ in part.columns)]
    # Without `disable_numparse` 88.10 would be printed as 88.1.
    return tabulate(lines, headers=headers, tablefmt="pipe", disable_numparse=True, colalign=align)


def _block(block: Block, whole: Table) -> list[list[str]]:
    return [_row(row, whole) for row in block.rows]


def _row(row: Row, whole: Table) -> list[str]:
    label = escaped(row.label) + "".join(_sup(whole, note) for note in row.notes)
    return [label, *(_cell(cell, whole) for cell in row.cells)]


def _cell(cell: Cell, whole: Table) -> str:
    text = escaped(cell.printed)
    if cell.tied:
        # GitHub underlines it; `<u>` it would leave out.
        text = f"<ins>{text}</ins>"
    return (f"**{text}**" if cell.bold else text) + _sup(whole, cell.note)


def _sup(whole: Table, note: str) -> str:
    return f"<sup>{escaped(whole.mark(note))}</sup>" if note else ""
