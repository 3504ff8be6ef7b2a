"""Members of zip archives, read where they lie: nothing is unpacked to disk.

The directory of an archive is read once, by whoever lists the files. A member then carries its own
place, so that a process that decodes pictures needs no directory: that of 200,000 members takes a
second and a hundred megabytes.

An archive in an archive is read in place where it was only stored. Where it was deflated, too, it
is unpacked into memory, up to `LARGEST_INNER` bytes.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

#: Largest archive that is unpacked into memory because it was deflated into another one.
LARGEST_INNER = 256 << 20
#: A member beyond this size that shrank more than `MOST_SHRUNK` fold is a trap, not data: pictures
#: hardly shrink, tables of labels about fivefold.
SUSPECT_SIZE, MOST_SHRUNK = 16 << 20, 200

STORED, DEFLATED, ENCRYPTED = 0, 8, -1
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_MAGIC = b"PK\x03\x04"
_STEP = 1 << 20
_UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, struct.error, ValueError, OverflowError,
    EOFError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """Where the bytes of a member are, as the directory of its archive says.

    Attributes:
        start: first byte of its header, counted in the file, or in the unpacked archive `inside`.
        packed: bytes that it takes there.
        size: bytes when unpacked.
        checksum: CRC-32 of these.
        method: how it is packed: `STORED`, `DEFLATED`, `ENCRYPTED`, or zip's number of a method
            that is not read here.
        inside: the archive around it where that has to be unpacked first.
    """

    start: int
    packed: int
    size: int
    checksum: int
    method: int
    inside: Member | None = None


def members(path: Path, archive: Member | None = None) -> Iterator[tuple[str, Member]]:
    """Name and place of the files in an archive, in the order of its directory.

    Names have `/` between their parts. A name that is absolute or climbs out of the archive belongs
    to no data set and is passed over.

    Args:
        path: the file on disk.
        archive: the member of `path` that is the archive meant; None for `path` itself.

    Raises:
        OSError: it is no whole archive, or too large to be read inside another one.
    """
    try:
        handle, start = _opened(path, archive)
        with handle, zipfile.ZipFile(handle) as opened:
            entries = opened.infolist()[::-1]
        del opened  # It holds all entries, whose place is needed for what is made of them.
    except _UNREADABLE as error:
        raise OSError(f"not a whole zip archive ({error})") from error
    inside = archive if archive is not None and _is_packed(archive) else None
    while entries:
        entry = entries.pop()
        name = entry.filename.replace("\\", "/")
        if not entry.is_dir() and not _climbs(name):
            method = ENCRYPTED if entry.flag_bits & 1 else entry.compress_type
            yield (
                name,
                Member(
                    start + entry.header_offset, entry.compress_size, entry.file_size, entry.CRC,
                    method, inside,
                ),
            )  # fmt: skip


def read_member(path: Path, member: Member, largest: int) -> bytes:
    """The bytes of a member.

    Args:
        path: the file on disk.
        member: its place.
        largest: more bytes than this are refused before they are unpacked.

    Raises:
        OSError: it is damaged, encrypted, packed in a way that is not read here, or too large.
    """
    _check(member, largest)
    with _container(path, member) as handle:
        _skip_header(handle, member)
        content = handle.read(member.packed)
    if member.method == DEFLATED:
        try:
            # The size in the directory can lie: no more than one byte beyond it is ever unpacked.
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, member.size + 1)
        except zlib.error as error:
            raise OSError(f"damaged in its archive ({error})") from error
    if len(content) != member.size or zlib.crc32(content) != member.checksum:
        raise OSError("damaged in its archive (size or checksum differ)")
    return content


def read_span(path: Path, member: Member, span: tuple[int, int]) -> bytes:
    """A stretch of a member; stretches read in ascending order unpack it once.

    Args:
        path: the file on disk.
        member: its place.
        span: first byte and number of bytes.

    Raises:
        OSError: as `read_member`.
    """
    _check(member, member.size)
    if member.method == DEFLATED:
        return _inflating(path, _stamp(path), member).read(*span)
    with _container(path, member) as handle:
        _skip_header(handle, member)
        handle.seek(span[0], os.SEEK_CUR)
        return handle.read(max(0, min(span[1], member.size - span[0])))


def _climbs(name: str) -> bool:
    parts = name.split("/")
    return ".." in parts or not parts[0] or ":" in parts[0] or "\0" in name


def _is_packed(archive: Member) -> bool:
    return archive.method != STORED or archive.inside is not None


def _check(member: Member, largest: int) -> None:
    if member.method == ENCRYPTED:
        raise OSError("encrypted: unpack the archive with its password")
    if member.method not in (STORED, DEFLATED):
        raise OSError(f"packed in a way that is not read here ({member.method}): unpack it")
    # Deflating never adds more than a few bytes in a thousand.
    if member.size > largest or member.packed > largest + (largest >> 8) + 1024:
        raise OSError(f"too large ({max(member.size, member.packed):,} bytes)")
    if member.size > SUSPECT_SIZE and member.size > MOST_SHRUNK * member.packed:
        raise OSError(f"a zip bomb ({member.packed:,} bytes that unpack to {member.size:,})")


def _opened(path: Path, archive: Member | None) -> tuple[IO[bytes], int]:
    """An archive as a file, and what is to be added to places in it for places in its container."""
    if archive is None:
        return path.open("rb"), 0
    if _is_packed(archive):
        return io.BytesIO(_unpacked(path, _stamp(path), archive)), 0
    _check(archive, archive.size)
    handle = path.open("rb")
    _skip_header(handle, archive)
    start = handle.tell()
    return io.BufferedReader(_Window(handle, start, archive.size)), start


def _container(path: Path, member: Member) -> IO[bytes]:
    """What the member's place counts in."""
    if member.inside is None:
        return path.open("rb")
    return io.BytesIO(_unpacked(path, _stamp(path), member.inside))


