"""OMI and London in miniature, side by side."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures import london, omi


def make(root: Path) -> Path:
    """Both sets; returns the folder that holds them."""
    omi.make(root)
    london.make(root)
    return root
