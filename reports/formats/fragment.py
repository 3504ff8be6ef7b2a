"""Tables as plain HTML for notebooks, which bring their own style."""

from __future__ import annotations

from html import escape

from reports.tables import TIED, Cell, Row, Table


def table_text(table: Table) -> str:
    """A `<table>` with title, caption and notes; no style and no script."""
    headers = "".join(
        f"<th>{escape(f'{column.span}: ' if column.span else '')}{escape(column.header)}"
        f"{_mark(table, column.note)}</th>"
        for column in table.columns
    )
    lines = [f"<tr><th>{escape(table.row_header)}</th>{headers}</tr>"]
    width = len(table.columns) + 1
    for block in table.blocks:
        lines.append(f'<tr><th colspan="{width}"><em>{escape(block.title)}</em></th></tr>')
        lines += [_row(row, table) for row in block.rows]
    lines += [_row(row, table) for row in table.footer]
    notes = [f"<sup>{escape(table.mark(note))}</sup> {escape(note)}" for note in table.notes()]
    small = "<br>".join([*([escape(table.remark)] if table.remark else []), *notes])
    return "\n".join(
        [
            f"<h4>{escape(table.title)}</h4>",
            f"<p>{escape(table.caption)}</p>",
            "<table>",
            *lines,
            "</table>",
            f"<p><small>{small}</small></p>",
        ]
    )


def _row(row: Row, table: Table) -> str:
    label = escape(row.label) + "".join(_mark(table, note) for note in row.notes)
    return f"<tr><th>{label}</th>{''.join(_cell(cell, table) for cell in row.cells)}</tr>"


def _cell(cell: Cell, table: Table) -> str:
    text = escape(cell.printed)
    if cell.tied:
        text = f'<u title="{TIED}">{text}</u>'
    return f"<td>{f'<b>{text}</b>' if cell.bold else text}{_mark(table, cell.note)}</td>"


def _mark(table: Table, note: str) -> str:
    return f"<sup>{escape(table.mark(note))}</sup>" if note else ""
