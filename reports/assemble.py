"""From a layout's declared columns and the rows of a data set to a finished `Table`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from reports.catalogue import LayoutCard
from reports.convention import Convention
from reports.metrics.reasons import SKIPPED
from reports.rows import BLOCKS, FREE_BLOCK, Entry, MethodRow
from reports.specs import ColumnSpec, DatasetCard, TableSpec
from reports.study import StudyFrames
from reports.tables import PRINTED, Block, Cell, Column, Row, Table, with_bold

SMALLEST_N = "Smallest n"


def assembled(
    study: StudyFrames,
    dataset: DatasetCard,
    layout: LayoutCard,
    spec: TableSpec,
    *,
    rows: Sequence[MethodRow],
    convention: Convention,
) -> Table:
    """The finished table of one spec: cells, blocks, bold marks, notes and caption."""
    blocks = tuple(
        Block(
            title,
            tuple(
                _printed_row(row, spec.columns, rows, convention)
                for row in rows
                if row.block == title
            ),
            compared=title == FREE_BLOCK,
        )
        for title in BLOCKS
        if any(row.block == title for row in rows)
    )
    columns = tuple(
        _printed_column(column, _column_note(column, rows, convention)) for column in spec.columns
    )
    subject = f" by {spec.attribute}" if spec.attribute else ""
    table = with_bold(
        Table(
            key=_slug(layout.key, dataset.key, spec.attribute),
            title=f"{layout.title}{subject}, {dataset.title}",
            caption=_caption(study, dataset, f"{spec.about}{subject}", rows, convention),
            columns=columns,
            blocks=blocks,
            footer=(_smallest_n(spec.columns, rows),),
        )
    )
    return replace(table, remark=_remark(table, spec, convention))


def _slug(*parts: str) -> str:
    return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "_", part).strip("_") for part in parts if part)


def _place(column: ColumnSpec) -> tuple[str, str, str, str]:
    return column.attribute, column.group, column.emotion, column.metric


def _printed_column(spec: ColumnSpec, note: str) -> Column:
    return Column(spec.header, spec.span, spec.better, note, _place(spec), spec.less)


def _printed_row(
    row: MethodRow, columns: Sequence[ColumnSpec], rows: Sequence[MethodRow], convention: Convention
) -> Row:
    cells = []
    for column in columns:
        entries = row.values.get(_place(column), [])
        if not entries:
            cells.append(Cell(row.state, reason=row.reason, expected=row.expected))
        elif column.less:
            cells.append(_difference_cell(row, column, rows, convention))
        else:
            cells.append(_value_cell(entries, row, column, convention))
    # A method without a single value says why once, at its name.
    why = (f"{PRINTED[row.state]}: {row.reason}",) if row.reason and not row.done else ()
    return Row(row.label, tuple(cells), (*row.notes, *why), row.run)


def _difference_cell(
    row: MethodRow, column: ColumnSpec, rows: Sequence[MethodRow], convention: Convention
) -> Cell:
    # The plain method sorts before its variants, so the first hit is the one with default settings.
    base = next((other for other in rows if other.method == column.less), None)
    if base is row:
        return Cell("text", text="ref.")
    paired = {entry.seed: entry for entry in base.values.get(_place(column), [])} if base else {}
    entries = [
        Entry(entry.seed, entry.value - paired[entry.seed].value, entry.n, entry.reason)
        for entry in row.values[_place(column)]
        if entry.seed in paired
    ]
    if not entries:
        return Cell("undefined", reason=f"no finished seed of {column.less} to compare with")
    return _value_cell(entries, row, column, convention)


def _value_cell(
    entries: Sequence[Entry], row: MethodRow, column: ColumnSpec, convention: Convention
) -> Cell:
    defined = [entry.value for entry in entries if not math.isnan(entry.value)]
    undefined = [entry for entry in entries if math.isnan(entry.value)]
    reason = _in_words(undefined[0], convention) if undefined else ""
    if not defined:
        return Cell("undefined", expected=row.expected, reason=reason)
    mean, sd = mean_and_sd(defined, convention.ddof)
    return Cell(
        "value",
        mean=mean,
        sd=sd,
        n=len(defined),
        expected=row.expected,
        unit=column.unit,
        show_n=len(defined) != row.done,
        reason=reason,
    )


def mean_and_sd(values: Sequence[float], ddof: int) -> tuple[float, float | None]:
    """Mean and standard deviation; None for the deviation of a single value, whatever `ddof` is."""
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, math.sqrt(
        math.fsum((value - mean) ** 2 for value in values) / (len(values) - ddof)
    )


def _in_words(entry: Entry, convention: Convention) -> str:
    words = {
        "empty_group": "no samples of this group",
        "no_samples": "no samples",
        "no_positives": "no samples of this class in this group",
        "no_negatives": "no samples of other classes in this group",
        "insufficient": f"insufficient (n = {entry.n}, fewer than {convention.min_n})",
        "fewer_than_two_groups": f"fewer than two groups with {_enough(convention)}",
        "all_zero": "the rate is zero in all groups",
        "no_common_class": f"no class with {_enough(convention)} in every group",
        "no_defined_class": "not defined for any class",
        "no_probabilities": "no predicted probabilities are stored",
        "no_validation": "no probabilities of validation samples are stored",
        "no_training_counts": "the groups of the training part are not stored",
        "no_strata": "no strata are given",
        "no_shared_stratum": "no stratum with samples of both groups",
    }
    return words.get(entry.reason, entry.reason)


def _enough(convention: Convention) -> str:
    return "samples" if convention.min_n == 1 else f"at least {convention.min_n} samples"


def _column_note(column: ColumnSpec, rows: Sequence[MethodRow], convention: Convention) -> str:
    """Names what the column's comparison leaves out, in all or in some of its seeds."""
    phrases = {
        entry.reason.removeprefix(SKIPPED): None
        for row in rows
        for entry in row.values.get(_place(column), [])
        if entry.reason.startswith(SKIPPED)
    }
    if not phrases:
        return ""
    few = "no samples" if convention.min_n == 1 else f"n < {convention.min_n}"
    return f"not counted ({few}, or undefined): {' / '.join(phrases)}"


