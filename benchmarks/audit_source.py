"""A registered data set as an audit reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import StudyError
from datasets.spec import UNKNOWN, Codes, FaceData
from reports.audit.action_units import DEFAULT_THRESHOLDS, unit_column
from reports.audit.observations import Observations
from reports.audit.roles import NO_COLUMN, Roles
from reports.tabular.groups import Grouping
from reports.tabular.levels import AttributeSpec, places_of

if TYPE_CHECKING:
    from datasets.spec import Attribute, Dataset

#: pictures are prepared but not looked at; small ones are quick
PIXELS = 32


def observations_of(dataset: Dataset, data_root: Path | None, cache: Path) -> list[Observations]:
    """Every labelled face of a data set.

    A data set whose test part carries other labels than the rest (the truth instead of an
    annotator's) comes as two blocks. Attributes that a classifier guessed come with its confusion
    matrix.

    Raises:
        EvenFaceError: its files are not below `data_root`.
    """
    faces = dataset.load(data_root, cache, PIXELS)
    everything = _observations(dataset.card.key, faces)
    parts = _parts(dataset, faces)
    return [everything] if not parts else [_rows(everything, *part) for part in parts]


def _parts(dataset: Dataset, faces: FaceData) -> Sequence[tuple[str, Codes]]:
    if not dataset.truth_in_test:
        return ()
    split = dataset.split(faces, 0)
    annotated = np.sort(np.concatenate([split.train, split.validation]))
    return (("annotated", annotated), ("truth", split.test))


def _observations(key: str, faces: FaceData) -> Observations:
    spec = faces.spec
    units = spec.action_units
    size = len(faces)
    intensities = np.full((size, len(units)), np.nan)
    if faces.action_units is not None:
        # Single precision lifts an intensity of 1.8 of 5 above the threshold of 1.8.
        intensities = np.round(faces.action_units.astype(np.float64), 6)
        if faces.action_units_known is not None:
            intensities[~faces.action_units_known] = np.nan
    people, clusters = np.unique(faces.subjects, return_inverse=True)
    return Observations(
        name=key,
        classes=spec.classes,
        yes=(faces.labels[:, None] == np.arange(len(spec.classes))).astype(np.int64),
        votes=np.ones(size, dtype=np.int64),
        weights=np.ones(size, dtype=np.int64),
        groupings=tuple(
            _grouping(attribute, faces.attributes[:, column])
            for column, attribute in enumerate(spec.attributes)
        ),
        conditions=(),
        action_units=units,
        intensities=intensities,
        top=1.0,
        clusters=clusters.astype(np.int64) if len(people) < size else None,
        cluster_name="person" if len(people) < size else "",
        notes=faces.notes,
    )


def _grouping(attribute: Attribute, codes: Codes) -> Grouping:
    if not attribute.confusion:
        return Grouping(attribute.name, attribute.levels, codes)
    counts = np.array(attribute.confusion, dtype=np.float64)
    rates = counts / counts.sum(axis=1, keepdims=True)
    return Grouping(attribute.name, attribute.levels, codes, predicted=True, confusion=rates)


def _rows(whole: Observations, part: str, rows: Codes) -> Observations:
    """The observations of one part, named after it."""
    return replace(
        whole,
        name=f"{whole.name} ({part})",
        yes=whole.yes[rows],
        votes=whole.votes[rows],
        weights=whole.weights[rows],
        groupings=tuple(replace(g, codes=g.codes[rows]) for g in whole.groupings),
        intensities=whole.intensities[rows],
        clusters=None if whole.clusters is None else whole.clusters[rows],
    )


def restricted(data: Observations, roles: Roles) -> Observations:
    """The observations with the labels, attributes and action units that the options name.

    Raises:
        StudyError: the data set has no such label, attribute or unit.
        ReportError: an attribute has no such level.
    """
    labels = [_place(name, data.classes, "label", data.name) for name in roles.positives]
    kept = [_place(name, data.action_units, "action unit", data.name) for name in _units(roles)]
    notes = data.notes
    if not roles.action_units:
        kept = [
            place
            for place, unit in enumerate(data.action_units)
            if unit in DEFAULT_THRESHOLDS or _are_presences(data.intensities[:, place])
        ]
        others = [unit for n, unit in enumerate(data.action_units) if n not in kept]
        if others:
            notes += (f"{', '.join(others)}: left out, no default threshold (--au names units)",)
    return replace(
        data,
        classes=tuple(data.classes[place] for place in labels) or data.classes,
        yes=data.yes[:, labels] if labels else data.yes,
        groupings=tuple(_derived(data, spec) for spec in roles.attributes) or data.groupings,
        action_units=tuple(data.action_units[place] for place in kept),
        intensities=data.intensities[:, kept],
        notes=notes,
    )


def _are_presences(values: NDArray[np.float64]) -> bool:
    return bool((np.isnan(values) | (values == 0) | (values == 1)).all())


def _units(roles: Roles) -> list[str]:
    named = [(unit_column(name), name) for name in roles.action_units if name != NO_COLUMN]
    return [unit.unit if unit else name for unit, name in named]


def _place(name: str, names: Sequence[str], what: str, source: str) -> int:
    if name not in names:
        raise StudyError(f"{source} has no {what} '{name}'; it has {', '.join(names) or 'none'}.")
    return list(names).index(name)


def _derived(data: Observations, spec: AttributeSpec) -> Grouping:
    names = [grouping.name for grouping in data.groupings]
    grouping = data.groupings[_place(spec.column, names, "attribute", data.name)]
    if spec.levels is None:
        return replace(grouping, name=spec.name)
    groups, places = places_of(spec, grouping.levels)
    # One more place at the end, so that code -1 stays -1.
    table = np.array([*places, UNKNOWN], dtype=np.int64)
    return Grouping(spec.name, groups, table[grouping.codes])
