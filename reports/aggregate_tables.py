"""Aggregates over runs: mean, interquartile mean, optimality gap, chance to beat the baseline."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from reports.catalogue import RowsOfDatasets
from reports.metrics.counts import Floats
from reports.number_cells import interval_cell
from reports.ranking_table import done_on_all, method_blocks
from reports.replicates.streams import generator_for
from reports.rows import REFERENCE_BLOCK, MethodRow
from reports.seed_values import Place
from reports.specs import DatasetCard
from reports.stats.aggregates import (
    NO_SPREAD,
    aggregate_intervals,
    improvement_interval,
    interquartile_mean,
    mean_score,
    optimality_gap,
)
from reports.stats.outcome import Estimate
from reports.study import StudyFrames
from reports.table_request import TableRequest, baseline_of
from reports.tables import Cell, Column, Row, Table, with_bold

#: bootstrap samples: a limit is then good to about a twentieth of the interval
DRAWS = 1_000
ACCURACY: Place = ("all", "all", "all", "acc")
#: header and metric of the fairness score: worst over best class-mean accuracy of the groups
FAIRNESS, FAIRNESS_METRIC = "FS", "fs_mca"
EXPLAINED = (
    "IQM: mean of the middle half of the runs. Gap: how far runs fall short of 100 on average. "
    "Beats {baseline}: chance that a run of the method beats one of {baseline}, ties count half; "
    "50 is no difference. Brackets: 95 % interval over runs drawn anew within each data set, on "
    "these test samples; with three runs on one data set it covers only about 75 %."
)
BOLD = "Bold: best among methods that use no group labels."


def aggregate_table(asked: TableRequest) -> Table | None:
    """A row a method, the aggregates of the score of the spec's only column over its runs.

    None where no method has a value of it.
    """
    (column,) = asked.spec.columns
    place: Place = (column.attribute, column.group, column.emotion, column.metric)
    scores = [_runs(row, place)[:, None] for row in asked.rows]
    if not any(map(len, scores)):
        return None
    base = next((row for row in asked.rows if _is_baseline(row, asked.study)), None)
    against = None if base is None else _runs(base, place)[:, None]
    printed = []
    for row, own in zip(asked.rows, scores, strict=True):
        cells = _cells(own, None if row is base else against, (asked.dataset.key, *place))
        printed.append(_row(row, cells if len(own) else _nothing(row), is_baseline=row is base))
    table = Table(
        key=asked.key,
        title=asked.title,
        caption=f"{asked.spec.about} on {asked.dataset.title}. Percent, over {asked.repeats}. "
        f"{asked.protocol}",
        columns=_columns(column.header, place, asked.study),
        blocks=method_blocks(asked.rows, printed),
        remark=f"{_explained(asked.study)} {BOLD}",
    )
    return with_bold(table)


def aggregates_over_datasets(study: StudyFrames, rows: RowsOfDatasets) -> Iterator[Table]:
    """The aggregates of all runs on all data sets: of accuracy, and of the fairness score.

    A run's fairness score on a data set is the mean over its attributes and intersections.

    Yields:
        Nothing with fewer than two data sets, or without a method that is done on all.
    """
    done, shared = done_on_all(rows)
    if len(rows) < 2 or not shared:
        return
    datasets = [dataset for dataset, _ in rows]
    for key, header, runs in (
        ("", "Accuracy", lambda row, dataset: _runs(row, ACCURACY)),
        ("_fairness", FAIRNESS, _fairness_runs),
    ):
        scores = {name: _padded(runs, [ours[name] for ours in done], datasets) for name in shared}
        if not all(map(len, scores.values())):
            continue
        yield _over_datasets(study, done[0], scores, len(datasets), key=key, header=header)


def _over_datasets(
    study: StudyFrames,
    rows: dict[tuple[str, str], MethodRow],
    scores: dict[tuple[str, str], Floats],
    datasets: int,
    *,
    key: str,
    header: str,
) -> Table:
    words = "the fairness score" if header == FAIRNESS else "accuracy"
    base = next((name for name in scores if _is_baseline(rows[name], study)), None)
    firsts, printed = [rows[name] for name in scores], []
    for name, own in scores.items():
        against = None if name == base or base is None else scores[base]
        cells = _cells(own, against, ("all data sets", header))
        printed.append(_row(rows[name], cells, is_baseline=name == base))
    table = Table(
        key=f"aggregates_all_data_sets{key}",
        title=f"Aggregates of {words}, all data sets",
        caption=f"Aggregates of {words} over all runs on {datasets} data sets of the {len(scores)} "
        f"methods done on all. Percent. Preset {study.preset}, checkpoint rule {study.select}.",
        columns=_columns(header, (), study),
        blocks=method_blocks(firsts, printed),
        remark=f"{_explained(study)} Every data set counts alike in that chance, every run in the "
        "others. FS, the fairness score of a run: class-mean accuracy of the worst over that of "
        f"the best group, mean over the attributes and intersections. {BOLD}",
    )
    return with_bold(table)


def _explained(study: StudyFrames) -> str:
    return EXPLAINED.format(baseline=_baseline_name(study))


def _baseline_name(study: StudyFrames) -> str:
    return baseline_of(study) or "the baseline"


def _is_baseline(row: MethodRow, study: StudyFrames) -> bool:
    # Its plain variant sorts first, and the first is taken.
    return row.method == baseline_of(study) and row.block != REFERENCE_BLOCK


def _runs(row: MethodRow, place: Place) -> Floats:
    """(S,) values of the runs, without those that are undefined."""
    values = [entry.value for entry in row.values.get(place, [])]
    return np.array([value for value in values if not math.isnan(value)])


def _fairness_runs(row: MethodRow, dataset: DatasetCard) -> Floats:
    """(S,) means over the attributes of the data set, those undefined left out."""
    found: dict[str, list[float]] = {}
    for name in dataset.attributes(fewest=2):
        for entry in row.values.get((name, "all", "all", FAIRNESS_METRIC), []):
            if not math.isnan(entry.value):
                found.setdefault(entry.seed, []).append(entry.value)
    return np.array([math.fsum(values) / len(values) for values in found.values()])


def _padded(
    runs: Callable[[MethodRow, DatasetCard], Floats],
    rows: Sequence[MethodRow],
    datasets: Sequence[DatasetCard],
) -> Floats:
    """(S, D) scores, NaN where a data set has fewer runs than the most."""
    columns = [runs(row, dataset) for row, dataset in zip(rows, datasets, strict=True)]
    table = np.full((max(map(len, columns)), len(columns)), np.nan)
    for at, column in enumerate(columns):
        table[: len(column), at] = column
    return table


def _columns(span: str, place: tuple[str, ...], study: StudyFrames) -> tuple[Column, ...]:
    return (
        Column("mean", span, "higher", place=place),
        Column("IQM", span, "higher"),
        Column("gap", span, "lower"),
        Column(f"beats {_baseline_name(study)}", span, "higher"),
    )


def _cells(own: Floats, base: Floats | None, stream: tuple[str, ...]) -> list[Cell]:
    """The aggregates of (S, D) scores and the chance to beat the (R, D) ones of the baseline."""
    aggregates = (mean_score, interquartile_mean, optimality_gap)
    # The same draws for all methods: their limits do not differ by the luck of the draw.
    generator = generator_for(0, "aggregates", *stream)
    found = aggregate_intervals(own, aggregates, generator, draws=DRAWS)
    cells = [_cell(one) for one in found]
    if base is None or not len(base):
        return [*cells, Cell("undefined", reason="no baseline was run")]
    return [*cells, _cell(improvement_interval(own, base, generator, draws=DRAWS))]


def _cell(found: Estimate) -> Cell:
    cell = interval_cell(found.value, found.low, found.high, "percent", reason=found.reason)
    return replace(cell, reason=found.reason) if found.reason == NO_SPREAD else cell


def _nothing(row: MethodRow) -> list[Cell]:
    return [Cell(row.state, reason=row.reason)] * 4


def _row(row: MethodRow, cells: Sequence[Cell], *, is_baseline: bool) -> Row:
    # Only methods with all their runs compete for the bold mark.
    counted = [replace(cell, n=row.done, expected=row.expected) for cell in cells]
    if is_baseline:
        counted[-1] = Cell("text", text="ref.")
    return Row(row.label, tuple(counted), row.notes, row.run)
