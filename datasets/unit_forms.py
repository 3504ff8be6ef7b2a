"""Whose file of action units it is, by its header: OpenFace, py-feat, or the project's own form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import DataError

#: largest intensity that OpenFace gives
OPENFACE_TOP = 5.0
#: units that OpenFace 2 measures; version 3 numbers its columns without regard to the units
OPENFACE = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
#: units whose presence (`_c`) Chen and Joo took, the others by intensity (`_r`)
CHEN_PRESENCE = ("AU07", "AU23")
KINDS = ("intensity", "presence", "chen")
RANGES = {"[0,5]": OPENFACE_TOP, "[0,1]": 1.0, "{0,1}": 1.0}
NAMES_WANTED = (
    "run FaceLandmarkImg -fdir PICTURES -out_dir UNITS -2Dfp -aus, which writes one file named "
    "after each picture, and name the folder UNITS"
)
#: columns of the face box: left, top, width, height
PYFEAT_BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
OWN_BOX = ("x", "y", "w", "h")
_UNIT = re.compile(r"AU0*(\d{1,2})(?:_([rc]))?", re.IGNORECASE)
_LANDMARK = re.compile(r"[xy]_\d+")


@dataclass(frozen=True)
class Form:
    """A file's columns: unit -> column, its scale, and where the picture is named.

    Attributes:
        units: unit -> column.
        tops: unit -> largest value of the scale.
        picture: column of the path; empty where the file itself is named after the picture.
        box: columns of left, top, width, height, or OpenFace's 136 landmarks, x and y; empty where
            there are none.
        success: column that is 0 where no face was found; empty where there is none.
        numbered_by_set: as in `side_files.SideRows`.
    """

    units: dict[str, str]
    tops: dict[str, float]
    picture: str
    box: tuple[str, ...] = ()
    success: str = ""
    numbered_by_set: bool = True


def form_of(
    path: Path, statement: dict[str, Any], header: Sequence[str], kind: str, *, alone: bool
) -> Form:
    """The form of a file with this header.

    Args:
        path: for messages.
        statement: what the file says of itself.
        header: names of its columns.
        kind: one of `KINDS`.
        alone: the file holds one picture and is named after it.

    Raises:
        DataError: no action units, no scale, or no picture named.
    """
    matches = [(name, found) for name in header if (found := _UNIT.fullmatch(name))]
    columns = dict(matches)
    distinct = {(_name(found), (found[2] or "").lower()) for _, found in matches}
    if len(distinct) < len(matches):
        raise DataError(f"{path} has two columns of one action unit: keep one.")
    if not columns:
        raise DataError(f"{path} has no column of an action unit, such as AU01; see the guide.")
    lower = {name.lower(): name for name in header}
    if any(found[2] for found in columns.values()):
        return _openface(path, header, columns, kind, alone=alone)
    units = {_name(found): name for name, found in columns.items()}
    is_pyfeat = "facerectx" in lower
    box = PYFEAT_BOX if is_pyfeat else OWN_BOX
    return Form(
        units,
        dict.fromkeys(units, 1.0 if is_pyfeat else _top(path, statement)),
        _needed(path, lower, "input" if is_pyfeat else "image"),
        box if set(box) <= set(header) else (),
    )


def _openface(
    path: Path,
    header: Sequence[str],
    columns: dict[str, re.Match[str]],
    kind: str,
    *,
    alone: bool,
) -> Form:
    unknown = [name for name, found in columns.items() if int(found[1]) not in OPENFACE]
    if unknown:
        raise DataError(
            f"{path} has a column {unknown[0]}, which OpenFace 2 does not measure; the columns of "
            "OpenFace 3 are not named after their units: rename them and write the own form."
        )
    # Names differ in case: x_0 is a place in the picture, X_0 one in space.
    lower = {name.lower(): name for name in header}
    units: dict[str, str] = {}
    for name, found in columns.items():
        unit = _name(found)
        present = kind == "presence" or (kind == "chen" and unit in CHEN_PRESENCE)
        if (found[2] or "").lower() == ("c" if present else "r"):
            units[unit] = name
    if not units:
        raise DataError(
            f"{path} has no {'presence (AU01_c)' if kind == 'presence' else 'intensity (AU01_r)'} "
            "of action units; choose the other kind."
        )
    tops = {
        unit: OPENFACE_TOP if name.lower().endswith("_r") else 1.0 for unit, name in units.items()
    }
    named = next((lower[name] for name in ("image", "input", "filename") if name in lower), "")
    if not named and (not alone or "frame" in lower):
        raise DataError(f"{path} does not say which picture a row is of: {NAMES_WANTED}.")
    marks = tuple(name for name in header if _LANDMARK.fullmatch(name))
    return Form(units, tops, named, marks, lower.get("success", ""), numbered_by_set=False)


def _name(found: re.Match[str]) -> str:
    return f"AU{int(found[1]):02d}"


def _needed(path: Path, lower: dict[str, str], column: str) -> str:
    if column not in lower:
        raise DataError(f"{path} lacks the column '{column}', which names the picture of each row.")
    return lower[column]


def _top(path: Path, statement: dict[str, Any]) -> float:
    stated = str(statement.get("range", "")).replace(" ", "")
    if stated not in RANGES:
        raise DataError(
            f"{path} does not state its scale: begin it with a line such as "
            '"# extractor=OpenFace kind=intensity range=[0,5]" (ranges: [0,5], [0,1], {0,1}).'
        )
    return RANGES[stated]
