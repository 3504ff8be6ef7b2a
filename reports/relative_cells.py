"""Cells that set a method's mean against another's: shares, changes, and mean ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.ranks import Ranks, competes
from reports.rows import MethodRow
from reports.seed_values import Place
from reports.specs import ColumnSpec
from reports.study import StudyFrames
from reports.tables import Cell

IN_FLOOR = (
    "the gap of {method} lies inside the range of a perfectly fair classifier, so no percentage of "
    "it is stable"
)


def relative_cell(
    study: StudyFrames, row: MethodRow, column: ColumnSpec, rows: Sequence[MethodRow]
) -> Cell:
    """The mean over seeds as a share of another method's, or its change from it.

    Both means are unrounded, over the defined seeds of each method. Undefined where either has no
    value, the other's is 0, or the other's gap is no larger than chance gives a fair classifier
    (where the study's statistics say so).

    Source: metrics.md 3.2 (`disc_rel`) and 3.3.
    """
    method = column.share_of or column.change_from
    base = next((one for one in rows if one.method == method), None)
    if base is None:
        return Cell("undefined", reason=f"{method} was not run on this data set")
    if row is base:
        return Cell("text", text="ref.")
    place = (column.attribute, column.group, column.emotion, column.metric)
    own, other = _mean(row, place), _mean(base, place)
    reason = ""
    if math.isnan(own[0]):
        reason = "not defined for any seed"
    elif math.isnan(other[0]) or other[0] == 0:
        reason = f"the value of {method} is {'undefined' if math.isnan(other[0]) else '0'}"
    elif column.better == "lower" and _in_floor(study, base, place):
        reason = IN_FLOOR.format(method=method)
    if reason:
        return Cell("undefined", expected=row.expected, reason=reason)
    share = own[0] / other[0]
    return Cell(
        "value",
        mean=share if column.share_of else share - 1,
        n=own[1],
        expected=row.expected,
        unit=column.unit,
        show_n=own[1] != row.done,
    )


def _mean(row: MethodRow, place: Place) -> tuple[float, int]:
    values = [entry.value for entry in row.values.get(place, []) if not math.isnan(entry.value)]
    return (math.fsum(values) / len(values) if values else math.nan), len(values)


def _in_floor(study: StudyFrames, base: MethodRow, place: Place) -> bool:
    found = study.statistic(*base.run, *place)
    return found is not None and bool(found["mean"] <= found["floor_high"])


def rank_cell(row: MethodRow, column: ColumnSpec, ranks: Ranks) -> Cell:
    """The mean rank of the row over the column's metrics among all methods that compete."""
    rank = ranks[column][row]
    if math.isnan(rank):
        reason = (
            "no metric is defined for all methods, or fewer than two have all seeds"
            if competes(row)
            else "not ranked: other data, or not all seeds are done"
        )
        return Cell("undefined", expected=row.expected, reason=reason)
    return Cell("value", mean=rank, n=row.done, expected=row.expected, unit=column.unit)
