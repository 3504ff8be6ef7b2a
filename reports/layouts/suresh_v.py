"""Classification performance and the difference to cross entropy (Suresh and Ong 2022, Table V)."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec

BASELINE = "ce"


@layout(
    "suresh_v", title="Classification performance", source="Suresh and Ong 2022, Table V", order=10,
    published=("suresh2022", "V"),
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    columns = (
        ColumnSpec("Accuracy", "acc"),
        ColumnSpec("Weighted F1", "wf1"),
        ColumnSpec("Accuracy difference", "acc", less=BASELINE),
    )
    remark = f"Difference: to {BASELINE}, in percentage points, paired by seed."
    yield TableSpec("Classification performance", columns, remark=remark)
