"""Aggregates over runs with intervals, of one data set and of all."""

from __future__ import annotations

from collections.abc import Iterator

from reports.aggregate_tables import (
    FAIRNESS,
    FAIRNESS_METRIC,
    aggregate_table,
    aggregates_over_datasets,
)
from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "aggregates", title="Aggregates over runs", source="Agarwal et al. 2021", order=4,
    over_datasets=aggregates_over_datasets,
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """Accuracy, then the fairness score by every attribute; over all data sets once more."""
    yield TableSpec(
        "Accuracy over the runs", (ColumnSpec("Accuracy", "acc"),), maker=aggregate_table
    )
    for attribute in dataset.attributes(fewest=2):
        about = f"Fairness score (worst / best class-mean accuracy) by {attribute} over the runs"
        column = ColumnSpec(FAIRNESS, FAIRNESS_METRIC, attribute)
        yield TableSpec(about, (column,), attribute, maker=aggregate_table)
