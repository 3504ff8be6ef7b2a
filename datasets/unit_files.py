"""Files of action units: one table, or a folder of tables named after their pictures."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.side_files import SideRows
from datasets.spec import Codes
from datasets.unit_forms import NAMES_WANTED, Form, form_of

Floats = NDArray[np.float64]

#: number of columns -> units of JAA-Net, trained on BP4D and on DISFA
JAA_NET = {
    12: ("AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23",
         "AU24"),
    8: ("AU01", "AU02", "AU04", "AU06", "AU09", "AU12", "AU25", "AU26"),
}  # fmt: skip


@dataclass(frozen=True)
class UnitFile:
    """What a file of action units holds.

    Attributes:
        units: M names, `AU01`.
        rows: R faces.
        values: (R, M) in [0, 1]; NaN where the face was not measured.
    """

    units: tuple[str, ...]
    rows: SideRows
    values: Floats


def file_units(path: Path, kind: str = "intensity") -> tuple[str, ...]:
    """Names of the units that the file, or the first of the folder, has, in its order.

    Raises:
        DataError: it cannot be read, or is none of the known forms.
    """
    first = _files_in(path)[0] if path.is_dir() else path
    opened = _Opened(first)
    if not opened.header:
        return _jaa_units(opened)
    form = form_of(first, opened.statement, opened.header, kind, alone=path.is_dir())
    return tuple(form.units)


def read_units(path: Path, kind: str = "intensity") -> UnitFile:
    """The action units in a file, or in a folder of OpenFace's files.

    Args:
        path: CSV, gzip allowed: OpenFace (FaceLandmarkImg's folder, or any table with its columns
            and one that names the picture), py-feat's table, JAA-Net's numbers with a `.json`
            beside them that names the pictures, or the project's own form.
        kind: of OpenFace's two numbers a unit: `intensity` (`_r`, over 5), `presence` (`_c`), or
            `chen`: intensities, but AU07 and AU23 by presence.

    Raises:
        DataError: it cannot be read, names no pictures, or has a value that does not belong there.
    """
    if not path.is_dir():
        return _read(path, None, kind)
    files = _files_in(path)
    parts = [_read(file, path, kind) for file in files]
    for file, part in zip(files, parts, strict=True):
        if part.units != parts[0].units:
            raise DataError(f"{file} has other action units than {files[0]}: keep one kind.")
    rows = SideRows(
        str(path),
        [name for part in parts for name in part.rows.paths],
        np.concatenate([part.rows.faces for part in parts]),
        np.concatenate([part.rows.boxes for part in parts]),
    )
    return UnitFile(parts[0].units, rows, np.concatenate([part.values for part in parts]))


class _Opened:
    """A table of which the header is read.

    Attributes:
        path: the file.
        statement: what it says of itself: `extractor`, `kind`, `range`.
        header: names of its columns; empty where the first line holds numbers.
        lines: the lines below the header, one by one, for tables are wide.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = _text(path)
        #: number of the first line below the header
        self.start = 3 if text.startswith("#") else 2
        self.statement = _statement(path, text)
        body = text.split("\n", 1)[1] if text.startswith("#") and "\n" in text else text
        rows = (row for row in csv.reader(io.StringIO(body, newline="")) if row)
        first = self._next(rows)
        if first is None:
            raise DataError(f"{path} is empty: write the action units again.")
        names = [name.strip() for name in first]
        has_header = not all(_is_number(name) for name in names)
        self.header = names if has_header else []
        self.lines = rows if has_header else chain([first], rows)

    def _next(self, rows: Iterator[list[str]]) -> list[str] | None:
        try:
            return next(rows, None)
        except csv.Error as error:
            raise DataError(f"{self.path} cannot be read as a table ({error}).") from error

    def columns(self, names: Sequence[str], picture: str) -> tuple[list[str], Floats]:
        """Texts of the column `picture` (none where it is empty) and (R, C) numbers of `names`."""
        places = [self.header.index(name) for name in names]
        named = self.header.index(picture) if picture else -1
        paths: list[str] = []
        numbers: list[Floats] = []
        for number, line in enumerate(self.lines, self.start):
            if len(line) != len(self.header):
                raise DataError(
                    f"{self.path}, line {number}: not as many fields as the header has."
                )
            paths.append(line[named].strip() if picture else "")
            numbers.append(self._numbers(number, names, [line[place] for place in places]))
        return paths, np.array(numbers).reshape(len(numbers), len(names))

    def _numbers(self, number: int, names: Sequence[str], fields: Sequence[str]) -> Floats:
        try:
            return np.array(fields, dtype=np.float64)
        except ValueError:
            pass
        values = np.full(len(fields), np.nan)
        for place, text in enumerate(field.strip() for field in fields):
            if text and not _is_number(text):
                raise DataError(
                    f"{self.path}, line {number}: {names[place]} must be a number, not '{text}'."
                )
            values[place] = float(text) if text else np.nan
        return values


