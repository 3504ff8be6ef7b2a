"""Scores by guessed groups beside the corrected ones, as a table."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from reports.assemble import shown_rows
from reports.corrected_groups import METRICS
from reports.rows import BLOCKS, MethodRow
from reports.table_request import TableRequest
from reports.tables import Block, Cell, Column, Row, Table

HEADS = {"fs_acc": "FS of accuracy", "fs_mca": "FS of class means", "disc": "Disc"}


def corrected_table(asked: TableRequest) -> Table | None:
    """A row a method: each score by guessed groups, corrected, and the standard error.

    None where nothing was corrected.
    """
    found = asked.study.corrections
    attribute = asked.spec.attribute
    if not any(place[3] == attribute and place[0] == asked.dataset.key for place in found):
        return None
    columns = [
        Column(header, HEADS[metric], "")
        for metric in METRICS
        for header in ("guessed", "corrected", "se")
    ]
    shown = shown_rows(asked.spec, asked.rows)
    blocks = tuple(
        Block(title, tuple(_row(asked, row) for row in shown if row.block == title))
        for title in BLOCKS
        if any(row.block == title for row in shown)
    )
    return Table(
        key=asked.key,
        title=asked.title,
        caption=f"{asked.spec.about} on {asked.dataset.title}. Percent, means over "
        f"{asked.repeats}. {asked.protocol}",
        columns=tuple(columns),
        blocks=blocks,
        remark=asked.spec.remark,
    )


def _row(asked: TableRequest, row: MethodRow) -> Row:
    cells: list[Cell] = []
    for metric in METRICS:
        found = asked.study.corrections.get((*row.run, asked.spec.attribute, metric))
        cells += _cells(row, found)
    return Row(row.label, tuple(cells), row.notes, row.run)


def _cells(row: MethodRow, found: Mapping[Hashable, Any] | None) -> list[Cell]:
    if found is None:
        return [Cell(row.state, reason=row.reason)] * 3
    runs = Cell("value", n=int(found["seeds"]), expected=row.expected)
    guessed = replace(runs, mean=float(found["guessed"]))
    if math.isnan(guessed.mean):
        guessed = Cell("undefined", reason="fewer than two groups with enough images")
    if math.isnan(found["corrected"]):
        nothing = Cell("undefined", reason=str(found["reason"]))
        return [guessed, nothing, nothing]
    sd = None if math.isnan(found["sd"]) else float(found["sd"])
    corrected = replace(runs, mean=float(found["corrected"]), sd=sd)
    return [guessed, corrected, replace(runs, mean=float(found["se"]))]
