"""Accuracy of each class and their mean (Rizvi et al. 2024, Table 1)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.class_columns import class_accuracies
from reports.specs import DatasetCard, TableSpec


@layout(
    "rizvi_1", title="Class accuracy", source="Rizvi et al. 2024, Table 1", order=61,
    published=("rizvi2024", "1"), classes="more",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    yield TableSpec("Accuracy of each class and their mean", class_accuracies(dataset))