def _skip_header(handle: IO[bytes], member: Member) -> None:
    """Leaves `handle` at the first byte of the content."""
    handle.seek(member.start)
    header = handle.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or header[:4] != _MAGIC:
        raise OSError("damaged in its archive (no header)")
    _, name, extra = _LOCAL_HEADER.unpack(header)
    handle.seek(name + extra, os.SEEK_CUR)


def _stamp(path: Path) -> tuple[int, int]:
    """What tells that a file was written again, so that nothing of the old one is used."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=1)
def _unpacked(path: Path, stamp: tuple[int, int], archive: Member) -> bytes:
    if archive.size > LARGEST_INNER:
        raise OSError("an archive too large to be read inside another: unpack the outer one")
    return read_member(path, archive, LARGEST_INNER)


@lru_cache(maxsize=1)
def _inflating(path: Path, stamp: tuple[int, int], member: Member) -> _Inflating:
    return _Inflating(path, member)


class _Inflating:
    """A deflated member that is read forwards; going back starts anew."""

    def __init__(self, path: Path, member: Member) -> None:
        self.path = path
        self.member = member
        self._restart()

    def read(self, start: int, length: int) -> bytes:
        """Bytes from `start` on; fewer at the end."""
        if start < self.position:
            self._restart()
        while self.position < start and self._advance(min(_STEP, start - self.position)):
            pass
        pieces = []
        while length > 0 and (piece := self._advance(min(_STEP, length))):
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _restart(self) -> None:
        with _container(self.path, self.member) as handle:
            _skip_header(handle, self.member)
            self.place = handle.tell()
        self.left = self.member.packed
        self.position = 0
        self.stream = zlib.decompressobj(-zlib.MAX_WBITS)

    def _packed(self) -> bytes:
        """The next packed bytes; the file is not kept open."""
        with _container(self.path, self.member) as handle:
            handle.seek(self.place)
            packed = handle.read(min(_STEP, self.left))
        self.place += len(packed)
        self.left -= len(packed)
        return packed

    def _advance(self, most: int) -> bytes:
        """The next bytes, at least one and at most `most`; none at the end."""
        while self.position < self.member.size and not self.stream.eof:
            packed = self.stream.unconsumed_tail
            if not packed:
                packed = self._packed()
            try:
                content = self.stream.decompress(packed, most)
            except zlib.error as error:
                raise OSError(f"damaged in its archive ({error})") from error
            if content:
                self.position += len(content)
                return content
            if not packed:
                raise OSError("damaged in its archive (cut off)")
        return b""


class _Window(io.RawIOBase):
    """A stretch of a file as a file."""

    def __init__(self, handle: IO[bytes], start: int, size: int) -> None:
        self.handle, self.start, self.size, self.position = handle, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("before the start of the archive")
        self.position = base + offset
        return self.position

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Any, /) -> int:
        self.handle.seek(self.start + self.position)
        content = self.handle.read(max(0, min(len(buffer), self.size - self.position)))
        buffer[: len(content)] = content
        self.position += len(content)
        return len(content)

    def close(self) -> None:
        self.handle.close()
        super().close()
