"""`data show`: a contact sheet of a data set, to be looked at before anything is believed."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.asked_datasets import asked_datasets
from benchmarks.errors import StoreError
from benchmarks.paths import shown
from datasets.spec import Dataset, FaceData

_COLUMNS = 12
_MARGIN = 110


def main(arguments: Namespace) -> int:
    """Writes the sheet.

    Raises:
        EvenFaceError: unknown data set, missing data, or a file that cannot be written.
    """
    (dataset,) = asked_datasets((arguments.name,), arguments.set)
    sheet = _sheet(dataset, arguments)
    try:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet).save(arguments.out, format="PNG", optimize=True)
    except OSError as error:
        raise StoreError(f"{arguments.out} cannot be written: {error.strerror}.") from None
    print(f"{shown(arguments.out, Path.cwd())}: {sheet.shape[1]} x {sheet.shape[0]} pixels")
    return 0


def _sheet(dataset: Dataset, arguments: Namespace) -> NDArray[np.uint8]:
    """A data set's own sheet where it draws one, else faces of each class."""
    own = getattr(dataset, "contact_sheet", None)
    if own is not None:
        drawn: NDArray[np.uint8] = own(arguments.pixels)
        return drawn
    faces = dataset.load(arguments.data_root, arguments.cache, arguments.pixels)
    return class_sheet(faces)


def class_sheet(faces: FaceData) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: one row a class, evenly spaced pictures, the class name on the left."""
    pixels = faces.images.shape[1]
    classes = faces.spec.classes
    sheet = np.full((pixels * len(classes), _MARGIN + pixels * _COLUMNS, 3), 255, dtype=np.uint8)
    for code in range(len(classes)):
        rows = np.flatnonzero(faces.labels == code)
        chosen = rows[np.linspace(0, len(rows) - 1, min(_COLUMNS, len(rows)), dtype=int)]
        for column, row in enumerate(chosen):
            left = _MARGIN + column * pixels
            sheet[code * pixels : (code + 1) * pixels, left : left + pixels] = faces.images[row]
    picture = Image.fromarray(sheet)
    draw = ImageDraw.Draw(picture)
    for code, name in enumerate(classes):
        draw.text((6, code * pixels + pixels // 2), name, fill=(0, 0, 0))
    return np.asarray(picture)
