"""FER2013 in miniature: the table, in each of its spellings, or folders of classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: pictures of each class: usage -> number
ROWS = {"Training": 12, "PublicTest": 6, "PrivateTest": 7}
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FOLDERS = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}


def pixels(row: int) -> NDArray[np.uint8]:
    """(48, 48) grey values of a row; those of row 3 begin with 70 80 82, as in the notes."""
    grey = np.random.default_rng(row).integers(0, 256, (48, 48), dtype=np.uint8)
    if row == 3:
        grey[0, :3] = 70, 80, 82
    return grey


def rows() -> Iterator[tuple[int, int, str]]:
    """Number, code of the emotion and usage of each row; the classes take turns."""
    number = 0
    for usage, times in ROWS.items():
        for _ in range(times):
            for code in range(len(CLASSES)):
                yield number, code, usage
                number += 1


def make(root: Path, *, packaging: str = "fer2013.csv", name: str = "fer2013") -> Path:
    """`packaging`: `fer2013.csv`, `icml_face_data.csv`, `train.csv` (and `test.csv`), `folders`."""
    folder = root / name
    folder.mkdir(parents=True)
    if packaging == "folders":
        for number, code, usage in rows():
            place = folder / FOLDERS[usage] / CLASSES[code]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels(number)).save(place / f"{usage}_{number}.png")
        return folder
    orders = {
        "fer2013.csv": "{e},{p},{u}",
        "icml_face_data.csv": "{e},{u},{p}",
        "train.csv": "{e},{p}",
    }
    names = {"fer2013.csv": ("emotion", "pixels", "Usage"), "train.csv": ("emotion", "pixels", "")}
    emotion, values, usage = names.get(packaging, ("emotion", " pixels", " Usage"))
    lines = [orders[packaging].format(e=emotion, p=values, u=usage)]
    for number, code, part in rows():
        if packaging != "train.csv" or part == "Training":
            lines.append(orders[packaging].format(e=code, p=_text(number), u=part))
    (folder / packaging).write_text("\n".join(lines) + "\n")
    if packaging == "train.csv":
        unlabelled = [_text(number) for number, _, part in rows() if part != "Training"]
        (folder / "test.csv").write_text("\n".join(["pixels", *unlabelled]) + "\n")
    return folder


def _text(row: int) -> str:
    return " ".join(map(str, pixels(row).ravel().tolist()))
