"""From a file with a row an image to observations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reports.audit.action_units import Intensities, UnitColumn, chosen_units, intensities_of
from reports.audit.labels import (
    Labels,
    labels_of,
    labels_of_votes,
    predictions_of,
    reject_uncountable,
)
from reports.audit.observations import Observations
from reports.audit.roles import Roles
from reports.errors import ReportError
from reports.tabular.columns import Columns, TableFile, TextColumn, line_of
from reports.tabular.groups import Codes, Grouping
from reports.tabular.levels import MAX_LEVELS, AttributeSpec, grouping_of, is_unknown, left_out

#: images with intensities; regressions repeat a row for each image that it stands for
MOST_WITH_UNITS = 10**7


def resolved(path: Path, roles: Roles) -> Roles:
    """The roles with every open one guessed from the file.

    Raises:
        ReportError: as `TableFile.opened` and `Roles.guessed`.
    """
    file = TableFile.opened(path)
    return roles.guessed(file.columns, file.sample, source=str(path))


def read_observations(path: Path, roles: Roles, *, name: str = "") -> list[Observations]:
    """The data sets of a file with a row an image (or a row of `roles.weight` equal images).

    One for each value of the column `roles.dataset`, in the order of the file, otherwise one.
    Classes are those of the whole file, levels of an attribute those of the data set unless they
    are declared. Action units count as not measured where OpenFace says that it failed.

    Args:
        path: CSV or TSV, also packed as .gz or .zip, or Parquet.
        roles: of its columns; open ones are guessed.
        name: of the data set where the file does not say; empty takes the file's name.

    Raises:
        ReportError: the file cannot be read, a column is missing, or a cell cannot be what its
            role says; the message names the file, the line and the mend.
    """
    file = TableFile.opened(path)
    roles = roles.guessed(file.columns, file.sample, source=str(path))
    if roles.labelled:
        raise ReportError(
            f"{path} is a table of counts ({roles.labelled!r}): read it with --counts"
        )
    units = chosen_units(roles.action_units, file.columns, source=str(path))
    columns = file.read(_texts(roles), _numbers(roles, units, file))
    source = _Source(str(path), roles, columns, units)
    return list(_data_sets(source, name or _stem(path)))


def _stem(path: Path) -> str:
    return path.name.split(".")[0] or path.name


def _texts(roles: Roles) -> list[str]:
    single = (roles.dataset, roles.labels, roles.cluster, roles.prediction)
    attributes = [spec.column for spec in roles.attributes]
    return [column for column in (*single, *attributes, *roles.conditions) if column]


def _numbers(roles: Roles, units: tuple[UnitColumn, ...], file: TableFile) -> list[str]:
    wanted = [*roles.votes, *(unit.column for unit in units)]
    if roles.weight:
        wanted.append(roles.weight)
    # Elsewhere these words may mean anything, as how sure an annotator is.
    if any(unit.kind for unit in units) and (tracking := _tracking(file.columns)):
        wanted.append(tracking)
    return wanted


def _tracking(columns: tuple[str, ...]) -> str:
    """Column in which OpenFace says whether it found the face; empty without one."""
    return next((column for column in ("success", "confidence") if column in columns), "")


@dataclass(frozen=True, eq=False)
class _Source:
    """A file with its columns."""

    path: str
    roles: Roles
    columns: Columns
    units: tuple[UnitColumn, ...]

    def labels(self) -> Labels:
        roles = self.roles
        if roles.votes:
            votes = {column: self.columns.numbers[column] for column in roles.votes}
            return labels_of_votes(votes, roles.positives, source=self.path)
        return labels_of(self.columns.texts[roles.labels], roles.positives)

    def weights(self) -> Codes:
        column = self.roles.weight
        if not column:
            return np.ones(self.columns.size, dtype=np.int64)
        values = self.columns.numbers[column]
        reject_uncountable(values, column, source=self.path)
        if np.isnan(values).any():
            line = line_of(int(np.argmax(np.isnan(values))))
            raise ReportError(f"{self.path}, line {line}: {column} is empty: write how many images")
        total = int(values.sum())
        if self.units and total > MOST_WITH_UNITS:
            raise ReportError(
                f"{self.path}: {column} stands for {total:.1e} images, more than the "
                f"{MOST_WITH_UNITS:.0e} whose action units can be asked; write --au none"
            )
        return values.astype(np.int64)

    def intensities(self) -> tuple[Intensities, int]:
        """The action units, and in how many rows OpenFace found no face."""
        numbers = self.columns.numbers
        values = np.empty((self.columns.size, len(self.units)))
        for place, unit in enumerate(self.units):
            values[:, place] = numbers[unit.column]
        failed = np.zeros(self.columns.size, dtype=bool)
        for column in ("success", "confidence"):
            if column in numbers:
                failed = numbers[column] == 0
        # Before the scale is looked at: a failed row may hold anything.
        values[failed] = np.nan
        return intensities_of(self.units, values, source=self.path), int(failed.sum())

    def grouping(self, spec: AttributeSpec, rows: Codes) -> tuple[Grouping, TextColumn]:
        whole = self.columns.texts[spec.column]
        column = whole.rows(rows)
        grouping = grouping_of(spec, column, known=whole.levels if spec.levels else ())
        predicted = spec.name in self.roles.predicted_attributes
        return Grouping(grouping.name, grouping.levels, grouping.codes, predicted), column


def _data_sets(source: _Source, name: str) -> Iterator[Observations]:
    roles, columns = source.roles, source.columns
    labels, weights = source.labels(), source.weights()
    intensities, failed = source.intensities()
    predicted = None
    if roles.prediction:
        column = columns.texts[roles.prediction]
        predicted = predictions_of(column, labels, source=source.path)
    for data_set, rows in _parts(source, name):
        groupings, conditions, notes = _groupings(source, rows, weights[rows])
        clusters, cluster_notes = _clusters(source, rows)
        yield Observations(
            name=data_set,
            classes=labels.classes,
            yes=labels.yes[rows],
            votes=labels.votes[rows],
            weights=weights[rows],
            groupings=groupings,
            conditions=conditions,
            action_units=tuple(unit.unit for unit in source.units),
            intensities=intensities.values[rows],
            top=intensities.top,
            clusters=clusters,
            cluster_name=roles.cluster,
            predicted=None if predicted is None else predicted[rows],
            notes=(
                *roles.notes,
                *intensities.notes,
                *_alike("labels", labels.classes),
                *_mirrored(labels.classes, every=not roles.positives),
                *_missing(labels.votes[rows], weights[rows]),
                *notes,
                *cluster_notes,
                *_unmeasured(intensities.values[rows], weights[rows], failed),
            ),
        )


def _parts(source: _Source, name: str) -> Iterator[tuple[str, Codes]]:
    """Name and rows of each data set, in the order of the file."""
    if not source.roles.dataset:
        yield name, np.arange(source.columns.size)
        return
    column = source.columns.texts[source.roles.dataset]
    used, first = np.unique(column.codes, return_index=True)
    for code in used[np.argsort(first)]:
        yield column.levels[code] or name, np.flatnonzero(column.codes == code)


def _groupings(
    source: _Source, rows: Codes, weights: Codes
) -> tuple[tuple[Grouping, ...], tuple[Grouping, ...], list[str]]:
    """Attributes, conditions, and sentences on images in no group."""
    notes: list[str] = []
    found: list[list[Grouping]] = []
    conditions = [AttributeSpec(column, column) for column in source.roles.conditions]
    for column in source.roles.conditions:
        levels = [level for level in source.columns.texts[column].levels if not is_unknown(level)]
        if len(levels) > MAX_LEVELS:
            raise ReportError(
                f"{source.path}: {column!r} has {len(levels)} levels, too many for strata; merge "
                f"some in the file, or choose another column with --strata"
            )
    for specs in (source.roles.attributes, conditions):
        found.append([])
        for spec in specs:
            grouping, cells = source.grouping(spec, rows)
            found[-1].append(grouping)
            notes += [
                *_alike(grouping.name, grouping.levels),
                *filter(None, [left_out(grouping, cells, weights)]),
            ]
    return tuple(found[0]), tuple(found[1]), notes


def _alike(name: str, levels: Sequence[str]) -> Iterator[str]:
    """Sentences on levels that differ by capitals alone, which are one level misspelt."""
    seen: dict[str, str] = {}
    for level in levels:
        other = seen.setdefault(level.casefold(), level)
        if other != level:
            what = "labels" if name == "labels" else "groups"
            yield f"{name}: {other} and {level} are taken for two {what}"


def _mirrored(classes: Sequence[str], *, every: bool) -> Iterator[str]:
    """Sentence on two labels that leave no third, so that each difference is told twice."""
    if every and len(classes) == 2:
        first, second = classes
        yield f"every label is {first} or {second}: ask once with --positive {first}"


def _clusters(source: _Source, rows: Codes) -> tuple[Codes | None, list[str]]:
    """Code of the cluster of each row; a row without one is a cluster of its own."""
    if not source.roles.cluster:
        return None, []
    column = source.columns.texts[source.roles.cluster].rows(rows)
    unknown = np.array([is_unknown(level) for level in column.levels])[column.codes]
    codes = column.codes.copy()
    codes[unknown] = len(column.levels) + np.arange(unknown.sum())
    _, codes = np.unique(codes, return_inverse=True)
    note = f"{column.name}: {int(unknown.sum())} rows name none and stand for themselves"
    return codes.astype(np.int64), [note] if unknown.any() else []


def _missing(votes: Codes, weights: Codes) -> Iterator[str]:
    missing = int(weights[votes == 0].sum())
    if missing:
        yield f"{missing} of {int(weights.sum())} images have no label and are left out"


def _unmeasured(values: np.ndarray, weights: Codes, failed: int) -> Iterator[str]:
    if not values.shape[1]:
        return
    lost = int(weights[np.isnan(values).any(axis=1)].sum())
    if lost:
        why = f"; the tracker failed in {failed} rows of the file" if failed else ""
        yield f"{lost} of {int(weights.sum())} images lack measured action units{why}"
