"""The highest accuracy that any method has at a given fairness."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.fronts import FAIRNESS_METRIC
from reports.specs import ColumnSpec, DatasetCard, TableSpec
from reports.tradeoff_tables import fixed_fairness_table


@layout(
    "fixed_fairness", title="Accuracy at fixed fairness", source="metrics.md 9", order=2,
    needs="an attribute of two or more groups and a finished method",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set, with the attributes and intersections side by side."""
    columns = tuple(
        ColumnSpec("accuracy", FAIRNESS_METRIC, attribute, span=attribute)
        for attribute in dataset.attributes(fewest=2)
    )
    if columns:
        yield TableSpec(
            "Highest mean accuracy among methods whose mean fairness score is at least that high",
            columns,
            remark="FS: class-mean accuracy of the worst over that of the best group. Compared: "
            "all methods with all seeds, whatever labels they use. The best of many is a little "
            "too good: it was chosen on these test samples. A classifier that knows nothing treats "
            f"all groups alike: accuracy {100 / len(dataset.classes):.1f} is chance.",
            maker=fixed_fairness_table,
        )
