"""The CSV lists of AffectNet's first release, and its landmarks.

A line has 68 landmarks in one field, about 900 characters of 1,000: half a gigabyte for the
automatic part. Lines are cut one by one and only what is asked for is made numbers.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.path_ends import PICTURE_SUFFIXES
from datasets.spec import Codes
from datasets.tree import Source, Tree

#: in the order of the codes 0 to 7
CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
#: codes that are no expressions, and why their pictures are left out
OTHERS = {
    8: "no expression (code 8, none)",
    9: "no expression (code 9, uncertain)",
    10: "no expression (code 10, no face)",
}
#: label of a picture that is kept though it shows none of the classes
OTHER = -1
COLUMNS = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
)  # fmt: skip
#: place of the last column that is read; valence and arousal are not
_LAST = COLUMNS.index("expression")
#: those of 68 landmarks that make the five points: six of each eye, left one of the picture first,
#: tip of the nose, corners of the mouth
_EYES = 6
_USED = (*range(36, 36 + _EYES), *range(42, 42 + _EYES), 30, 48, 54)
_FIELDS_USED = [place for mark in _USED for place in (2 * mark, 2 * mark + 1)]
_CODES = {str(code).encode(): code for code in range(11)}
_UNKNOWN = (b"", b"NULL", b"null", b"nan", b"NaN")
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Faces:
    """R lines of lists.

    Attributes:
        tables: the files.
        paths: R pictures below their folder.
        codes: (R,) 0 to 10 as the set counts.
        boxes: (R, 4) left, top, right, bottom; NaN where unknown.
        points: (R, 5, 2) as `Listing.points`; None where landmarks were not asked for.
    """

    tables: tuple[Source, ...]
    paths: list[str]
    codes: Codes
    boxes: NDArray[np.float64]
    points: NDArray[np.float64] | None

    @classmethod
    def joined(cls, sides: Sequence[Faces]) -> Faces:
        """The lines of several lists, one after the other."""
        points = [side.points for side in sides if side.points is not None]
        return cls(
            tables=tuple(table for side in sides for table in side.tables),
            paths=[path for side in sides for path in side.paths],
            codes=np.concatenate([side.codes for side in sides]),
            boxes=np.concatenate([side.boxes for side in sides]),
            points=np.concatenate(points) if points else None,
        )


def read_list(source: Source, *, landmarks: bool) -> Faces:
    """The lines of a list; a header may be missing, as it is in some copies of `validation.csv`.

    Raises:
        DataError: it cannot be read, lacks a column, or a line has a value that does not belong
        there.
    """
    paths: list[str] = []
    codes: list[int] = []
    # Half a million lists of numbers would take ten times the memory.
    boxes, marks = array("d"), array("d")
    for number, fields in _rows(source):
        try:
            if len(fields) <= _LAST:
                raise ValueError(f"it has {len(fields)} fields")
            paths.append(_path(fields[0]))
            boxes.extend(_box(fields[1:5]))
            codes.append(_CODES[fields[_LAST]])
            if landmarks:
                marks.extend(_marks(fields[5]))
        except (ValueError, KeyError) as error:
            raise DataError(
                f"{source.shown}, line {number}: not a picture below its folder, a face's x, y, "
                f"width and height, 68 landmarks and an expression from 0 to 10 ({error}): copy "
                "the list again."
            ) from error
    if not paths:
        raise DataError(f"{source.shown} has no rows: copy the data set again.")
    return Faces(
        tables=(source,),
        paths=paths,
        codes=np.array(codes, dtype=np.int64),
        boxes=np.array(boxes).reshape(-1, 4),
        points=_means(np.array(marks).reshape(-1, len(_USED), 2)) if landmarks else None,
    )


def five_points(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 5, 2) eyes, nose and corners of the mouth of (..., 68, 2) landmarks."""
    return _means(landmarks[..., _USED, :])


def _means(used: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `five_points`, of the landmarks `_USED`."""
    left, right = used[..., :_EYES, :], used[..., _EYES : 2 * _EYES, :]
    eyes = [side.mean(axis=-2, keepdims=True) for side in (left, right)]
    return np.concatenate([*eyes, used[..., 2 * _EYES :, :]], axis=-2)


def pictures_of(tree: Tree, folder: str) -> dict[str, Source]:
    """Path below `folder` -> picture, of any format.

    Raises:
        DataError: there is none.
    """
    found = tree.below(folder, tuple(PICTURE_SUFFIXES))
    if not found:
        raise DataError(f"{tree.root} has no pictures in {folder}: copy or unpack them there.")
    return found


def _rows(source: Source) -> Iterator[tuple[int, list[bytes]]]:
    """Number of each line and its fields in the order of `COLUMNS`.

    Raises:
        DataError: the file cannot be read, or its header lacks one of the columns.
    """
    try:
        lines = io.BytesIO(source.read())
    except OSError as error:
        raise DataError(f"{source.shown} cannot be read ({error}).") from error
    places = list(range(len(COLUMNS)))
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(_MARK).rstrip() if number == 1 else line.rstrip()
        fields = text.split(b",")
        if number == 1 and COLUMNS[0].encode() in fields:
            names = [field.decode(errors="replace").strip() for field in fields]
            used = COLUMNS[: _LAST + 1]
            lacking = [name for name in used if name not in names]
            if lacking:
                raise DataError(
                    f"{source.shown} lacks the columns {', '.join(lacking)}: copy it again."
                )
            places = [names.index(name) for name in used]
        elif text:
            yield number, [fields[place] for place in places if place < len(fields)]


def _path(field: bytes) -> str:
    path = field.decode()
    if not path or path[0] == "/" or "\\" in path or ".." in path.split("/"):
        raise ValueError(f"'{path}' leads out of the folder")
    return path


def _box(fields: Sequence[bytes]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of x, y, width, height; NaN where one of them is not given."""
    if any(field in _UNKNOWN for field in fields):
        return (np.nan,) * 4
    x, y, width, height = map(float, fields)
    return x, y, x + width, y + height


def _marks(field: bytes) -> list[float]:
    """Places of the landmarks `_USED`; NaN where there are none."""
    if field in _UNKNOWN:
        return [np.nan] * len(_FIELDS_USED)
    numbers = field.split(b";")
    if len(numbers) != 2 * 68:
        raise ValueError(f"{len(numbers)} numbers of landmarks")
    return [float(numbers[place]) for place in _FIELDS_USED]
