"""Scores by guessed groups beside the corrected ones, as a table."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from reports.assemble import shown_rows
from reports.corrected_groups import METRICS, NO_VALUE
from reports.rows import BLOCKS, MethodRow
from reports.table_request import TableRequest
from reports.tables import Block, Cell, Column, Row, Table

HEADS = {"fs_acc": "FS of accuracy", "fs_mca": "FS of class means", "disc": "Disc"}


def corrected_table(asked: TableRequest) -> Table | None:
    """A row a method: each score by guessed groups, and corrected in two ways, with errors.

    None where nothing was corrected.
    """
    found = asked.study.corrections
    attribute = asked.spec.attribute
    if not any(place[3] == attribute and place[0] == asked.dataset.key for place in found):
        return None
    columns = [
        Column(header, HEADS[metric], "")
        for metric in METRICS
        for header in ("guessed", "weighted", "se", "inverted", "se")
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
        return [Cell(row.state, reason=row.reason)] * 5
    runs = Cell("value", n=int(found["seeds"]), expected=row.expected)
    guessed = replace(runs, mean=float(found["guessed"]))
    if math.isnan(guessed.mean):
        guessed = Cell("undefined", reason="fewer than two groups with enough images")
    weighted = _pair(runs, found, "weighted", "weighted_se")
    inverted = _pair(runs, found, "corrected", "se")
    if not math.isnan(found["sd"]):
        inverted[0] = replace(inverted[0], sd=float(found["sd"]))
    return [guessed, *weighted, *inverted]


def _pair(runs: Cell, found: Mapping[Hashable, Any], value: str, error: str) -> list[Cell]:
    """A score and its standard error."""
    if math.isnan(found[value]):
        return [Cell("undefined", reason=str(found["reason"]) or NO_VALUE)] * 2
    return [replace(runs, mean=float(found[name])) for name in (value, error)]
