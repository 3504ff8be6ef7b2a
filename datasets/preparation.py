"""Pictures decoded once, in parallel, into a memory map; a killed run continues."""

from __future__ import annotations

import csv
import errno
import fcntl
import functools
import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets import cache as stores
from datasets import contents, pictures
from datasets.contents import Progress
from datasets.decoding import Bad, Target, Task, decode
from datasets.errors import DataError
from datasets.journal import Journal
from datasets.listing import Listing
from datasets.pictures import Geometry
from datasets.processes import available_cores, end, end_with_parent, interrupts_ignored
from datasets.spec import Codes

#: How many bad pictures a message names.
NAMED = 5
#: Table of the bad pictures in the folder of a cache.
BAD_TABLE = "bad.csv"
#: Below this many pictures starting processes takes longer than they save.
SMALL = 500
#: A task has at most this many pictures, and bytes when decoded.
_TASK, _TASK_BYTES = 256, 32 << 20
#: Raised by hand whenever what is stored of a picture changes, its pixels apart.
FORMAT = 2


@dataclass(frozen=True)
class Prepared:
    """Pictures of a listing.

    Attributes:
        images: (M, pixels, pixels, 3) uint8, read-only memory map of the pictures that can be used.
        rows: (M,) their rows in the listing, ascending.
        bad: the others, in the order of their rows.
        folder: where they are stored; `BAD_TABLE` in it names the bad ones, where there are any.
        decoded: number of pictures that this call decoded.
    """

    images: NDArray[np.uint8]
    rows: Codes
    bad: tuple[Bad, ...]
    folder: Path
    decoded: int = 0


def prepared(
    listing: Listing,
    digest: str,
    geometry: Geometry,
    *,
    name: str,
    cache: Path,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """The pictures of `listing`, decoded into `cache` at the first call.

    Where another process prepares the same pictures it is waited for.

    Args:
        listing: of the set.
        digest: of its pictures' content.
        geometry: how faces are cut.
        name: of the set, in front of the folder's name.
        cache: folder of all caches.
        workers: processes that decode; None for one a core. Small sets are decoded in this one.
        progress: told how many pictures of how many are decoded.

    Raises:
        DataError: the cache cannot be written or has no room, or the pictures changed meanwhile.
        KeyboardInterrupt: what is decoded is kept; the next call continues.
    """
    about = _about(listing, digest, geometry)
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:24]
    folder = cache / f"{name}-{geometry.pixels}-{key}"
    build = _Build(listing, geometry, about, folder, workers, progress)
    decoded = 0
    while True:
        stored = stores.guarded(folder, lambda: stores.read(folder, about))
        if stored is not None:
            return _result(stored, len(listing), folder, decoded)
        stores.guarded(folder, lambda: stores.make_ready(cache))
        with _alone(stores.partial_folder(folder)) as partial:
            # It is gone where another process has just finished the same.
            if partial is not None:
                decoded = stores.guarded(folder, functools.partial(build.run, partial))


def check_tolerated(listing: Listing, found: Prepared, tolerated: float, name: str) -> None:
    """Checks that enough pictures can be used.

    Raises:
        DataError: more than the share `tolerated` cannot, or a part of the set has none left.
    """
    bad = found.bad
    if len(bad) > tolerated * len(listing):
        shown = [f"{listing.pictures[one.row].shown} ({one.reason})" for one in bad[:NAMED]]
        if len(bad) > NAMED:
            shown.append(f"{len(bad) - NAMED} more in {found.folder / BAD_TABLE}")
        raise DataError(
            f"{len(bad)} of {len(listing)} pictures of {name} cannot be read: {', '.join(shown)}; "
            "copy the data set again, mend these files, or raise "
            f"{name}.tolerated above {tolerated:g}."
        )
    every = ["all"] * len(listing) if listing.parts is None else listing.parts.tolist()
    empty = set(every) - {every[row] for row in found.rows.tolist()}
    if empty:
        raise DataError(
            f"No picture of {name} can be read in {', '.join(sorted(empty))}: copy the data set "
            f"again, or mend the files that {found.folder / BAD_TABLE} names."
        )


def _about(listing: Listing, digest: str, geometry: Geometry) -> dict[str, Any]:
    """Everything that decides the pixels, as plain JSON."""
    points = listing.points if geometry.aligned else None
    return {
        "format": FORMAT,
        "decoder": pictures.VERSION,
        "pictures": digest,
        "number": len(listing),
        "geometry": asdict(geometry),
        "boxes": _hash(listing.boxes),
        "points": _hash(points),
        "opener": f"{listing.opener.__module__}.{listing.opener.__qualname__}",
    }


def _hash(numbers: NDArray[np.float64] | None) -> str:
    if numbers is None:
        return ""
    return hashlib.sha256(np.ascontiguousarray(numbers, dtype=np.float64).tobytes()).hexdigest()


def _result(stored: stores.Arrays, number: int, folder: Path, decoded: int) -> Prepared:
    lost, reasons = stored["bad_rows"], stored["bad_reasons"]
    bad = tuple(Bad(int(row), str(why)) for row, why in zip(lost, reasons, strict=True))
    return Prepared(
        stored["images"], np.setdiff1d(np.arange(number), lost), bad, folder, decoded
    )  # fmt: skip


