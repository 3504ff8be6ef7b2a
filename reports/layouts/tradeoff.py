"""Accuracy and fairness together: Pareto front, distance to the optimum, dominated area."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.fronts import FAIRNESS_METRIC
from reports.specs import ColumnSpec, DatasetCard, TableSpec
from reports.tradeoff_tables import tradeoff_table


@layout(
    "tradeoff", title="Trade-off", source="Han et al. 2022; metrics.md 9", order=1,
    needs="an attribute of two or more groups and two finished methods",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute and intersection."""
    chance = 100 / len(dataset.classes)
    for attribute in dataset.attributes(fewest=2):
        columns = (
            ColumnSpec("mean (sd)", "acc", span="Accuracy"),
            ColumnSpec("mean (sd)", FAIRNESS_METRIC, attribute, span="FS"),
        )
        remark = (
            "FS: class-mean accuracy of the worst over that of the best group. Front: no compared "
            "method is at least as good in both means and better in one; probability: share of "
            "replicates (resampled test sets, runs drawn anew, the same for all methods) in which "
            "the method is on the front. DTO: distance of accuracy and FS to 100 and 100, mean "
            "over seeds. HV, hypervolume: area that the method dominates beyond accuracy "
            f"{chance:.1f} (chance) and FS 0, percent of the unit square; last row: that of the "
            "front. Compared: all methods with all seeds, whatever labels they use."
        )
        yield TableSpec(
            "Accuracy against fairness", columns, attribute, remark, maker=tradeoff_table
        )
