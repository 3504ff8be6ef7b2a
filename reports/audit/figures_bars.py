"""Bars of P(label | condition, group): one figure a label, attribute and family of conditions.

Each data set is a panel. The whole data set, without regard to facial movement, stands at the right
of each panel for comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from reports.audit.figures_bar_panel import BarPanel, axis_limit, draw_bars, tick_room
from reports.audit.figures_captions import bar_caption, bar_title, corrected_column, mark_of
from reports.audit.figures_conditions import Condition, chunks, condition_of, figure_families
from reports.audit.figures_groups import group_sizes, legend_texts, looks_of, sizes_text
from reports.audit.result import AuditResult
from reports.audit.tabulation import ALL
from reports.convention import Convention
from reports.figures.captioned import CaptionedFigure
from reports.figures.pages import pages
from reports.figures.sheet import Frame, Legend, axes_width, put_title, rows_on_a_page, sheet
from reports.figures.style import ONE_COLUMN, SMALL_SIZE, TEXT_SIZE, TWO_COLUMNS, GroupStyle
from reports.figures.text import fitted, wrapped

#: least width of a bar in millimetres, so that its hatch is seen
_BAR = 1.8
_HEIGHT = 36.0
_MOST_COLUMNS = 3


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of one figure: `proportions` and the tests that its marks stand for."""

    proportions: pd.DataFrame
    cells: pd.DataFrame

    def of(self, datasets: Sequence[str]) -> _Rows:
        """The rows of these data sets."""
        frames = (self.proportions, self.cells)
        return _Rows(*(frame[frame["dataset"].isin(list(datasets))] for frame in frames))


def bar_figures(result: AuditResult, convention: Convention) -> Iterator[CaptionedFigure]:
    """The figures of every label and attribute, several pages where data sets are many."""
    cells = result["cells"]
    grouped = result["proportions"].groupby(["label", "attribute"], sort=False)
    for place, rows in grouped:
        label, attribute = map(str, place)
        tested = cells[(cells["label"] == label) & (cells["attribute"] == attribute)]
        looks = looks_of(result, attribute)
        for name, families in _figures(rows).items():
            chosen = _chosen(rows, families)
            inside = tested[tested["family"].isin(chosen["family"].unique())]
            panels = _panels(_Rows(chosen, inside), looks, convention)
            layout = _Layout.of(panels)
            for page, of, shown in pages(panels, layout.per_page):
                datasets = list(dict.fromkeys(panel.dataset for panel in shown))
                drawn = _Rows(chosen, inside).of(datasets)
                yield CaptionedFigure(
                    key="-".join(("bars", label, attribute, name, *([f"{page}"] * (of > 1)))),
                    title=bar_title(label, attribute, name)
                    + (f" (page {page} of {of})" if of > 1 else ""),
                    caption=bar_caption(drawn.proportions, drawn.cells, result, convention),
                    figure=_figure(shown, drawn.proportions, looks, layout),
                )


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


def _panels(rows: _Rows, looks: dict[str, GroupStyle], convention: Convention) -> list[BarPanel]:
    """Panels of every data set; several of one whose bars would be too thin side by side."""
    found = []
    for dataset, part in rows.proportions.groupby("dataset", sort=False):
        groups = [group for group in looks if group in set(part["group"].astype(str))]
        pairs = part[["family", "condition"]].drop_duplicates().itertuples(index=False)
        conditions = [condition_of(str(family), str(name)) for family, name in pairs]
        conditions.sort(key=lambda condition: condition.family == ALL)
        wide = axes_width(1, TWO_COLUMNS, Frame(_HEIGHT)) / _BAR
        runs = chunks(conditions, max(1, int(wide / (len(groups) + 1.5))))
        cells = rows.cells[rows.cells["dataset"] == dataset]
        marks = _marks(cells, corrected_column(convention))
        values = _values(part, convention)
        for place, run in enumerate(runs):
            number = f" ({place + 1} of {len(runs)})" if len(runs) > 1 else ""
            found.append(_panel(str(dataset), number, run, groups, values=values, marks=marks))
    return found


