"""The files of a data set as it was distributed: folders and zip archives alike.

Members of an archive are read where they are, nothing is unpacked. A name with `..` or an absolute
one stays what it is, a name: no file is opened by it and none is written.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from datasets.errors import DataError

#: How far below the root a set may lie; three is an archive unpacked into a folder of its own name.
DEPTH = 3
IGNORED = {"__MACOSX", ".DS_Store", "Thumbs.db"}
#: Larger members of archives are refused: no picture and no label file of a face set is.
LARGEST_MEMBER = 2 << 30
LARGEST_PICTURE = 64 << 20
_OPEN_ARCHIVES = 8


@dataclass(frozen=True)
class Source:
    """A file, a member of a zip archive, or a member of an archive in an archive.

    Attributes:
        path: the file on disk.
        members: name in the archive, and in the archive that this one is; empty for a plain file.
        span: first byte and number of bytes where only a stretch of the file is meant.
    """

    path: Path
    members: tuple[str, ...] = ()
    span: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The name without folders."""
        return PurePosixPath(self.members[-1]).name if self.members else self.path.name

    @property
    def shown(self) -> str:
        """How messages call it: the file, then the members."""
        return "!".join([str(self.path), *self.members])

    def read(self, largest: int = LARGEST_MEMBER) -> bytes:
        """Its bytes.

        Args:
            largest: more bytes than this are refused before they are unpacked.

        Raises:
            OSError: it cannot be read, is damaged, encrypted, or larger than `largest`.
        """
        if not self.members:
            with self.path.open("rb") as handle:
                return _stretch(handle, self.span, largest)
        archive = _archive(self.path, self.members[:-1])
        return _member(archive, self.members[-1], self.span, largest)

    def text(self) -> str:
        """Its text; UTF-8 with or without a mark at the start, line ends as they are.

        Raises:
            DataError: it cannot be read or is no UTF-8.
        """
        try:
            return self.read().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{self.shown} cannot be read as text ({error}).") from error


@dataclass(frozen=True)
class Tree:
    """All files of a set.

    Attributes:
        root: the folder or the archive that the set lies in.
        files: path below the root, parts joined by `/`, -> file; an archive counts as a folder of
            its own name, so `Image/aligned.zip/aligned/a.jpg`.
    """

    root: Path
    files: dict[str, Source]

    def find(self, *endings: str) -> Source | None:
        """The file whose path ends like the first of `endings` that any does, case ignored.

        Of several the one nearest to the root is taken, then the first by name.
        """
        for ending in endings:
            wanted = ending.lower()
            found = [
                path
                for path in self._by_name.get(PurePosixPath(wanted).name, ())
                if f"/{path.lower()}".endswith(f"/{wanted}")
            ]
            if found:
                return self.files[min(found, key=lambda path: (path.count("/"), path))]
        return None

    def need(self, *endings: str) -> Source:
        """As `find`.

        Raises:
            DataError: there is no such file.
        """
        found = self.find(*endings)
        if found is None:
            wanted = " or ".join(endings)
            raise DataError(f"{self.root} lacks {wanted}: copy the data set again, whole.")
        return found

    def place(self, path: str) -> Source:
        """Where the file `path` (below the root, no `..` in it) belongs, be it there or not."""
        found = self.files.get(path)
        if found is not None:
            return found
        return Source(self.root / path) if self.root.is_dir() else Source(self.root, (path,))

    def holds(self, marker: str) -> bool:
        """Whether a file or a folder has a path that ends like `marker`, case ignored."""
        wanted = f"/{marker.lower()}/"
        return any(wanted in f"/{path.lower()}/" for path in self.files)

    def below(self, folder: str, suffixes: Sequence[str] = ()) -> dict[str, Source]:
        """Files in folders (or archives) called `folder`, case ignored, path below it -> file.

        Args:
            folder: one name; empty for the whole tree.
            suffixes: such as `.jpg`, in lower case; empty for all.
        """
        found: dict[str, Source] = {}
        wanted = folder.lower()
        for path, source in self.files.items():
            if suffixes and not path.lower().endswith(tuple(suffixes)):
                continue
            parts = path.split("/")
            if not wanted:
                found.setdefault(path, source)
                continue
            names = [part.lower().removesuffix(".zip") for part in parts[:-1]]
            if wanted in names:
                last = len(names) - 1 - names[::-1].index(wanted)
                found.setdefault("/".join(parts[last + 1 :]), source)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            found.setdefault(path.rsplit("/", 1)[-1].lower(), []).append(path)
        return found


