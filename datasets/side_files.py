"""Rows of a side file (action units, predicted attributes) joined to the faces of a set."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.listing import Listing
from datasets.path_ends import fitting_paths
from datasets.spec import Codes

NO_ROW = -1


@dataclass(frozen=True)
class SideRows:
    """R rows of a side file.

    Attributes:
        source: the file, for messages.
        paths: R pictures as the file names them; without a picture's suffix any suffix fits.
        faces: (R,) number of the face in its picture; -1 where the file gives none.
        boxes: (R, 4) left, top, right, bottom of the face in pixels; NaN where unknown.
        numbered_by_set: the numbers are the set's own where it numbers faces; those of an
            extractor only say in which order it found them.
    """

    source: str
    paths: Sequence[str]
    faces: Codes
    boxes: NDArray[np.float64]
    numbered_by_set: bool = True


def content_of(files: Sequence[Path], folder: Path | None = None) -> str:
    """SHA-256, 64 hex digits, of the contents of files, and of their names below the folder if any.

    Raises:
        DataError: one cannot be read.
    """
    total = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as handle:
                own = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{file} cannot be read ({error.strerror}).") from error
        name = "" if folder is None else file.relative_to(folder).as_posix()
        total.update(f"\0{name}\0{own}".encode())
    return total.hexdigest()


def matched(rows: SideRows, listing: Listing) -> Codes:
    """(N,) the row of each picture of the listing; -1 where the file has none.

    Of several faces in one picture that of the set's own number is taken, else the one that
    overlaps the set's box best, else the largest box, else the first. A face of the set that no
    face of the file overlaps was missed: it takes no other one's row.

    Raises:
        DataError: two pictures fit one path equally well, or two paths one picture; no picture
            fits any path; a face comes twice; or the set has several faces of a picture and the
            file does not tell them apart.
    """
    own: dict[str, list[int]] = defaultdict(list)
    for place, picture in enumerate(listing.paths):
        own[picture].append(place)
    given: dict[str, list[int]] = defaultdict(list)
    for row, path in enumerate(rows.paths):
        given[path].append(row)
    places = np.full(len(listing), NO_ROW, dtype=np.int64)
    fitting = fitting_paths(own, given, rows.source)
    if own and given and not fitting:
        raise DataError(
            f"{rows.source} names none of the pictures of the set: its first is '{rows.paths[0]}', "
            f"the set's is '{listing.paths[0]}'."
        )
    for picture, path in fitting.items():
        for place, row in _faces(own[picture], given[path], rows, listing):
            places[place] = row
    return places


def _faces(
    places: Sequence[int], candidates: Sequence[int], rows: SideRows, listing: Listing
) -> Iterator[tuple[int, int]]:
    """Place in the listing and row, for the faces of one picture that have a row."""
    numbers = {row: int(rows.faces[row]) for row in candidates if rows.faces[row] >= 0}
    if len(set(numbers.values())) < len(numbers):
        raise DataError(
            f"{rows.source}: a face of '{rows.paths[candidates[0]]}' comes twice: keep one row."
        )
    if listing.faces is not None and numbers and rows.numbered_by_set:
        by_number = {number: row for row, number in numbers.items()}
        own = {place: by_number.get(int(listing.faces[place])) for place in places}
        yield from ((place, row) for place, row in own.items() if row is not None)
    elif len(places) == len(candidates) == 1:
        yield places[0], candidates[0]
    else:
        yield from _among(places, candidates, rows, listing, numbered=bool(numbers))


def _among(
    places: Sequence[int],
    candidates: Sequence[int],
    rows: SideRows,
    listing: Listing,
    *,
    numbered: bool,
) -> Iterator[tuple[int, int]]:
    """As `_faces`, where no number of the set decides."""
    boxed = not np.isnan(rows.boxes[candidates]).all()
    has_several = listing.faces is not None and len(places) > 1
    if boxed and listing.boxes is not None and not np.isnan(listing.boxes[places]).any():
        yield from _by_overlap(places, candidates, rows, listing)
    elif not has_several and (boxed or numbered or len(candidates) == 1):
        row = _largest(candidates, rows)
        yield from ((place, row) for place in places)
    elif boxed or numbered or len(candidates) > 1:
        raise DataError(
            f"{rows.source}: '{rows.paths[candidates[0]]}' has several faces or rows that cannot "
            "be told apart: add the number of each face (face) or its box (x, y, w, h)."
        )
    # Left is the one row, without number and box, of a picture in which no face was found.


def _by_overlap(
    places: Sequence[int], candidates: Sequence[int], rows: SideRows, listing: Listing
) -> Iterator[tuple[int, int]]:
    """The pairs that overlap, the best ones first, every face and every row at most once."""
    assert listing.boxes is not None
    shares = np.stack([_overlap(rows.boxes[candidates], listing.boxes[place]) for place in places])
    while (shares > 0).any():
        place, candidate = np.unravel_index(int(np.argmax(shares)), shares.shape)
        yield places[int(place)], candidates[int(candidate)]
        shares[place], shares[:, candidate] = 0.0, 0.0


def _largest(candidates: Sequence[int], rows: SideRows) -> int:
    boxes = rows.boxes[candidates]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    if not np.isnan(areas).all():
        return candidates[int(np.nanargmax(areas))]
    return min(candidates, key=lambda row: (int(rows.faces[row]), row))


def _overlap(boxes: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) intersection over union with `own`; 0 where a box is unknown."""
    low, high = np.fmax(boxes[:, :2], own[:2]), np.fmin(boxes[:, 2:], own[2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = area + np.prod(own[2:] - own[:2]) - shared
    found = np.divide(shared, union, out=np.zeros(len(boxes)), where=union > 0)
    return np.where(np.isnan(area), 0.0, found)
