"""IASLab: a table in the form that we ask for, and pictures of noise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.datasets.miniatures.noise import save_noise, write_table

EXPRESSIONS = ("neutral", "sad", "happy", "angry", "fearful", "surprised", "calm", "excited",
               "disgusted")  # fmt: skip
Row = dict[str, str]


def make(
    root: Path,
    *,
    people: int = 20,
    zipped: bool = False,
    optional: bool = False,
    split_of: Callable[[Row], str] | None = None,
) -> Path:
    """Writes the set below `root`.

    Args:
        root: folder that gets `iaslab`.
        people: subjects, women and men in turn, each with all nine expressions.
        zipped: the pictures are in an archive beside the table.
        optional: the table has gaze and mouth.
        split_of: gives the part that the table states for a row; None leaves it out.

    Returns:
        The folder `iaslab`.
    """
    folder = root / "iaslab"
    rows: list[Row] = []
    for person in range(people):
        for number, expression in enumerate(EXPRESSIONS):
            row = {
                "image": f"faces/S{person:02}_{expression}.jpg",
                "subject": f"S{person:02}",
                "expression": expression,
                "gender": ("female", "male")[person % 2],
            }
            if optional:
                row |= {"gaze": ("direct", "averted")[number % 2], "mouth": "closed"}
            if split_of is not None:
                row["split"] = split_of(row)
            save_noise(folder / row["image"], len(rows))
            rows.append(row)
    write_table(folder / "manifest.csv", rows)
    if zipped:
        shutil.make_archive(str(folder / "pictures"), "zip", folder, "faces")
        shutil.rmtree(folder / "faces")
    return folder
