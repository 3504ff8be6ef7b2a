"""Which levels of an attribute are compared: chosen, merged, or all that occur."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from reports.errors import ReportError
from reports.tabular.columns import TextColumn, listed
from reports.tabular.groups import UNKNOWN, Grouping

#: what stands in a cell, in any case, when nobody knows the level
UNKNOWN_WORDS = frozenset({"", "unknown", "unsure", "n/a", "none", "nan"})
#: more groups than this cannot be compared in a table, and are most often numbers or names
MAX_LEVELS = 30

_DERIVED = re.compile(r"([^=:|&<>]+)=([^:]+)(?::(.*))?", re.DOTALL)
_NUMBER = r"(\d+(?:\.\d+)?)"
_BAND = re.compile(rf"(<=|>=|<|>)?\s*{_NUMBER}(?:\s*-\s*{_NUMBER})?\s*(\+)?")
_BELOW, _ABOVE = re.compile(r"<|less|under|below|up to"), re.compile(r">|more|over|above")


@dataclass(frozen=True)
class AttributeSpec:
    """One attribute as asked for.

    Attributes:
        name: as printed.
        column: where its levels stand (in a file of counts: the attribute they belong to).
        levels: groups to compare, each of the levels merged into it; other levels are unknown.
            None takes every level that occurs.
    """

    name: str
    column: str
    levels: tuple[tuple[str, ...], ...] | None = None


def is_unknown(text: str) -> bool:
    """Whether a cell says that the level is not known."""
    return text.strip().lower() in UNKNOWN_WORDS


def natural_order(levels: Iterable[str]) -> tuple[str, ...]:
    """The levels sorted by their first number where all have one, otherwise alphabetically.

    Of bands that begin with the same number, `<20` comes before `20-39` and `>39` after `39`.
    """
    texts = tuple(levels)
    if texts and all(re.search(_NUMBER, text) for text in texts):
        return tuple(sorted(texts, key=_numeric_key))
    return tuple(sorted(texts, key=lambda text: (text.casefold(), text)))


def _numeric_key(text: str) -> tuple[float, int, str]:
    found = re.search(_NUMBER, text)
    assert found is not None
    before = text[: found.start()].lower()
    side = -1 if _BELOW.search(before) else 1 if _ABOVE.search(before) else 0
    return float(found[1]), side, text


def parse_attribute(text: str) -> AttributeSpec:
    """The attribute that one specification asks for.

    `gender` is a column with all its levels, `sex2=sex` the same under another name,
    `race3=race:Asian|Black|White` three levels, `age2=age4:<=19&20-39|40-69&>=70` two groups of
    two levels each.

    Raises:
        ReportError: the text is none of these.
    """
    text = text.strip()
    found = _DERIVED.fullmatch(text)
    if found is None:
        if ":" in text:
            raise ReportError(f"attribute {text!r} has levels but no name: write NAME={text}")
        if not text or "=" in text:
            raise ReportError(
                f"{text!r} is no attribute: write COLUMN or NAME=COLUMN:LEVEL|LEVEL&LEVEL"
            )
        return AttributeSpec(text, text)
    name, column = found[1].strip(), found[2].strip()
    if found[3] is None:
        return AttributeSpec(name, column)
    groups = tuple(
        tuple(level.strip() for level in group.split("&")) for group in found[3].split("|")
    )
    members = [level for group in groups for level in group]
    if "" in members:
        raise ReportError(f"attribute {text!r} has an empty level: write {name}={column}:A|B&C")
    if len(set(members)) < len(members):
        raise ReportError(f"attribute {text!r} names a level twice: a level is in one group only")
    return AttributeSpec(name, column, groups)


def parse_attributes(texts: Iterable[str]) -> tuple[AttributeSpec, ...]:
    """The attributes of several options, each a specification or a list with commas.

    A comma after the colon of a specification belongs to its levels, so that one with levels comes
    last in its list.

    Raises:
        ReportError: a specification cannot be read, or two attributes have one name.
    """
    specs = [parse_attribute(piece) for text in texts for piece in _pieces(text)]
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise ReportError(f"two attributes are called {name!r}: write OTHER={name} for one")
    return tuple(specs)


def _pieces(text: str) -> list[str]:
    plain, colon, _ = text.partition(":")
    if not colon:
        return text.split(",")
    start = plain.rfind(",")
    return [*(plain[:start].split(",") if start >= 0 else []), text[start + 1 :]]


def places_of(
    spec: AttributeSpec, levels: Sequence[str], *, known: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of the groups, and the group of each level (-1 for those left out).

    A declared level that is no level by name may be a band of numbers (`<=39`, `40-69`, `>=70`,
    bounds included as written) where all levels are numbers.

    Args:
        spec: the attribute.
        levels: that occur in its column.
        known: levels that may be asked for though they do not occur here.

    Raises:
        ReportError: a declared level does not occur, a level falls into two groups, or there are
            more than `MAX_LEVELS`.
    """
    if spec.levels is None:
        names = natural_order(level for level in levels if not is_unknown(level))
        if len(names) > MAX_LEVELS:
            raise ReportError(_too_many(spec, names))
        place = {name: code for code, name in enumerate(names)}
        return names, tuple(place.get(level, UNKNOWN) for level in levels)
    everything = (*levels, *(level for level in known if level not in levels))
    codes = dict.fromkeys(everything, UNKNOWN)
    for code, group in enumerate(spec.levels):
        for member in group:
            for level in _matching(spec, member, everything):
                if codes[level] not in (UNKNOWN, code):
                    raise ReportError(
                        f"attribute {spec.name}: level {level} falls into two groups, "
                        f"{_group_name(spec.levels[codes[level]])} and {_group_name(group)}"
                    )
                codes[level] = code
    return tuple(map(_group_name, spec.levels)), tuple(codes[level] for level in levels)


