"""One panel of bars: the proportions of one data set, condition by condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from reports.audit.figures_conditions import Condition
from reports.audit.tabulation import ALL
from reports.figures.style import INK, MM_PER_INCH, SMALL_SIZE, TEXT_SIZE, GroupStyle
from reports.figures.text import fitted, text_width

Floats = NDArray[np.float64]

#: a gap between conditions, and a further one between families of conditions, in widths of a bar
_GAP, _FAMILY_GAP = 1.0, 0.8
_LINE = 3.2
_ROOM, _UNEVEN = 1.14, 2.0
_LONGEST_TICK = 24.0
_GREY = "#595959"


@dataclass(frozen=True, eq=False)
class BarPanel:
    """What a panel shows.

    Attributes:
        dataset: its name.
        title: of the panel.
        conditions: C of them, left to right.
        groups: G names.
        values: (C, G, 3) proportion and ends of the error bar; NaN where undefined.
        n: (C, G) images; -1 where the audit has no row.
        marks: C signs above the conditions.
        sizes: of all groups of the figure in this data set, as texts.
        limit: upper end of the axis of proportions.
    """

    dataset: str
    title: str
    conditions: Sequence[Condition]
    groups: Sequence[str]
    values: Floats
    n: NDArray[np.int64]
    marks: Sequence[str]
    sizes: Sequence[str] = ()
    limit: float = 1.0

    @property
    def slots(self) -> float:
        """Width of the panel in widths of a bar."""
        return float(self.starts[-1]) + len(self.groups) + _GAP

    @property
    def starts(self) -> Floats:
        """(C,) left end of each condition's bars, in widths of a bar."""
        places, at, before = [], _GAP, self.conditions[0].family
        for condition in self.conditions:
            at += 0.0 if condition.family == before else _FAMILY_GAP
            places.append(at)
            at, before = at + len(self.groups) + _GAP, condition.family
        return np.array(places)

    @property
    def longest_value(self) -> float:
        """Millimetres of the widest text below a condition."""
        return max(text_width(condition.values) for condition in self.conditions)

    @property
    def top(self) -> float:
        """Highest end of a bar or an error bar; 0 where all are undefined."""
        finite = self.values[np.isfinite(self.values)]
        return float(finite.max()) if finite.size else 0.0


def tick_room(panels: Sequence[BarPanel], *, upright: bool) -> float:
    """Millimetres below the axes for the texts of the conditions."""
    if not upright:
        return _LINE
    return min(_LONGEST_TICK, max(panel.longest_value for panel in panels)) + 1.0


def draw_bars(
    axes: Axes,
    panel: BarPanel,
    looks: dict[str, GroupStyle],
    *,
    upright: bool,
    room: float,
) -> None:
    """Draw a panel.

    Args:
        axes: empty.
        panel: what to draw.
        looks: group -> look.
        upright: whether the texts of the conditions stand upright, being long.
        room: `tick_room` of the figure.
    """
    for place, group in enumerate(panel.groups):
        look = looks[group]
        x = panel.starts + place + 0.5
        axes.bar(
            x, np.nan_to_num(panel.values[:, place, 0]), width=0.92, color=look.colour,
            hatch=look.hatch * 2, edgecolor=look.ink, linewidth=0.4, zorder=2,
        )  # fmt: skip
        low, high = panel.values[:, place, 1], panel.values[:, place, 2]
        drawn = np.isfinite(low) & np.isfinite(high)
        # The white line makes the bar seen on dark fills.
        for colour, width in (("white", 1.7), (INK, 0.8)):
            axes.vlines(x[drawn], low[drawn], high[drawn], color=colour, linewidth=width, zorder=3)
        for at in x[~np.isfinite(panel.values[:, place, 0]) & (panel.n[:, place] >= 0)]:
            axes.annotate(
                "n = 0", (at, 0), (0, 2), textcoords="offset points", rotation=90, ha="center",
                va="bottom", size=SMALL_SIZE, color=_GREY, zorder=4,
            )  # fmt: skip
    _mark(axes, panel)
    _name_conditions(axes, panel, upright=upright, room=room)
    axes.set_xlim(0, panel.slots)
    axes.set_ylim(0, panel.limit)


def _mark(axes: Axes, panel: BarPanel) -> None:
    for start, values, mark in zip(panel.starts, panel.values, panel.marks, strict=True):
        finite = values[np.isfinite(values)]
        if mark and finite.size:
            middle = start + len(panel.groups) / 2
            axes.annotate(
                mark, (middle, finite.max()), (0, 1), textcoords="offset points", ha="center",
                va="bottom", size=TEXT_SIZE, zorder=4,
            )  # fmt: skip


def _name_conditions(axes: Axes, panel: BarPanel, *, upright: bool, room: float) -> None:
    width = len(panel.groups)
    middles = panel.starts + width / 2
    names = [fitted(c.values, _LONGEST_TICK) if upright else c.values for c in panel.conditions]
    axes.set_xticks(middles, names, rotation=90 if upright else 0)
    axes.tick_params(axis="x", length=0, pad=2)
    below = -(room + 1.2) / MM_PER_INCH * 72
    places = list(zip(panel.conditions, panel.starts, strict=True))
    per_slot = axes.bbox.width / axes.figure.dpi * MM_PER_INCH / panel.slots
    for family, members in groupby(places, key=lambda pair: pair[0].family):
        inside = list(members)
        first, last = inside[0][1], inside[-1][1] + width
        units = fitted(inside[0][0].units, (last - first + _GAP + _FAMILY_GAP) * per_slot)
        axes.annotate(
            units, ((first + last) / 2, 0), (0, below), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", ha="center", va="top", size=TEXT_SIZE,
            annotation_clip=False,
        )  # fmt: skip
        if family == ALL and first > _GAP:
            axes.axvline(
                first - (_GAP + _FAMILY_GAP) / 2, color=_GREY, linewidth=0.5, linestyle=(0, (2, 2))
            )


def with_axes(panels: Sequence[BarPanel]) -> list[BarPanel]:
    """The panels with upper ends of the axis of proportions that leave room for marks.

    One for all panels, so that heights compare, unless the bars of some would be too low to see:
    then each has its own.
    """
    tops = [min(panel.top, 1.0) for panel in panels]
    highest = max(tops)
    if highest <= _UNEVEN * min((top for top in tops if top > 0), default=1.0):
        tops = [highest] * len(panels)
    return [
        replace(panel, limit=top * _ROOM if top > 0 else 1.0)
        for panel, top in zip(panels, tops, strict=True)
    ]
