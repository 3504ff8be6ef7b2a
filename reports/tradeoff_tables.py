"""Accuracy against fairness in tables: the Pareto front, distances, and accuracy at a fairness."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reports.assemble import assembled, mean_and_sd
from reports.fronts import FAIRNESS_METRIC
from reports.metrics.counts import Floats
from reports.ranks import competes
from reports.rows import MethodRow
from reports.seed_values import Place
from reports.stats.tradeoff import (
    distance_to_optimum,
    hypervolume,
    pareto_front,
    performance_at_fairness,
)
from reports.table_request import TableRequest
from reports.tables import Block, Cell, Column, Row, Table, with_bold

ACCURACY: Place = ("all", "all", "all", "acc")
#: fairness scores at which the best accuracy is printed, the same in every report
GRID = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
ON_FRONT = Column("on it", "Front", "")
PROBABILITY = Column("probability", "Front", "higher")
DISTANCE, HYPERVOLUME = Column("DTO", "", "lower"), Column("HV", "", "higher")


def fairness_place(attribute: str) -> Place:
    """Place of the fairness score: worst over best class-mean accuracy of the groups."""
    return attribute, "all", "all", FAIRNESS_METRIC


def tradeoff_table(asked: TableRequest) -> Table | None:
    """The spec's columns of every method, its place in the trade-off; the front's hypervolume.

    None where fewer than two methods compete that have both numbers.
    """
    attribute, reference = asked.spec.attribute, (1 / len(asked.dataset.classes), 0.0)
    compared = _compared(asked.rows, attribute)
    if len(compared) < 2:
        return None
    plain = assembled(
        asked.study, asked.dataset, asked.layout, asked.spec, rows=asked.rows,
        convention=asked.convention,
    )  # fmt: skip
    points = _points(compared, attribute)
    best = {row.run for row, hit in zip(compared, pareto_front(*points), strict=True) if hit}
    rows = {row.run: row for row in asked.rows}
    columns = [ON_FRONT, PROBABILITY, DISTANCE, HYPERVOLUME]
    if asked.study.fronts is None:
        columns.remove(PROBABILITY)

    def extended(printed: Row) -> Row:
        cells = _cells(asked, rows[printed.run], printed.run in best, reference)
        return replace(printed, cells=(*printed.cells, *(cells[column] for column in columns)))

    front = Cell("value", mean=hypervolume(*points, reference))
    blanks = (Cell("blank"),) * (len(plain.columns) + len(columns) - 1)
    table = replace(
        plain,
        columns=(*plain.columns, *columns),
        blocks=tuple(replace(one, rows=tuple(map(extended, one.rows))) for one in plain.blocks),
        footer=(
            *(replace(one, cells=(*one.cells, *blanks[: len(columns)])) for one in plain.footer),
            Row(f"Front of the {len(compared)} compared", (*blanks, front)),
        ),
    )
    return with_bold(table)


def fixed_fairness_table(asked: TableRequest) -> Table | None:
    """A row a fairness score, the highest accuracy among methods that reach it, by attribute.

    The spec's columns say of which attributes. None without a method that competes.
    """
    attributes = [column.attribute for column in asked.spec.columns]
    columns: list[Column] = []
    cells: list[list[Cell]] = [[] for _ in GRID]
    for attribute in attributes:
        compared = _compared(asked.rows, attribute)
        if not compared:
            continue
        columns += [Column("accuracy", attribute), Column("method", attribute, "")]
        points = _points(compared, attribute)
        for line, found in zip(cells, performance_at_fairness(*points, GRID), strict=True):
            line += _reached(float(found), compared, points)
    if not columns:
        return None
    rows = tuple(
        Row(f"{100 * fairness:g}", tuple(line)) for fairness, line in zip(GRID, cells, strict=True)
    )
    return Table(
        key=asked.key,
        title=asked.title,
        caption=f"{asked.spec.about} on {asked.dataset.title}. Percent, means over "
        f"{asked.repeats}. {asked.protocol}",
        columns=tuple(columns),
        blocks=(Block("Fairness score of at least", rows),),
        row_header="FS",
        remark=asked.spec.remark,
    )


def _reached(
    found: float, compared: Sequence[MethodRow], points: tuple[Floats, Floats]
) -> list[Cell]:
    if math.isnan(found):
        return [Cell("undefined", reason="no method reaches it"), Cell("blank")]
    first = compared[int(np.flatnonzero(points[0] == found)[0])]
    return [Cell("value", mean=found), Cell("text", text=first.label)]


def _compared(rows: Sequence[MethodRow], attribute: str) -> list[MethodRow]:
    """Methods that have all their runs, the study's data and protocol, and both numbers."""
    able = [row for row in rows if competes(row)]
    known = ~np.isnan(np.sum(_points(able, attribute), axis=0))
    return [row for row, is_known in zip(able, known, strict=True) if is_known]


def _points(rows: Sequence[MethodRow], attribute: str) -> tuple[Floats, Floats]:
    """(M,) mean accuracies and fairness scores, NaN where undefined."""
    places = ACCURACY, fairness_place(attribute)
    performance, fairness = (
        np.array([_mean(list(_by_seed(row, place).values())) for row in rows]) for place in places
    )
    return performance, fairness


def _by_seed(row: MethodRow, place: Place) -> dict[str, float]:
    entries = row.values.get(place, [])
    return {entry.seed: entry.value for entry in entries if not math.isnan(entry.value)}


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _cells(
    asked: TableRequest, row: MethodRow, on_front: bool, reference: tuple[float, float]
) -> dict[Column, Cell]:
    columns = (ON_FRONT, PROBABILITY, DISTANCE, HYPERVOLUME)
    if not row.done:
        return dict.fromkeys(columns, Cell(row.state, reason=row.reason))
    accuracy = _by_seed(row, ACCURACY)
    fairness = _by_seed(row, fairness_place(asked.spec.attribute))
    both = [(accuracy[seed], fairness[seed]) for seed in accuracy if seed in fairness]
    if not both:
        return dict.fromkeys(columns, Cell("undefined", reason="no run has both numbers"))
    point = [_mean(list(values.values())) for values in (accuracy, fairness)]
    distance, sd = mean_and_sd([distance_to_optimum(*one) for one in both], asked.convention.ddof)
    runs = Cell("value", n=len(both), expected=row.expected)
    return {
        **_front_cells(asked, row, on_front),
        DISTANCE: replace(runs, mean=distance, sd=sd),
        HYPERVOLUME: replace(runs, mean=hypervolume(point[:1], point[1:], reference)),
    }


def _front_cells(asked: TableRequest, row: MethodRow, on_front: bool) -> dict[Column, Cell]:
    if not competes(row):
        return {ON_FRONT: Cell("text", text="not compared"), PROBABILITY: Cell("blank")}
    found = asked.study.front_probabilities.get((*row.run, asked.spec.attribute), math.nan)
    probability = Cell("blank") if math.isnan(found) else Cell("value", mean=found)
    return {ON_FRONT: Cell("text", text="yes" if on_front else "no"), PROBABILITY: probability}
