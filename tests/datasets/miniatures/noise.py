"""Pictures of random noise, each different, and tables that name them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def save_noise(path: Path, number: int, side: int = 16) -> None:
    """A square picture at `path`; the same for the same number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A CSV file with the keys of the first row as header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
