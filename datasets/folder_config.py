"""The description of a folder of pictures: which column of its table means what.

    title = "Faces of our laboratory"
    table = "labels.csv"
    pictures = "images"
    picture = "file"

    [label]
    column = "emotion"
    classes = ["neutral", "happy"]

    [attributes.gender]
    levels = ["female", "male"]

docs/datasets.md shows every key.
"""

from __future__ import annotations

import math
import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from datasets.errors import DataError, SettingError
from datasets.listing import PARTS, UNSURE
from datasets.settings import make, nearest, setting
from datasets.spec import Attribute
from datasets.tables import Table, path_below

Section = TypeVar("Section")

#: names of classes, attributes and levels: they stand in lists separated by `,` and `:`
_NAME = re.compile(r"[\w./+-]+")
#: what tables call other things
_RESERVED = {UNSURE, "unknown", "all", "mean", "max", "min"}
_CORNERS, _SIZES = ("left", "top", "right", "bottom"), ("left", "top", "width", "height")


@dataclass(frozen=True)
class Files:
    """Keys at the top of the file."""

    table: str = setting("", doc="CSV file with a header")
    pictures: str = setting("", doc="folder or zip archive of the pictures; empty: by the table")
    picture: str = setting("image", doc="column of names of pictures")
    subject: str = setting("", doc="column that tells people apart")
    default_groups: tuple[str, ...] = setting((), doc="attributes that methods train with")
    train_images: int = setting(10_000, doc="training budget of the preset default", low=1)
    title: str = setting("", doc="name in tables")
    licence: str = setting("as its owner says", doc="one line")
    source: str = setting("its owner", doc="publication, one line")


@dataclass(frozen=True)
class _Label:
    column: str = setting("label", doc="column of classes")
    classes: tuple[str, ...] = setting((), doc="in the order of their codes")
    left_out: tuple[str, ...] = setting((), doc="values whose rows are no samples")


@dataclass(frozen=True)
class _Attribute:
    column: str = setting("", doc="default: the name of the attribute")
    levels: tuple[str, ...] = setting((), doc="in the order of their codes")
    cuts: tuple[float, ...] = setting((), doc="numbers at which the second and later bands begin")
    unsure: tuple[str, ...] = setting((), doc="values that call the level doubtful")
    missing: tuple[str, ...] = setting((), doc="values, beside empty ones, that say nothing")


@dataclass(frozen=True)
class _Split:
    column: str = setting("split", doc="column of parts")
    train: tuple[str, ...] = setting(("train",), doc="values of the training part")
    validation: tuple[str, ...] = setting((), doc="values of the validation part, if there is one")
    test: tuple[str, ...] = setting((), doc="values of the test part, if there is one")


@dataclass(frozen=True)
class _Box:
    left: str = setting("", doc="column, in pixels")
    top: str = setting("", doc="column")
    right: str = setting("", doc="column; or width")
    bottom: str = setting("", doc="column; or height")
    width: str = setting("", doc="column")
    height: str = setting("", doc="column")


@dataclass(frozen=True)
class Role:
    """A column and what its values mean.

    Attributes:
        column: in the header.
        levels: in the order of their codes.
        names: value -> level, `UNSURE`, or empty for what is missing or left out.
        cuts: ascending; where there are any, other values are numbers, and the levels bands.
    """

    column: str
    levels: tuple[str, ...]
    names: Mapping[str, str]
    cuts: tuple[float, ...] = ()

    def read(self, table: Table) -> list[str]:
        """The level of each row.

        Raises:
            DataError: a value without a name, or that is no number; with its line.
        """
        if not self.cuts:
            return table.levels(self.column, self.names)
        return [
            self._band(text, f"{table.path}, line {number}: {self.column}")
            for number, text in enumerate(table.texts(self.column), start=2)
        ]

    def _band(self, text: str, where: str) -> str:
        if text in self.names:
            return self.names[text]
        number = _number(text)
        if not math.isfinite(number):
            raise DataError(f"{where} must be a number, not '{text}'.")
        return self.levels[bisect_right(self.cuts, number)]


@dataclass(frozen=True)
class FolderConfig:
    """A file, read and checked.

    Attributes:
        path: the file.
        files: keys at its top.
        label: its levels are the classes; rows of an empty name are left out.
        attributes: by name.
        split: its levels are parts; None where the table has none.
        box: four columns, empty where there are none.
        box_has_size: whether the last two are width and height instead of right and bottom.
    """

    path: Path
    files: Files
    label: Role
    attributes: Mapping[str, Role] = field(default_factory=dict)
    split: Role | None = None
    box: tuple[str, ...] = ()
    box_has_size: bool = False

    @property
    def title(self) -> str:
        """What tables call it."""
        return self.files.title or self.path.stem

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the table must have."""
        roles = [self.label, *self.attributes.values(), *([self.split] if self.split else [])]
        names = [self.files.picture, self.files.subject, *(role.column for role in roles)]
        return tuple(dict.fromkeys([*filter(None, names), *self.box]))

    @property
    def default_groups(self) -> tuple[str, ...]:
        """As stated, else the first attribute."""
        return self.files.default_groups or tuple(self.attributes)[:1]

    def declared(self) -> tuple[Attribute, ...]:
        """The attributes in the order of the file."""
        return tuple(Attribute(name, role.levels) for name, role in self.attributes.items())


def read_config(path: Path) -> FolderConfig:
    """The description in a TOML file.

    Raises:
        DataError: it cannot be read or is not TOML.
        SettingError: an unknown key (the nearest known one is named), a missing one, or a value
            that does not belong there.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a TOML file: {error}.") from None
    own = {key: value for key, value in content.items() if key not in _SECTIONS}
    files = _section(Files, own, str(path), also=_SECTIONS)
    if not files.table:
        raise SettingError(f'{path} must say which CSV file is read: table = "labels.csv".')
    for key in ("table", "pictures"):
        if name := getattr(files, key):
            path_below(name, f"{path}: {key}")
    attributes = {
        name: _attribute(name, _table(value, f"{path} [attributes.{name}]"), path)
        for name, value in _table(content.get("attributes", {}), f"{path} [attributes]").items()
    }
    for name in files.default_groups:
        if name not in attributes:
            raise SettingError(f"{path}: default_groups names '{name}', which is no attribute.")
    columns, has_size = _box(content.get("box"), f"{path} [box]")
    return FolderConfig(
        path=path,
        files=files,
        label=_label(_table(content.get("label", {}), f"{path} [label]"), f"{path} [label]"),
        attributes=attributes,
        split=_split(content.get("split"), f"{path} [split]"),
        box=columns,
        box_has_size=has_size,
    )


