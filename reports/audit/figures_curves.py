"""Fitted P(label | intensity of one action unit) in each group: a panel a unit and data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reports.audit.figures_captions import curve_caption
from reports.audit.figures_groups import Sizes, group_sizes, legend_texts, looks_of
from reports.audit.result import AuditResult
from reports.figures.captioned import CaptionedFigure
from reports.figures.pages import pages
from reports.figures.sheet import Frame, Legend, axes_width, put_title, rows_on_a_page, sheet
from reports.figures.style import ONE_COLUMN, SMALL_SIZE, TEXT_SIZE, TWO_COLUMNS, GroupStyle
from reports.figures.text import fitted

_FRAME = Frame(22.5, top=7.5, bottom=7.0)
#: more curves on a page would make the SVG of it slow and large
_MOST_CURVES = 72
_MARKER_STEP = 12


@dataclass(frozen=True, eq=False)
class _Panel:
    """Curves of one action unit in one data set: group -> (P, 4) intensity, P, low, high."""

    dataset: str
    action_unit: str
    curves: dict[str, NDArray[np.float64]]
    start: float
    end: float


def curve_figures(result: AuditResult) -> Iterator[CaptionedFigure]:
    """The figures of every label and attribute, several pages where panels are many."""
    for place, rows in result["curves"].groupby(["label", "attribute"], sort=False):
        label, attribute = map(str, place)
        looks = looks_of(result, attribute)
        proportions = result["proportions"]
        same = (proportions["label"] == label) & (proportions["attribute"] == attribute)
        panels, missing = _panels(rows, list(looks))
        columns = _columns(panels)
        most = max(columns, _MOST_CURVES // len(looks) // columns * columns)
        for page, of, shown in pages(panels, min(most, columns * rows_on_a_page(_FRAME))):
            datasets = list(dict.fromkeys(panel.dataset for panel in shown))
            sizes = group_sizes(proportions[same], datasets)
            yield CaptionedFigure(
                key="-".join(("curves", label, attribute, *([f"{page}"] * (of > 1)))),
                title=f"P({label}) by {attribute} against the intensity of each action unit"
                + (f" (page {page} of {of})" if of > 1 else ""),
                caption=curve_caption(label, attribute, _said(sizes), missing),
                figure=_figure(shown, _Legend(label, attribute, looks, sizes), columns),
            )


def _panels(rows: pd.DataFrame, groups: Sequence[str]) -> tuple[list[_Panel], list[str]]:
    """Panels, unit by unit and data set by data set, and names of what has no curve."""
    panels, missing = [], []
    spans = {str(name): _span(part) for name, part in rows.groupby("dataset", sort=False)}
    units = rows["action_unit"].drop_duplicates()
    by_curve = {key: part for key, part in rows.groupby(["action_unit", "dataset", "group"])}
    for unit in units:
        for dataset, span in spans.items():
            curves = {
                group: curve
                for group in groups
                if (part := by_curve.get((unit, dataset, group))) is not None
                and (curve := _points(part)).size
            }
            if curves:
                panels.append(_Panel(dataset, str(unit), curves, *span))
            missing += [
                f"{unit} of {group} in {dataset}"
                for group in groups
                if group not in curves and (unit, dataset, group) in by_curve
            ]
    return panels, missing


def _span(rows: pd.DataFrame) -> tuple[float, float]:
    """Range of the axis of intensities, the same for all units of a data set."""
    x = rows["intensity"].to_numpy(dtype=float)
    x = x[np.isfinite(x)]
    start, end = (min(0.0, x.min()), x.max()) if x.size else (0.0, 1.0)
    return (start, end) if end > start else (start, start + 1.0)


def _points(rows: pd.DataFrame) -> NDArray[np.float64]:
    columns = ["intensity", "probability", "low", "high"]
    points: NDArray[np.float64] = rows[columns].to_numpy(dtype=float)
    finite: NDArray[np.float64] = points[np.isfinite(points[:, :2]).all(axis=1)]
    return finite


def _columns(panels: Sequence[_Panel]) -> int:
    """Panels beside each other: those of a unit in different data sets stay together."""
    datasets = len({panel.dataset for panel in panels})
    return max(1, min(4 if datasets in (2, 4) else 3, len(panels)))


@dataclass(frozen=True, eq=False)
class _Legend:
    label: str
    attribute: str
    looks: dict[str, GroupStyle]
    sizes: Sizes


def _figure(panels: Sequence[_Panel], named: _Legend, columns: int) -> Figure:
    groups = [g for g in named.looks if any(g in panel.curves for panel in panels)]
    datasets = list(dict.fromkeys(panel.dataset for panel in panels))
    legend = Legend(
        named.attribute,
        [_handle(named.looks[group]) for group in groups],
        legend_texts(groups, datasets, named.sizes),
    )
    width = ONE_COLUMN if len(panels) == 1 else TWO_COLUMNS
    figure, axes = sheet(len(panels), columns, width=width, frame=_FRAME, legend=legend)
    wide = axes_width(columns, width, _FRAME)
    for place, (panel, one) in enumerate(zip(panels, axes, strict=True)):
        _draw(one, panel, named.looks, groups)
        put_title(one, panel.action_unit, fitted(panel.dataset, wide, SMALL_SIZE), width=wide)
        if place % columns == 0:
            one.set_ylabel(fitted(f"P({named.label})", _FRAME.height, TEXT_SIZE), labelpad=3)
        if place + columns >= len(panels):
            one.set_xlabel("intensity", labelpad=1)
    return figure


def _handle(look: GroupStyle) -> Line2D:
    return Line2D(
        [], [], color=look.colour, linestyle=look.line, marker=look.marker, markersize=3.5,
        markerfacecolor="white", markeredgewidth=0.8,
    )  # fmt: skip


def _draw(axes: Axes, panel: _Panel, looks: dict[str, GroupStyle], groups: Sequence[str]) -> None:
    for place, group in enumerate(groups):
        if group not in panel.curves:
            continue
        x, p, low, high = panel.curves[group].T
        look = looks[group]
        # For the edge of a band every second point is fine enough, and half as long in a page.
        band = np.unique(np.r_[0 : len(x) : 2, len(x) - 1])
        axes.fill_between(
            x[band], low[band], high[band], color=look.colour, alpha=0.18, linewidth=0, zorder=1
        )
        # Markers of different groups start at different places, so that none hides another.
        first = (place * _MARKER_STEP // max(1, len(groups))) % max(1, len(x))
        axes.plot(
            x, p, color=look.colour, linestyle=look.line, marker=look.marker, markersize=3.5,
            markerfacecolor="white", markeredgewidth=0.8, markevery=(first, _MARKER_STEP), zorder=2,
        )  # fmt: skip
    margin = 0.02 * (panel.end - panel.start)
    axes.set_xlim(panel.start - margin, panel.end + margin)
    axes.set_ylim(-0.03, 1.06)
    axes.set_yticks([0, 0.5, 1])
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(panel.start, panel.end)
    axes.set_xticks([tick for tick in ticks if panel.start <= tick <= panel.end])
    axes.tick_params(pad=2)


def _said(sizes: Sizes) -> str:
    """How many images there are of each data set."""
    texts = [f"{sum(groups.values()):,} in {dataset}" for dataset, groups in sizes.items()]
    return f"Images with a known group: {', '.join(texts)}." if texts else ""
