"""Pictures on their way into the cache: what is done survives a killed run."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets.decoding import Bad

IMAGES = "images.npy"
JOURNAL = "journal"
#: Seconds of work that a killed run may lose.
_EVERY = 1.0


class Journal:
    """The folder of an unfinished cache: a file of pictures, and notes of the tasks that are done.

    A task is noted after its pictures have reached the disk, so that what is noted can be relied
    on, whatever ended the run. The first line of the notes says what decides the content; a folder
    of anything else is emptied.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], shape: tuple[int, ...]) -> None:
        self.folder = folder
        self.shape = shape
        self.done: dict[int, list[Bad]] = {}
        self.waiting: dict[int, list[Bad]] = {}
        self.synced = time.monotonic()
        first = {"about": dict(about), "shape": list(shape)}
        self.done = _noted(folder / JOURNAL, first) if self._is_whole() else {}
        if not self.done:
            self._start()
        self._rewrite([first, *(_line(task, bad) for task, bad in self.done.items())])

    @property
    def images(self) -> Path:
        return self.folder / IMAGES

    @property
    def start(self) -> int:
        """Byte of the first picture in `images`."""
        return self.images.stat().st_size - _size(self.shape)

    @property
    def bad(self) -> list[Bad]:
        """Bad pictures of all tasks that are done, by row."""
        found = [one for some in (self.done, self.waiting) for bad in some.values() for one in bad]
        return sorted(found, key=lambda one: one.row)

    def add(self, task: int, bad: list[Bad]) -> None:
        """Takes note of a task whose pictures are written."""
        self.waiting[task] = bad
        if time.monotonic() - self.synced >= _EVERY:
            self.flush()

    def flush(self) -> None:
        """Brings what is written to the disk, then the notes of it."""
        _sync(self.images)
        lines = [_line(task, bad) for task, bad in self.waiting.items()]
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as notes:
            notes.writelines(f"{json.dumps(line)}\n" for line in lines)
            notes.flush()
            os.fsync(notes.fileno())
        # The folder's own time says that it is in use; see `cache.make_ready`.
        os.utime(self.folder)
        self.done |= self.waiting
        self.waiting = {}
        self.synced = time.monotonic()

    def finish(self) -> None:
        """Leaves only the pictures that can be used, without gaps, and no notes.

        Stopped in the middle, all is decoded again: the rows have moved.
        """
        bad = {one.row for one in self.bad}
        (self.folder / JOURNAL).unlink()
        if bad:
            kept = [row for row in range(self.shape[0]) if row not in bad]
            self._close_gaps(kept)
        _sync(self.images)

    def _close_gaps(self, kept: Sequence[int]) -> None:
        start, size = self.start, _size(self.shape[1:])
        with self.images.open("r+b") as handle:
            for place, row in enumerate(kept):
                if place != row:
                    content = os.pread(handle.fileno(), size, start + row * size)
                    os.pwrite(handle.fileno(), content, start + place * size)
            self.shape = (len(kept), *self.shape[1:])
            handle.truncate(start + len(kept) * size)
            _write_header(handle, self.shape)
            assert handle.tell() == start

    def _is_whole(self) -> bool:
        """Whether the file of pictures has its size."""
        try:
            with self.images.open("rb") as handle:
                np.lib.format.read_magic(handle)
                shape = np.lib.format.read_array_header_1_0(handle)[0]
                size = handle.tell() + _size(self.shape)
            return shape == self.shape and self.images.stat().st_size == size
        except (OSError, ValueError):
            return False

    def _start(self) -> None:
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        with self.images.open("wb") as handle:
            _write_header(handle, self.shape)
            # Room that takes none until it is written.
            handle.truncate(handle.tell() + _size(self.shape))

    def _rewrite(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """A line that a killed run cut off is gone after this."""
        aside = self.folder / f"{JOURNAL}.new"
        aside.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
        aside.replace(self.folder / JOURNAL)


def _noted(path: Path, first: Mapping[str, Any]) -> dict[int, list[Bad]]:
    """Tasks that are done, from notes that begin with `first`; none of other notes."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        if json.loads(lines[0]) != first:
            return {}
        # What follows the last line end is empty, or was cut off.
        notes = [json.loads(line) for line in lines[1:-1]]
        return {note["task"]: [Bad(*one) for one in note["bad"]] for note in notes}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _line(task: int, bad: Sequence[Bad]) -> dict[str, Any]:
    return {"task": task, "bad": [[one.row, one.reason] for one in bad]}


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _write_header(handle: Any, shape: tuple[int, ...]) -> None:
    """The header of a `.npy` file of bytes; as long for fewer pictures as for more."""
    handle.seek(0)
    header = {"descr": "|u1", "fortran_order": False, "shape": tuple(map(int, shape))}
    np.lib.format.write_array_header_1_0(handle, header)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(handle)
    finally:
        os.close(handle)
