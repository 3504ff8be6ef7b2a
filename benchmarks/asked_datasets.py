"""Data sets as a command names them, with their settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks import registry
from benchmarks.errors import StudyError
from benchmarks.plan import changes_of, make_dataset
from datasets.settings import nearest
from datasets.spec import Dataset


def asked_datasets(patterns: Sequence[str], changes: Iterable[str]) -> list[Dataset]:
    """The data sets in alphabetic order.

    Args:
        patterns: names and globs.
        changes: settings as typed, `KEY.name=value`.

    Raises:
        StudyError: a name or the owner of a setting is unknown, or a setting is not written so.
        SettingError: a data set has no such setting, or not that value.
    """
    keys = registry.select_datasets(tuple(patterns))
    settings = dict(assignment(text) for text in changes)
    for name in settings:
        owner = name.partition(".")[0]
        if owner not in keys:
            near = nearest(owner, keys)
            hint = f" Did you mean '{near}'?" if near else ""
            raise StudyError(f"'{name}': '{owner}' is not among the data sets named.{hint}")
    return [make_dataset(key, changes_of(key, settings)) for key in keys]


def assignment(text: str) -> tuple[str, str]:
    """Name and value of `KEY.name=value`.

    Raises:
        StudyError: it is not written so.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise StudyError(f"A setting is written KEY.name=value, not '{text}'.")
    return name.strip(), value.strip()
