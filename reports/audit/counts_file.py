"""From a file of counts (label x group x facial movement) to tabulations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reports.audit.action_units import unit_column
from reports.audit.labels import reject_uncountable
from reports.audit.regroup import regrouped
from reports.audit.roles import NO_COLUMN, OPTIONS, WORDS, Roles
from reports.audit.tabulate import FULL_PATTERNS, patterns_of, summed
from reports.audit.tabulation import ALL, Tabulation
from reports.errors import ReportError
from reports.tabular.columns import Columns, TableFile, TextColumn, line_of, listed, missing_column
from reports.tabular.groups import Codes
from reports.tabular.levels import AttributeSpec, natural_order, places_of

LAYOUT = "dataset,label,attribute,group,au,n,n_labelled"


@dataclass(frozen=True, eq=False)
class CountedData:
    """One data set known by its counts.

    Attributes:
        name: of the data set.
        tabulations: one for each label, attribute and family of strata.
        notes: sentences on what was left out.
    """

    name: str
    tabulations: tuple[Tabulation, ...]
    notes: tuple[str, ...] = ()


def read_counts(path: Path, roles: Roles, *, name: str = "") -> list[CountedData]:
    """The data sets of a file with a row a cell: how many images, and how many with the label.

    Columns `label`, `group`, `n` and `n_labelled` are needed; `dataset`, `attribute` and `au` (a
    pattern as `AU06=0,AU12=1`, or one condition as `intended=anger`) may be missing. A cell without
    a row has no images. `roles` may restrict labels (`positives`), attributes (with levels chosen
    or merged) and action units (summed over the others).

    Args:
        path: CSV or TSV, also packed, or Parquet.
        roles: of its columns.
        name: of the data set where the file does not say; empty takes the file's name.

    Raises:
        ReportError: the file cannot be read, a column is missing, a cell cannot be what its column
            says or comes twice; the message names the file, the line and the mend.
    """
    file = TableFile.opened(path)
    cells = _Cells.of(file, roles, name or path.name.split(".")[0])
    _check_asked(cells, roles, str(path))
    return list(_data_sets(cells, roles))


@dataclass(frozen=True, eq=False)
class _Cells:
    """The rows of the file as codes, and what is counted in each."""

    source: str
    dataset: TextColumn
    label: TextColumn
    attribute: TextColumn
    group: TextColumn
    pattern: TextColumn
    units: tuple[tuple[str, ...], ...]
    n: Codes
    labelled: Codes

    @classmethod
    def of(cls, file: TableFile, roles: Roles, name: str) -> _Cells:
        names = {
            "dataset": _column(file, roles.dataset, "dataset", ""),
            "label": _column(file, roles.labels, "labels", "label"),
            "attribute": "attribute" if "attribute" in file.columns else "",
            "group": _needed(file, "group"),
            "pattern": next((c for c in ("au", "condition") if c in file.columns), ""),
        }
        counts = [
            _column(file, roles.weight, "weight", "n"),
            _column(file, roles.labelled, "labelled", "n_labelled"),
        ]
        columns = file.read([column for column in names.values() if column], counts)
        absent = {"dataset": name, "attribute": "group", "pattern": ""}
        texts = {
            role: columns.texts[column] if column else _constant(role, absent[role], columns)
            for role, column in names.items()
        }
        n, labelled = (_counts(columns, column, str(file.path)) for column in counts)
        cells = [_pattern(text, texts["pattern"], str(file.path))
                 for text in texts["pattern"].levels]  # fmt: skip
        pattern = texts["pattern"]
        strata = tuple(dict.fromkeys(stratum for _, stratum in cells))
        # Two spellings of one pattern are one stratum.
        place = np.array([strata.index(stratum) for _, stratum in cells], dtype=np.int64)
        units = dict((stratum, units) for units, stratum in cells)
        texts["pattern"] = TextColumn(pattern.name, strata, place[pattern.codes])
        found = cls(str(file.path), **texts, units=tuple(units[s] for s in strata), n=n,
                    labelled=labelled)  # fmt: skip
        found.check(counts)
        return found

    def check(self, counts: list[str]) -> None:
        """Raise when more images are labelled than there are, or a cell comes twice."""
        more = self.labelled > self.n
        if more.any():
            row = int(np.argmax(more))
            raise ReportError(
                f"{self.source}, line {line_of(row)}: {counts[1]} is {self.labelled[row]}, more "
                f"than {counts[0]}, {self.n[row]}"
            )
        parts = (self.dataset, self.label, self.attribute, self.group, self.pattern)
        keys = np.column_stack([part.codes for part in parts])
        _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        again = first[inverse.ravel()] != np.arange(len(keys))
        if again.any():
            row = int(np.argmax(again))
            earlier = line_of(int(first[inverse.ravel()[row]]))
            raise ReportError(
                f"{self.source}, line {line_of(row)}: the same cell as in line {earlier}; keep one"
            )


def _needed(file: TableFile, column: str) -> str:
    if column not in file.columns:
        sentence = missing_column(str(file.path), column, file.columns)
        raise ReportError(f"{sentence}; a file of counts has columns {LAYOUT}")
    return column


def _column(file: TableFile, given: str, role: str, needed: str) -> str:
    """The column given for a role, or the one that is called so."""
    if given and given != NO_COLUMN:
        file.check(given, OPTIONS[role])
        return given
    found = [column for column in file.columns if column.lower() in WORDS[role]]
    if needed in found or not found:
        return _needed(file, needed) if needed else ""
    return found[0]


def _constant(role: str, value: str, columns: Columns) -> TextColumn:
    return TextColumn(role, (value,), np.zeros(columns.size, dtype=np.int64))


def _counts(columns: Columns, name: str, source: str) -> Codes:
    values = columns.numbers[name]
    reject_uncountable(values, name, source=source)
    if np.isnan(values).any():
        line = line_of(int(np.argmax(np.isnan(values))))
        raise ReportError(f"{source}, line {line}: {name} is empty: write 0 or leave the row out")
    return values.astype(np.int64)


def _pattern(text: str, column: TextColumn, source: str) -> tuple[tuple[str, ...], str]:
    """Units and canonical name of a pattern."""
    if text in ("", ALL):
        return (), ALL
    pairs = [part.partition("=") for part in text.split(",")]
    names = [name.strip() for name, _, _ in pairs]
    units = [unit_column(name) for name in names]
    if len(pairs) == 1 and units[0] is None and pairs[0][2].strip():
        return (names[0],), f"{names[0]}={pairs[0][2].strip()}"
    values = [value.strip() for _, _, value in pairs]
    known = tuple(unit.unit for unit in units if unit is not None)
    if len(known) < len(pairs) or len(set(known)) < len(known) or not set(values) <= {"0", "1"}:
        code = column.levels.index(text)
        line = line_of(int(np.argmax(column.codes == code)))
        raise ReportError(
            f"{source}, line {line}: {text!r} is no pattern of action units: write AU06=0,AU12=1"
        )
    parts = sorted(zip(known, values, strict=True))
    stratum = ",".join(f"{unit}={value}" for unit, value in parts)
    return tuple(unit for unit, _ in parts), stratum


def _check_asked(cells: _Cells, roles: Roles, source: str) -> None:
    """Raise unless what is asked for occurs somewhere in the file."""
    for label in roles.positives:
        if label not in cells.label.levels:
            have = listed(natural_order(cells.label.levels))
            raise ReportError(f"{source} counts no label {label!r}; it has {have}")
    for spec in _specs(roles):
        if spec.column not in cells.attribute.levels:
            have = listed(natural_order(cells.attribute.levels))
            raise ReportError(f"{source} counts no attribute {spec.column!r}; it has {have}")
        places_of(spec, _levels(cells, spec))
    present = {unit for units in cells.units for unit in units}
    for unit in _units(roles):
        if unit not in present:
            have = listed(natural_order(present)) or "none"
            raise ReportError(f"{source} counts no action unit {unit!r}; it has {have}")


def _specs(roles: Roles) -> tuple[AttributeSpec, ...]:
    return tuple(spec for spec in roles.attributes if spec.column != NO_COLUMN)


def _units(roles: Roles) -> tuple[str, ...]:
    named = [(unit_column(name), name) for name in roles.action_units if name != NO_COLUMN]
    return tuple(unit.unit if unit else name for unit, name in named)


def _levels(cells: _Cells, spec: AttributeSpec) -> tuple[str, ...]:
    """Levels that the attribute has in any data set."""
    code = cells.attribute.levels.index(spec.column)
    used = np.unique(cells.group.codes[cells.attribute.codes == code])
    return tuple(cells.group.levels[group] for group in used)


def _data_sets(cells: _Cells, roles: Roles) -> Iterator[CountedData]:
    for dataset in _in_order(cells.dataset.codes):
        tabulations: list[Tabulation] = []
        notes: list[str] = []
        within = cells.dataset.codes == dataset
        for label in _in_order(cells.label.codes[within]):
            if roles.positives and cells.label.levels[label] not in roles.positives:
                continue
            rows = within & (cells.label.codes == label)
            for attribute in _in_order(cells.attribute.codes[rows]):
                chosen = np.flatnonzero(rows & (cells.attribute.codes == attribute))
                families = [_family(cells, part) for part in _by_units(cells, chosen)]
                for spec in _asked(cells, roles, attribute):
                    found, left = _regrouped(cells, families, spec)
                    tabulations += found
                    notes += [note for note in left if note not in notes]
        if roles.action_units:
            tabulations = list(_of_units(tabulations, _units(roles)))
        notes += _absent(tabulations, roles)
        yield CountedData(cells.dataset.levels[dataset], tuple(tabulations), tuple(notes))


def _absent(tabulations: Iterable[Tabulation], roles: Roles) -> Iterator[str]:
    """Sentences on what was asked for and is not among the counts of a data set."""
    tabulations = list(tabulations)
    if not tabulations:
        yield "nothing that was asked for is counted"
        return
    for label in roles.positives:
        if label not in {tabulation.label for tabulation in tabulations}:
            yield f"no counts of label {label}"
    for spec in _specs(roles):
        if spec.name not in {tabulation.attribute for tabulation in tabulations}:
            yield f"no counts by {spec.name}"


def _in_order(codes: Codes) -> Codes:
    """The distinct codes in the order in which they occur."""
    used, first = np.unique(codes, return_index=True)
    ordered: Codes = used[np.argsort(first)]
    return ordered


def _by_units(cells: _Cells, rows: Codes) -> Iterator[Codes]:
    """The rows of each family of strata, families in the order of the file."""
    names: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        names.setdefault(cells.units[cells.pattern.codes[row]], []).append(row)
    for members in names.values():
        yield np.array(members)


def _family(cells: _Cells, rows: Codes) -> Tabulation:
    """The counts of rows that share data set, label, attribute and units."""
    units = cells.units[cells.pattern.codes[rows[0]]]
    occurring = [cells.pattern.levels[code] for code in _in_order(cells.pattern.codes[rows])]
    full = len(units) <= FULL_PATTERNS and all(unit_column(unit) for unit in units)
    strata = (
        (patterns_of(units) or (ALL,))
        if full and units
        else tuple(natural_order(occurring) if not full else occurring)
    )
    groups = tuple(cells.group.levels[code] for code in _in_order(cells.group.codes[rows]))
    counts = np.zeros((len(strata), len(groups), 2), dtype=np.int64)
    for row in rows:
        stratum = strata.index(cells.pattern.levels[cells.pattern.codes[row]])
        group = groups.index(cells.group.levels[cells.group.codes[row]])
        counts[stratum, group] = cells.n[row] - cells.labelled[row], cells.labelled[row]
    first = rows[0]
    return Tabulation(
        cells.dataset.levels[cells.dataset.codes[first]],
        cells.label.levels[cells.label.codes[first]],
        cells.attribute.levels[cells.attribute.codes[first]],
        units, strata, groups, counts,
    )  # fmt: skip


def _asked(cells: _Cells, roles: Roles, attribute: int) -> tuple[AttributeSpec, ...]:
    name = cells.attribute.levels[attribute]
    if not roles.attributes:
        return (AttributeSpec(name, name),)
    return tuple(spec for spec in _specs(roles) if spec.column == name)


def _regrouped(
    cells: _Cells, families: Iterable[Tabulation], spec: AttributeSpec
) -> tuple[list[Tabulation], list[str]]:
    """The families with the groups of an attribute, and sentences on what is in no group."""
    families = list(families)
    known = _levels(cells, spec) if spec.levels else ()
    # All families of an attribute have the same groups, whatever cells the file leaves out.
    everyone = natural_order({group for family in families for group in family.groups})
    found, notes = [], []
    for family in families:
        whole = _with_groups(family, everyone)
        result = regrouped(whole, spec, known=known)
        lost = int(whole.counts.sum() - result.counts.sum())
        if lost:
            names, places = places_of(spec, everyone, known=known)
            out = [level for level, place in zip(everyone, places, strict=True) if place < 0]
            notes.append(
                f"{result.label} by {spec.name}: {lost} of {int(whole.counts.sum())} images are in "
                f"no group ({listed([level or 'empty' for level in out])})"
            )
        if result.counts.any():
            found.append(result)
        else:
            notes.append(f"{result.label} by {spec.name}: no image is in any of the groups")
    return found, notes


def _with_groups(tabulation: Tabulation, groups: tuple[str, ...]) -> Tabulation:
    counts = np.zeros((len(tabulation.strata), len(groups), 2), dtype=np.int64)
    for place, group in enumerate(tabulation.groups):
        counts[:, groups.index(group)] = tabulation.counts[:, place]
    return dataclasses.replace(tabulation, groups=groups, counts=counts)


def _of_units(tabulations: Iterable[Tabulation], wanted: tuple[str, ...]) -> Iterator[Tabulation]:
    """The tabulations summed to the units asked for; those without any are left out."""
    seen = set()
    for tabulation in tabulations:
        units = tuple(unit for unit in wanted if unit in tabulation.units)
        key = (tabulation.label, tabulation.attribute, units)
        # Asked for no unit at all, each question is one stratum.
        if (units or not wanted) and key not in seen:
            seen.add(key)
            yield summed(tabulation, units)
