"""Digests of the files that a method is made of; a change warns, it never identifies a cell."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks import ROOT
from benchmarks.paths import shown


def source_files(method: type) -> dict[str, str]:
    """Source file -> sha256 of a method's module and of the method pieces that it names.

    Paths below the checkout are relative to it.
    """
    own = sys.modules[method.__module__]
    named = {getattr(value, "__module__", None) for value in vars(own).values()}
    modules = [own, *(sys.modules[n] for n in named if n and n.startswith("methods."))]
    files = {Path(inspect.getfile(module)).resolve() for module in modules}
    return {shown(path, ROOT): digest(path) for path in sorted(files)}


def changed_sources(stored: Mapping[str, str]) -> list[str]:
    """Files whose content is no longer what a stored cell was computed with."""
    return sorted(
        name
        for name, known in stored.items()
        if not (ROOT / name).is_file() or digest(ROOT / name) != known
    )


def digest(path: Path) -> str:
    """Hex sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
