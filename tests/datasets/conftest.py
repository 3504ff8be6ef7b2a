"""Tiny picture sets in the layouts of the real ones; the faces are random noise."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def miniature_london() -> Callable[..., Path]:
    """Makes a miniature `london` in a new folder."""
    return _london


@pytest.fixture
def miniature_omi() -> Callable[..., Path]:
    """Makes a miniature `omi` in a new folder."""
    return _omi


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder that holds a miniature `london` and a miniature `omi`."""
    _london(tmp_path / "sets" / "london")
    _omi(tmp_path / "sets" / "omi")
    return tmp_path / "sets"


def _write(folder: Path, table: str, rows: list[dict[str, object]]) -> Path:
    (folder / "images").mkdir(parents=True)
    generator = np.random.default_rng(len(rows))
    for row in rows:
        pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / str(row["image"]))
    with (folder / table).open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def _london(folder: Path, people: int = 10) -> Path:
    """`people` subjects, women and men in turn, each neutral and happy; one gave no age."""
    ethnicities = ("white", "black", "west_asian", "east_asian", "east_asian/white")
    rows: list[dict[str, object]] = [
        {
            "image": f"images/{person:03}_{expression}.jpg",
            "subject": f"{person:03}",
            "expression": expression,
            "age": 20 + 5 * person if person else "",
            "gender": ("female", "male")[person % 2],
            "ethnicity": ethnicities[person % 5],
        }
        for person in range(people)
        for expression in ("neutral", "happy")
    ]
    return _write(folder, "labels.csv", rows)


def _omi(folder: Path, faces: int = 40) -> Path:
    """Happiness 0, 1, 2, ...; gender 10, 50, 90 in turn; white and asian in turn."""
    others = ("black", "hispanic", "islander", "middle_eastern", "native")
    rows: list[dict[str, object]] = [
        {
            "image": f"images/{face:04}.jpg",
            "happy": face,
            "gender": (10, 50, 90)[face % 3],
            "age": (29.9, 30, 45)[face % 3],
            "asian": 60 * (face % 2),
            "white": 50,
            "skin_color": (29.9, 30)[face % 2],
            **dict.fromkeys(others, 5),
        }
        for face in range(faces)
    ]
    return _write(folder, "ratings.csv", rows)
