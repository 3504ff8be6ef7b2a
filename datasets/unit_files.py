"""Files of action units: one table, or a folder of tables named after their pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.errors import DataError
from datasets.side_files import SideRows
from datasets.side_table import (
    Block,
    Floats,
    SideTable,
    face_numbers,
    opened,
    refuse,
    statement_beside,
    text_of,
)
from datasets.spec import Codes
from datasets.tables import path_below
from datasets.unit_forms import NAMES_WANTED, Form, form_of

#: number of columns -> units of JAA-Net, trained on BP4D and on DISFA
JAA_NET = {
    12: ("AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23",
         "AU24"),
    8: ("AU01", "AU02", "AU04", "AU06", "AU09", "AU12", "AU25", "AU26"),
}  # fmt: skip
#: header and statement -> form, for folders of thousands of files
Forms = dict[tuple[tuple[str, ...], str], Form]


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


@dataclass(frozen=True)
class _Rows:
    paths: list[str]
    faces: Codes
    boxes: Floats
    values: Floats


def file_units(path: Path, kind: str = "intensity") -> tuple[str, ...]:
    """Names of the units that the file, or the first of the folder, has, in its order.

    Raises:
        DataError: it cannot be read, or is none of the known forms.
    """
    with opened(_files_in(path)[0] if path.is_dir() else path) as table:
        return tuple(_form(table, kind, alone=path.is_dir()).units)


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
        return _read(path, None, kind, {})
    files, forms = _files_in(path), Forms()
    parts = [_read(file, path, kind, forms) for file in files]
    for file, part in zip(files, parts, strict=True):
        if part.units != parts[0].units:
            raise DataError(f"{file} has other action units than {files[0]}: keep one kind.")
    rows = SideRows(
        str(path),
        [name for part in parts for name in part.rows.paths],
        np.concatenate([part.rows.faces for part in parts]),
        np.concatenate([part.rows.boxes for part in parts]),
        all(part.rows.numbered_by_set for part in parts),
    )
    return UnitFile(parts[0].units, rows, np.concatenate([part.values for part in parts]))


def files_read(path: Path) -> list[Path]:
    """The files whose content decides what `read_units` returns.

    Raises:
        DataError: the folder has no table, or the table cannot be read.
    """
    files = _files_in(path) if path.is_dir() else [path]
    beside = [file for file in map(statement_beside, files) if file.is_file()]
    lists = []
    for statement in beside:
        with opened(next(file for file in files if statement_beside(file) == statement)) as table:
            lists += [] if table.header else [_list_of(table)]
    return [*files, *beside, *lists]


def _files_in(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.csv"))
    if not files:
        raise DataError(f"{folder} has no CSV file: {NAMES_WANTED}.")
    return files


def _form(table: SideTable, kind: str, *, alone: bool) -> Form:
    if table.header:
        return form_of(table.path, table.statement, table.header, kind, alone=alone)
    if table.width not in JAA_NET or "pictures" not in table.statement:
        raise DataError(
            f"{table.path} has numbers without a header: if they are JAA-Net's, write beside it "
            f'{table.path.stem}.json with {{"extractor": "JAA-Net", "pictures": "LIST"}}, LIST '
            "naming a picture a line."
        )
    units = JAA_NET[table.width]
    return Form(dict(zip(units, units, strict=True)), dict.fromkeys(units, 1.0), "")


def _read(path: Path, folder: Path | None, kind: str, forms: Forms) -> UnitFile:
    with opened(path) as table:
        seen = (tuple(table.header), repr(table.statement))
        if seen not in forms:
            forms[seen] = _form(table, kind, alone=folder is not None)
        form = forms[seen]
        parts = list(_parts(table, form))
        listed = None if table.header else _pictures(table)
    paths = [text for part in parts for text in part.paths]
    if listed is not None:
        if len(listed) != len(paths):
            raise DataError(
                f"{_list_of(table)} names {len(listed)} pictures, {path} has {len(paths)} rows."
            )
        paths = listed
    elif not form.picture:
        relative = path.relative_to(folder) if folder is not None else Path(path.name)
        paths = [relative.with_suffix("").as_posix()] * len(paths)
    faces = np.concatenate([part.faces for part in parts])
    boxes = np.concatenate([part.boxes for part in parts])
    rows = SideRows(str(path), paths, faces, boxes, form.numbered_by_set)
    return UnitFile(tuple(form.units), rows, np.concatenate([part.values for part in parts]))


def _parts(table: SideTable, form: Form) -> Iterator[_Rows]:
    """The rows block by block; first an empty one, for a table may have none."""
    header = table.header or list(form.units)
    others = [name for name in ("face", form.success) if name in header]
    names = [*form.units.values(), *form.box, *others]
    yield _rows(table.path, form, names, Block([], [[]], np.empty((0, len(names)))))
    # Of columns with one name the first; a look-up each, for a folder has thousands of tables.
    places = {name: len(header) - place for place, name in enumerate(reversed(header), start=1)}
    pictures = [places[form.picture]] if form.picture else []
    for block in table.blocks([places[name] for name in names], pictures):
        yield _rows(table.path, form, names, block)


def _rows(path: Path, form: Form, names: list[str], block: Block) -> _Rows:
    count = len(form.units)
    column = dict(zip(names, block.numbers.T, strict=True))
    values = block.numbers[:, :count] / np.array(list(form.tops.values()))
    _check_range(path, form, values, block.lines)
    if form.success:
        values[column[form.success] == 0] = np.nan
    paths = block.texts[0] if form.picture else [""] * len(block.lines)
    if form.picture:
        unnamed = np.array([not text for text in paths], dtype=bool)
        refuse(unnamed, path, block.lines, f"{form.picture} is empty: name the picture")
    marks = block.numbers[:, count : count + len(form.box)]
    lost = np.asarray(np.isinf(marks).any(axis=1))
    refuse(lost, path, block.lines, "a place is not a number of pixels")
    faces = face_numbers(path, column.get("face"), block)
    return _Rows(paths, faces, _boxes(form, marks), values)


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


def _check_range(path: Path, form: Form, values: Floats, lines: list[int]) -> None:
    for place, (unit, top) in enumerate(form.tops.items()):
        wrong = np.flatnonzero((values[:, place] < 0) | (values[:, place] > 1))
        if len(wrong):
            found = values[wrong[0], place] * top
            raise DataError(
                f"{path}, line {lines[wrong[0]]}: {unit} is {found:g}, outside 0 to {top:g}; state "
                "the scale that the file has."
            )


def _list_of(table: SideTable) -> Path:
    """The file that names the pictures of JAA-Net's rows, beside the table or below."""
    where = f"{statement_beside(table.path)}: pictures"
    return table.path.parent / path_below(str(table.statement.get("pictures", "")), where)


def _pictures(table: SideTable) -> list[str]:
    lines = text_of(_list_of(table)).splitlines()
    return [line.strip() for line in lines if line.strip()]
