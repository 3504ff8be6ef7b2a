"""Worst over best group, attributes and intersections (Rizvi et al. 2024, Table 7, CelebA)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.class_columns import summed_recall_scores
from reports.specs import DatasetCard, TableSpec


@layout(
    "rizvi_7", title="Fairness of two classes", source="Rizvi et al. 2024, Table 7", order=67,
    needs="an attribute of two or more groups", published=("rizvi2024", "7"),
    classes="two",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    columns = summed_recall_scores(dataset.attributes())
    if columns:
        yield TableSpec("Fairness score (worst / best group) of summed class recalls", columns)
