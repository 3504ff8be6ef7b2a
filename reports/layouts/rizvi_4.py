"""Worst over best group of summed class recalls, each attribute (Rizvi et al. 2024, Table 4)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.class_columns import summed_recall_scores
from reports.specs import DatasetCard, TableSpec


@layout(
    "rizvi_4", title="Fairness of summed recalls", source="Rizvi et al. 2024, Table 4", order=64,
    needs="an attribute of two or more groups", published=("rizvi2024", "4"),
    classes="more",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    columns = summed_recall_scores(dataset.levels)
    if columns:
        yield TableSpec("Fairness score (worst / best group) of summed class recalls", columns)
