"""From a layout's declared columns and the rows of a data set to a finished `Table`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.catalogue import LayoutCard
from reports.convention import Convention
from reports.metrics.reasons import SKIPPED
from reports.ranks import Ranks, ranks_of
from reports.relative_cells import rank_cell, relative_cell
from reports.rows import BLOCKS, FREE_BLOCK, MethodRow, common_sentence
from reports.seed_values import Entry
from reports.specs import ColumnSpec, DatasetCard, TableSpec
from reports.statistic_cells import statistic_cell
from reports.study import StudyFrames
from reports.tables import PRINTED, Block, Cell, Column, Row, Table, with_bold
from reports.ties import with_ties

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
    shown = shown_rows(spec, rows)
    context = _Context(study, rows, convention, ranks_of(spec.columns, rows))
    blocks = tuple(
        Block(
            title,
            tuple(_printed_row(row, spec.columns, context) for row in shown if row.block == title),
            compared=title == FREE_BLOCK,
        )
        for title in BLOCKS
        if any(row.block == title for row in shown)
    )
    columns = tuple(
        _printed_column(column, _column_note(column, rows, convention)) for column in spec.columns
    )
    subject = f" by {spec.attribute}" if spec.attribute else ""
    table = with_bold(
        Table(
            key=table_key(layout, dataset, spec),
            title=f"{layout.title}{subject}, {dataset.title}",
            caption=_caption(dataset, f"{spec.about}{subject}", spec.columns, context),
            columns=columns,
            blocks=blocks,
            footer=(_smallest_n(spec.columns, shown),),
        )
    )
    table = with_ties(table, study, spec.columns)
    return replace(table, remark=_remark(table, spec, convention))


def shown_rows(spec: TableSpec, rows: Sequence[MethodRow]) -> list[MethodRow]:
    """The methods of a table: those that its spec names, or all."""
    return [row for row in rows if not spec.methods or row.method in spec.methods]


def table_key(layout: LayoutCard, dataset: DatasetCard, spec: TableSpec) -> str:
    """The file name of a table, without suffix."""
    return _slug(layout.key, dataset.key, spec.attribute)


def _slug(*parts: str) -> str:
    return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "_", part).strip("_") for part in parts if part)


def _place(column: ColumnSpec) -> tuple[str, str, str, str]:
    return column.attribute, column.group, column.emotion, column.metric


def _printed_column(spec: ColumnSpec, note: str) -> Column:
    place = () if spec.ranks else _place(spec)
    return Column(spec.header, spec.span, spec.better, note, place, spec.less)


@dataclass(frozen=True, eq=False)
class _Context:
    """What the cells of a table look at besides their own row."""

    study: StudyFrames
    rows: Sequence[MethodRow]
    convention: Convention
    ranks: Ranks


def _printed_row(row: MethodRow, columns: Sequence[ColumnSpec], context: _Context) -> Row:
    cells = tuple(_cell(row, column, context) for column in columns)
    # A method without a single value says why once, at its name.
    why = (f"{PRINTED[row.state]}: {row.reason}",) if row.reason and not row.done else ()
    return Row(row.label, cells, (*row.notes, *why), row.run)


def _cell(row: MethodRow, column: ColumnSpec, context: _Context) -> Cell:
    entries = row.values.get(_place(column), [])
    if column.show:
        return statistic_cell(context.study, row, column, context.convention)
    if column.ranks and row.done:
        return rank_cell(row, column, context.ranks)
    if not entries:
        return Cell(row.state, reason=row.reason, expected=row.expected)
    if column.less:
        return _difference_cell(row, column, context.rows, context.convention)
    if column.share_of or column.change_from:
        return relative_cell(context.study, row, column, context.rows)
    return _value_cell(entries, row, column, context.convention)


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
        mean=abs(mean) if column.absolute else mean,
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
        "no_features": "no features were stored (run --store-features)",
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
    dataset: DatasetCard, about: str, columns: Sequence[ColumnSpec], context: _Context
) -> str:
    study, convention = context.study, context.convention
    expected = max((row.expected for row in context.rows), default=0)
    unit = "repeat" if dataset.folds > 1 else "seed"
    ranked = all(column.ranks for column in columns)
    if ranked:
        spread = f"by the mean over {expected} {unit}s" if expected > 1 else f"by one {unit}"
    elif expected > 1:
        spread = f"mean (standard deviation, ddof {convention.ddof}) over {expected} {unit}s"
    else:
        spread = f"one {unit}, no spread"
    pool = f", predictions pooled over {dataset.folds} folds" if dataset.folds > 1 else ""
    squared = any(column.squared for column in columns)
    what = "Ranks" if ranked else "Squared percentage points" if squared else "Percent"
    return (
        f"{about} on {dataset.title}. {what}, {spread}{pool}. "
        f"Preset {study.preset}, checkpoint rule {study.select}, convention {convention.name} "
        f"(min_n = {convention.min_n}; '-': undefined).{common_sentence(study, dataset)}"
    )


def _remark(table: Table, spec: TableSpec, convention: Convention) -> str:
    few = "without" if convention.min_n == 1 else f"of fewer than {convention.min_n}"
    sentences = [
        spec.remark,
        f"Groups and strata {few} samples are left out.",
        f"{SMALLEST_N}: test samples in the smallest denominator.",
    ]
    cells = [cell for _, row in table.rows() for cell in row.cells]
    if any(cell.bold for cell in cells):
        sentences.append("Bold: best mean over all seeds among methods that use no group labels.")
    if any(cell.tied for cell in cells):
        sentences.append(
            "Underlined: not distinguishable from the best of these (p of the difference above .05 "
            "after Holm over all pairs of them)."
        )
    return " ".join(sentence for sentence in sentences if sentence)
