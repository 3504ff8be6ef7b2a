"""Ranks of methods: over the metrics of one data set, and over data sets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reports.metrics.counts import Floats
from reports.rows import REFERENCE_BLOCK, MethodRow
from reports.specs import ColumnSpec

#: column -> row -> mean rank
Ranks = Mapping[ColumnSpec, Mapping[MethodRow, float]]

PERFORMANCE = (ColumnSpec("Accuracy", "acc"), ColumnSpec("Class mean", "mca"))


def fairness_columns(attribute: str) -> tuple[ColumnSpec, ...]:
    """The five fairness scores by which methods are ranked, of one attribute."""
    return (
        ColumnSpec("FS acc", "fs_acc", attribute),
        ColumnSpec("FS mca", "fs_mca", attribute),
        ColumnSpec("Disc max", "disc", attribute, emotion="max", better="lower"),
        ColumnSpec("EOD max", "eod", attribute, emotion="max", better="lower"),
        ColumnSpec("Worst stratum", "wga_stratum", attribute),
    )


def competes(row: MethodRow) -> bool:
    """Whether a method is ranked: all its seeds are done, on the data and protocol of the study."""
    return row.done == row.expected > 0 and row.block != REFERENCE_BLOCK


def seed_mean(row: MethodRow, column: ColumnSpec) -> float:
    """Mean of the defined seeds, turned so that higher is better; NaN where none is defined."""
    place = column.attribute, column.group, column.emotion, column.metric
    values = [entry.value for entry in row.values.get(place, []) if not math.isnan(entry.value)]
    if not values:
        return math.nan
    mean = math.fsum(values) / len(values)
    return -mean if column.better == "lower" else mean


def mean_ranks(rows: Sequence[MethodRow], columns: Sequence[ColumnSpec]) -> Floats:
    """Mean rank of each of R methods over the columns that are defined for all that compete.

    Returns:
        (R,), 1 is best, ties share their ranks; NaN for a method that does not compete, and for all
        with fewer than two of them or no usable column.
    """
    ranked = [index for index, row in enumerate(rows) if competes(row)]
    found = np.full(len(rows), np.nan)
    scores = np.array([[seed_mean(rows[i], column) for column in columns] for i in ranked])
    if len(ranked) >= 2:
        scores = scores[:, ~np.isnan(scores).any(axis=0)]
        if scores.shape[1]:
            found[ranked] = pd.DataFrame(-scores).rank().to_numpy().mean(axis=1)
    return found


def ranks_of(columns: Sequence[ColumnSpec], rows: Sequence[MethodRow]) -> Ranks:
    """Mean ranks of all rows for those of the columns that show ranks."""
    return {
        column: dict(zip(rows, mean_ranks(rows, column.ranks).tolist(), strict=True))
        for column in columns
        if column.ranks
    }
