"""Frames derived from stored cells, kept so that the same report is not computed twice.

They lie in `DIR/.derived` and may be deleted at any time. A frame is used again only if it was
made of the same cells by the same code (see `code_stamp`). Columns of words are categorical, in
memory as in the file: a study has millions of rows and a few hundred words.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks import ROOT

FOLDER = ".derived"
_CODES, _COLUMNS = "codes", "columns"


def code_stamp(parts: Sequence[str]) -> str:
    """Digest of all source files below these parts of the checkout, and of what computes them."""
    found = hashlib.sha256(f"{np.__version__} {pd.__version__}".encode())
    for part in parts:
        path = ROOT / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(file.relative_to(ROOT).as_posix().encode())
            found.update(file.read_bytes())
    return found.hexdigest()


@dataclass(frozen=True, eq=False)
class Words:
    """A column of words: (N,) places in `levels`, which are all different."""

    codes: npt.NDArray[np.int32]
    levels: Sequence[str]


#: columns of one length by name, in order
Columns = dict[str, Words | npt.NDArray[Any]]


class FrameCache:
    """Frames of one result folder made by one state of the code."""

    def __init__(self, root: Path, stamp: str) -> None:
        self.folder = root / FOLDER
        self.stamp = stamp

    def frame(self, key: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The frame made earlier for `key`, else what `make` gives.

        Args:
            key: everything beside the code that decides the frame's content.
            make: computes it.
        """
        known = self.known(key)
        if known is None:
            known = columns_of(make())
            self.keep(key, known)
        return frame_of(known)

    def known(self, key: str) -> Columns | None:
        """The columns kept for `key`; None where there are none, or the file is damaged."""
        return _read(self._path(key))

    def keep(self, key: str, columns: Columns) -> None:
        """Keeps columns for the next report, if the folder lets it."""
        # A folder that cannot be written, or a full disk, must not keep a report from being made.
        with contextlib.suppress(OSError):
            _write(self._path(key), columns)

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(f"{self.stamp}\0{key}".encode()).hexdigest()[:32]
        return self.folder / f"{name}.npz"


def columns_of(frame: pd.DataFrame) -> Columns:
    """The columns of a frame; what is no number must be words, none of them missing."""
    found: Columns = {}
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            found[name] = frame[name].to_numpy()
            continue
        codes, levels = pd.factorize(frame[name])
        assert (codes >= 0).all(), f"column {name} lacks a word; write an empty one"
        found[name] = Words(codes.astype(np.int32), [str(level) for level in levels])
    return found


def frame_of(columns: Columns) -> pd.DataFrame:
    """Columns as a frame, words as categories in alphabetical order."""
    return pd.DataFrame({name: _series(column) for name, column in columns.items()})


def _series(column: Words | npt.NDArray[Any]) -> Any:
    if not isinstance(column, Words):
        return column
    order = sorted(range(len(column.levels)), key=column.levels.__getitem__)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    levels = np.array([column.levels[at] for at in order], dtype=object)
    return pd.Categorical.from_codes(rank[column.codes], categories=pd.Index(levels, dtype=object))


def joined(parts: Sequence[Columns]) -> Columns:
    """The rows of several, which have the same columns, one after the other."""
    return {name: _joined([part[name] for part in parts]) for name in parts[0]}


def _joined(parts: Sequence[Any]) -> Words | npt.NDArray[Any]:
    if not isinstance(parts[0], Words):
        return np.concatenate(parts)
    places: dict[str, int] = {}
    codes = [
        np.array([places.setdefault(level, len(places)) for level in part.levels], np.int32)[
            part.codes
        ]
        for part in parts
    ]
    return Words(np.concatenate(codes), list(places))


def _read(path: Path) -> Columns | None:
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    # Few arrays, for opening one takes longer than reading it: all codes together, numbers by type.
    found: Columns = {}
    for name, kind, row, levels in json.loads(arrays[_COLUMNS].tobytes()):
        own = arrays[kind][row]
        found[name] = Words(own, levels) if kind == _CODES else own
    return found


def _write(path: Path, columns: Columns) -> None:
    rows: dict[str, list[npt.NDArray[Any]]] = {}
    listed = []
    for name, column in columns.items():
        words = isinstance(column, Words)
        own = column.codes if isinstance(column, Words) else column
        kind = _CODES if words else own.dtype.name
        listed.append((name, kind, len(rows.setdefault(kind, [])),
                       list(column.levels) if isinstance(column, Words) else []))  # fmt: skip
        rows[kind].append(own)
    head = np.frombuffer(json.dumps(listed).encode(), dtype=np.uint8)
    arrays: dict[str, Any] = {kind: np.stack(own) for kind, own in rows.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.stem}-{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as handle:
            np.savez(handle, **{**arrays, _COLUMNS: head})
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
