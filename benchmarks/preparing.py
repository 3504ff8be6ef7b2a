"""Pictures decoded into the cache by a command, and what it says of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.assembly import dataset_of, stored_pixels
from benchmarks.durations import duration
from benchmarks.paths import shown
from benchmarks.plan import Cell
from benchmarks.task_progress import TaskProgress
from datasets.listing import Listing
from datasets.picture_set import PictureSet
from datasets.preparation import BAD_TABLE, Prepared
from datasets.spec import Dataset


def prepare(
    dataset: Dataset, root: Path | None, cache: Path, pixels: int, workers: int | None = None
) -> str:
    """Fills the cache of a data set, with a view of its progress.

    Args:
        dataset: with its settings.
        root: folder that holds the data sets.
        cache: folder of all caches.
        pixels: side of the pictures.
        workers: processes that decode; None for one a core.

    Returns:
        One line on what is there now.

    Raises:
        DataError: the set is not there, or too many of its pictures are unreadable.
        KeyboardInterrupt: with how far it came; the next call continues.
    """
    started = time.monotonic()
    name = dataset.describe().name
    if not isinstance(dataset, PictureSet):
        faces = dataset.load(root, cache, pixels)
        return f"{name}: {len(faces):,} pictures, {_size(faces.images)}"
    with TaskProgress("pictures") as progress:
        listing, found = dataset.prepare(
            root, cache, pixels, workers=workers, progress=partial(_tell, progress, name)
        )
    return _said(name, listing, found, time.monotonic() - started)


def prepare_cells(cells: Sequence[Cell], root: Path | None, cache: Path) -> None:
    """Fills the cache that the cells need; says what was decoded, and what cannot be.

    Raises:
        DataError, KeyboardInterrupt: as `prepare`.
    """
    seen = set()
    for cell in cells:
        dataset, pixels = dataset_of(cell), stored_pixels(cell)
        key = (cell.description["fingerprint"], pixels)
        if key not in seen and isinstance(dataset, PictureSet):
            print(prepare(dataset, root, cache, pixels), flush=True)
        seen.add(key)


def _said(name: str, listing: Listing, found: Prepared, seconds: float) -> str:
    where = shown(found.folder, Path.cwd())
    text = f"{name}: {len(found.rows):,} pictures, {_size(found.images)} in {where}"
    if found.decoded:
        text += f"; {found.decoded:,} decoded in {duration(seconds)}"
    if found.bad:
        text += f"; {len(found.bad):,} of {len(listing):,} cannot be used, see {BAD_TABLE} there"
    return text


def _tell(progress: TaskProgress, name: str, done: int, total: int) -> None:
    progress(done, total, name)


def _size(images: NDArray[np.uint8]) -> str:
    return f"{images.nbytes / 1e6:,.1f} MB"
