"""Accuracy per group, fairness per emotion, over two groups (Suresh and Ong 2022, Table IV)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "suresh_iv",
    title="Group accuracy and fairness per emotion",
    source="Suresh and Ong 2022, Table IV",
    order=40,
    needs="an attribute or intersection of more than two groups",
    published=("suresh2022", "IV"),
)
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute or intersection with more than two groups."""
    for attribute, groups in dataset.attributes().items():
        if len(groups) <= 2:
            continue
        accuracies = [
            ColumnSpec(group, "acc", attribute, group, span="Accuracy") for group in groups
        ]
        fairness = [
            ColumnSpec("worst / best", "fs_acc", attribute, span="Fairness"),
            ColumnSpec("best - worst", "fs_gap", attribute, span="Fairness", better="lower"),
        ]
        per_emotion = [
            ColumnSpec(
                emotion,
                "fs_tpr",
                attribute,
                emotion=emotion,
                span="Fairness of recall, worst / best",
            )
            for emotion in (*dataset.classes, "mean", "min")
        ]
        about = "Accuracy per group, fairness score (worst / best group) of accuracy and of recall"
        yield TableSpec(about, (*accuracies, *fairness, *per_emotion), attribute)
