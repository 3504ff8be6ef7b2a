"""Calders-Verwer discrimination of each emotion (Chen and Joo 2021, supplement)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "discrimination",
    title="Discrimination",
    source="Chen and Joo 2021, supplement, Eq. 1",
    order=50,
    needs="an attribute",
)
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute and intersection."""
    for attribute in dataset.attributes():
        columns = tuple(
            ColumnSpec(emotion, "disc", attribute, emotion=emotion, better="lower")
            for emotion in (*dataset.classes, "max")
        )
        about = "Discrimination: highest - lowest rate of predicting each emotion"
        yield TableSpec(about, columns, attribute)
