"""Columns of action units, their scale, and from which intensity on a unit is present."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reports.errors import ReportError
from reports.tabular.columns import line_of, missing_column
from reports.tabular.groups import Floats

#: present when the intensity on OpenFace's scale of 0 to 5 is greater. Source: Chen and Joo 2021,
#: chosen there on EmotioNet
DEFAULT_THRESHOLDS: Mapping[str, float] = {
    "AU01": 4.4, "AU02": 4.8, "AU04": 2.4, "AU05": 3.7, "AU06": 1.8, "AU09": 2.8, "AU10": 0.2,
    "AU12": 1.3, "AU15": 1.3, "AU17": 5.0, "AU20": 5.0, "AU25": 0.7, "AU26": 5.0,
}  # fmt: skip

#: largest intensity that OpenFace gives
OPENFACE_TOP = 5.0

_UNIT = re.compile(r"\s*AU[ _]?0*(\d{1,2})(?:_([rc]))?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class UnitColumn:
    """A column of an action unit.

    Attributes:
        unit: canonical name, `AU06`.
        column: name in the file.
        kind: `r` OpenFace's intensity, `c` OpenFace's presence, empty when the name does not say.
    """

    unit: str
    column: str
    kind: str


def unit_column(column: str) -> UnitColumn | None:
    """What the name of a column says; None where it names no action unit."""
    found = _UNIT.fullmatch(column)
    if found is None or int(found[1]) == 0:
        return None
    return UnitColumn(f"AU{int(found[1]):02d}", column, (found[2] or "").lower())


def unit_columns(columns: Iterable[str]) -> tuple[UnitColumn, ...]:
    """One column for each action unit of a file, in the order of the file.

    Where OpenFace gives both, intensity is taken, but for units without a default threshold its
    presence: so Chen and Joo did with AU7 and AU23.
    """
    by_unit: dict[str, list[UnitColumn]] = {}
    for found in filter(None, map(unit_column, columns)):
        by_unit.setdefault(found.unit, []).append(found)
    return tuple(_preferred(candidates) for candidates in by_unit.values())


def _preferred(candidates: Sequence[UnitColumn]) -> UnitColumn:
    order = ("", "r", "c") if candidates[0].unit in DEFAULT_THRESHOLDS else ("c", "", "r")
    return min(candidates, key=lambda candidate: order.index(candidate.kind))


def chosen_units(
    wanted: Sequence[str], columns: Sequence[str], *, source: str
) -> tuple[UnitColumn, ...]:
    """The columns of the action units asked for, by unit (`AU6`) or by column (`AU06_c`).

    Raises:
        ReportError: a name is no action unit, its column is missing, or one unit comes twice.
    """
    available = {found.unit: found for found in unit_columns(columns)}
    chosen: dict[str, UnitColumn] = {}
    for name in wanted:
        asked = unit_column(name)
        if asked is None:
            raise ReportError(f"{name!r} is no action unit: write AU06, or a column as AU06_r")
        found = asked if name in columns else available.get(asked.unit)
        if found is None or (asked.kind and found.kind != asked.kind):
            raise ReportError(missing_column(source, name, columns, "--au"))
        if found.unit in chosen:
            raise ReportError(f"action unit {found.unit} is asked for twice: name one column of it")
        chosen[found.unit] = found
    return tuple(chosen.values())


@dataclass(frozen=True, eq=False)
class Intensities:
    """Action units of a file.

    Attributes:
        values: (N, M) on a scale from 0 to `top`; NaN where not measured.
        top: 5 or 1.
        notes: sentences on what was turned into what.
    """

    values: Floats
    top: float
    notes: tuple[str, ...] = ()


def intensities_of(columns: Sequence[UnitColumn], values: Floats, *, source: str) -> Intensities:
    """The units on one scale, `values` written over where presences stand beside intensities.

    The scale is 0 to 5 where a column is OpenFace's intensity or a value is above 1, otherwise 0
    to 1. On the scale of 5 a presence is 0 or 5: columns that OpenFace calls presences, and
    columns of only 0 and 1 beside others with fractions.

    Args:
        columns: M columns.
        values: (N, M) as read, NaN where empty.
        source: the file, for messages.

    Raises:
        ReportError: a value is negative, above 5, or (a presence) neither 0 nor 1; the message
            names the line.
    """
    if not columns:
        return Intensities(values, 1.0)
    presence = np.array([column.kind == "c" for column in columns])
    binary = np.array([_only(values[:, place], 1.0) for place in range(len(columns))])
    for place, named in enumerate(columns):
        column = values[:, place]
        if presence[place] and not binary[place]:
            _reject(source, named, column, (column != 0) & (column != 1), "0 or 1")
        _reject(source, named, column, (column < 0) | (column > OPENFACE_TOP), "from 0 to 5")
    above = any(column.kind == "r" for column in columns) or bool((values > 1).any())
    if not above:
        return Intensities(values, 1.0)
    plain = np.array([not column.kind for column in columns])
    if any(_fractional(values[:, place]) for place in np.flatnonzero(~binary)):
        presence |= plain & binary & (values == 1).any(axis=0)
    values[:, presence] *= OPENFACE_TOP
    names = [column.unit for column, is_presence in zip(columns, presence, strict=True)
             if is_presence]  # fmt: skip
    notes = (f"{', '.join(names)}: presences, written as 0 and 5 beside intensities",)
    return Intensities(values, OPENFACE_TOP, notes if names else ())


def _only(column: Floats, top: float) -> bool:
    """Whether all measured values are 0 or `top`."""
    return bool((np.isnan(column) | (column == 0) | (column == top)).all())


def _fractional(column: Floats) -> bool:
    return bool((column != np.floor(column))[~np.isnan(column)].any())


def _reject(
    source: str, named: UnitColumn, column: Floats, bad: NDArray[np.bool_], allowed: str
) -> None:
    bad = bad & ~np.isnan(column)
    if bad.any():
        row = int(np.argmax(bad))
        raise ReportError(
            f"{source}, line {line_of(row)}: {named.column} must be {allowed}, not {column[row]:g}"
        )


@dataclass(frozen=True)
class Thresholds:
    """Thresholds as given on the command line, in the unit of the file.

    Attributes:
        every: for all units that have none of their own; None leaves them their defaults.
        units: unit -> threshold.
    """

    every: float | None = None
    units: Mapping[str, float] = field(default_factory=dict)


def parse_thresholds(texts: Iterable[str]) -> Thresholds:
    """The thresholds of several options: `0.5`, `AU14=1.0`, or a list of these with commas.

    Raises:
        ReportError: a part is neither, is negative, or comes twice.
    """
    found = Thresholds()
    for part in (part.strip() for text in texts for part in text.split(",")):
        name, equals, number = part.rpartition("=")
        unit = unit_column(name) if equals else None
        value = _number(number)
        if value is None or (equals and unit is None):
            raise ReportError(f"{part!r} is no threshold: write a number, or AU14=1.0")
        if unit is None:
            if found.every is not None:
                raise ReportError("--au-threshold gives two numbers for all units: give one")
            found = dataclasses.replace(found, every=value)
        elif unit.unit in found.units:
            raise ReportError(f"--au-threshold gives {unit.unit} twice: give it once")
        else:
            found = dataclasses.replace(found, units={**found.units, unit.unit: value})
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def threshold_of(unit: str, top: float, given: Thresholds | None = None) -> float:
    """Intensity above which a unit is present, on a scale from 0 to `top`.

    Raises:
        ReportError: the unit has no default and none is given, or that given is above `top`.
    """
    given = given or Thresholds()
    value = given.units.get(unit, given.every)
    if value is None:
        if unit not in DEFAULT_THRESHOLDS:
            raise ReportError(
                f"action unit {unit} has no default threshold: give --au-threshold "
                f"{unit}={top / 5:g} (on the scale of 0 to {top:g})"
            )
        return DEFAULT_THRESHOLDS[unit] * top / OPENFACE_TOP
    if value > top:
        raise ReportError(
            f"the threshold {value:g} of {unit} is above the scale of this file, 0 to {top:g}: "
            "give it on that scale"
        )
    return value


def thresholds_of(
    units: Sequence[str], values: Floats, top: float, given: Thresholds | None = None
) -> dict[str, float]:
    """Threshold of each unit; the middle of the scale for units that hold presences.

    Args:
        units: M names.
        values: (N, M) intensities.
        top: of their scale.
        given: what the user wants.

    Raises:
        ReportError: as `threshold_of`, or a threshold is given for a unit that is not there.
    """
    for unit in given.units if given else ():
        if unit not in units:
            raise ReportError(
                f"--au-threshold names {unit}, which is not read; it reads "
                f"{', '.join(units) or 'no action unit'}"
            )
    return {
        unit: top / 2 if _only(values[:, place], top) else threshold_of(unit, top, given)
        for place, unit in enumerate(units)
    }
