"""Paths as a person reads them."""

from pathlib import Path


def shown(path: Path, below: Path) -> str:
    """The path relative to `below` where it lies there, else as it is."""
    return str(path.relative_to(below)) if path.is_relative_to(below) else str(path)
