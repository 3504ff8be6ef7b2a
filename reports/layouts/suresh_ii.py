"""Accuracy of each of two groups and their fairness score (Suresh and Ong 2022, Table II)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "suresh_ii", title="Group accuracy", source="Suresh and Ong 2022, Table II", order=20,
    needs="an attribute of two groups", published=("suresh2022", "II"),
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute with two levels."""
    for attribute, groups in dataset.attributes().items():
        if len(groups) != 2:
            continue
        accuracies = (
            ColumnSpec(group, "acc", attribute, group, span="Accuracy") for group in groups
        )
        fairness = ColumnSpec("worst / best", "fs_acc", attribute, span="Fairness")
        gap = ColumnSpec("best - worst", "fs_gap", attribute, span="Fairness", better="lower")
        yield TableSpec(
            "Accuracy per group and fairness score", (*accuracies, fairness, gap), attribute
        )
