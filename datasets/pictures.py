"""Picture files as arrays of one size, and what identifies their content."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datasets.errors import DataError

#: Raised by hand whenever `decode` gives other pixels; prepared pictures are then made again.
VERSION = 1
#: How many bad pictures a message names.
NAMED = 5


def digest(pictures: Sequence[Path]) -> str:
    """SHA-256 of names and bytes of the files, in this order, as 64 hex digits.

    Raises:
        DataError: files that cannot be read, up to five of them named.
    """
    total = hashlib.sha256(f"pictures {VERSION}".encode())

    def add(_: int, path: Path) -> None:
        content = path.read_bytes()
        total.update(f"\0{path.name}\0{len(content)}\0".encode())
        total.update(content)

    _each(pictures, add)
    return total.hexdigest()


def decode(pictures: Sequence[Path], pixels: int) -> NDArray[np.uint8]:
    """The pictures, upright as their EXIF orientation says, cut to the middle square and resampled.

    Args:
        pictures: N files of any format and mode that Pillow reads; grey ones get three equal
            channels, transparency is dropped.
        pixels: side of the result.

    Returns:
        (N, pixels, pixels, 3) RGB.

    Raises:
        DataError: files that are missing or no whole picture, up to five of them named.
    """
    faces = np.empty((len(pictures), pixels, pixels, 3), dtype=np.uint8)

    def fill(place: int, path: Path) -> None:
        faces[place] = _decode(path, pixels)

    _each(pictures, fill)
    return faces


def _each(pictures: Sequence[Path], action: Callable[[int, Path], None]) -> None:
    """Does `action` with place and path of every picture; one message for all that fail."""
    failures = []
    for place, path in enumerate(pictures):
        try:
            action(place, path)
        except FileNotFoundError:
            failures.append((path, "missing"))
        except PermissionError:
            failures.append((path, "not readable"))
        except (OSError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
            failures.append((path, _reason(error)))
    if failures:
        raise DataError(_complaint(failures, len(pictures)))


def _reason(error: Exception) -> str:
    return "too large" if isinstance(error, Image.DecompressionBombError) else "not a whole picture"


def _complaint(failures: list[tuple[Path, str]], total: int) -> str:
    shown = [f"{path.parent.name}/{path.name} ({why})" for path, why in failures[:NAMED]]
    if len(failures) > NAMED:
        shown.append(f"{len(failures) - NAMED} more")
    return (
        f"{len(failures)} of {total} pictures below {failures[0][0].parent.parent} cannot be read: "
        f"{', '.join(shown)}; copy the data set again, or mend these files."
    )


def _decode(path: Path, pixels: int) -> NDArray[Any]:
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture)
        # The filter widens with the reduction, so that a smaller picture has no aliasing.
        face = ImageOps.fit(upright.convert("RGB"), (pixels, pixels), Image.Resampling.LANCZOS)
        return np.asarray(face, dtype=np.uint8)
