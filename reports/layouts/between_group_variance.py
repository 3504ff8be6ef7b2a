"""How much the groups' rates vary beyond the noise of a finite test set."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "between_group_variance", title="Between-group variance", source="Lum, Zhang and Bower 2022",
    order=71, needs="an attribute of two or more groups",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute and intersection."""
    for attribute in dataset.attributes(fewest=2):
        columns = (
            *_shown("Accuracy", "bgv", attribute, "all"),
            *_shown("Recall", "bgv_tpr", attribute, "mean"),
        )
        yield TableSpec(
            "Variance of the groups' rates, less what sampling alone gives",
            columns,
            attribute,
            remark="4 is a standard deviation of 2 points between the groups; 0 and below: no more "
            "than the noise of groups of these sizes. Brackets: 95 % interval, from resampled test "
            "sets with the noise of resampling taken off, too, widened by the seeds. "
            "Recall: mean of the variances of all emotions. Floor: mean and 95 % range of a "
            "perfectly fair classifier on this test set (permuted groups); p after Holm over the "
            "methods.",
        )


def _shown(span: str, metric: str, attribute: str, emotion: str) -> Iterator[ColumnSpec]:
    place = (metric, attribute, "all", emotion, span)
    yield ColumnSpec("variance", *place, better="", show="interval", squared=True)
    yield ColumnSpec("floor", *place, better="", show="floor", squared=True)
    yield ColumnSpec("p", *place, better="", show="floor_p_holm")
