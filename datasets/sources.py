"""A file of a data set: plain, in an archive, or a stretch of one."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from datasets import archives
from datasets.archives import Member
from datasets.errors import DataError

#: Larger files are refused; AffectNet's largest label file has about half.
LARGEST_MEMBER = 1 << 30
LARGEST_PICTURE = 64 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file, a member of a zip archive, or a member of an archive in an archive.

    Attributes:
        path: the file on disk.
        members: name in the archive, and in the archive that this one is; empty for a plain file.
        span: first byte and number of bytes where only a stretch of the file is meant.
        member: place in the archive, as the tree found it; a member without one is not there.
    """

    path: Path
    members: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    member: Member | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name without folders."""
        return PurePosixPath(self.members[-1]).name if self.members else self.path.name

    @property
    def shown(self) -> str:
        """How messages call it: the file, then the members; a stretch with its first byte."""
        place = f" at byte {self.span[0]}" if self.span else ""
        return "!".join([str(self.path), *self.members]) + place

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
        if self.member is None:
            raise FileNotFoundError(errno.ENOENT, "not in its archive", self.shown)
        if self.span is not None:
            return archives.read_span(self.path, self.member, self.span)
        return archives.read_member(self.path, self.member, largest)

    def text(self) -> str:
        """Its text; UTF-8 with or without a mark at the start, line ends as they are.

        Raises:
            DataError: it cannot be read or is no UTF-8.
        """
        try:
            return self.read().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{self.shown} cannot be read as text ({error}).") from error


def _stretch(handle: IO[bytes], span: tuple[int, int] | None, largest: int) -> bytes:
    if span is not None:
        handle.seek(span[0])
        return handle.read(span[1])
    size = os.fstat(handle.fileno()).st_size
    if size > largest:
        raise OSError(f"too large ({size:,} bytes)")
    # Not up to `largest`: room for all of that would be made first.
    return handle.read(size)
