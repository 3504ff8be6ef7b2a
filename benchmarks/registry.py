"""Finds the plug-ins: modules of `methods/` and `datasets/`, and installed entry points.

Nothing is listed by hand. A plug-in is a class with a card of its own; the decorators only attach
the card, so importing a module changes no state here.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from benchmarks.errors import StudyError
from datasets.settings import nearest
from datasets.spec import Dataset
from methods.base import Method
from methods.post.base import PostProcessor

AnyMethod = type[Method] | type[PostProcessor]


@cache
def methods() -> dict[str, type[Method]]:
    """Every method by key, in alphabetic order."""
    return _find("methods", Method)


@cache
def post_processors() -> dict[str, type[PostProcessor]]:
    """Every post-processor by key, in alphabetic order."""
    return _find("methods.post", PostProcessor)


@cache
def datasets() -> dict[str, type[Dataset]]:
    """Every data set by key, in alphabetic order."""
    return _find("datasets", Dataset)


def everything() -> dict[str, AnyMethod]:
    """Methods, then post-processors."""
    return {**methods(), **post_processors()}


def select_methods(patterns: tuple[str, ...]) -> list[str]:
    """Keys for `all`, names, aliases and globs, in alphabetic order without repeats.

    Raises:
        StudyError: a pattern that matches nothing; the nearest name is given.
    """
    aliases = {alias: key for key, cls in methods().items() for alias in cls.card.aliases}
    return _select(patterns, list(methods()), aliases, "method")


def select_datasets(patterns: tuple[str, ...]) -> list[str]:
    """As `select_methods`, for data sets."""
    return _select(patterns, list(datasets()), {}, "data set")


def select_post_processors(patterns: tuple[str, ...]) -> list[str]:
    """As `select_methods`, for post-processors."""
    return _select(patterns, list(post_processors()), {}, "post-processor")


def select_any(patterns: tuple[str, ...]) -> dict[str, AnyMethod]:
    """Methods and post-processors by key, selected as by `select_methods`."""
    every = everything()
    aliases = {alias: key for key, cls in every.items() for alias in cls.card.aliases}
    return {key: every[key] for key in _select(patterns, list(every), aliases, "method")}


def _select(
    patterns: tuple[str, ...], keys: list[str], aliases: dict[str, str], kind: str
) -> list[str]:
    chosen: set[str] = set()
    for pattern in patterns:
        wanted = "*" if pattern == "all" else aliases.get(pattern, pattern)
        found = [key for key in keys if fnmatchcase(key, wanted)]
        if not found:
            near = nearest(pattern, [*keys, *aliases])
            known = f"did you mean '{near}'?" if near else f"known are {', '.join(keys)}."
            raise StudyError(f"There is no {kind} '{pattern}'; {known}")
        chosen.update(found)
    return sorted(chosen)


def _find(package: str, base: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # `methods.post` is the group `evenface.post`.
    group = f"evenface.{package.rsplit('.', 1)[-1]}"
    for module in (*_own_modules(package), *_installed_modules(group)):
        for cls in _plugins(module, base):
            other = found.setdefault(cls.card.key, cls)
            if other is not cls:
                raise StudyError(
                    f"Two plug-ins are called '{cls.card.key}': {other.__module__} and "
                    f"{cls.__module__}; rename one of them."
                )
    return dict(sorted(found.items()))


def _plugins(module: ModuleType, base: type) -> Iterator[Any]:
    for _, cls in inspect.getmembers(module, inspect.isclass):
        if cls.__module__ == module.__name__ and issubclass(cls, base) and "card" in vars(cls):
            yield cls


def _own_modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
        yield importlib.import_module(info.name)


def _installed_modules(group: str) -> Iterator[ModuleType]:
    """Modules of the entry-point group; one that does not import is announced and left out."""
    for entry in entry_points(group=group):
        try:
            yield importlib.import_module(entry.module)
        except Exception as error:  # another project's code: whatever it raises is its own
            warnings.warn(
                f"The plug-in {entry.name} ({entry.value}) does not import: {error}", stacklevel=2
            )
