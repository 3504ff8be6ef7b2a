"""What a layout declares: the columns of a table, without any number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from reports.tables import Better, Unit


@dataclass(frozen=True)
class DatasetCard:
    """A data set as the report knows it; with `folds` > 1 seeds are folds, pooled for tables."""

    key: str
    title: str
    classes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    intersections: tuple[tuple[str, ...], ...]
    folds: int

    def attributes(self) -> dict[str, tuple[str, ...]]:
        """Group names of every declared attribute and of every intersection ("gender x tone")."""
        crossed = {
            " x ".join(names): tuple(
                " x ".join(levels) for levels in product(*map(self.levels.__getitem__, names))
            )
            for names in self.intersections
        }
        return {**self.levels, **crossed}


@dataclass(frozen=True)
class ColumnSpec:
    """Which metric a column shows and how it is headed.

    `less` names a method whose value is subtracted, seed by seed.
    """

    header: str
    metric: str
    attribute: str = "all"
    group: str = "all"
    emotion: str = "all"
    span: str = ""
    better: Better = "higher"
    less: str = ""

    @property
    def unit(self) -> Unit:
        """Percentage points for a difference, else percent."""
        return "points" if self.less else "percent"


@dataclass(frozen=True)
class TableSpec:
    """A table to be made.

    `about` goes first in the caption, `remark` explains the headers under the table, `attribute`
    goes into the title and the file name.
    """

    about: str
    columns: tuple[ColumnSpec, ...]
    attribute: str = ""
    remark: str = ""
