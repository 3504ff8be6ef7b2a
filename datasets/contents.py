"""What identifies the content of many pictures, wherever they lie and however they are packed."""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from datasets.errors import DataError
from datasets.tree import Source

#: Called with how many files are done, and how many there are.
Progress = Callable[[int, int], None]
#: Size in bytes and CRC-32.
Checksum = tuple[int, int]

MISSING: Checksum = (-1, 0)
#: Raised by hand whenever the index of checksums is laid out anew.
FORMAT = 2
#: Reading waits for disks more than for processors: a network's answers take milliseconds.
_READERS = 8
_BATCH = 2048
_GONE = (-1, -1)
_STEP = 1 << 20
#: A file that changed so shortly before it was read could change again within the same tick of the
#: clock of its file system, unseen: its checksum is not kept. Some clocks tick every two seconds.
_UNSETTLED = 3_000_000_000


def digest(
    pictures: Sequence[Source], cache: Path | None = None, progress: Progress | None = None
) -> str:
    """SHA-256 of names, sizes and checksums of the files, in this order, as 64 hex digits.

    The same for a folder and for an archive of it. A file that cannot be read counts as missing:
    whether so many are tolerated is decided when the set is prepared.

    Args:
        pictures: files.
        cache: folder of all caches, where checksums are kept by size and time of change, so that
            the next call reads no file; None keeps none.
        progress: told how far the reading is.

    Raises:
        DataError: the cache cannot be written.
    """
    total = hashlib.sha256(b"pictures")
    found = checksums(pictures, cache, progress)
    for source, (size, checksum) in zip(pictures, found, strict=True):
        span = b"" if source.span is None else f"\0{source.span[0]}".encode()
        total.update(f"\0{source.name}\0{size}\0{checksum:08x}".encode() + span)
    return total.hexdigest()


def checksums(
    pictures: Sequence[Source], cache: Path | None = None, progress: Progress | None = None
) -> list[Checksum]:
    """Size in bytes and CRC-32 of each file; (-1, 0) for one that cannot be read.

    Those of members of archives stand in the archive. A stretch of a file has its own size and the
    checksum of the whole file.

    Args:
        pictures: as in `digest`.
        cache: as there.
        progress: as there.

    Raises:
        DataError: the cache cannot be written.
    """
    plain = dict.fromkeys(source.path for source in pictures if not source.members)
    known = _of_files(list(plain), cache, progress) if plain else {}
    return [_own(source, known) for source in pictures]


def _own(source: Source, known: dict[Path, Checksum]) -> Checksum:
    if not source.members:
        size, checksum = known[source.path]
    elif source.member is None:
        return MISSING
    else:
        size, checksum = source.member.size, source.member.checksum
    return (size if source.span is None or size < 0 else source.span[1]), checksum


def _of_files(
    paths: list[Path], cache: Path | None, progress: Progress | None
) -> dict[Path, Checksum]:
    """Checksum of each file, out of the index where the file is as it was."""
    # As entered, not resolved: resolving 500,000 paths takes minutes on a network disk.
    folder = os.path.commonpath({os.path.abspath(path.parent) for path in paths})  # noqa: PTH100
    index = _Index(cache, folder)
    found: dict[Path, Checksum] = {}
    with ThreadPoolExecutor(_READERS) as readers:
        for start in range(0, len(paths), _BATCH):
            batch = paths[start : start + _BATCH]
            found |= zip(batch, _of_batch(batch, index, readers), strict=True)
            if progress is not None:
                progress(len(found), len(paths))
    index.save()
    return found


def _of_batch(paths: list[Path], index: _Index, readers: ThreadPoolExecutor) -> list[Checksum]:
    states = [_state(path) for path in paths]
    known = [
        MISSING[1] if state == _GONE else index.get(path, *state)
        for path, state in zip(paths, states, strict=True)
    ]
    unknown = [place for place, checksum in enumerate(known) if checksum is None]
    tasks = [[paths[place] for place in unknown[n::_READERS]] for n in range(_READERS)]
    read = chain.from_iterable(readers.map(_checksums, tasks))
    order = chain.from_iterable(unknown[n::_READERS] for n in range(_READERS))
    for place, checksum in zip(order, read, strict=True):
        known[place] = checksum
        if checksum is not None:
            index.put(paths[place], *states[place], checksum)
    return [
        MISSING if checksum is None else (size, checksum)
        for (size, _), checksum in zip(states, known, strict=True)
    ]


def _state(path: Path) -> tuple[int, int]:
    """Size and time of change; `_GONE` where there is no such file."""
    try:
        state = path.stat()
    except OSError:
        return _GONE
    return state.st_size, state.st_mtime_ns


def _checksums(paths: list[Path]) -> list[int | None]:
    return [_checksum(path) for path in paths]


def _checksum(path: Path) -> int | None:
    checksum = 0
    try:
        with path.open("rb", buffering=0) as handle:
            # Room for a whole step is made before a file of a few kilobytes is read into it.
            length = min(_STEP, os.fstat(handle.fileno()).st_size + 1)
            while step := handle.read(length):
                checksum = zlib.crc32(step, checksum)
    except OSError:
        return None
    return checksum


class _Index:
    """Checksums of the files below one folder, as of their size and time of change."""

    def __init__(self, cache: Path | None, folder: str) -> None:
        place = hashlib.sha256(folder.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.path = None if cache is None else cache / f"checksums-{place}.json"
        self.files: dict[str, str] = {}
        self.changed = False
        self.newest = time.time_ns() - _UNSETTLED
        try:
            if self.path is not None:
                stored = json.loads(self.path.read_text(encoding="utf-8"))
                if stored["format"] == FORMAT and stored["folder"] == folder:
                    self.files = stored["files"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # Not there, or not whole: it is made anew.
        self.folder = folder

    def get(self, path: Path, size: int, changed: int) -> int | None:
        """The checksum of a file; None where it is not known or the file has changed."""
        # A text a file: half a million lists of three numbers take a hundred megabytes.
        stamp, _, checksum = self.files.get(self._name(path), "").rpartition(" ")
        return int(checksum) if stamp == f"{size} {changed}" else None

    def put(self, path: Path, size: int, changed: int, checksum: int) -> None:
        """Keeps a checksum, unless the file is so young that a later change may go unseen."""
        if changed < self.newest:
            self.files[self._name(path)] = f"{size} {changed} {checksum}"
            self.changed = True

    def save(self) -> None:
        """Writes what has changed.

        Raises:
            DataError: the cache cannot be written.
        """
        if self.path is None or not self.changed:
            return
        record = {"format": FORMAT, "folder": self.folder, "files": self.files}
        aside = self.path.with_name(f".tmp-{self.path.name}-{os.getpid()}-{time.time_ns()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(record), encoding="utf-8")
            aside.replace(self.path)
        except OSError as error:
            raise DataError(
                f"The cache {self.path.parent} cannot be written ({error.strerror}): change its "
                "rights, or choose another place for it with --cache."
            ) from error

    def _name(self, path: Path) -> str:
        return os.path.abspath(path)[len(self.folder) :].lstrip("/")  # noqa: PTH100
