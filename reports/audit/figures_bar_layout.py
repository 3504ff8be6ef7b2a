"""How the panels of a figure of bars stand on its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.audit.figures_bar_panel import BarPanel, tick_room
from reports.figures.sheet import Frame, axes_width, rows_on_a_page
from reports.figures.style import ONE_COLUMN, SMALL_SIZE, TWO_COLUMNS
from reports.figures.text import wrapped

#: least width of a bar in millimetres, so that its hatch is seen
_BAR = 1.8
_HEIGHT = 36.0
_MOST_COLUMNS = 3

#: bars that the widest panel has room for
WIDEST = axes_width(1, TWO_COLUMNS, Frame(_HEIGHT)) / _BAR


@dataclass(frozen=True)
class BarLayout:
    """How the panels of a figure stand.

    Attributes:
        width: of the figure in millimetres.
        columns: panels beside each other.
        upright: whether the texts of conditions stand upright.
        room: millimetres for these texts.
        lines: of group sizes below the title of a panel.
    """

    width: float
    columns: int
    upright: bool
    room: float
    lines: int

    @classmethod
    def of(cls, panels: Sequence[BarPanel]) -> BarLayout:
        """The fewest pages, then texts that lie flat, then the most columns; bars are never thinner
        than can be seen, unless a panel has very many groups.
        """
        found = [cls._with(panels, upright=upright) for upright in (False, True)]
        return min(
            (layout for layout in found if layout is not None),
            key=lambda layout: -(-len(panels) // layout.per_page),
        )

    @classmethod
    def _with(cls, panels: Sequence[BarPanel], *, upright: bool) -> BarLayout | None:
        several = len({panel.dataset for panel in panels}) > 1
        room = tick_room(panels, upright=upright)
        for columns in range(min(_MOST_COLUMNS, len(panels)), 0, -1):
            for width in (ONE_COLUMN, TWO_COLUMNS) if len(panels) == 1 else (TWO_COLUMNS,):
                wide = axes_width(columns, width, Frame(_HEIGHT))
                if all(_fits(panel, wide, texts=not upright) for panel in panels):
                    lines = max(sizes_below(panel, wide).count("\n") + 1 for panel in panels)
                    return cls(width, columns, upright, room, several * lines)
        return cls(TWO_COLUMNS, 1, True, room, 2 * several) if upright else None

    @property
    def per_page(self) -> int:
        return self.columns * rows_on_a_page(self.frame)

    @property
    def frame(self) -> Frame:
        return Frame(_HEIGHT, top=5.5 + 2.7 * self.lines, bottom=self.room + 6.0)


def sizes_below(panel: BarPanel, wide: float) -> str:
    """Group sizes for the room below the title of a panel."""
    return wrapped(list(panel.sizes), " / ", wide, SMALL_SIZE)


def _fits(panel: BarPanel, wide: float, *, texts: bool) -> bool:
    bar = wide / panel.slots
    pitch = bar * (len(panel.groups) + 1)
    return bar >= _BAR and (not texts or panel.longest_value + 1.5 <= pitch)
