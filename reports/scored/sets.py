"""From a sheet of predictions to one prediction set a run, all on the same test samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.errors import ReportError
from reports.predictions import PredictionSet
from reports.scored.sheet import Sheet, checked_probabilities, class_codes, classes_of
from reports.tabular.columns import TextColumn
from reports.tabular.groups import UNKNOWN, Codes, Floats
from reports.tabular.levels import natural_order

#: the selection rule of predictions that were given, not selected
SELECT = "given"


@dataclass(frozen=True)
class _Run:
    """Rows of one run, in the order of the samples."""

    method: str
    seed: str
    rows: Codes

    def __str__(self) -> str:
        return f"method {self.method}, seed {self.seed}"


def prediction_sets(
    sheet: Sheet, intersections: Sequence[tuple[str, ...]]
) -> tuple[list[PredictionSet], list[str]]:
    """One prediction set a run, and notes for the user.

    Args:
        sheet: the rows.
        intersections: attributes whose product is reported too.

    Returns:
        Sets by data set, method and seed. Classes and levels are those of the data set, the same in
        all of its sets; levels of unknown members are -1.

    Raises:
        ReportError: there are no rows, a label or a prediction is missing or no class,
            probabilities are none, or runs have other samples than others.
    """
    if not len(sheet.label.codes):
        raise ReportError(f"{sheet.source} has no rows; give at least one prediction")
    notes = []
    if sheet.probabilities is not None:
        probabilities, note = checked_probabilities(sheet)
        sheet = replace(sheet, probabilities=probabilities)
        notes += [note] if note else []
    sets: list[PredictionSet] = []
    for code in _in_order(sheet.dataset):
        rows = np.flatnonzero(sheet.dataset.codes == code)
        sets += _dataset(sheet, sheet.dataset.levels[code], rows, tuple(intersections))
        notes += _notes(sets[-1])
    return sets, notes


def _dataset(
    sheet: Sheet, dataset: str, rows: Codes, intersections: tuple[tuple[str, ...], ...]
) -> Iterator[PredictionSet]:
    classes = classes_of(sheet, rows)
    runs = list(_runs(sheet, rows))
    levels, codes = {}, {}
    for grouping in sheet.groupings:
        codes[grouping.name] = grouping.codes
        levels[grouping.name] = grouping.levels
    samples = _SampleChecks(sheet, runs[0])
    for run in runs:
        samples.check(run)
        attributes = [codes[name][run.rows] for name in levels]
        chances = _probabilities(sheet, classes, run.rows)
        if sheet.predicted is not None:
            predicted = class_codes(sheet, sheet.predicted, classes, run.rows)
        else:
            assert chances is not None
            predicted = chances.argmax(axis=1)
        yield PredictionSet(
            dataset=dataset,
            method=run.method,
            variant="",
            seed=run.seed,
            select=SELECT,
            cell=f"{dataset}-{run.method}-s{run.seed}",
            classes=classes,
            levels=levels,
            intersections=intersections,
            labels=class_codes(sheet, sheet.label, classes, run.rows),
            predicted=predicted,
            attributes=np.stack(attributes, axis=1)
            if attributes
            else np.empty((len(run.rows), 0), dtype=np.int64),
            probabilities=chances,
        )


def _probabilities(sheet: Sheet, classes: tuple[str, ...], rows: Codes) -> Floats | None:
    if sheet.probabilities is None:
        return None
    own = sheet.probabilities.classes
    if set(own) != set(classes):
        lacking = sorted({*classes} ^ {*own})
        raise ReportError(
            f"{sheet.source}: the classes are {', '.join(classes)} and the probabilities those of "
            f"{', '.join(own)}; give {lacking[0]!r} in both or in neither"
        )
    values: Floats = sheet.probabilities.values[rows][:, [own.index(name) for name in classes]]
    return values


def _runs(sheet: Sheet, rows: Codes) -> Iterator[_Run]:
    """The runs of a data set, methods in order of appearance, seeds by number."""
    method, seed = sheet.method.codes[rows], sheet.seed.codes[rows]
    number = method * len(sheet.seed.levels) + seed
    if sheet.sample is None:
        order = np.argsort(number, kind="stable")
    else:
        order = np.lexsort((sheet.sample.codes[rows], number))
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    blocks = {int(number[part[0]]): part for part in np.split(order, starts[1:])}
    appearance = {code: int(np.argmax(method == code)) for code in np.unique(method).tolist()}
    places = {code: place for place, code in enumerate(_in_order(sheet.seed))}
    size = len(sheet.seed.levels)
    for key in sorted(blocks, key=lambda key: (appearance[key // size], places[key % size])):
        yield _Run(
            sheet.method.levels[key // size], sheet.seed.levels[key % size], rows[blocks[key]]
        )


def _in_order(column: TextColumn) -> list[int]:
    """Codes of the levels that occur, in the natural order of their names."""
    used = {column.levels[code]: code for code in np.unique(column.codes).tolist()}
    return [used[name] for name in natural_order(used)]


class _SampleChecks:
    """Whether runs were tested on the samples of the first one."""

    def __init__(self, sheet: Sheet, first: _Run) -> None:
        self.sheet, self.first = sheet, first
        columns: dict[str, Codes] = {sheet.label.name: sheet.label.codes}
        columns |= {grouping.name: grouping.codes for grouping in sheet.groupings}
        if sheet.sample is not None:
            columns = {sheet.sample.name: sheet.sample.codes} | columns
        self.columns = columns

    def check(self, run: _Run) -> None:
        """Raise unless the run has the same samples.

        Raises:
            ReportError: a sample comes twice, is missing or differs; the message says which.
        """
        source, sample = self.sheet.source, self.sheet.sample
        if sample is not None:
            names = sample.codes[run.rows]
            twice = np.flatnonzero(names[1:] == names[:-1])
            if twice.size:
                raise ReportError(
                    f"{self.sheet.at(int(run.rows[twice[0] + 1]))}: sample "
                    f"{sample.levels[names[twice[0]]]!r} comes twice in {run}; tell runs apart by "
                    "a column of seeds or methods"
                )
        if len(run.rows) != len(self.first.rows):
            raise ReportError(
                f"{source}: {run} has {len(run.rows)} rows and {self.first} "
                f"{len(self.first.rows)}; give every run the same test samples"
            )
        for name, codes in self.columns.items():
            other = codes[run.rows] != codes[self.first.rows]
            if other.any():
                place = int(np.argmax(other))
                mend = "" if sample is not None else " in one order, or a column of sample names"
                raise ReportError(
                    f"{self.sheet.at(int(run.rows[place]))}: {name} of {run} differs from that of "
                    f"{self.first} ({self.sheet.at(int(self.first.rows[place]))}); give every run "
                    f"the same test samples{mend}"
                )


def _notes(one: PredictionSet) -> Iterator[str]:
    yield f"{one.dataset}: {len(one.labels)} samples, classes {', '.join(one.classes)}"
    missing = set(range(len(one.classes))) - set(np.unique(one.labels).tolist())
    if missing:
        names = ", ".join(one.classes[code] for code in sorted(missing))
        yield f"{one.dataset}: no sample is truly {names}"
    for name in one.levels:
        groups, codes = one.groups(name)
        counts = np.bincount(codes[codes >= 0], minlength=len(groups)).tolist()
        listed = ", ".join(f"{group} {n}" for group, n in zip(groups, counts, strict=True))
        unknown = int((codes == UNKNOWN).sum())
        yield f"{one.dataset}: {name}: {listed}" + (f", unknown {unknown}" if unknown else "")
