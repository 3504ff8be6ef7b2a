"""How the kinds of methods look, and the legend that says so."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.lines import Line2D

from reports.figures.style import INK, GroupStyle, group_styles
from reports.rows import FREE_BLOCK, REFERENCE_BLOCK, TEST_BLOCK, TRAIN_BLOCK

GREY, PALE = "#595959", "#bfbfbf"
#: kind of method -> words of the legend
KINDS = {
    FREE_BLOCK: "no group labels",
    TRAIN_BLOCK: "group labels in training",
    TEST_BLOCK: "group labels at test time",
    REFERENCE_BLOCK: "other data or protocol",
}


def look_of(block: str) -> GroupStyle:
    """Colour and marker of a kind of method, the same in every figure."""
    return group_styles(len(KINDS))[list(KINDS).index(block)]


def fill_of(block: str) -> str:
    """Fill of a kind's marker; what was trained otherwise is hollow."""
    return "white" if block == REFERENCE_BLOCK else look_of(block).colour


def kind_entries(blocks: Iterable[str], *, size: float = 4.0) -> tuple[list[Line2D], list[str]]:
    """Handles and words of the kinds that occur, in their fixed order."""
    present = set(blocks)
    shown = [block for block in KINDS if block in present]
    return [marker_handle(block, size) for block in shown], [KINDS[block] for block in shown]


def marker_handle(block: str, size: float = 4.0) -> Line2D:
    """A legend's handle of a kind of method."""
    look = look_of(block)
    return Line2D(
        [], [], linestyle="none", marker=look.marker, markersize=size,
        markerfacecolor=fill_of(block), markeredgecolor=INK, markeredgewidth=0.4,
    )  # fmt: skip


def line_handle(colour: str, style: object = "solid", width: float = 1.0) -> Line2D:
    """A legend's handle of a line."""
    return Line2D([], [], color=colour, linestyle=style, linewidth=width)  # type: ignore[arg-type]