def _panel(
    dataset: str,
    number: str,
    conditions: Sequence[Condition],
    groups: Sequence[str],
    *,
    values: dict[tuple[str, ...], tuple[float, float, float, int]],
    marks: dict[tuple[str, ...], str],
) -> BarPanel:
    absent = (np.nan, np.nan, np.nan, -1)
    table = np.array(
        [[values.get((c.family, c.name, group), absent) for group in groups] for c in conditions]
    )
    return BarPanel(
        dataset,
        dataset + number,
        conditions,
        groups,
        table[:, :, :3],
        table[:, :, 3].astype(np.int64),
        [marks.get((c.family, c.name), "") for c in conditions],
    )


def _values(
    rows: pd.DataFrame, convention: Convention
) -> dict[tuple[str, ...], tuple[float, float, float, int]]:
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


@dataclass(frozen=True)
class _Layout:
    """How the panels of a figure stand: millimetres, panels beside each other, panels on a page."""

    width: float
    columns: int
    upright: bool
    room: float

    @classmethod
    def of(cls, panels: Sequence[BarPanel]) -> _Layout:
        """The most columns in which bars are wide enough and texts below them do not touch."""
        for texts in (True, False):
            for columns in range(min(_MOST_COLUMNS, len(panels)), 0, -1):
                for width in (ONE_COLUMN, TWO_COLUMNS) if len(panels) == 1 else (TWO_COLUMNS,):
                    wide = axes_width(columns, width, Frame(_HEIGHT))
                    if all(_fits(panel, wide, texts=texts) for panel in panels):
                        return cls(width, columns, not texts, tick_room(panels, upright=not texts))
        return cls(TWO_COLUMNS, 1, True, tick_room(panels, upright=True))

    @property
    def per_page(self) -> int:
        return self.columns * rows_on_a_page(self.frame)

    @property
    def frame(self) -> Frame:
        return Frame(_HEIGHT, top=11.0, bottom=self.room + 6.0)


def _fits(panel: BarPanel, wide: float, *, texts: bool) -> bool:
    bar = wide / panel.slots
    pitch = bar * (len(panel.groups) + 1)
    return bar >= _BAR and (not texts or panel.longest_value + 1.5 <= pitch)


def _figure(
    panels: Sequence[BarPanel], rows: pd.DataFrame, looks: dict[str, GroupStyle], layout: _Layout
) -> Figure:
    datasets = list(dict.fromkeys(panel.dataset for panel in panels))
    sizes = group_sizes(rows, datasets)
    groups = [group for group in looks if any(group in panel.groups for panel in panels)]
    legend = Legend(
        str(rows["attribute"].iloc[0]),
        [_patch(looks[group]) for group in groups],
        legend_texts(groups, datasets, sizes),
    )
    figure, axes = sheet(
        len(panels), layout.columns, width=layout.width, frame=layout.frame, legend=legend
    )
    wide = axes_width(layout.columns, layout.width, layout.frame)
    limit = axis_limit(panels)
    label = fitted(f"P({rows['label'].iloc[0]})", _HEIGHT, TEXT_SIZE)
    for place, (panel, one) in enumerate(zip(panels, axes, strict=True)):
        draw_bars(one, panel, looks, limit=limit, upright=layout.upright, room=layout.room)
        parts = sizes_text(groups, sizes.get(panel.dataset, {})) if len(datasets) > 1 else []
        put_title(one, panel.title, wrapped(parts, " / ", wide, SMALL_SIZE), width=wide)
        if place % layout.columns == 0:
            one.set_ylabel(label, labelpad=2)
    return figure


def _patch(look: GroupStyle) -> Patch:
    return Patch(facecolor=look.colour, hatch=look.hatch * 2, edgecolor=look.ink, linewidth=0.4)