def _read(path: Path, folder: Path | None, kind: str) -> UnitFile:
    opened = _Opened(path)
    if not opened.header:
        return _jaa_net(opened)
    form = form_of(path, opened.statement, opened.header, kind, alone=folder is not None)
    others = [name for name in ("face", form.success) if name in opened.header]
    names = [*form.units.values(), *form.box, *others]
    paths, numbers = opened.columns(names, form.picture)
    count = len(form.units)
    values = numbers[:, :count] / np.array(list(form.tops.values()))
    _check_range(opened, form.units, values, form.tops)
    column = dict(zip(names, numbers.T, strict=True))
    if form.success:
        values[column[form.success] == 0] = np.nan
    if not form.picture:
        relative = path.relative_to(folder) if folder is not None else Path(path.name)
        paths = [relative.with_suffix("").as_posix()] * len(numbers)
    boxes = _boxes(form, numbers[:, count : count + len(form.box)])
    rows = SideRows(str(path), paths, _faces(column.get("face"), len(numbers)), boxes)
    return UnitFile(tuple(form.units), rows, values)


def _faces(numbers: Floats | None, size: int) -> Codes:
    if numbers is None:
        return np.full(size, -1, dtype=np.int64)
    return np.where(np.isnan(numbers), -1, numbers).astype(np.int64)


def _boxes(form: Form, numbers: Floats) -> Floats:
    """(R, 4) left, top, right, bottom; the extent of the landmarks where that is all there is."""
    if not form.box or not len(numbers):
        return np.full((len(numbers), 4), np.nan)
    if len(form.box) == 4:
        left, top, width, height = numbers.T
        return np.stack([left, top, left + width, top + height], axis=1)
    is_x = np.array([name.startswith("x") for name in form.box])
    x, y = numbers[:, is_x], numbers[:, ~is_x]
    return np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)


def _check_range(
    opened: _Opened, units: Iterable[str], values: Floats, tops: Mapping[str, float]
) -> None:
    for place, unit in enumerate(units):
        wrong = np.flatnonzero((values[:, place] < 0) | (values[:, place] > 1))
        if len(wrong):
            found = values[wrong[0], place] * tops[unit]
            where = f"{opened.path}, line {int(wrong[0]) + opened.start}"
            raise DataError(
                f"{where}: {unit} is {found:g}, outside 0 to {tops[unit]:g}; state the scale that "
                "the file has."
            )


def _jaa_units(opened: _Opened) -> tuple[str, ...]:
    width = len(next(iter(opened.lines)))
    if width not in JAA_NET or "pictures" not in opened.statement:
        raise DataError(
            f"{opened.path} has numbers without a header: if they are JAA-Net's, write beside it "
            f'{opened.path.stem}.json with {{"extractor": "JAA-Net", "pictures": "LIST"}}, LIST '
            "naming a picture a line."
        )
    return JAA_NET[width]


def _jaa_net(opened: _Opened) -> UnitFile:
    path = opened.path
    units = _jaa_units(_Opened(path))
    named = path.parent / str(opened.statement["pictures"])
    pictures = [line.split()[0] for line in _text(named).splitlines() if line.strip()]
    opened.header = list(units)
    _, values = opened.columns(units, "")
    if len(pictures) != len(values):
        raise DataError(f"{named} names {len(pictures)} pictures, {path} has {len(values)} rows.")
    _check_range(opened, units, values, dict.fromkeys(units, 1.0))
    faces = np.full(len(values), -1, dtype=np.int64)
    rows = SideRows(str(path), pictures, faces, np.full((len(values), 4), np.nan))
    return UnitFile(units, rows, values)


def _files_in(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.csv"))
    if not files:
        raise DataError(f"{folder} has no CSV file: {NAMES_WANTED}.")
    return files


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text ({error}).") from error


def _statement(path: Path, text: str) -> dict[str, Any]:
    """Of the first line after `#`, in JSON or as `name=value`, else of a `.json` beside."""
    if text.startswith("#"):
        line = text.split("\n", 1)[0].lstrip("# ").strip()
        if line.startswith("{"):
            return _json(path, line)
        return dict(part.split("=", 1) for part in re.split(r"[;\s]+", line) if "=" in part)
    beside = path.with_name(path.name.removesuffix(".gz")).with_suffix(".json")
    return _json(beside, _text(beside)) if beside.is_file() else {}


def _json(path: Path, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path} does not state its action units in JSON ({error}).") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} must hold a table of names and values.")
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
