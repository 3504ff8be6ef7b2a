"""Marks of the entries of a table that cannot be told from the best one of their column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.best import run_name
from reports.specs import ColumnSpec
from reports.statistic_cells import LEVEL
from reports.study import StudyFrames
from reports.tables import Row, Table


def with_ties(table: Table, study: StudyFrames, columns: Sequence[ColumnSpec]) -> Table:
    """The table with `tied` entries.

    Those are the entries of the compared blocks that are not bold and whose difference to the best
    method is not significant at .05 after Holm (`reports/best.py`). Only columns of plain means
    have them, where the best of the statistics is the bold one: a table may show some methods only.
    Where no p is known, as with a single seed, nothing is marked.

    Args:
        table: its bold marks set.
        study: its statistics, if any, hold the p.
        columns: what the table's columns show.
    """
    if study.statistics is None:
        return table
    marked = {
        (row.run, index)
        for index, column in enumerate(columns)
        if _is_mean(column)
        for row in _tied_rows(table, index, study)
    }

    def with_marks(row: Row) -> Row:
        cells = (replace(c, tied=(row.run, i) in marked) for i, c in enumerate(row.cells))
        return replace(row, cells=tuple(cells))

    blocks = (
        replace(block, rows=tuple(map(with_marks, block.rows))) if block.compared else block
        for block in table.blocks
    )
    return replace(table, blocks=tuple(blocks))


def _is_mean(column: ColumnSpec) -> bool:
    other = (column.less, column.share_of, column.change_from, column.ranks, column.show)
    return not any(other)


def _tied_rows(table: Table, index: int, study: StudyFrames) -> list[Row]:
    place = table.columns[index].place
    rows = [row for block in table.blocks if block.compared for row in block.rows if row.run]
    bold = {run_name(*row.run[1:]) for row in rows if row.cells[index].bold}
    found = []
    for row in rows:
        known = study.statistic(*row.run, *place)
        if known is None or row.cells[index].bold or known["best"] not in bold:
            continue
        if known["best_p_holm"] > LEVEL:
            found.append(row)
    return found
