"""Rows of a side file (action units, predicted attributes) joined to the pictures of a set.

A side file names pictures as the program that wrote it was given them: with more folders than the
set has, with fewer, or without a suffix. A picture and a path belong together when neither shares
more trailing parts with another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.listing import Listing
from datasets.spec import Codes

NO_ROW = -1
PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".gif")
)


@dataclass(frozen=True)
class SideRows:
    """R rows of a side file.

    Attributes:
        source: the file, for messages.
        paths: R pictures as the file names them; without a picture's suffix any suffix fits.
        faces: (R,) number of the face in its picture; -1 where the file gives none.
        boxes: (R, 4) left, top, right, bottom of the face in pixels; NaN where unknown.
    """

    source: str
    paths: Sequence[str]
    faces: Codes
    boxes: NDArray[np.float64]


def matched(rows: SideRows, listing: Listing) -> Codes:
    """(N,) the row of each picture of the listing; -1 where the file has none.

    Of several faces in one picture that of the set's own number is taken, else the one that
    overlaps the set's box most, else the largest box, else the lowest number.

    Raises:
        DataError: two pictures fit one path equally well, or two paths one picture; both are named.
    """
    pictures = listing.paths
    found = _paths_of(pictures, rows)
    by_path: dict[str, list[int]] = defaultdict(list)
    for row, path in enumerate(rows.paths):
        by_path[path].append(row)
    places = np.full(len(listing), NO_ROW, dtype=np.int64)
    for place, picture in enumerate(pictures):
        if picture in found:
            places[place] = _face(by_path[found[picture]], place, rows, listing)
    return places


def _paths_of(pictures: Iterable[str], rows: SideRows) -> dict[str, str]:
    """Picture -> path of the side file, for those that belong together."""
    names = {picture: _parts(picture) for picture in dict.fromkeys(pictures)}
    paths: dict[str, list[str]] = defaultdict(list)
    for path in dict.fromkeys(rows.paths):
        paths[_stem(_parts(path)[-1])].append(path)
    best: dict[str, tuple[int, list[str]]] = {}
    claims: dict[str, tuple[int, list[str]]] = {}
    for picture, parts in names.items():
        for path in paths.get(_stem(parts[-1]), ()):
            score = _common(parts, _parts(path))
            if score:
                _claim(best, picture, score, path)
                _claim(claims, path, score, picture)
    return {
        picture: _only(picture, tied, rows.source)
        for picture, (score, tied) in best.items()
        if _is_mutual(picture, score, tied, claims, rows.source)
    }


def _claim(table: dict[str, tuple[int, list[str]]], key: str, score: int, other: str) -> None:
    """Keeps the partners of `key` with the highest score."""
    known, tied = table.get(key, (0, []))
    if score > known:
        table[key] = (score, [other])
    elif score == known:
        tied.append(other)


def _is_mutual(
    picture: str,
    score: int,
    tied: list[str],
    claims: dict[str, tuple[int, list[str]]],
    source: str,
) -> bool:
    best, pictures = claims[tied[0]]
    if best > score:
        return False
    if len(pictures) > 1:
        raise DataError(
            f"{source}: '{tied[0]}' fits two pictures, {pictures[0]} and {pictures[1]}: write "
            "more of the path into the file."
        )
    return True


def _only(picture: str, tied: list[str], source: str) -> str:
    if len(tied) > 1:
        raise DataError(
            f"{source}: two rows fit the picture {picture}, '{tied[0]}' and '{tied[1]}': keep one."
        )
    return tied[0]


def _parts(path: str) -> list[str]:
    return path.replace("\\", "/").lower().strip("/").split("/")


def _stem(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return name[: -len(suffix)] if suffix in PICTURE_SUFFIXES else name


def _common(picture: list[str], path: list[str]) -> int:
    """Number of equal parts at the end; 0 where the names themselves differ."""
    has_suffix = PurePosixPath(path[-1]).suffix in PICTURE_SUFFIXES
    if (picture[-1] if has_suffix else _stem(picture[-1])) != path[-1]:
        return 0
    score = 1
    for one, other in zip(picture[-2::-1], path[-2::-1], strict=False):
        if one != other:
            break
        score += 1
    return score


def _face(candidates: list[int], place: int, rows: SideRows, listing: Listing) -> int:
    if listing.faces is not None and any(rows.faces[row] >= 0 for row in candidates):
        same = [row for row in candidates if rows.faces[row] == listing.faces[place]]
        return same[0] if same else NO_ROW
    if len(candidates) == 1:
        return candidates[0]
    boxes = rows.boxes[candidates]
    if listing.boxes is not None and not np.isnan(listing.boxes[place]).any():
        overlaps = _overlap(boxes, listing.boxes[place])
        if (overlaps > 0).any():
            return candidates[int(np.nanargmax(overlaps))]
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
