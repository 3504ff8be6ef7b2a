"""FER2013's table: a picture a line, its 48 x 48 grey values in one of the columns.

The table has 300 MB. It is read in blocks; a picture is then the stretch of the file that holds its
values, so that decoding one reads one. Stretches of a zipped table are read in their order.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from datasets.blank import SPREAD
from datasets.errors import DataError
from datasets.tree import Source

SIDE = 48
COLUMNS = ("emotion", "pixels", "usage")
_BLOCK = 4 << 20


@dataclass(frozen=True)
class PixelTable:
    """N pictures in the order of their lines.

    Attributes:
        source: the file.
        pictures: N stretches of it, for `open_pixels`.
        emotions: N codes as they stand; empty without such a column.
        usages: N parts as they stand; empty without such a column.
    """

    source: Source
    pictures: tuple[Source, ...]
    emotions: tuple[str, ...]
    usages: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pictures)


def read_pixel_table(source: Source) -> PixelTable:
    """The table in `source`; columns in any order, blanks and quotes around names and values.

    Raises:
        DataError: it cannot be read, has no column of pixels, no rows, or a row that is shorter or
            longer than the header.
    """
    lines = _lines(source)
    names = _header(next(lines, (0, b""))[1], source)
    columns: dict[str, list[str]] = {name: [] for name in names}
    pictures: list[Source] = []
    for number, (start, line) in enumerate(lines, start=2):
        fields = line.split(b",")
        if len(fields) != len(names):
            raise DataError(
                f"{source.shown}, line {number}: not as many fields as the header has: copy the "
                "data set again."
            )
        for name, field in zip(names, fields, strict=True):
            if name == "pixels":
                pictures.append(replace(source, span=(start, len(field))))
            else:
                columns[name].append(field.strip(b' \t"').decode("utf-8", errors="replace"))
            start += len(field) + 1
    if not pictures:
        raise DataError(f"{source.shown} has no rows: copy the data set again.")
    texts = {name: tuple(columns.get(name, ())) for name in COLUMNS}
    return PixelTable(source, tuple(pictures), texts["emotion"], texts["usage"])


def open_pixels(content: bytes) -> Image.Image:
    """The picture, RGB with three equal channels.

    Args:
        content: 2,304 numbers 0 to 255, row by row, blanks between them.

    Raises:
        ValueError: they are not so many, not such numbers, or all alike.
    """
    values = [int(number) for number in content.strip(b' \t"').split()]
    if len(values) != SIDE * SIDE:
        raise ValueError(f"{len(values)} grey values, not {SIDE * SIDE}")
    grey = np.array(values)
    if grey.min() < 0 or grey.max() > 255:
        raise ValueError("a grey value outside 0 to 255")
    if grey.std() < SPREAD:
        raise ValueError("blank: all its pixels are alike")
    return Image.fromarray(grey.astype(np.uint8).reshape(SIDE, SIDE)).convert("RGB")


def _header(line: bytes, source: Source) -> list[str]:
    text = line.decode("utf-8-sig", errors="replace")
    names = [name.strip().lower() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if "pixels" not in names:
        raise DataError(f"{source.shown} lacks the column pixels; it has {', '.join(names)}.")
    return names


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """First byte and content of each line that is not empty, without its end."""
    start, left = 0, b""
    while block := _block(source, start + len(left)):
        # A block may end between the two characters of a line's end: `\r` stays with its line.
        *whole, left = (left + block).split(b"\n")
        for line in whole:
            if line.strip():
                yield start, line.rstrip(b"\r")
            start += len(line) + 1
    if left.strip():
        yield start, left.rstrip(b"\r")


def _block(source: Source, start: int) -> bytes:
    try:
        return replace(source, span=(start, _BLOCK)).read()
    except OSError as error:
        raise DataError(f"{source.shown} cannot be read ({error}).") from error
