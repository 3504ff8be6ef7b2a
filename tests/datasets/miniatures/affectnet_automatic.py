"""The automatic part of AffectNet in miniature: one list, no parts."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures.affectnet import write_list


def make(root: Path, *, count: int = 30, lists: str = "Automatically_annotated_file_list") -> Path:
    """Writes the part below `root`: `count` of each expression; returns the folder `AffectNet`."""
    folder = root / "AffectNet"
    table = folder / lists / "automatically_annotated.csv"
    write_list(table, folder / "Automatically_Annotated_Images", count, start=9000)
    return folder
