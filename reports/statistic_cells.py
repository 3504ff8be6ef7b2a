"""Cells from the frame `statistics`: floors, intervals, differences to the baseline, p-values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reports.convention import Convention
from reports.number_cells import interval_cell, p_cell
from reports.rows import MethodRow
from reports.specs import ColumnSpec
from reports.study import StudyFrames
from reports.tables import Cell, Unit

NOT_COMPUTED = "no uncertainty was computed for this report"
NO_FLOOR = "the score has no noise floor"
#: significance level of the tests
LEVEL = 0.05
TOO_FEW_SEEDS = (
    "cannot be significant with {seeds} seeds: the smallest p that a signed-rank test of so many "
    "can reach is {smallest:.4g}"
)


def statistic_cell(
    study: StudyFrames, row: MethodRow, column: ColumnSpec, convention: Convention
) -> Cell:
    """What the column shows of its number: see `ColumnSpec.show`.

    Blank where the method has no such number; the baseline's difference to itself reads `ref.`
    """
    if column.show == "cost":
        cost = study.method_cards[row.method].cost
        # Of predictions that came from elsewhere nobody knows the cost.
        return Cell("blank") if math.isnan(cost) else Cell("value", mean=cost, unit="ratio")
    if study.statistics is None:
        return Cell("undefined", reason=NOT_COMPUTED)
    found = study.statistic(*row.run, column.attribute, column.group, column.emotion, column.metric)
    if found is None:
        return Cell(row.state, reason=row.reason, expected=row.expected)
    is_plain = not row.run[2]
    if column.show.startswith("difference") and is_plain and row.method == study.baseline:
        return Cell("text", text="ref.")
    match column.show:
        case "floor":
            return _with_interval(found, ("floor_mean", "floor_low", "floor_high"), column.unit)
        case "interval":
            return _with_interval(found, ("mean", "low", "high"), column.unit)
        case "difference":
            names = ("difference", "difference_low", "difference_high")
            return _with_interval(found, names, "points")
        case _:
            p = float(found[column.show])
            return p_cell(p, convention, reason=_why(found, p), caveat=_caveat(column, found))


def _with_interval(found: Mapping[str, Any], names: tuple[str, str, str], unit: Unit) -> Cell:
    value, low, high = (float(found[name]) for name in names)
    return interval_cell(value, low, high, unit, reason=_why(found, value))


def _why(found: Mapping[str, Any], value: float) -> str:
    if not math.isnan(value):
        return ""
    return str(found["reason"]) or NO_FLOOR


def _caveat(column: ColumnSpec, found: Mapping[str, Any]) -> str:
    """The sentence beside a p over so few seeds that it could not have been significant."""
    smallest = float(found["smallest_p"])
    if column.show != "signed_rank_p" or not smallest > LEVEL:
        return ""
    # The smallest p of S seeds is 2^(1 - S).
    seeds = 1 - round(math.log2(smallest))
    return TOO_FEW_SEEDS.format(seeds=seeds, smallest=smallest)
