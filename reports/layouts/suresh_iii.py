"""Fairness score of recall for each emotion, two groups (Suresh and Ong 2022, Table III)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "suresh_iii", title="Fairness per emotion", source="Suresh and Ong 2022, Table III", order=30,
    needs="an attribute of two groups", published=("suresh2022", "III"),
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute with two levels."""
    for attribute, groups in dataset.attributes().items():
        if len(groups) == 2:
            columns = tuple(
                ColumnSpec(emotion, "fs_tpr", attribute, emotion=emotion)
                for emotion in (*dataset.classes, "mean", "min")
            )
            yield TableSpec(
                "Fairness score (worst / best group) of recall",
                columns,
                attribute,
            )
