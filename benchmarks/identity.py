"""What identifies a cell: settings as JSON values, a readable id, and the way back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.errors import StudyError
from datasets import settings as declared
from datasets.spec import Dataset
from methods.base import Method


def changed_texts(settings: Any, base: Any = None) -> dict[str, str]:
    """Name -> text of the settings that differ from their defaults, for the label of a variant.

    A file shows as its name and the first digits of its content's hash: two files of one name are
    two variants.

    Args:
        settings: of a method, a data set or the protocol.
        base: settings of the same class that count instead of the defaults.
    """
    files = {item.name for item in fields(settings) if item.metadata["is_file"]}
    values = {item.name: getattr(settings, item.name) for item in fields(settings)}
    changed = (
        declared.changed(settings)
        if base is None
        else {name: values[name] for name in sorted(values) if values[name] != getattr(base, name)}
    )
    return {
        name: f"{Path(value).name}:{_sha256_of(Path(value))[:8]}"
        if name in files and value
        else plain(value)
        for name, value in changed.items()
    }


def plain(value: Any) -> str:
    """A setting's value in a variant's label."""
    if isinstance(value, tuple):
        return "+".join(plain(item) for item in value)
    # Short where that loses nothing: two settings must not share a label.
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)


def identity(settings: Any) -> dict[str, Any]:
    """Settings as JSON values; a file is identified by its content, not by its path."""
    values: dict[str, Any] = {}
    for item in fields(settings):
        value = getattr(settings, item.name)
        if item.metadata["is_file"] and value:
            value = {"path": value, "sha256": _sha256_of(Path(value))}
        values[item.name] = list(value) if isinstance(value, tuple) else value
    return values


def _sha256_of(path: Path) -> str:
    """Of a folder: of the names and contents of its files."""
    try:
        if not path.is_dir():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        total = hashlib.sha256()
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            own = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"{file.relative_to(path).as_posix()}\0{own}\0".encode())
        return total.hexdigest()
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}.") from None


def cell_id(description: Mapping[str, Any]) -> str:
    """A readable key and a hash of the description; paths of files do not count."""
    hashed = json.dumps(_without_paths(description), sort_keys=True).encode()
    digest = hashlib.sha256(hashed).hexdigest()[:12]
    return f"{description['dataset']}-{description['method']}-s{description['seed']}-{digest}"


def _without_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"path", "sha256"}:
            return value["sha256"]
        return {key: _without_paths(item) for key, item in value.items()}
    return value


def settings_from(cls: type[Method] | type[Dataset], stored: Mapping[str, Any]) -> Any:
    """The settings object of a cell's description."""
    return declared.make(cls.Settings, values_of(stored), cls.card.key)


def values_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that `identity` described; of files their paths."""
    return {k: v["path"] if isinstance(v, dict) else v for k, v in stored.items()}