_SECTIONS = ("label", "attributes", "split", "box")


def _section(
    cls: type[Section], content: Mapping[str, Any], where: str, also: Sequence[str] = ()
) -> Section:
    """An instance of a class of settings; `also` are keys that are known and read elsewhere."""
    known = [*(item.name for item in fields(cls)), *also]  # type: ignore[arg-type]
    for key in content:
        if key not in known:
            near = nearest(key, known)
            hint = f"did you mean '{near}'?" if near else f"known are {', '.join(known)}."
            raise SettingError(f"{where} has no key '{key}'; {hint}")
    made: Section = make(cls, {k: v for k, v in content.items() if k not in also}, where)
    return made


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SettingError(f"{where} must be a table of keys, not {value!r}.")
    return value


def _label(content: Mapping[str, Any], where: str) -> Role:
    own = _section(_Label, content, where, also=("values",))
    _check_names(own.classes, f"{where}.classes")
    names = _names(content.get("values", {}), own.classes, f"{where}.values")
    return Role(own.column, own.classes, _merged(names, {"": own.left_out}, where))


def _attribute(name: str, content: Mapping[str, Any], path: Path) -> Role:
    where = f"{path} [attributes.{name}]"
    own = _section(_Attribute, content, where, also=("values",))
    _check_name(name, where)
    levels, names = own.levels, content.get("values", {})
    if own.cuts:
        levels = levels or _band_names(own.cuts, where)
        if len(levels) != len(own.cuts) + 1 or list(own.cuts) != sorted(set(own.cuts)) or names:
            raise SettingError(
                f"{where}: cuts must ascend, with one level more than cuts and without values."
            )
    _check_names(levels, f"{where}.levels")
    if not own.cuts:
        names = _names(names, levels, f"{where}.values")
    others = {UNSURE: own.unsure, "": (*own.missing, "")}
    return Role(own.column or name, levels, _merged(names, others, where), own.cuts)


def _split(content: Any, where: str) -> Role | None:
    if content is None:
        return None
    own = _section(_Split, _table(content, where), where)
    given = {part: getattr(own, part) for part in PARTS}
    return Role(own.column, PARTS, _merged({}, given, where))


def _box(content: Any, where: str) -> tuple[tuple[str, ...], bool]:
    if content is None:
        return (), False
    own = _section(_Box, _table(content, where), where)
    stated = {item.name for item in fields(own) if getattr(own, item.name)}
    for keys in (_CORNERS, _SIZES):
        if stated == set(keys):
            return tuple(getattr(own, key) for key in keys), keys is _SIZES
    raise SettingError(
        f"{where} must name the columns {', '.join(_CORNERS)}, or {', '.join(_SIZES)}."
    )


def _names(values: Any, levels: Sequence[str], where: str) -> dict[str, str]:
    """Value -> level: what `values` says, and every level for itself."""
    for value, level in _table(values, where).items():
        if level not in levels:
            raise SettingError(
                f"{where}.{value} must be one of {', '.join(levels)}, not '{level}'."
            )
    return {**{level: level for level in levels}, **values}


def _merged(
    names: Mapping[str, str], others: Mapping[str, Sequence[str]], where: str
) -> dict[str, str]:
    """`names` and, for each of `others`, its values; none may have two meanings."""
    merged = dict(names)
    for meaning, values in others.items():
        for value in values:
            if merged.setdefault(value, meaning) != meaning:
                raise SettingError(f"{where}: the value '{value}' has two meanings.")
    return merged


def _check_names(levels: Sequence[str], where: str) -> None:
    if len(levels) < 2 or len(set(levels)) < len(levels):
        raise SettingError(f"{where} must be a list of at least two different names.")
    for level in levels:
        _check_name(level, where)


def _check_name(name: str, where: str) -> None:
    if name in _RESERVED or not _NAME.fullmatch(name):
        raise SettingError(
            f"{where}: '{name}' is no name of a group; one has letters, digits and _ . / + - only, "
            f"and is none of {', '.join(sorted(_RESERVED))}."
        )


def _band_names(cuts: Sequence[float], where: str) -> tuple[str, ...]:
    """`under_20`, `20_to_39`, `40_up` for cuts at 20 and 40."""
    if any(cut != int(cut) for cut in cuts):
        raise SettingError(f"{where}: cuts that are not whole need levels, the names of the bands.")
    whole = [int(cut) for cut in cuts]
    between = [f"{low}_to_{high - 1}" for low, high in zip(whole, whole[1:], strict=False)]
    return (f"under_{whole[0]}", *between, f"{whole[-1]}_up")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