@contextmanager
def _alone(partial: Path) -> Iterator[Path | None]:
    """Holds `partial` against other processes; None where it went away while it was waited for."""
    partial.mkdir(parents=True, exist_ok=True)
    handle = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield partial if _is_at(handle, partial) else None
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        raise DataError(
            f"{partial.parent} lies on a file system without locks ({error.strerror}): choose "
            "another place for the cache with --cache."
        ) from error
    finally:
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class _Build:
    """Decodes what an unfinished folder does not have yet, and finishes it."""

    listing: Listing
    geometry: Geometry
    about: Mapping[str, Any]
    folder: Path
    workers: int | None
    progress: Progress | None

    @property
    def size(self) -> int:
        """Pictures of a task."""
        return max(1, min(_TASK, _TASK_BYTES // (self.geometry.pixels**2 * 3)))

    def run(self, partial: Path) -> int:
        """Makes the cache out of `partial`; returns the number of pictures that were decoded.

        Raises:
            DataError: too little room, the pictures changed meanwhile, or a worker died.
        """
        side = self.geometry.pixels
        shape = (len(self.listing), side, side, 3)
        journal = Journal(partial, {**self.about, "task": self.size}, shape)
        self._check_room(journal)
        decoded = self._decode(journal)
        if contents.digest(self.listing.pictures, self.folder.parent) != self.about["pictures"]:
            shutil.rmtree(partial)
            raise DataError(
                f"Pictures changed while {self.folder.name} was prepared: run again when no "
                "program writes them."
            )
        self._publish(journal)
        return decoded

    def _check_room(self, journal: Journal) -> None:
        missing = len(self.listing) - len(journal.done) * self.size
        needed = max(0, missing) * self.geometry.pixels**2 * 3
        free = shutil.disk_usage(journal.folder).free
        if needed > free:
            raise DataError(
                f"The cache {self.folder.parent} has too little room: {missing:,} pictures of "
                f"{self.geometry.pixels} pixels take {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB "
                "are free; make room, or choose another place for it with --cache."
            )

    def _decode(self, journal: Journal) -> int:
        total = len(self.listing)
        left = [n for n in range(-(-total // self.size)) if n not in journal.done]
        before = done = total - sum(self._length(number) for number in left)
        target = Target(journal.images, journal.start, self.geometry, self.listing.opener)
        self._tell(done)
        try:
            with closing(self._results(left, target)) as results:
                for number, bad in results:
                    journal.add(number, bad)
                    done += self._length(number)
                    self._tell(done)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f" after {done:,} of {total:,} pictures; the same command continues"
            ) from None
        finally:
            journal.flush()
        return done - before

    def _publish(self, journal: Journal) -> None:
        bad = journal.bad
        journal.finish()
        arrays: stores.Arrays = {
            "bad_rows": np.array([one.row for one in bad], dtype=np.int64),
            "bad_reasons": np.array([one.reason for one in bad], dtype=np.str_),
        }
        for name, array in arrays.items():
            np.save(journal.folder / f"{name}.npy", array, allow_pickle=False)
        if bad:
            rows = [(self.listing.pictures[one.row].shown, one.reason) for one in bad]
            with (journal.folder / BAD_TABLE).open(
                "w", encoding="utf-8", errors="surrogateescape", newline=""
            ) as lines:
                csv.writer(lines, lineterminator="\n").writerows([("picture", "reason"), *rows])
        arrays["images"] = np.load(journal.images, mmap_mode="r", allow_pickle=False)
        stored = stores.publish(journal.folder, self.folder, arrays, self.about)
        stores.whole(self.folder, stored)

    def _tell(self, done: int) -> None:
        if self.progress is not None:
            self.progress(done, len(self.listing))

    def _length(self, number: int) -> int:
        """Pictures of one task."""
        return min(self.size, len(self.listing) - number * self.size)

    def _task(self, number: int) -> Task:
        first = number * self.size
        rows = slice(first, first + self.size)
        boxes, points = self.listing.boxes, self.listing.points
        return Task(
            first,
            self.listing.pictures[rows],
            None if boxes is None else boxes[rows],
            None if points is None or not self.geometry.aligned else points[rows],
        )

    def _results(
        self, left: Sequence[int], target: Target
    ) -> Generator[tuple[int, list[Bad]], None, None]:
        """Number and bad pictures of each task, in the order in which they end."""
        few = len(left) * self.size < SMALL
        workers = self.workers or (1 if few else available_cores())
        if workers > 1:
            yield from self._in_processes(left, target, workers)
        else:
            for number in left:
                yield number, decode(self._task(number), target)

    def _in_processes(
        self, left: Sequence[int], target: Target, workers: int
    ) -> Iterator[tuple[int, list[Bad]]]:
        others = multiprocessing.active_children()
        pool = ProcessPoolExecutor(
            max(1, min(workers, len(left))),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=end_with_parent,
        )
        waiting = iter(left)
        running: dict[Future[list[Bad]], int] = {}
        try:
            # Two a worker: the next is there when one is done.
            more = 2 * workers
            while running or more:
                with interrupts_ignored():
                    for number in islice(waiting, more):
                        running[pool.submit(decode, self._task(number), target)] = number
                ended = wait(running, return_when=FIRST_COMPLETED).done
                more = len(ended)
                for future in ended:
                    yield running.pop(future), future.result()
        except BrokenProcessPool:
            raise DataError(
                "A process that decodes pictures died, perhaps for lack of memory: the same "
                "command continues; with --workers 1 it needs the least."
            ) from None
        finally:
            started = [p for p in multiprocessing.active_children() if p not in others]
            pool.shutdown(wait=False, cancel_futures=True)
            end(started, 0.0 if running else 5.0)
