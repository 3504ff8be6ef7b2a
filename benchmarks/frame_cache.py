"""Frames derived from stored cells, kept so that the same report is not computed twice.

They lie in `DIR/.derived` and may be deleted at any time. A frame is used again only if it was
made of the same cells by the same code (see `code_stamp`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import ROOT

FOLDER = ".derived"
_TEXT = "text:"


def code_stamp(parts: Sequence[str]) -> str:
    """Digest of all source files below these parts of the checkout, and of what computes them."""
    found = hashlib.sha256(f"{np.__version__} {pd.__version__}".encode())
    for part in parts:
        path = ROOT / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(file.relative_to(ROOT).as_posix().encode())
            found.update(file.read_bytes())
    return found.hexdigest()


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
        name = hashlib.sha256(f"{self.stamp}\0{key}".encode()).hexdigest()[:32]
        path = self.folder / f"{name}.npz"
        known = _read(path)
        if known is not None:
            return known
        made = make()
        # A folder that cannot be written, or a full disk, must not keep a report from being made.
        with contextlib.suppress(OSError):
            _write(path, made)
        return made


def _read(path: Path) -> pd.DataFrame | None:
    """The frame in a file; None where there is none, or it is damaged."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
            columns = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    frame: dict[str, Any] = {}
    for name in (str(one) for one in columns["columns"]):
        if name in columns:
            frame[name] = columns[name]
        else:
            frame[name] = columns[f"{_TEXT}{name}"].astype(object)[columns[f"{_TEXT}{name}:code"]]
    return pd.DataFrame(frame)


def _write(path: Path, frame: pd.DataFrame) -> None:
    arrays: dict[str, Any] = {"columns": np.array(list(frame.columns), dtype=str)}
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            arrays[name] = frame[name].to_numpy()
        else:
            codes, levels = pd.factorize(frame[name])
            assert (codes >= 0).all(), f"column {name} lacks a word; write an empty one"
            arrays[f"{_TEXT}{name}"] = np.array(levels, dtype=str)
            arrays[f"{_TEXT}{name}:code"] = codes.astype(np.int32)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.stem}-{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as handle:
            np.savez(handle, **arrays)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
