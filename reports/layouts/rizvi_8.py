"""Ablations of latent alignment (Rizvi et al. 2024, Table 8)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.attribute_roles import single
from reports.catalogue import layout
from reports.class_columns import summed_recall_scores
from reports.specs import ColumnSpec, DatasetCard, TableSpec

METHOD = "latent_alignment"


@layout(
    "rizvi_8", title="Ablations of latent alignment", source="Rizvi et al. 2024, Table 8", order=68,
    needs=f"cells of {METHOD}", published=("rizvi2024", "8"),
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set, a row a variant of the method (`run --variant`)."""
    columns = (ColumnSpec("Class mean", "mca"), *summed_recall_scores(single(dataset)))
    about = "Class-mean accuracy and fairness score (worst / best group) of summed class recalls"
    yield TableSpec(about, columns, methods=(METHOD,))
