"""Rows gathered while an audit runs, and the correction for many tests at its end."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pandas as pd

from reports.audit.options import AuditOptions
from reports.audit.result import FRAMES, frame_of
from reports.stats.multiplicity import benjamini_hochberg, holm

Row = dict[str, Any]
Key = tuple[str, ...]

#: the tests that tables print for their conditions are one family, whatever their kind
CELLS = "cells"


class Collected:
    """The frames of an audit in the making."""

    def __init__(self, options: AuditOptions) -> None:
        self._options = options
        self._rows: dict[str, list[Row]] = {name: [] for name in FRAMES}
        self._families: dict[Key, list[Row]] = defaultdict(list)
        self._cells: list[tuple[Row, str]] = []

    def add(self, frame: str, rows: Iterable[Row]) -> None:
        """Rows of any frame but `tests` and `cells`."""
        self._rows[frame].extend(rows)

    def test(self, row: Row, *, family: str = "", cell_of: str = "", variant: str = "") -> None:
        """A row of `audit.csv`.

        Args:
            row: the row, `p_holm` still NaN.
            family: kind of test that is corrected together with others of its kind; empty for a
                row that stands beside the one that is corrected.
            cell_of: the family of strata (`AU06,AU12`) where a table prints this test.
            variant: a sensitivity run, corrected on its own.
        """
        self._rows["tests"].append(row)
        if cell_of:
            self._cells.append((row, cell_of))
            family = CELLS
        if family:
            table = (row["label"], row["attribute"]) if self._options.family == "table" else ()
            self._families[family, variant, *table].append(row)

    def frames(self) -> dict[str, pd.DataFrame]:
        """All frames, corrected within each family; undefined p values take no part."""
        false_discovery: dict[int, float] = {}
        for rows in self._families.values():
            p = [row["p"] for row in rows]
            for row, corrected, bh in zip(rows, holm(p), benjamini_hochberg(p), strict=True):
                row["p_holm"] = corrected
                false_discovery[id(row)] = bh
        cells = [
            {**row, "family": family, "p_bh": false_discovery.get(id(row), math.nan)}
            for row, family in self._cells
        ]
        return {
            name: frame_of(name, cells if name == "cells" else rows)
            for name, rows in self._rows.items()
        }