def open_tree(root: Path | None, name: str, markers: Sequence[str]) -> Tree:
    """The files of the set that one of `markers` gives away.

    Args:
        root: `--data-root`: the set's folder, or at most three above it; the set may also be one
            zip archive there.
        name: what messages call the set.
        markers: paths below the set's folder, of which one is enough, case ignored. A folder is
            preferred to an archive, a place near the root to a deeper one.

    Raises:
        DataError: no root, no such folder, or no such set below it.
    """
    wanted = " or ".join(markers)
    mend = f"point --data-root at the folder that holds {wanted}"
    if root is None:
        raise DataError(f"Data set {name} is read from a folder: {mend}.")
    if not root.is_dir():
        raise DataError(f"Data set {name} was not found, {root} is not a folder: {mend}.")
    levels = list(_levels(root))
    for folders in levels:
        for folder in folders:
            if any(_inside(folder, marker) for marker in markers):
                return Tree(folder, dict(_walk(folder)))
    for folders in levels:
        for folder in folders:
            for archive in _archives_in(folder):
                members = dict(_members(archive, ()))
                tree = Tree(archive, members)
                if any(tree.holds(marker) for marker in markers):
                    return tree
    raise DataError(
        f"Data set {name} was not found: no {wanted} in {root} or up to {DEPTH} folders below it; "
        f"{mend}."
    )


def _levels(root: Path) -> Iterator[list[Path]]:
    level = [root]
    for _ in range(DEPTH + 1):
        yield level
        level = [inner for folder in level for inner in _subfolders(folder)]


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.name not in IGNORED and e.is_dir()]
    except OSError:
        return []  # A folder that may not be looked into holds nothing for us.
    return [folder / name for name in sorted(names)]


def _archives_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.[zZ][iI][pP]") if path.is_file())
    except OSError:
        return []


def _inside(folder: Path, marker: str) -> bool:
    """Whether the path `marker` is there below `folder`, case ignored."""
    place = folder
    for part in marker.split("/"):
        if (place / part).exists():
            place = place / part
            continue
        try:
            with os.scandir(place) as entries:
                same = [entry.name for entry in entries if entry.name.lower() == part.lower()]
        except OSError:
            return False
        if not same:
            return False
        place = place / min(same)
    return True


def _walk(root: Path) -> Iterator[tuple[str, Source]]:
    """Path below `root` and file; archives are entered unless they lie unpacked beside."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in IGNORED)
        place = Path(folder)
        relative = place.relative_to(root).as_posix()
        start = "" if relative == "." else f"{relative}/"
        for name in sorted(names):
            if name in IGNORED or name.startswith("._"):
                continue
            yield f"{start}{name}", Source(place / name)
            is_archive = name.lower().endswith(".zip")
            if is_archive and name[: -len(".zip")] not in folders:
                for inner, source in _members(place / name, ()):
                    yield f"{start}{name}/{inner}", source


def _members(path: Path, inner: tuple[str, ...]) -> Iterator[tuple[str, Source]]:
    """Name and file of the members of an archive, and of archives stored in it."""
    try:
        archive = _archive(path, inner)
    except OSError:
        return  # A damaged archive holds nothing; what is missing then is named by who needs it.
    for entry in archive.infolist():
        name = entry.filename
        parts = PurePosixPath(name).parts
        if entry.is_dir() or set(parts) & IGNORED or PurePosixPath(name).name.startswith("._"):
            continue
        yield name, Source(path, (*inner, name))
        if name.lower().endswith(".zip") and not inner:
            for deeper, source in _members(path, (name,)):
                yield f"{name}/{deeper}", source


@lru_cache(maxsize=_OPEN_ARCHIVES)
def _archive(path: Path, inner: tuple[str, ...]) -> zipfile.ZipFile:
    """An archive kept open: the directory of a large one takes seconds to read.

    Raises:
        OSError: it is no whole archive.
    """
    try:
        if not inner:
            return zipfile.ZipFile(path)
        outer = _archive(path, inner[:-1])
        if outer.getinfo(inner[-1]).file_size > LARGEST_MEMBER:
            raise OSError(f"{inner[-1]} is too large to be read inside another archive")
        return zipfile.ZipFile(outer.open(inner[-1]))
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise OSError(f"not a whole archive ({error})") from error


def _member(
    archive: zipfile.ZipFile, name: str, span: tuple[int, int] | None, largest: int
) -> bytes:
    try:
        size = archive.getinfo(name).file_size
        if span is None and size > largest:
            raise OSError(f"too large ({size:,} bytes)")
        with archive.open(name) as handle:
            # The size in the directory can lie: no more than that is ever unpacked.
            return _stretch(handle, span, min(largest, size))
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        raise OSError(f"damaged in its archive ({error})") from error
    except (NotImplementedError, RuntimeError) as error:
        raise OSError(f"packed in a way that cannot be read ({error})") from error


def _stretch(handle: IO[bytes], span: tuple[int, int] | None, largest: int) -> bytes:
    if span is not None:
        handle.seek(span[0])
        return handle.read(span[1])
    content = handle.read(largest + 1)
    if len(content) > largest:
        raise OSError(f"too large (more than {largest:,} bytes)")
    return content
