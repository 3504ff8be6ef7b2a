"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to a temporary file beside `path`, then rename it to `path`.

    Folders are made as needed. When writing fails, nothing is left behind and an old file stays as
    it was.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes as `write_text` does text."""
    write_pieces(path, [content])


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Write bytes one piece after the other, as `write_text` does text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file, for only within one file system is a rename atomic.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.writelines(pieces)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