def _group_name(group: Sequence[str]) -> str:
    return " or ".join(group)


def _too_many(spec: AttributeSpec, names: Sequence[str]) -> str:
    some = ":<=39|>=40" if _are_numbers(names) else f":{names[0]}|{names[1]}"
    return (
        f"attribute {spec.name} has {len(names)} levels, more than the {MAX_LEVELS} that can be "
        f"compared: choose or merge some, as {spec.name}_groups={spec.column}{some}"
    )


def _matching(spec: AttributeSpec, member: str, levels: Sequence[str]) -> list[str]:
    if member in levels:
        return [member]
    known = [level for level in levels if not is_unknown(level)]
    band = _BAND.fullmatch(member)
    found: list[str] = []
    if band and _are_numbers(known):
        low, high = _bounds(band)
        found = [level for level in known if low <= float(level) <= high]
    if not found:
        hint = "; give an attribute with levels in an option of its own" if "," in member else ""
        raise ReportError(
            f"attribute {spec.name}: {spec.column} has no level {member!r}, it has "
            f"{listed(natural_order(known))}{hint}"
        )
    return found


def _are_numbers(levels: Sequence[str]) -> bool:
    return bool(levels) and all(re.fullmatch(_NUMBER, level) for level in levels)


def _bounds(band: re.Match[str]) -> tuple[float, float]:
    """Smallest and largest number within a band."""
    sign, first, second, plus = band.groups()
    number = float(first)
    match sign:
        case "<=":
            return -math.inf, number
        case "<":
            return -math.inf, math.nextafter(number, -math.inf)
        case ">=":
            return number, math.inf
        case ">":
            return math.nextafter(number, math.inf), math.inf
    if plus:
        return number, math.inf
    return number, float(second) if second else number


def grouping_of(spec: AttributeSpec, column: TextColumn, *, known: Iterable[str] = ()) -> Grouping:
    """The group of each row; -1 where the level is unknown or not among those asked for.

    Raises:
        ReportError: as `places_of`.
    """
    names, places = places_of(spec, column.levels, known=known)
    # One more place at the end, so that code -1 stays -1.
    table = np.array([*places, UNKNOWN], dtype=np.int64)
    return Grouping(spec.name, names, table[column.codes])


def left_out(grouping: Grouping, column: TextColumn, weights: np.ndarray) -> str:
    """Sentence on the images that are in no group, by what their cells say; empty without any.

    Args:
        grouping: of the column.
        column: what the file says.
        weights: (N,) images of each row.
    """
    outside = grouping.codes == UNKNOWN
    total = int(weights[outside].sum())
    if not total:
        return ""
    counts = np.bincount(
        column.codes[outside], weights=weights[outside], minlength=len(column.levels)
    )
    parts = [
        f"{level or 'empty'}: {int(count)}"
        for level, count in zip(column.levels, counts, strict=True)
        if count
    ]
    return (
        f"{grouping.name}: {total} of {int(weights.sum())} images are in no group ({listed(parts)})"
    )
