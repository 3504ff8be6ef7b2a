"""A figure with what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from matplotlib.figure import Figure

#: characters of a figure's key, which is a file name
LONGEST_KEY = 80


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


def with_unique_keys(drawn: Iterable[CaptionedFigure]) -> Iterator[CaptionedFigure]:
    """The figures with keys that are file names, all different also where these ignore case."""
    taken: set[str] = set()
    for figure in drawn:
        wanted = re.sub(r"[^A-Za-z0-9]+", "-", figure.key)[:LONGEST_KEY].strip("-") or "figure"
        key, copy = wanted, 1
        while key.lower() in taken:
            copy += 1
            key = f"{wanted}-{copy}"
        taken.add(key.lower())
        yield replace(figure, key=key)
