"""Results on disk: one folder a cell, written whole or not at all.

DIR/study.toml            the study, resolved
DIR/plan.json             its cells, what is not applicable, and the cards
DIR/cells/ID/cell.json    description, card, selection, ledger, provenance, status
DIR/cells/ID/history.csv  the training curve
DIR/cells/ID/predictions.npz
DIR/cells/ID/model.safetensors   with --store-models
DIR/report/               what `report` derives from the above
DIR/.derived/             numbers kept for the next report; may be deleted
"""

from __future__ import annotations

import csv
import fcntl
import functools
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import StoreError, StudyError

Arrays = Mapping[str, NDArray[np.generic]]
_TEMPORARY = ".tmp-"


class Store:
    """The result folder of a study."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cells = root / "cells"

    def path(self, cell_id: str) -> Path:
        return self.cells / cell_id

    def ids(self) -> list[str]:
        """Ids of all stored cells, done or failed, sorted."""
        if not self.cells.is_dir():
            return []
        return sorted(p.name for p in self.cells.iterdir() if not p.name.startswith(_TEMPORARY))

    def record(self, cell_id: str) -> dict[str, Any] | None:
        """The content of `cell.json`, or None for a cell that is not stored.

        Whoever calls must not change it.

        Raises:
            StoreError: the file is damaged.
        """
        path = self.path(cell_id) / "cell.json"
        try:
            return _parsed(path, path.stat().st_mtime_ns)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:
            raise _damaged(path, error) from None

    def written(self, cell_id: str) -> int:
        """When the cell's predictions were written, in nanoseconds; 0 without any."""
        path = self.path(cell_id) / "predictions.npz"
        return path.stat().st_mtime_ns if path.is_file() else 0

    def is_done(self, cell_id: str, wanted: Sequence[str] = ()) -> bool:
        """Whether the cell ended well and holds what is wanted (`features`, `model`)."""
        record = self.record(cell_id)
        return (
            record is not None
            and record["status"] == "done"
            and all(item in record["stored"] for item in wanted)
        )

    def predictions(self, cell_id: str, *, but: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
        """The arrays of `predictions.npz`, without those whose names end in one of `but`.

        Raises:
            StoreError: the file is damaged.
        """
        path = self.path(cell_id) / "predictions.npz"
        try:
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files if not name.endswith(but)}
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise _damaged(path, error) from None

    def write_cell(
        self,
        cell_id: str,
        record: Mapping[str, Any],
        *,
        history: Sequence[Mapping[str, Any]] = (),
        predictions: Arrays | None = None,
        save_model: Callable[[Path], None] | None = None,
    ) -> None:
        """Writes a cell in a temporary folder and renames it into place.

        Raises:
            StoreError: the folder cannot be written; nothing half-written is left.
        """
        temporary = self.cells / f"{_TEMPORARY}{cell_id}-{os.getpid()}"
        with reported(self.root, temporary):
            temporary.mkdir(parents=True)
            _write_json(temporary / "cell.json", record)
            if history:
                _write_csv(temporary / "history.csv", history)
            if predictions is not None:
                np.savez_compressed(temporary / "predictions.npz", **predictions)  # type: ignore[arg-type]
            if save_model is not None:
                save_model(temporary / "model.safetensors")
            # A failed attempt, or a cell without the features that are now wanted, gives way.
            shutil.rmtree(self.path(cell_id), ignore_errors=True)
            temporary.rename(self.path(cell_id))

    def write_text(self, name: str, text: str) -> None:
        """Replaces a file of the result folder in one step.

        Raises:
            StoreError: the folder cannot be written.
        """
        temporary = self.root / f"{_TEMPORARY}{name}"
        with reported(self.root, temporary):
            self.root.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.root / name)

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """As `write_text`, for JSON."""
        self.write_text(name, _as_json(content))

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON file of the result folder.

        Raises:
            StudyError: it is not there, so that the folder holds no study, or it is damaged.
        """
        try:
            return json.loads((self.root / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]
        except (FileNotFoundError, NotADirectoryError):
            raise StudyError(
                f"{self.root} holds no study ({name} is missing); "
                "`python -m benchmarks run --out` makes one."
            ) from None
        except ValueError as error:
            raise StudyError(
                f"{self.root / name} is damaged ({error}); the `run` command of the study writes "
                "it again."
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second run out of the folder; the system frees the lock when a run is killed.

        Raises:
            StudyError: another run is writing here.
            StoreError: the folder cannot be made.
        """
        with reported(self.root):
            self.cells.mkdir(parents=True, exist_ok=True)
            handle = (self.root / ".lock").open("w", encoding="utf-8")
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StudyError(
                    f"Another run is writing to {self.root}; wait for it or choose another --out."
                ) from None
            for leftover in self.cells.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield


@functools.lru_cache(maxsize=2048)
def _parsed(path: Path, written: int) -> dict[str, Any]:
    """A JSON file as it was written at a time; a report asks eight times for each of its cells."""
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@contextmanager
def reported(root: Path, temporary: Path | None = None) -> Iterator[None]:
    """Turns a failure to write into a StoreError and removes what was begun."""
    try:
        yield
    except BaseException as error:
        if temporary is not None and temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        elif temporary is not None:
            temporary.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise StoreError(
            f"Results cannot be written to {root}: {error.strerror or error}; "
            "free space or choose another --out, finished cells are kept."
        ) from error


def _damaged(path: Path, error: Exception) -> StoreError:
    return StoreError(f"{path} is damaged ({error}); remove the folder of the cell and run again.")


def _as_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(_as_json(content), encoding="utf-8")


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    # Stages have different terms: the columns are those of all rows, in order of appearance.
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
