"""Class-mean accuracy of each gender and race (Rizvi et al. 2024, Table 2)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.attribute_roles import single
from reports.catalogue import layout
from reports.class_columns import group_means
from reports.specs import DatasetCard, TableSpec


@layout(
    "rizvi_2",
    title="Class-mean accuracy by group",
    source="Rizvi et al. 2024, Table 2",
    order=62,
    needs="an attribute of two or more groups that is not age",
    published=("rizvi2024", "2"),
    classes="more",
)
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    columns = group_means(single(dataset))
    if columns:
        yield TableSpec("Class-mean accuracy of each group", columns)
