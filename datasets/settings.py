"""Typed settings of methods and data sets: declared once, read everywhere.

A settings class is a frozen dataclass whose fields come from `setting(...)`. Default, type, range,
`--set` parsing, the generated card and the search space all read the same declaration.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from datasets.errors import SettingError

Value = Any


@dataclasses.dataclass(frozen=True)
class NoSettings:
    """Settings of a method or data set that has none."""


def setting(
    default: Value,
    *,
    doc: str,
    search: tuple[Value, ...] = (),
    choices: tuple[Value, ...] = (),
    low: float | None = None,
    high: float | None = None,
    is_file: bool = False,
) -> Any:
    """A field of a settings class.

    Args:
        default: value of the source, or the project's choice where the source gives none.
        doc: one line for cards and help texts, with unit and origin.
        search: values that a hyper-parameter search tries; empty where none is declared.
        choices: the only allowed values; empty where any value of the type is.
        low: smallest allowed number (inclusive).
        high: largest allowed number (inclusive).
        is_file: the text names a local file; its content, not its path, identifies a result.
    """
    metadata = {
        "doc": doc,
        "search": search,
        "choices": choices,
        "low": low,
        "high": high,
        "is_file": is_file,
    }
    return dataclasses.field(default=default, metadata=metadata)


def make(cls: type, changes: Mapping[str, Value], owner: str) -> Any:
    """An instance of `cls` with `changes` checked against its declarations.

    Args:
        cls: a settings dataclass.
        changes: name -> value; a string is parsed to the declared type.
        owner: key of the method or data set, for messages.

    Raises:
        SettingError: unknown name (the nearest known one is named), wrong type or value out of
        range.
    """
    types_ = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    values = {}
    for name, raw in changes.items():
        if name not in fields:
            raise SettingError(f"{owner} has no setting '{name}'{_instead(name, list(fields))}")
        value = _convert(raw, types_[name], f"{owner}.{name}")
        _check(value, fields[name].metadata, f"{owner}.{name}")
        values[name] = value
    return cls(**values)


def changed(settings: Any) -> dict[str, Value]:
    """Settings whose value differs from the default, by name in alphabetic order."""
    pairs = ((f.name, getattr(settings, f.name), f.default) for f in dataclasses.fields(settings))
    return dict(sorted((name, value) for name, value, default in pairs if value != default))


def described(cls: type) -> list[str]:
    """One line a setting: name, default, meaning, allowed values."""
    lines = []
    for item in dataclasses.fields(cls):
        choices = item.metadata["choices"]
        allowed = f" (one of {', '.join(str(c) for c in choices)})" if choices else ""
        lines.append(f"{item.name} = {item.default}: {item.metadata['doc']}{allowed}")
    return lines


def nearest(name: str, known: typing.Iterable[str]) -> str | None:
    """The known name most like `name`, or None when none is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _instead(name: str, known: list[str]) -> str:
    if not known:
        return "; it has no settings."
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else f"; it has {', '.join(known)}."


def _convert(raw: Value, wanted: Any, where: str) -> Value:
    """`raw` as the declared type; TOML gives typed values, the command line gives strings."""
    if isinstance(wanted, types.UnionType):
        if raw is None or raw in ("none", "None"):
            return None
        wanted = next(kind for kind in typing.get_args(wanted) if kind is not types.NoneType)
    if typing.get_origin(wanted) is tuple:
        return _convert_tuple(raw, typing.get_args(wanted)[0], where)
    if isinstance(raw, str) and wanted is not str:
        return _parse(raw, wanted, where)
    if wanted is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if type(raw) is not wanted:
        raise SettingError(f"{where} must be {_article(wanted)}, not {raw!r}.")
    return raw


def _convert_tuple(raw: Value, kind: type, where: str) -> tuple[Value, ...]:
    items = (
        [part.strip() for part in raw.split(",") if part.strip()] if isinstance(raw, str) else raw
    )
    if not isinstance(items, list | tuple):
        raise SettingError(f"{where} must be a list, not {raw!r}.")
    return tuple(_convert(item, kind, where) for item in items)


def _parse_bool(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


_PARSERS: dict[type, Callable[[str], Value]] = {bool: _parse_bool, int: int, float: float}


def _parse(text: str, wanted: type, where: str) -> Value:
    try:
        return _PARSERS[wanted](text)
    except ValueError:
        raise SettingError(f"{where} must be {_article(wanted)}, not '{text}'.") from None


def _article(kind: type) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return names.get(kind, kind.__name__)


def _check(value: Value, metadata: Mapping[str, Any], where: str) -> None:
    choices, low, high = metadata["choices"], metadata["low"], metadata["high"]
    if choices and value not in choices:
        allowed = ", ".join(str(choice) for choice in choices)
        raise SettingError(f"{where} must be one of {allowed}, not '{value}'.")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    # Written as "not inside" so that NaN, which compares false with everything, is refused too.
    if not ((low is None or value >= low) and (high is None or value <= high)):
        bounds = [f"at least {low:g}"] if low is not None else []
        bounds += [f"at most {high:g}"] if high is not None else []
        raise SettingError(f"{where} must be {' and '.join(bounds)}, not {value:g}.")
    if value != value:
        raise SettingError(f"{where} must be a number, not NaN.")
