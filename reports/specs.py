"""What a layout declares: the columns of a table, without any number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal

from reports.tables import Better, Table, Unit

if TYPE_CHECKING:
    from reports.table_request import TableRequest

#: stands for the study's baseline in the texts of a spec and where a column names a method
BASELINE = "{baseline}"


@dataclass(frozen=True)
class DatasetCard:
    """A data set as the report knows it; with `folds` > 1 seeds are folds, pooled for tables.

    `confusions` holds, of attributes that a classifier guessed, its counts (true, guessed level).
    """

    key: str
    title: str
    classes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    intersections: tuple[tuple[str, ...], ...]
    folds: int
    confusions: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)

    def attributes(self, fewest: int = 0) -> dict[str, tuple[str, ...]]:
        """Group names of every declared attribute and of every intersection ("gender x tone").

        Args:
            fewest: groups that an attribute must have.
        """
        crossed = {
            " x ".join(names): tuple(
                " x ".join(levels) for levels in product(*map(self.levels.__getitem__, names))
            )
            for names in self.intersections
        }
        every = {**self.levels, **crossed}
        return {name: groups for name, groups in every.items() if len(groups) >= fewest}


Show = Literal[
    "", "floor", "interval", "difference",
    "floor_p", "floor_p_holm", "difference_p", "difference_p_holm", "exchange_p", "signed_rank_p",
    "cost",
]  # fmt: skip


@dataclass(frozen=True)
class ColumnSpec:
    """Which metric a column shows and how it is headed.

    At most one of the following is given. `less` names a method whose value is subtracted, seed by
    seed. `share_of` names one of whose mean the mean is printed as a percentage, `change_from` one
    from whose mean the change is: both from unrounded means over seeds. `ranks` are columns over
    which the method's rank (1 is best, ties share) is averaged; `metric` is then empty. `show` is
    something else than the mean: from the frame `statistics` the noise `floor` with its range, the
    mean with its `interval`, the `difference` to the baseline with its interval, or the p-value of
    that name; or the method's declared `cost` in passes.

    `absolute` prints a plain mean over seeds without its sign. `squared`: the number is a variance
    of fractions, printed in squared percentage points.
    """

    header: str
    metric: str
    attribute: str = "all"
    group: str = "all"
    emotion: str = "all"
    span: str = ""
    better: Better = "higher"
    less: str = ""
    share_of: str = ""
    change_from: str = ""
    ranks: tuple[ColumnSpec, ...] = ()
    show: Show = ""
    squared: bool = False
    absolute: bool = False

    @property
    def unit(self) -> Unit:
        """Percentage points for a difference, percent with a sign for a change, else percent."""
        if self.ranks:
            return "statistic"
        if self.squared:
            return "variance"
        if self.change_from:
            return "change"
        return "points" if self.less or self.show == "difference" else "percent"


@dataclass(frozen=True)
class TableSpec:
    """A table to be made.

    `about` goes first in the caption, `remark` explains the headers under the table, `attribute`
    goes into the title and the file name. `methods` are the only ones shown, all where it is empty.
    `optional`: there is no table where no method has a value of any of the columns. `maker` makes
    the table where its rows or cells are not simply methods and their numbers; it gives None where
    there is nothing to show.
    """

    about: str
    columns: tuple[ColumnSpec, ...]
    attribute: str = ""
    remark: str = ""
    methods: tuple[str, ...] = ()
    optional: bool = False
    maker: Callable[[TableRequest], Table | None] | None = None
