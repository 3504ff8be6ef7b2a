"""What a worker process does: decodes a few hundred pictures into their places in a file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.pictures import UNREADABLE, Geometry, read_face
from datasets.tree import LARGEST_PICTURE, Source

Boxes = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """Where decoded pictures go, and how they are cut.

    Attributes:
        path: a file that is long enough.
        start: its byte at which the first picture begins.
        geometry: of the faces.
        opener: makes a picture of the bytes of a file.
    """

    path: Path
    start: int
    geometry: Geometry
    opener: Callable[[bytes], Image.Image]

    @property
    def picture_bytes(self) -> int:
        return self.geometry.pixels**2 * 3


@dataclass(frozen=True)
class Task:
    """T pictures that follow each other in a listing.

    Attributes:
        first: row of the first one.
        sources: T files.
        boxes: (T, 4) or None.
        points: (T, 5, 2) or None.
    """

    first: int
    sources: tuple[Source, ...]
    boxes: Boxes | None
    points: Boxes | None


@dataclass(frozen=True)
class Bad:
    """A picture that cannot be used: its row in the listing and why."""

    row: int
    reason: str


def decode(task: Task, target: Target) -> list[Bad]:
    """Decodes the pictures and writes them to their rows; those of bad ones are black.

    Raises:
        OSError: the file cannot be written.
    """
    side = target.geometry.pixels
    faces = np.zeros((len(task.sources), side, side, 3), dtype=np.uint8)
    bad = []
    with warnings.catch_warnings():
        # Once for all: setting it up for each picture would take a tenth of the time.
        warnings.simplefilter("ignore")
        for place, source in enumerate(task.sources):
            box = None if task.boxes is None else task.boxes[place]
            points = None if task.points is None else task.points[place]
            try:
                content = source.read(LARGEST_PICTURE)
                faces[place] = read_face(content, target.geometry, box, points, target.opener)
            except FileNotFoundError:
                bad.append(Bad(task.first + place, "missing"))
            except UNREADABLE as error:
                bad.append(Bad(task.first + place, str(error) or "not a whole picture"))
    _write(target.path, faces, target.start + task.first * target.picture_bytes)
    return bad


def _write(path: Path, faces: NDArray[np.uint8], start: int) -> None:
    # Not through a memory map: what is written would count as memory of this process.
    rest = faces.reshape(-1).data
    handle = os.open(path, os.O_WRONLY)
    try:
        while rest:
            written = os.pwrite(handle, rest, start)
            start, rest = start + written, rest[written:]
    finally:
        os.close(handle)
