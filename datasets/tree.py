"""The files of a data set as it was distributed: folders and zip archives alike.

Members of an archive are read where they are, nothing is unpacked. A name with `..` or an absolute
one stays what it is, a name: no file is opened by it and none is written.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path, PurePosixPath

from datasets import archives
from datasets.errors import DataError
from datasets.sources import LARGEST_PICTURE, Source

# What adapters need of a set's files comes from here.
__all__ = ("LARGEST_PICTURE", "Source", "Tree", "open_tree")

#: How far below the root a set may lie; three is an archive unpacked into a folder of its own name.
DEPTH = 3
IGNORED = {"__MACOSX", ".DS_Store", "Thumbs.db"}
_LONGEST_HEADER = 1 << 16


@dataclass(frozen=True)
class Tree:
    """All files of a set.

    Attributes:
        root: the folder or the archive that the set lies in.
        files: path below the root, parts joined by `/`, -> file; an archive counts as a folder of
            its own name, so `Image/aligned.zip/aligned/a.jpg`.
        unread: folders and archives that cannot be read -> why.
    """

    root: Path
    files: dict[str, Source]
    unread: dict[str, str] = field(default_factory=dict)

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
            raise DataError(
                f"{self.root} lacks {wanted}{_said(self.unread)}: copy the data set again, whole."
            )
        return found

    def place(self, path: str) -> Source:
        """Where the file `path` (below the root, no `..` in it) belongs, be it there or not."""
        found = self.files.get(path)
        if found is not None:
            return found
        return Source(self.root / path) if self.root.is_dir() else Source(self.root, (path,))

    def beside(self, source: Source, path: str) -> Source:
        """As `place`, `path` counted from the folder in which `source` of this tree lies."""
        return self.place(self.folder_of(source) + path)

    def folder_of(self, source: Source) -> str:
        """Path of the folder in which `source` of this tree lies, `/` at its end; or empty."""
        folder, slash, _ = self._paths[source].rpartition("/")
        return folder + slash

    def holds(self, marker: str) -> bool:
        """Whether a file or a folder has a path that ends like `marker`, case ignored."""
        wanted = f"/{marker.lower().rstrip('/')}/"
        return any(wanted in f"/{path.lower()}/" for path in self.files)

    def below(self, folder: str, suffixes: Sequence[str] = ()) -> dict[str, Source]:
        """Files in folders (or archives) called `folder`, case ignored, path below it -> file.

        Args:
            folder: one name; empty for the whole tree.
            suffixes: such as `.jpg`, in lower case; empty for all.

        Raises:
            DataError: a folder or archive of this name cannot be read, or any where no file was
            found: those that are missed may be in it.
        """
        found: dict[str, Source] = {}
        wanted = folder.lower()
        self._check_read(path for path in self.unread if _stem(path) == wanted)
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
        if not found:
            self._check_read(self.unread)
        return found

    def _check_read(self, paths: Iterable[str]) -> None:
        for path in paths:
            raise DataError(
                f"{self.root / path} cannot be read ({self.unread[path]}): copy it again, or "
                "remove it."
            )

    @cached_property
    def _paths(self) -> dict[Source, str]:
        return {source: path for path, source in self.files.items()}

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            found.setdefault(path.rsplit("/", 1)[-1].lower(), []).append(path)
        return found


def open_tree(
    root: Path | None, name: str, markers: Sequence[str], columns: Sequence[str] = ()
) -> Tree:
    """The files of the set that one of `markers` gives away.

    Args:
        root: `--data-root`: the set's folder, or at most three above it; the set may also be one
            zip archive there.
        name: what messages call the set.
        markers: paths below the set's folder, of which one is enough, case ignored; with `/` at
            the end the name of that folder itself. A folder is preferred to an archive, a place
            near the root to a deeper one, of those the one called `name`.
        columns: what the header of a marker that is a file, a CSV table, must have; they tell it
            from a file of the same name in another set.

    Raises:
        DataError: no root, no such folder, or no such set below it.
    """
    wanted = " or ".join(markers) + (f" with the columns {', '.join(columns)}" if columns else "")
    mend = f"point --data-root at the folder that holds {wanted}"
    if root is None:
        raise DataError(f"Data set {name} is read from a folder: {mend}.")
    if not root.is_dir():
        raise DataError(f"Data set {name} was not found, {root} is not a folder: {mend}.")
    almost = ""
    unread: dict[str, str] = {}
    for tree in _candidates(root, name, markers, unread):
        lacking = _lacking(tree, markers, columns)
        if not lacking:
            return tree
        if _is_called(tree.root, name):
            almost = almost or f"{tree.need(*markers).shown} lacks the columns {', '.join(lacking)}"
    if almost:
        raise DataError(f"{almost}: {mend}, as it was distributed.")
    raise DataError(
        f"Data set {name} was not found: no {wanted} in {root} or up to {DEPTH} folders below it"
        f"{_said(unread)}; {mend}."
    )


def _candidates(
    root: Path, name: str, markers: Sequence[str], unread: dict[str, str]
) -> Iterator[Tree]:
    """Folders and archives that hold a marker, the preferred ones first."""
    levels = [sorted(level, key=lambda f: not _is_called(f, name)) for level in _levels(root)]
    for folder in chain.from_iterable(levels):
        if any(_inside(folder, marker) for marker in markers):
            lost: dict[str, str] = {}
            yield Tree(folder, dict(_walk(folder, "", lost)), lost)
    found = [path for folder in chain.from_iterable(levels) for path in _archives_in(folder)]
    # An archive in an archive may have to be unpacked to be looked into: last of all.
    for deep in (False, True):
        for archive in found:
            lost = {}
            tree = Tree(archive, dict(_members(archive, lost, deep=deep)), lost)
            unread |= lost
            if any(_marks(marker, tree) for marker in markers):
                if not deep and tree.below("", (".zip",)):
                    tree = Tree(archive, dict(_members(archive, lost)), lost)
                yield tree


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].lower().removesuffix(".zip")


def _said(unread: dict[str, str]) -> str:
    """The folders and archives that cannot be read, in brackets; empty where there are none."""
    said = "; ".join(f"{path} cannot be read: {why}" for path, why in unread.items())
    return f" ({said})" if said else ""


def _marks(marker: str, archive: Tree) -> bool:
    is_name = marker.endswith("/") and _is_called(archive.root, marker[:-1])
    return is_name or archive.holds(marker)


def _is_called(path: Path, name: str) -> bool:
    return path.name.lower() in (name.lower(), f"{name.lower()}.zip")


def _lacking(tree: Tree, markers: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Those of `columns` that the header of the marker does not have."""
    table = tree.find(*markers)
    if table is None:
        return []  # The marker is a folder.
    try:
        start = replace(table, span=(0, _LONGEST_HEADER)).read()
    except OSError:
        start = b""
    lines = start.decode("utf-8-sig", errors="replace").splitlines()
    header = [field.strip() for field in next(csv.reader(lines[:1]), [])]
    return [column for column in columns if column not in header]


