"""Class-mean accuracy of each age and each intersection (Rizvi et al. 2024, Table 3)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.attribute_roles import ages, crossed
from reports.catalogue import layout
from reports.class_columns import group_means
from reports.specs import DatasetCard, TableSpec


@layout(
    "rizvi_3",
    title="Class-mean accuracy by age and intersection",
    source="Rizvi et al. 2024, Table 3",
    order=63,
    needs="an attribute age or an intersection",
    published=("rizvi2024", "3"),
    classes="more",
)
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    columns = group_means({**ages(dataset), **crossed(dataset)})
    if columns:
        yield TableSpec("Class-mean accuracy of each age and intersection", columns)
