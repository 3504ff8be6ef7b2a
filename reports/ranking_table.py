"""Mean ranks of the methods over data sets, with the tests that their number allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from reports.catalogue import RowsOfDatasets
from reports.metrics.counts import Floats
from reports.ranks import PERFORMANCE, competes, fairness_columns, seed_mean
from reports.rows import BLOCKS, FREE_BLOCK, MethodRow
from reports.specs import ColumnSpec, DatasetCard
from reports.stats.blocks import FEWEST_BLOCKS, TOO_FEW, critical_difference, ranking
from reports.stats.outcome import Outcome
from reports.study import StudyFrames
from reports.tables import Block, Cell, Column, Row, Table, with_bold

#: a p below this prints as smaller than 0.001
P_FLOOR = 0.0005


def ranking_over_datasets(study: StudyFrames, rows: RowsOfDatasets) -> Iterator[Table]:
    """Mean rank of every method that competes on all data sets, a column a metric.

    A data set's entry of a fairness metric is the mean over its attributes and intersections; seeds
    are averaged first. Friedman's test (Iman and Davenport) and Nemenyi's critical difference stand
    below from five data sets on.

    Yields:
        Nothing with fewer than two data sets, or fewer than two methods that are done on all.
    """
    done, shared = done_on_all(rows)
    if len(rows) < 2 or len(shared) < 2:
        return
    columns = (*PERFORMANCE, *fairness_columns(""))
    found = []
    for column in columns:
        entries = [
            [_entry(ours[key], dataset, column) for key in shared]
            for (dataset, _), ours in zip(rows, done, strict=True)
        ]
        found.append(_Ranked(np.array(entries)))
    firsts = [done[0][key] for key in shared]
    table = Table(
        key="ranking_all_data_sets",
        title="Ranking, all data sets",
        caption=f"Mean ranks over {len(rows)} data sets of the {len(shared)} methods done on all, "
        f"by the mean over seeds. Preset {study.preset}, checkpoint rule {study.select}.",
        columns=tuple(Column(column.header, "Mean rank", "lower") for column in columns),
        blocks=method_blocks(firsts, _printed(firsts, found)),
        footer=_footer(found),
        remark="1: best on every data set, ties share their ranks. Fairness scores of a data set: "
        "mean over its attributes and intersections. p: Friedman's test in Iman and Davenport's "
        f"form; critical difference: Nemenyi, 5 %; both from {FEWEST_BLOCKS} data sets on. Bold: "
        "best among methods that use no group labels.",
    )
    yield with_bold(table)


Key = tuple[str, str]


def done_on_all(rows: RowsOfDatasets) -> tuple[list[dict[Key, MethodRow]], list[Key]]:
    """For each data set its competing rows by (method, variant); the keys that all of them have."""
    done = [{row.peer: row for row in ours if competes(row)} for _, ours in rows]
    shared = [key for key in (done[0] if done else {}) if all(key in found for found in done)]
    return done, shared


def method_blocks(rows: Sequence[MethodRow], printed: Sequence[Row]) -> tuple[Block, ...]:
    """Printed rows in the blocks of their methods, without blocks that have none."""
    return tuple(
        Block(
            title,
            tuple(one for one, row in zip(printed, rows, strict=True) if row.block == title),
            compared=title == FREE_BLOCK,
        )
        for title in BLOCKS
        if any(row.block == title for row in rows)
    )


class _Ranked:
    """One metric's (data sets, methods) entries and their ranks."""

    def __init__(self, entries: Floats) -> None:
        self.datasets = int((~np.isnan(entries).any(axis=1)).sum())
        self.ranking = ranking(entries)
        self.difference = critical_difference(entries.shape[1], self.datasets)


def _entry(row: MethodRow, dataset: DatasetCard, column: ColumnSpec) -> float:
    """The row's value of a metric, higher better; of a fairness metric the mean over attributes."""
    if column in PERFORMANCE:
        return seed_mean(row, column)
    names = [name for name, groups in dataset.attributes().items() if len(groups) >= 2]
    values = [seed_mean(row, replace(column, attribute=name)) for name in names]
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan


def _printed(rows: Sequence[MethodRow], found: Sequence[_Ranked]) -> list[Row]:
    return [
        Row(row.label, tuple(_rank_cell(one.ranking.mean_ranks[index]) for one in found), row.notes)
        for index, row in enumerate(rows)
    ]


def _rank_cell(rank: float) -> Cell:
    if math.isnan(rank):
        return Cell("undefined", reason="not defined for all methods on any data set")
    return Cell("value", mean=float(rank), n=1, expected=1, unit="statistic")


def _footer(found: Sequence[_Ranked]) -> tuple[Row, ...]:
    return (
        Row("Data sets", tuple(Cell("text", text=str(one.datasets)) for one in found)),
        Row("p of equal ranks", tuple(_p_cell(one.ranking.iman_davenport) for one in found)),
        Row("Critical difference", tuple(_difference_cell(one) for one in found)),
    )


def _p_cell(outcome: Outcome) -> Cell:
    if math.isnan(outcome.p):
        return Cell("undefined", reason=outcome.reason)
    text = "<0.001" if outcome.p < P_FLOOR else ""
    return Cell("value", mean=outcome.p, n=1, expected=1, unit="p", text=text)


def _difference_cell(one: _Ranked) -> Cell:
    if math.isnan(one.difference):
        return Cell("undefined", reason=TOO_FEW)
    return Cell("value", mean=one.difference, n=1, expected=1, unit="statistic")
