"""What differences between groups the test set can show at all."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.detectable_table import detectable_table
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "detectable", title="Detectable differences", source="Cohen 1988; metrics.md 8.4", order=6,
    needs="an attribute of two or more groups and a finished cell",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set, a row a group: accuracy, and recall of each class."""
    if dataset.attributes(fewest=2):
        recalls = (ColumnSpec(name, "tpr", emotion=name) for name in dataset.classes)
        yield TableSpec(
            "Smallest differences of a group that a test of one run can show",
            (ColumnSpec("accuracy", "acc"), *recalls),
            remark="Of each emotion: its recall. A group whose rate lies that far from the others' "
            "is found different with a chance of 80 % by a two-sided test at 5 % (arcsine form). "
            "none: no rate down to 0, or up to 100, is far enough. More seeds help little: they "
            "share the test samples.",
            maker=detectable_table,
        )
