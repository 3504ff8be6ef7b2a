"""AffectNet's first release in miniature: lists with 68 landmarks in a field, numbered folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.datasets.miniatures.noise import save_noise

HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    "valence,arousal"
)
SIDE = 24
#: suffixes of pictures as they occur
SUFFIXES = (".jpg", ".jpg", ".JPG", ".png", ".tif", ".bmp")
IMAGES = "Manually_Annotated_Images"


def make(root: Path, *, train: int = 14, test: int = 7, header: bool = True) -> Path:
    """Writes the manual part below `root`.

    Args:
        root: folder that gets `AffectNet`.
        train: pictures of each of the codes 0 to 7; of 8 to 10 there are three each.
        test: as `train`, for the validation part.
        header: whether `validation.csv` has one.

    Returns:
        The folder `AffectNet`.
    """
    folder = root / "AffectNet"
    lists = folder / "Manually_Annotated_file_lists"
    write_list(lists / "training.csv", folder / IMAGES, train, start=0)
    write_list(lists / "validation.csv", folder / IMAGES, test, start=5000, header=header)
    return folder


def write_list(table: Path, images: Path, count: int, *, start: int, header: bool = True) -> None:
    """A list and its pictures: `count` of each expression, three of each other code."""
    lines = [HEADER] if header else []
    codes = [code for code in range(11) for _ in range(count if code < 8 else 3)]
    for number, code in enumerate(codes, start=start):
        path = f"{number % 3 + 1}/{number:06x}{SUFFIXES[number % len(SUFFIXES)]}"
        save_noise(images / path, number, side=SIDE)
        lines.append(line(path, code))
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_bytes("\r\n".join([*lines, ""]).encode())


def line(path: str, code: int, *, box: str = "2,3,18,19", landmarks: str = "") -> str:
    """A line; `box` is x, y, width, height."""
    affect = "-2,-2" if code > 7 else "0.61,0.12"
    return f"{path},{box},{landmarks or marks()},{code},{affect}"


def marks() -> str:
    """68 landmarks x;y;x;y...: landmark k lies at (k / 4, k / 5)."""
    points = np.stack([np.arange(68) / 4, np.arange(68) / 5], axis=1)
    return ";".join(f"{value:.2f}" for value in points.ravel())
