"""Tables as JSON, for programs: everything a `Table` holds, numbers unrounded."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from reports.tables import Cell, Row, Table


def table_text(table: Table) -> str:
    """The table as an object; `mean` and `sd` are fractions, null where there is none."""
    content = {
        "key": table.key,
        "title": table.title,
        "caption": table.caption,
        "remark": table.remark,
        "columns": [asdict(column) for column in table.columns],
        "blocks": [
            {
                "title": block.title,
                "compared": block.compared,
                "rows": [_row(row) for row in block.rows],
            }
            for block in table.blocks
        ],
        "footer": [_row(row) for row in table.footer],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _row(row: Row) -> dict[str, Any]:
    return {
        "label": row.label,
        "notes": list(row.notes),
        "cells": [_cell(cell) for cell in row.cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    is_value = cell.state == "value"
    return {
        "text": cell.printed,
        "state": cell.state,
        "bold": cell.bold,
        "tied": cell.tied,
        "unit": cell.unit if is_value else None,
        "mean": cell.mean if is_value else None,
        "sd": cell.sd,
        "n": cell.n if is_value else None,
        "expected": cell.expected if is_value else None,
        "reason": cell.reason,
    }
