"""Samples of each group and class (Suresh and Ong 2022, Table I and counts of III and IV)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.count_tables import count_table
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "suresh_i", title="Data", source="Suresh and Ong 2022, Table I", order=5,
    needs="an attribute and a finished cell",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set, a row a group; the paper counts training samples, this table tests."""
    if dataset.levels:
        classes = (ColumnSpec(name, "tpr", emotion=name, span="Class") for name in dataset.classes)
        about = "Test samples of each group and class"
        yield TableSpec(about, (*classes, ColumnSpec("All", "acc")), maker=count_table)