def _levels(root: Path) -> Iterator[list[Path]]:
    level = [root]
    for _ in range(DEPTH + 1):
        yield level
        level = [inner for folder in level for inner in _subfolders(folder)]


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.name not in IGNORED and _is_folder(e)]
    except OSError:
        return []  # A folder that may not be looked into holds nothing for us.
    return [folder / name for name in sorted(names)]


def _archives_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.[zZ][iI][pP]") if path.is_file())
    except OSError:
        return []


def _inside(folder: Path, marker: str) -> bool:
    """Whether `folder` holds, or with `/` at the end is called, `marker`, case ignored."""
    if marker.endswith("/"):
        return folder.name.lower() == marker[:-1].lower()
    place = folder
    for part in marker.split("/"):
        if os.path.exists(place / part):  # noqa: PTH110  (that of Path raises without the right)
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


def _walk(
    folder: Path, start: str, unread: dict[str, str], above: tuple[tuple[int, int], ...] = ()
) -> Iterator[tuple[str, Source]]:
    """Path below the root and file; archives are entered unless they lie unpacked beside.

    Links to folders are followed, but not back to a folder that is being walked.
    """
    try:
        found = folder.stat()
        with os.scandir(folder) as opened:
            entries = sorted(opened, key=lambda entry: entry.name)
    except OSError as error:
        unread[start.rstrip("/") or "."] = error.strerror or "cannot be opened"
        return
    above = (*above, (found.st_dev, found.st_ino))
    if above[-1] in above[:-1]:
        return
    folders = {entry.name for entry in entries if _is_folder(entry)}
    for entry in entries:
        name, place = entry.name, folder / entry.name
        if _is_junk(name):
            continue
        if name in folders:
            yield from _walk(place, f"{start}{name}/", unread, above)
        elif _is_file(entry):
            yield f"{start}{name}", Source(place)
            if name.lower().endswith(".zip") and name[: -len(".zip")] not in folders:
                yield from _members(place, unread, f"{start}{name}/")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # A link to itself, or to where nobody may look.


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is no folder, pipe or device: reading one of these may never end."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _members(
    path: Path,
    unread: dict[str, str],
    start: str = "",
    around: Source | None = None,
    *,
    deep: bool = True,
) -> Iterator[tuple[str, Source]]:
    """Name and file of the members of an archive, and of archives in it.

    Args:
        path: the file on disk.
        unread: takes note of archives that cannot be read.
        start: put in front of the names.
        around: the member of `path` that is the archive; None for `path` itself.
        deep: look into archives in the archive.
    """
    names = () if around is None else around.members
    try:
        found = dict(archives.members(path, None if around is None else around.member))
        # In the order of folders, whatever that of the archive is: `a/b` before `a.b`.
        for name in sorted(found, key=lambda name: name.replace("/", "\0")):
            if any(_is_junk(part) for part in name.split("/")):
                continue
            source = Source(path, (*names, name), member=found.pop(name))
            yield start + name, source
            if deep and name.lower().endswith(".zip") and around is None:
                yield from _members(path, unread, f"{start}{name}/", source)
    except OSError as error:
        # What is missing for it is named by who needs it.
        unread[start.rstrip("/") or path.name] = str(error)


def _is_junk(name: str) -> bool:
    return name in IGNORED or name.startswith("._")
