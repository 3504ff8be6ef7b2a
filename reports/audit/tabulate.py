"""Images counted by facial movement, group and label."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reports.audit.observations import Observations
from reports.audit.tabulation import ALL, Tabulation
from reports.errors import ReportError
from reports.tabular.groups import UNKNOWN, Codes, Floats, Grouping

Presences = NDArray[np.int8]

#: so many units have all their patterns listed, more only those that occur
FULL_PATTERNS = 4


def presences(
    observations: Observations,
    thresholds: Mapping[str, float] | Floats,
    *,
    groups: Codes | None = None,
) -> Presences:
    """Which action units are there: intensity greater than the threshold.

    Args:
        observations: N images with M action units.
        thresholds: unit -> threshold in the unit of the intensities; or (G, M), one row a group,
            then with `groups`.
        groups: (N,) group of each image, -1 unknown.

    Returns:
        (N, M) 1 present, 0 absent, -1 not measured (or, with thresholds of groups, in no group).
    """
    values = observations.intensities
    unknown = np.isnan(values)
    if isinstance(thresholds, Mapping):
        limits = np.array([thresholds[unit] for unit in observations.action_units])
    else:
        assert groups is not None, "thresholds of groups need the groups"
        unknown |= (groups == UNKNOWN)[:, None]
        # One more row at the end, which code -1 takes.
        rows = np.asarray(thresholds, dtype=np.float64).reshape(-1, values.shape[1])
        limits = np.vstack([rows, np.full((1, values.shape[1]), np.nan)])[groups]
    return np.where(unknown, UNKNOWN, values > limits).astype(np.int8)


def measured(observations: Observations) -> NDArray[np.bool_]:
    """(N,) whether all action units of an image were measured; true without any unit."""
    return np.logical_not(np.isnan(observations.intensities).any(axis=1))


def tabulated(
    observations: Observations,
    label: str,
    grouping: Grouping,
    units: Sequence[str],
    present: Presences | None = None,
) -> Tabulation:
    """Images (or votes) without and with the label, by stratum and group.

    Left out: images of no group, without a label, or whose units are not measured.

    Args:
        observations: N images.
        label: one of their classes.
        grouping: the attribute.
        units: action units, whose joint patterns are the strata (last unit fastest; all 2^k up to
            `FULL_PATTERNS` units, above that those that occur); or one condition; or none, for a
            single stratum.
        present: (N, M) what `presences` gives; needed for action units only.

    Raises:
        ReportError: the label is not among the classes, or as `strata_of`.
    """
    if label not in observations.classes:
        raise ReportError(
            f"data set {observations.name} has no label {label!r}; it has "
            f"{', '.join(observations.classes)}"
        )
    strata, codes = strata_of(observations, tuple(units), present)
    yes = observations.yes[:, observations.classes.index(label)]
    used = (codes != UNKNOWN) & (grouping.codes != UNKNOWN)
    size = len(grouping.levels)
    cell = (codes * size + grouping.codes)[used]
    counts = np.empty((len(strata), size, 2), dtype=np.int64)
    for column, votes in enumerate((observations.votes - yes, yes)):
        # Sums of whole numbers below 2^53 are exact in doubles.
        sums = np.bincount(
            cell, weights=(votes * observations.weights)[used], minlength=len(strata) * size
        )
        counts[:, :, column] = np.rint(sums).reshape(len(strata), size)
    return Tabulation(
        observations.name, label, grouping.name, tuple(units), strata, grouping.levels, counts,
        "vote" if observations.has_votes else "image",
    )  # fmt: skip


def strata_of(
    observations: Observations, units: tuple[str, ...], present: Presences | None
) -> tuple[tuple[str, ...], Codes]:
    """Names of the strata, and the stratum of each image (-1 none)."""
    if not units:
        return (ALL,), np.zeros(len(observations), dtype=np.int64)
    conditions = {condition.name: condition for condition in observations.conditions}
    if len(units) == 1 and units[0] in conditions:
        condition = conditions[units[0]]
        return tuple(f"{units[0]}={level}" for level in condition.levels), condition.codes
    for unit in units:
        if unit not in observations.action_units:
            known = (*observations.action_units, *conditions)
            raise ReportError(
                f"data set {observations.name} has no action unit or condition {unit!r} to make "
                f"strata of{', it has ' + ', '.join(known) if known else ''}"
            )
    assert present is not None, "strata of action units need their presences"
    chosen = present[:, [observations.action_units.index(unit) for unit in units]]
    bits = 2 ** np.arange(len(units) - 1, -1, -1, dtype=np.int64)
    codes = np.where((chosen == UNKNOWN).any(axis=1), UNKNOWN, chosen.astype(np.int64) @ bits)
    if len(units) > FULL_PATTERNS:
        patterns = np.unique(codes[codes != UNKNOWN])
        place = np.searchsorted(patterns, codes)
        codes = np.where(codes == UNKNOWN, UNKNOWN, place)
    else:
        patterns = np.arange(2 ** len(units))
    return tuple(pattern_name(units, (code & bits) > 0) for code in patterns), codes


def pattern_name(units: Sequence[str], values: Sequence[object] | NDArray[np.bool_]) -> str:
    """Name of a stratum: `AU06=0,AU12=1`."""
    return ",".join(f"{unit}={int(bool(v))}" for unit, v in zip(units, values, strict=True))


def patterns_of(units: Sequence[str]) -> tuple[str, ...]:
    """Names of all 2^k patterns of k action units, the last unit fastest."""
    every = itertools.product((0, 1), repeat=len(units))
    return tuple(pattern_name(units, values) for values in every)


def summed(tabulation: Tabulation, units: Sequence[str]) -> Tabulation:
    """The tabulation over the strata of these of its units, summed over the others.

    With all its units, or none (`all`), the same counts in the same or in a single stratum.

    Raises:
        ReportError: the tabulation has not all these units.
    """
    units = tuple(units)
    if units == tabulation.units:
        return tabulation
    for unit in units:
        if unit not in tabulation.units:
            raise ReportError(
                f"counts of {tabulation.label} by {tabulation.attribute} within "
                f"{tabulation.family} cannot be summed to {unit!r}"
            )
    names = [_reduced(stratum, tabulation.units, units) for stratum in tabulation.strata]
    # Patterns of the same units sort as their values do.
    strata = tuple(sorted(set(names))) if units else (ALL,)
    counts = np.zeros((len(strata), *tabulation.counts.shape[1:]), dtype=np.int64)
    np.add.at(counts, [strata.index(name) for name in names], tabulation.counts)
    return dataclasses.replace(tabulation, units=units, strata=strata, counts=counts)


def _reduced(stratum: str, units: Sequence[str], kept: Sequence[str]) -> str:
    if not kept:
        return ALL
    values = dict(zip(units, stratum.split(","), strict=True))
    return ",".join(values[unit] for unit in kept)


def marginal(tabulation: Tabulation, unit: str) -> Tabulation:
    """The tabulation over the strata of one of its units, summed over the others.

    Raises:
        ReportError: the tabulation has not this unit.
    """
    return summed(tabulation, (unit,))


def pooled(tabulation: Tabulation) -> Tabulation:
    """The tabulation as a single stratum `all`."""
    return summed(tabulation, ())


def restricted(tabulation: Tabulation, groups: Sequence[str]) -> Tabulation:
    """The tabulation with these groups only, in this order.

    Raises:
        ReportError: it has no such group.
    """
    for group in groups:
        if group not in tabulation.groups:
            raise ReportError(
                f"attribute {tabulation.attribute} has no group {group!r}; it has "
                f"{', '.join(tabulation.groups)}"
            )
    places = [tabulation.groups.index(group) for group in groups]
    return dataclasses.replace(
        tabulation, groups=tuple(groups), counts=tabulation.counts[:, places]
    )
