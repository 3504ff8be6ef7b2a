"""Accuracy of each of two classes and their mean (Rizvi et al. 2024, Table 5, on CelebA)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.class_columns import class_accuracies
from reports.specs import DatasetCard, TableSpec


@layout(
    "rizvi_5", title="Accuracy of two classes", source="Rizvi et al. 2024, Table 5", order=65,
    published=("rizvi2024", "5"), classes="two",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    yield TableSpec("Accuracy of each class and their mean", class_accuracies(dataset))
