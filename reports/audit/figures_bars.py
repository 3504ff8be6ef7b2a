"""Bars of P(label | condition, group): one figure a label, attribute and family of conditions.

Each data set is a panel. The whole data set, without regard to facial movement, stands at the right
of each panel for comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from reports.audit.figures_bar_layout import WIDEST, BarLayout, sizes_below
from reports.audit.figures_bar_panel import BarPanel, draw_bars
from reports.audit.figures_bar_rows import BarRows, bar_panels
from reports.audit.figures_captions import bar_caption, bar_title
from reports.audit.figures_groups import group_sizes, legend_texts, looks_of
from reports.audit.result import AuditResult
from reports.convention import Convention
from reports.figures.captioned import CaptionedFigure
from reports.figures.pages import pages
from reports.figures.sheet import Legend, axes_width, put_title, sheet
from reports.figures.style import TEXT_SIZE, GroupStyle
from reports.figures.text import fitted


def bar_figures(result: AuditResult, convention: Convention) -> Iterator[CaptionedFigure]:
    """The figures of every label and attribute, several pages where data sets are many."""
    cells = result["cells"]
    grouped = result["proportions"].groupby(["label", "attribute"], sort=False)
    for place, rows in grouped:
        label, attribute = map(str, place)
        tested = cells[(cells["label"] == label) & (cells["attribute"] == attribute)]
        looks = looks_of(result, attribute)
        for name, drawn in BarRows(rows, tested).figures():
            present = set(drawn.proportions["group"].astype(str))
            used = {group: look for group, look in looks.items() if group in present}
            panels = bar_panels(drawn, list(used), convention, widest=WIDEST)
            layout = BarLayout.of(panels)
            one_axis = len({panel.limit for panel in panels}) == 1
            for page, of, shown in pages(panels, layout.per_page):
                here = drawn.of([panel.dataset for panel in shown])
                yield CaptionedFigure(
                    key="-".join(("bars", label, attribute, name, *([f"{page}"] * (of > 1)))),
                    title=bar_title(label, attribute, name)
                    + (f" (page {page} of {of})" if of > 1 else ""),
                    caption=bar_caption(
                        here.proportions,
                        here.cells,
                        result,
                        convention,
                        one_axis=one_axis,
                        in_legend=layout.lines == 0,
                    ),  # fmt: skip
                    figure=_figure(shown, here.proportions, used, layout),
                )


def _figure(
    panels: Sequence[BarPanel], rows: pd.DataFrame, looks: dict[str, GroupStyle], layout: BarLayout
) -> Figure:
    datasets = [panels[0].dataset] if layout.lines == 0 else []
    legend = Legend(
        str(rows["attribute"].iloc[0]),
        [_patch(look) for look in looks.values()],
        legend_texts(list(looks), datasets, group_sizes(rows, datasets)),
    )
    figure, axes = sheet(
        len(panels), layout.columns, width=layout.width, frame=layout.frame, legend=legend
    )
    wide = axes_width(layout.columns, layout.width, layout.frame)
    label = fitted(f"P({rows['label'].iloc[0]})", layout.frame.height, TEXT_SIZE)
    for place, (panel, one) in enumerate(zip(panels, axes, strict=True)):
        draw_bars(one, panel, looks, upright=layout.upright, room=layout.room)
        put_title(one, panel.title, sizes_below(panel, wide) * (layout.lines > 0), width=wide)
        if place % layout.columns == 0:
            one.set_ylabel(label, labelpad=3)
    return figure


def _patch(look: GroupStyle) -> Patch:
    return Patch(facecolor=look.colour, hatch=look.hatch * 2, edgecolor=look.ink, linewidth=0.4)
