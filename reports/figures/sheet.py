"""A sheet: a grid of equal panels below a legend, laid out in millimetres.

Nothing is left to automatic layout: sizes of text are known, so the same data give the same
picture, quickly, and nothing is cut off at the edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.figures.style import MM_PER_INCH, PAGE_HEIGHT, SMALL_SIZE, TEXT_SIZE, TITLE_SIZE
from reports.figures.text import fitted, text_width

_HANDLE, _GAP, _LINE = 7.0, 1.5, 4.2
_EDGE = 1.0


@dataclass(frozen=True)
class Frame:
    """Millimetres of a panel: its axes and the room on each side for text."""

    height: float
    left: float = 12.5
    right: float = 2.0
    top: float = 8.5
    bottom: float = 8.5

    @property
    def pitch(self) -> float:
        return self.height + self.top + self.bottom


@dataclass(frozen=True)
class Legend:
    """Entries of a figure's legend: what they name, handles of Matplotlib, and texts."""

    title: str
    handles: Sequence[Any]
    texts: Sequence[str]

    def columns(self, width: float) -> int:
        """How many entries go beside each other on a sheet of this width, in rows equally full."""
        widest = max(text_width(text) for text in self._fitted(width))
        entry = _HANDLE + _GAP + widest + 2 * _GAP
        most = max(1, min(len(self.texts), int((width - 2 * _EDGE + 2 * _GAP) / entry)))
        return math.ceil(len(self.texts) / math.ceil(len(self.texts) / most))

    def height(self, width: float) -> float:
        """Millimetres that the legend takes: a line for its title, and its rows."""
        return _LINE * (1 + math.ceil(len(self.texts) / self.columns(width))) + 1.0

    def _fitted(self, width: float) -> list[str]:
        return [fitted(text, width - 2 * _EDGE - _HANDLE - 3 * _GAP) for text in self.texts]

    def draw(self, figure: Figure) -> None:
        """Put the legend at the top left of the figure."""
        width, height = (inches * MM_PER_INCH for inches in figure.get_size_inches())
        columns = self.columns(width)
        # Matplotlib fills columns; people read rows.
        order = [i for first in range(columns) for i in range(first, len(self.texts), columns)]
        texts = self._fitted(width)
        # Matplotlib leaves out entries whose text starts with "_", so the texts are set later.
        drawn = figure.legend(
            [self.handles[place] for place in order],
            [str(place) for place in order],
            loc="upper left",
            bbox_to_anchor=(_EDGE / width, 1 - (_EDGE + _LINE) / height),
            ncols=columns,
            frameon=False,
            borderpad=0.0,
            borderaxespad=0.0,
            handlelength=_HANDLE / MM_PER_INCH * 72 / TEXT_SIZE,
            handleheight=1.0,
            handletextpad=_GAP / MM_PER_INCH * 72 / TEXT_SIZE,
            columnspacing=2 * _GAP / MM_PER_INCH * 72 / TEXT_SIZE,
            labelspacing=0.5,
        )
        for entry, place in zip(drawn.get_texts(), order, strict=True):
            entry.set_text(texts[place])
        figure.text(
            _EDGE / width,
            1 - _EDGE / height,
            fitted(self.title, width - 2 * _EDGE, TITLE_SIZE),
            size=TITLE_SIZE,
            va="top",
        )


def sheet(
    panels: int, columns: int, *, width: float, frame: Frame, legend: Legend
) -> tuple[Figure, list[Axes]]:
    """A figure with its legend and so many empty axes, row by row.

    Args:
        panels: at least 1.
        columns: panels beside each other.
        width: of the figure in millimetres.
        frame: of each panel.
        legend: drawn above the panels.
    """
    rows = math.ceil(panels / columns)
    top = legend.height(width) + _EDGE
    height = top + rows * frame.pitch
    figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH))
    FigureCanvasAgg(figure)
    legend.draw(figure)
    wide = axes_width(columns, width, frame)
    axes = []
    for place in range(panels):
        row, column = divmod(place, columns)
        left = column * width / columns + frame.left
        bottom = height - top - row * frame.pitch - frame.top - frame.height
        box = (left / width, bottom / height, wide / width, frame.height / height)
        axes.append(figure.add_axes(box))
    return figure, axes


def axes_width(columns: int, width: float, frame: Frame) -> float:
    """Millimetres from the left to the right end of the axes of one panel."""
    return width / columns - frame.left - frame.right


def rows_on_a_page(frame: Frame, legend: float = 12.0) -> int:
    """Rows of panels that a page holds below a legend of so many millimetres; at least 1."""
    return max(1, int((PAGE_HEIGHT - legend) / frame.pitch))


def put_title(axes: Axes, title: str, below: str = "", *, width: float) -> None:
    """Title above the axes, cut to `width` millimetres; `below` in small type beneath it."""
    lines = below.count("\n") + 1 if below else 0
    points = 2.0 + lines * SMALL_SIZE * 1.25
    style: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "ha": "left",
    }
    axes.annotate(
        fitted(title, width, TITLE_SIZE), (0, 1), (0, points), va="bottom", size=TITLE_SIZE, **style
    )
    if below:
        axes.annotate(below, (0, 1), (0, 2.0), va="bottom", size=SMALL_SIZE, **style)
