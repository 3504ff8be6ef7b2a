"""`score`: the report of a study on predictions that any program made; imports no torch."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import StoreError, StudyError
from benchmarks.paths import shown
from reports.convention import convention_named
from reports.report import FORMATS
from reports.scored.documents import write_scored
from reports.scored.frames import effort_of, scored_frames
from reports.scored.reading import ScoreColumns, read_sheet
from reports.scored.sets import prediction_sets
from reports.scored.sheet import Sheet
from reports.statistics import Effort
from reports.tabular.levels import AttributeSpec, parse_attributes


def main(arguments: Namespace) -> int:
    """Writes `metrics.csv` and the tables of the predictions in one file.

    Raises:
        EvenFaceError, ReportError: the file cannot be read or does not fit the options.
    """
    roles = _roles(arguments)
    path: Path = arguments.file
    if not path.is_file():
        raise StudyError(f"There is no file {path}.")
    return report_sheet(read_sheet(path, roles), arguments, source=f"predictions of {path.name}")


def attributes_of(arguments: Namespace) -> tuple[AttributeSpec, ...]:
    """The protected attributes of `--groups`.

    Raises:
        StudyError: there are none.
    """
    found = parse_attributes(arguments.groups)
    if not found:
        raise StudyError("The protected attributes are not said; give --groups COLUMN,COLUMN.")
    return found


def report_sheet(sheet: Sheet, arguments: Namespace, *, source: str) -> int:
    """Writes the report of anyone's predictions.

    Args:
        sheet: the predictions.
        arguments: options of the report: cross, convention, baseline, format, layout, out.
        source: where they come from, printed in captions.

    Raises:
        EvenFaceError, ReportError: the predictions do not fit each other or the options.
    """
    unknown = [name for name in arguments.format if name not in FORMATS]
    if unknown:
        raise StudyError(f"There is no format '{unknown[0]}'; known are {', '.join(FORMATS)}.")
    crossed = _crossed(arguments.cross, [one.name for one in sheet.groupings])
    sets, notes = prediction_sets(sheet, crossed)
    convention = convention_named(arguments.convention)
    effort = effort_of(sets)
    notes += _fewer(effort)
    for note in notes:
        print(note)
    frames = scored_frames(
        sets, convention, source=source, baseline=arguments.baseline, effort=effort
    )
    out: Path = arguments.out
    try:
        written = write_scored(
            frames, sets, out, convention, formats=arguments.format or FORMATS,
            layouts=arguments.layout or None, warnings=notes,
        )  # fmt: skip
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}.") from None
    for one in written:
        if one.parent == out:
            print(shown(one, Path.cwd()))
    return 0


def _fewer(effort: Effort) -> list[str]:
    """What must be said of fewer replicates than usual."""
    full = Effort()
    if effort == full:
        return []
    return [
        f"{effort.permutations} permutations and {effort.resamples} resampled test sets, less than "
        f"{full.permutations} and {full.resamples}, for there are many predictions"
    ]


def _roles(arguments: Namespace) -> ScoreColumns:
    return ScoreColumns(
        label=arguments.label,
        prediction=arguments.pred,
        probabilities=arguments.proba,
        attributes=attributes_of(arguments),
        method=arguments.method,
        seed=arguments.seed,
        dataset=arguments.dataset,
        sample=arguments.id,
        classes=arguments.classes,
    )


def _crossed(asked: Sequence[tuple[str, ...]], names: Sequence[str]) -> list[tuple[str, ...]]:
    """The products of attributes: those asked for; of two attributes their product."""
    if not asked:
        return [tuple(names)] if len(names) == 2 else []
    for product in asked:
        for name in product:
            if name not in names:
                raise StudyError(
                    f"--cross names '{name}', which is no attribute; known are {', '.join(names)}."
                )
        if len(set(product)) < 2:
            raise StudyError("--cross needs two or more different attributes: --cross A,B.")
    return list(asked)
