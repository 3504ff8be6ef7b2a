"""From rows of the audit's frames to panels of bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.audit.figures_bar_panel import BarPanel, with_axes
from reports.audit.figures_captions import corrected_column, mark_of
from reports.audit.figures_conditions import Condition, chunks, condition_of, figure_families
from reports.audit.figures_groups import group_sizes, sizes_text
from reports.audit.tabulation import ALL
from reports.convention import Convention

_Value = tuple[float, float, float, int]


@dataclass(frozen=True, eq=False)
class BarRows:
    """Rows of one label and attribute: `proportions`, and the tests that marks stand for."""

    proportions: pd.DataFrame
    cells: pd.DataFrame

    def of(self, datasets: Sequence[str]) -> BarRows:
        """The rows of these data sets."""
        frames = (self.proportions, self.cells)
        return BarRows(*(frame[frame["dataset"].isin(list(datasets))] for frame in frames))

    def figures(self) -> Iterator[tuple[str, BarRows]]:
        """Name and rows of each figure."""
        for name, families in _figures(self.proportions).items():
            chosen = _chosen(self.proportions, families)
            inside = self.cells["family"].isin(chosen["family"].unique())
            yield name, BarRows(chosen, self.cells[inside])


def _figures(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Figure -> families of strata; `all` without any, for data sets that have no other."""
    pairs = rows[["family", "condition"]].drop_duplicates().itertuples(index=False)
    conditions = [condition_of(str(family), str(name)) for family, name in pairs]
    found = {
        name: list(dict.fromkeys(condition.family for condition in members))
        for name, members in figure_families(conditions).items()
    }
    if rows["dataset"].nunique() > rows.loc[rows["family"] != ALL, "dataset"].nunique():
        found[ALL] = []
    return found


def _chosen(rows: pd.DataFrame, families: Sequence[str]) -> pd.DataFrame:
    """The rows of some families, and those for the whole of the data sets that have them."""
    inside = rows["family"].isin(list(families))
    if not families:
        others = rows.loc[rows["family"] != ALL, "dataset"].unique()
        return rows[~rows["dataset"].isin(others)]
    datasets = rows.loc[inside, "dataset"].unique()
    return rows[inside | (rows["family"].eq(ALL) & rows["dataset"].isin(datasets))]


def bar_panels(
    rows: BarRows, groups: Sequence[str], convention: Convention, *, widest: float
) -> list[BarPanel]:
    """Panels of every data set, several of one that has too many conditions.

    Args:
        rows: of one figure.
        groups: of the figure, in the order of the legend.
        convention: of error bars and marks.
        widest: bars that a panel has room for.
    """
    found = []
    for dataset, part in rows.proportions.groupby("dataset", sort=False):
        present = set(part["group"].astype(str))
        inside = [group for group in groups if group in present]
        pairs = part[["family", "condition"]].drop_duplicates().itertuples(index=False)
        conditions = [condition_of(str(family), str(name)) for family, name in pairs]
        conditions.sort(key=lambda condition: condition.family == ALL)
        runs = chunks(conditions, max(1, int(widest / (len(inside) + 1.5))))
        values = _values(part, convention)
        marks = _marks(rows.of([str(dataset)]).cells, corrected_column(convention))
        sizes = group_sizes(part, [str(dataset)]).get(str(dataset), {})
        for place, run in enumerate(runs):
            table = _table(run, inside, values)
            found.append(
                BarPanel(
                    dataset=str(dataset),
                    title=str(dataset) + (f" ({place + 1} of {len(runs)})" * (len(runs) > 1)),
                    conditions=run,
                    groups=inside,
                    values=table[:, :, :3],
                    n=table[:, :, 3].astype(np.int64),
                    marks=[marks.get((c.family, c.name), "") for c in run],
                    sizes=sizes_text(groups, sizes),
                )
            )
    return with_axes(found)


def _table(
    conditions: Sequence[Condition], groups: Sequence[str], values: dict[tuple[str, ...], _Value]
) -> NDArray[np.float64]:
    """(C, G, 4) proportion, ends of the error bar, n; n is -1 where there is no row."""
    absent = (np.nan, np.nan, np.nan, -1)
    return np.array(
        [[values.get((c.family, c.name, group), absent) for group in groups] for c in conditions],
        dtype=np.float64,
    )


def _values(rows: pd.DataFrame, convention: Convention) -> dict[tuple[str, ...], _Value]:
    """(family, condition, group) -> proportion, ends of its error bar, and n."""
    p, error = rows["proportion"], rows["standard_error"]
    low, high = rows["low"], rows["high"]
    if convention.error_bar == "standard_error":
        # Clusters have no binomial standard error: their intervals stay.
        low, high = (p - error).fillna(low), (p + error).fillna(high)
    keys = zip(*(rows[name].astype(str) for name in ("family", "condition", "group")), strict=True)
    return dict(zip(keys, zip(p, low, high, rows["n"], strict=True), strict=True))


def _marks(cells: pd.DataFrame, column: str) -> dict[tuple[str, ...], str]:
    """(family, condition) -> mark."""
    rows = zip(*(cells[c] for c in ("family", "condition", column, "test")), strict=True)
    return {(family, condition): mark_of(p, test) for family, condition, p, test in rows}
