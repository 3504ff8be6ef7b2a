"""A figure with what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class CaptionedFigure:
    """One figure.

    Attributes:
        key: file name without ending: letters, digits and hyphens.
        title: one line.
        caption: plain sentences: what is drawn, of how many, which tests.
        figure: at print size.
    """

    key: str
    title: str
    caption: str
    figure: Figure
