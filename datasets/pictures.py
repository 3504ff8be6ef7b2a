"""Picture files as arrays of one size."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

#: Raised by hand whenever `face_of` or `open_picture` give other pixels.
VERSION = 2
#: What Pillow and zlib raise of a file that is no whole picture.
UNREADABLE = (OSError, ValueError, EOFError, struct.error, SyntaxError)


@dataclass(frozen=True)
class Geometry:
    """How a face is cut out and resampled.

    Attributes:
        pixels: side of the result.
        margin: share of the face box's longer side added on each side, where there is a box.
        aligned: turn and scale the face so that its five points lie at the usual places, where
            there are points.
    """

    pixels: int
    margin: float = 0.0
    aligned: bool = False


def open_picture(content: bytes) -> Image.Image:
    """The picture, upright as its EXIF orientation says, in RGB.

    Args:
        content: a file of any format and mode that Pillow reads; grey ones get three equal
            channels, transparency is dropped.

    Raises:
        OSError, ValueError, EOFError, struct.error, SyntaxError: it is no whole picture, or has so
            many pixels that it would fill the memory.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content)) as picture:
                return ImageOps.exif_transpose(picture).convert("RGB")
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ValueError("too large") from error


def face_of(
    picture: Image.Image,
    geometry: Geometry,
    box: NDArray[np.float64] | None = None,
    points: NDArray[np.float64] | None = None,
) -> NDArray[np.uint8]:
    """The face in a picture: (pixels, pixels, 3) RGB.

    Args:
        picture: RGB.
        geometry: size, margin, alignment.
        box: (4,) left, top, right, bottom; NaN or None for the whole picture, whose middle square
            is taken.
        points: (5, 2) or None; used where `geometry.aligned` says so.
    """
    if box is not None and not np.isnan(box).any():
        picture = picture.crop(_square(box, geometry.margin, picture.size))
    # The filter widens with the reduction, so that a smaller picture has no aliasing.
    size = (geometry.pixels, geometry.pixels)
    face = ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    return np.asarray(face, dtype=np.uint8)


def _square(
    box: NDArray[np.float64], margin: float, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    left, top, right, bottom = (float(edge) for edge in box)
    extra = margin * max(right - left, bottom - top)
    edges = (left - extra, top - extra, right + extra, bottom + extra)
    width, height = size
    x0, x1 = (int(np.clip(round(x), 0, width)) for x in edges[::2])
    y0, y1 = (int(np.clip(round(y), 0, height)) for y in edges[1::2])
    if x1 <= x0 or y1 <= y0:
        raise ValueError("the face box lies outside the picture")
    return x0, y0, x1, y1
