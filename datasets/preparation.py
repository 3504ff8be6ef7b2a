"""Pictures decoded once into a memory map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets import pictures
from datasets.cache import read_or_build
from datasets.errors import DataError
from datasets.listing import Listing
from datasets.pictures import UNREADABLE, Geometry, face_of
from datasets.spec import Codes
from datasets.tree import LARGEST_PICTURE

#: How many bad pictures a message names.
NAMED = 5


@dataclass(frozen=True)
class Bad:
    """A picture that cannot be used: its row in the listing and why."""

    row: int
    reason: str


@dataclass(frozen=True)
class Prepared:
    """Pictures of a listing.

    Attributes:
        images: (M, pixels, pixels, 3) uint8, read-only memory map of the pictures that can be used.
        rows: (M,) their rows in the listing, ascending.
        bad: the others, in the order of their rows.
    """

    images: NDArray[np.uint8]
    rows: Codes
    bad: tuple[Bad, ...]


def prepared(
    listing: Listing, digest: str, geometry: Geometry, *, name: str, cache: Path
) -> Prepared:
    """The pictures of `listing`, decoded into `cache` at the first call.

    Args:
        listing: of the set.
        digest: of its pictures' content.
        geometry: how faces are cut.
        name: of the set, in front of the folder's name.
        cache: folder of all caches.

    Raises:
        DataError: the cache cannot be written.
    """
    key = f"{name}-{geometry.pixels}-{digest[:24]}"
    stored = read_or_build(cache, key, lambda: _decoded(listing, geometry))
    lost, reasons = stored["bad_rows"], stored["bad_reasons"]
    bad = tuple(Bad(int(row), str(why)) for row, why in zip(lost, reasons, strict=True))
    return Prepared(stored["images"], np.setdiff1d(np.arange(len(listing)), lost), bad)


def check_tolerated(listing: Listing, bad: Sequence[Bad], tolerated: float, name: str) -> None:
    """Raises DataError where more than the share `tolerated` of the pictures cannot be used."""
    if len(bad) <= tolerated * len(listing):
        return
    shown = [f"{listing.pictures[one.row].shown} ({one.reason})" for one in bad[:NAMED]]
    if len(bad) > NAMED:
        shown.append(f"{len(bad) - NAMED} more")
    raise DataError(
        f"{len(bad)} of {len(listing)} pictures of {name} cannot be read: {', '.join(shown)}; copy "
        f"the data set again, mend these files, or raise {name}.tolerated above {tolerated:g}."
    )


def _decoded(listing: Listing, geometry: Geometry) -> dict[str, NDArray[np.generic]]:
    size = geometry.pixels
    images = np.zeros((len(listing), size, size, 3), dtype=np.uint8)
    bad: list[tuple[int, str]] = []
    for row, source in enumerate(listing.pictures):
        try:
            picture = listing.opener(source.read(LARGEST_PICTURE))
            box = None if listing.boxes is None else listing.boxes[row]
            points = None if listing.points is None else listing.points[row]
            images[row] = face_of(picture, geometry, box, points)
        except FileNotFoundError:
            bad.append((row, "missing"))
        except UNREADABLE as error:
            bad.append((row, str(error) or "not a whole picture"))
    reasons = np.array([why for _, why in bad], dtype=np.str_)
    rows = np.array([row for row, _ in bad], dtype=np.int64)
    version = np.array(pictures.VERSION)
    images = np.delete(images, rows, axis=0) if len(rows) else images
    return {"images": images, "bad_rows": rows, "bad_reasons": reasons, "version": version}
