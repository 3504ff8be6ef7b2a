"""Which pair of many groups stands for all of them in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.audit.table_specs import Record


def of_farthest_pairs(rows: Sequence[Record]) -> list[Record]:
    """The rows of `discrimination` of the pair farthest apart in each question.

    Farthest in the raw form; the conditional forms of the same pair stay beside it. Of seven groups
    all 21 pairs would be rows that nobody reads.
    """
    largest: dict[tuple[str, ...], Record] = {}
    for row in rows:
        place = _place(row)
        if row["form"] == "raw" and _size(row) > _size(largest.get(place)):
            largest[place] = row
    return [row for row in rows if _pair(row) == _pair(largest.get(_place(row), row))]


def _place(row: Record) -> tuple[str, ...]:
    return row["dataset"], row["label"], row["attribute"], row["source"]


def _pair(row: Record) -> tuple[str, str]:
    return row["group_a"], row["group_b"]


def _size(row: Record | None) -> float:
    """Below 0 where there is no row, and 0 where its difference is undefined."""
    if row is None:
        return -1.0
    return 0.0 if math.isnan(row["value"]) else abs(row["value"])
