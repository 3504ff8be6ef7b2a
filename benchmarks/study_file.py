"""Study files: TOML text to the values of a `Study` and back."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.errors import StudyError
from benchmarks.study import Study, Variant
from datasets.settings import nearest

_KINDS: dict[str, tuple[Any, ...]] = {
    "methods": (list,),
    "datasets": (list,),
    "seeds": (int, list),
    "preset": (str,),
    "select": (str,),
    "groups": (list,),
    "unknown_groups": (str,),
    "post": (list,),
    "store_features": (bool,),
    "store_models": (bool,),
    "set": (dict,),
    "variants": (list,),
    "name": (str,),
}
_KIND_NAMES = {
    list: "a list",
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    dict: "a table",
}


def read_study(path: Path) -> dict[str, Any]:
    """The keyword arguments of a `Study` from a TOML file, checked key by key.

    Raises:
        StudyError: no such file, not TOML, an unknown key or a value of the wrong type.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"There is no study file {path}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} is not a TOML file: {error}.") from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}.") from None
    return {key: _read_value(path, key, value) for key, value in content.items()}


def _read_value(path: Path, key: str, value: Any) -> Any:
    if key not in _KINDS:
        near = nearest(key, _KINDS)
        known = f"did you mean '{near}'?" if near else f"known are {', '.join(_KINDS)}."
        raise StudyError(f"{path}: there is no key '{key}'; {known}")
    kinds = _KINDS[key]
    # In Python a bool is an int too; in a study file it is not.
    if type(value) not in kinds:
        names = " or ".join(_KIND_NAMES[kind] for kind in kinds)
        raise StudyError(f"{path}: {key} must be {names}, not {value!r}.")
    if key == "seeds":
        return _read_seeds(path, value)
    if key == "variants":
        return tuple(_read_variant(path, entry) for entry in value)
    if key == "set":
        return flatten(value)
    if isinstance(value, list):
        return _texts(path, key, value)
    return value


def _read_seeds(path: Path, value: Any) -> tuple[int, ...]:
    if isinstance(value, int):
        return tuple(range(value))
    if not all(type(seed) is int for seed in value):
        raise StudyError(f"{path}: seeds must be whole numbers, not {value!r}.")
    return tuple(value)


def _read_variant(path: Path, entry: Any) -> Variant:
    if not isinstance(entry, dict) or set(entry) != {"methods", "set"}:
        raise StudyError(f"{path}: each of the variants has exactly the keys methods and set.")
    if not isinstance(entry["methods"], list) or not isinstance(entry["set"], dict):
        raise StudyError(f"{path}: in variants, methods is a list and set a table.")
    return Variant(_texts(path, "variants.methods", entry["methods"]), flatten(entry["set"]))


def _texts(path: Path, key: str, value: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(item, str) for item in value):
        raise StudyError(f"{path}: {key} must be a list of texts, not {value!r}.")
    return tuple(value)


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"focal": {"gamma": 3}}` and `{"focal.gamma": 3}` alike as `{"focal.gamma": 3}`."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def write_study(study: Study) -> str:
    """The study as TOML text that `read_study` reads back as an equal study."""
    lines = ["# Written by `python -m benchmarks run`; run it again with --study THIS_FILE."]
    values = {item.name: getattr(study, item.name) for item in fields(study)}
    values["name"] = study.title
    lines += [f"{k} = {_toml(v)}" for k, v in values.items() if k not in ("set", "variants")]
    if study.set:
        lines += ["", "[set]", *_toml_pairs(study.set)]
    for variant in study.variants:
        pairs = ", ".join(_toml_pairs(variant.set))
        lines += ["", "[[variants]]", f"methods = {_toml(variant.methods)}", f"set = {{ {pairs} }}"]
    return "\n".join(lines) + "\n"


def _toml_pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{json.dumps(key)} = {_toml(value)}" for key, value in sorted(table.items())]


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    # JSON's texts, numbers and booleans are TOML's, but for characters beyond the basic plane and
    # for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
