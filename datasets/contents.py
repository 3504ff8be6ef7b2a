"""What identifies the content of many pictures, wherever they lie and however they are packed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path

from datasets.tree import Source

MISSING = (-1, 0)


def digest(pictures: Sequence[Source], cache: Path | None = None) -> str:
    """SHA-256 of names, sizes and checksums of the files, in this order, as 64 hex digits.

    The same for a folder and for an archive of it. A file that cannot be read counts as missing:
    whether so many are tolerated is decided when the set is prepared.

    Args:
        pictures: files.
        cache: folder of all caches, where checksums are kept by size and time of change, so that
            the next call reads no file; None keeps none.
    """
    total = hashlib.sha256(b"pictures")
    for source, (size, checksum) in zip(pictures, checksums(pictures, cache), strict=True):
        total.update(f"\0{source.name}\0{size}\0{checksum:08x}".encode())
    return total.hexdigest()


def checksums(pictures: Sequence[Source], cache: Path | None = None) -> list[tuple[int, int]]:
    """Size in bytes and CRC-32 of each file; (-1, 0) for one that cannot be read."""
    return [_checksum(source) for source in pictures]


def _checksum(source: Source) -> tuple[int, int]:
    try:
        content = source.read()
    except OSError:
        return MISSING
    return len(content), zlib.crc32(content)
