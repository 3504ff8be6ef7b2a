"""Arrays prepared once and read back as memory maps: a folder per key, whole or not there at all.

A cache is `<cache>/<key>/` with one `.npy` a name and `meta.json` beside them. It is written into a
temporary sibling and renamed into place, so a reader never sees half of one and two builders do
each other no harm. What does not fit its own `meta.json` is built again.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError

Arrays = dict[str, NDArray[Any]]
Answer = TypeVar("Answer")

#: Raised by hand whenever the layout of the folder changes; caches of other numbers are rebuilt.
FORMAT = 1
META = "meta.json"

_SAFE = re.compile(r"\w[\w.-]*", re.ASCII)
_TEMPORARY = ".tmp-"
_PARTIAL = ".partial-"
#: A temporary folder untouched for this long belongs to a builder that died; a partial one, which a
#: later run would continue, is kept for longer.
_STALE_SECONDS = {_TEMPORARY: 24 * 3600.0, _PARTIAL: 14 * 24 * 3600.0}


def read_or_build(cache: Path, key: str, build: Callable[[], Mapping[str, NDArray[Any]]]) -> Arrays:
    """The arrays stored under `key`, made by `build` where they are missing or not whole.

    Args:
        cache: folder of all caches; made if it is not there.
        key: name of the folder in it; letters, digits, `_`, `-` and `.`. It must change with
            everything that decides the content.
        build: makes the arrays; any shapes and dtypes but objects. Called at most once.

    Returns:
        name -> read-only memory map.

    Raises:
        DataError: the disk is full, or the folder cannot be written or read; nothing half-written
            stays behind.
    """
    assert _SAFE.fullmatch(key), key
    folder = cache / key
    found = guarded(folder, lambda: read(folder))
    if found is not None:
        return found
    # Before the build, so that a folder that cannot be written is said at once, not minutes later.
    guarded(folder, lambda: make_ready(cache))
    arrays = build()
    return whole(folder, guarded(folder, lambda: _store(folder, arrays)))


def whole(folder: Path, arrays: Arrays | None) -> Arrays:
    """The arrays that were read back from `folder`.

    Raises:
        DataError: there are none.
    """
    if arrays is None:
        raise DataError(f"The cache {folder} was damaged while it was written: run again.")
    return arrays


def partial_folder(folder: Path) -> Path:
    """Where what is to become `folder` lies until it is whole, also when its builder stops."""
    return folder.with_name(f"{_PARTIAL}{folder.name}")


def guarded(folder: Path, action: Callable[[], Answer]) -> Answer:
    """What `action` returns.

    Raises:
        DataError: the disk is full, or `folder` cannot be written or read.
    """
    try:
        return action()
    except OSError as error:
        # numpy reports a short write without an error number; a full disk is what causes one.
        if error.errno in (None, errno.ENOSPC, errno.EDQUOT):
            message = f"The disk is full while writing the cache {folder}: make room, or"
        else:
            message = f"The cache {folder} cannot be used ({error.strerror}): change its rights, or"
        raise DataError(f"{message} choose another place for it.") from error


def read(folder: Path, about: Mapping[str, Any] | None = None) -> Arrays | None:
    """The arrays of `folder`, or None where it is absent, of another format or not whole.

    Args:
        folder: of the arrays.
        about: what must have decided their content, as `publish` was told; None for what
            `read_or_build` stored.
    """
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT or meta.get("about") != about:
            return None
        arrays = {}
        for name, layout in meta["arrays"].items():
            arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            if _layout(arrays[name]) != layout:
                return None
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None  # Not JSON, not such a table, or a file cut off.
    return arrays


def _layout(array: NDArray[Any]) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": array.dtype.str}


def make_ready(cache: Path) -> None:
    """Makes `cache`, tries to write in it and removes what dead builders left there."""
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(_temporary(cache, "probe"))
    for prefix, seconds in _STALE_SECONDS.items():
        oldest = time.time() - seconds
        for left in cache.glob(f"{prefix}*"):
            try:
                stale = left.stat().st_mtime < oldest
            except FileNotFoundError:
                continue  # Its builder has just finished.
            if stale:
                _remove(left)


def _remove(left: Path) -> None:
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _temporary(cache: Path, name: str) -> Path:
    """A new folder in `cache` that no other builder uses."""
    folder = cache / f"{_TEMPORARY}{name}-{os.getpid()}-{time.time_ns()}"
    folder.mkdir()
    return folder


def _store(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> Arrays | None:
    """Writes `arrays` beside `folder`, puts them in its place and reads them back."""
    temporary = _temporary(folder.parent, folder.name)
    try:
        _write(temporary, arrays)
        _move(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return read(folder)


def publish(
    partial: Path, folder: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]
) -> Arrays | None:
    """Puts `partial`, where a file of each array lies, in the place of `folder`; reads it back.

    Args:
        partial: a folder beside `folder`.
        folder: of the arrays.
        arrays: name -> what lies in `<name>.npy` there.
        about: what decided their content, as plain JSON.
    """
    _describe(partial, arrays, about)
    _move(partial, folder)
    return read(folder, about)


def _write(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, array in arrays.items():
        assert _SAFE.fullmatch(name) and not array.dtype.hasobject, name
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    _describe(folder, arrays, None)


def _describe(
    folder: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any] | None
) -> None:
    layouts = {name: _layout(array) for name, array in arrays.items()}
    meta = {"format": FORMAT, "arrays": layouts, "about": about}
    (folder / META).write_text(json.dumps(meta, indent=1), encoding="utf-8")


def _move(temporary: Path, folder: Path) -> None:
    """Renames `temporary` to `folder`; a whole cache that another builder put there first stays."""
    for _ in range(10):
        try:
            temporary.rename(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        if _same(temporary, folder):
            return
        _discard(folder)
    raise DataError(f"The cache {folder} is being replaced by other runs: run again.")


def _same(temporary: Path, folder: Path) -> bool:
    """Whether `folder` is whole and what `temporary` would have become."""
    about = json.loads((temporary / META).read_text(encoding="utf-8"))["about"]
    return read(folder, about) is not None


def _discard(folder: Path) -> None:
    """Takes what lies at `folder` out of the way in one step, then removes it."""
    aside = _temporary(folder.parent, "old")
    try:
        folder.rename(aside / "old")
    except FileNotFoundError:
        pass  # Another builder was quicker.
    finally:
        shutil.rmtree(aside, ignore_errors=True)
