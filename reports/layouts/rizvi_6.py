"""Class-mean accuracy of each group and intersection (Rizvi et al. 2024, Table 6, on CelebA)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.class_columns import group_means
from reports.specs import DatasetCard, TableSpec


@layout(
    "rizvi_6",
    title="Class-mean accuracy of two classes by group",
    source="Rizvi et al. 2024, Table 6",
    order=66,
    needs="an attribute of two or more groups",
    published=("rizvi2024", "6"),
    classes="two",
)
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    columns = group_means(dataset.attributes())
    if columns:
        yield TableSpec("Class-mean accuracy of each group", columns)