def _smallest_n(columns: Sequence[ColumnSpec], rows: Sequence[MethodRow]) -> Row:
    cells = []
    for column in columns:
        counts = [entry.n for row in rows for entry in row.values.get(_place(column), [])]
        cells.append(Cell("text", text=str(min(counts))) if counts else Cell("blank"))
    return Row(SMALLEST_N, tuple(cells))


def _caption(
    study: StudyFrames,
    dataset: DatasetCard,
    about: str,
    rows: Sequence[MethodRow],
    convention: Convention,
) -> str:
    expected = max((row.expected for row in rows), default=0)
    unit = "repeat" if dataset.folds > 1 else "seed"
    if expected > 1:
        spread = f"mean (standard deviation, ddof {convention.ddof}) over {expected} {unit}s"
    else:
        spread = f"one {unit}, no spread"
    pool = f", predictions pooled over {dataset.folds} folds" if dataset.folds > 1 else ""
    return (
        f"{about} on {dataset.title}. Percent, {spread}{pool}. Preset {study.preset}, checkpoint "
        f"rule {study.select}, convention {convention.name} (min_n = {convention.min_n}; "
        "'-': undefined)."
    )


def _remark(table: Table, spec: TableSpec, convention: Convention) -> str:
    few = "without" if convention.min_n == 1 else f"of fewer than {convention.min_n}"
    sentences = [
        spec.remark,
        f"Groups and strata {few} samples are left out.",
        f"{SMALLEST_N}: test samples in the smallest denominator.",
    ]
    if any(cell.bold for _, row in table.rows() for cell in row.cells):
        sentences.append("Bold: best mean over all seeds among methods that use no group labels.")
    return " ".join(sentence for sentence in sentences if sentence)
