"""Panels shared out over pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Panel = TypeVar("Panel")


def pages(panels: Sequence[Panel], most: int) -> Iterator[tuple[int, int, Sequence[Panel]]]:
    """Runs of at most `most` panels: (page from 1, pages in all, its panels)."""
    runs = [panels[start : start + most] for start in range(0, len(panels), most)]
    for place, run in enumerate(runs):
        yield place + 1, len(runs), run
