"""Mean ranks of the methods over metrics and attributes, and over data sets."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.ranking_table import ranking_over_datasets
from reports.ranks import PERFORMANCE, fairness_columns
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "ranking", title="Ranking", source="this project, after Demsar 2006", order=3,
    over_datasets=ranking_over_datasets,
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set; a report on several has one more over all of them."""
    fairness = {
        attribute: fairness_columns(attribute)
        for attribute, groups in dataset.attributes().items()
        if len(groups) >= 2
    }
    columns = [_mean_rank("performance", PERFORMANCE)]
    if fairness:
        everything = tuple(column for columns in fairness.values() for column in columns)
        columns.append(_mean_rank("fairness", everything))
        columns += [_mean_rank(attribute, own) for attribute, own in fairness.items()]
    yield TableSpec(
        "Mean ranks over metrics and attributes",
        tuple(columns),
        remark="Rank 1: best of all methods with all seeds, ties share their ranks. Performance: "
        "accuracy and class mean. Fairness: scores of accuracy and of summed recalls, largest "
        "discrimination and equalized-odds difference, worst stratum. Metrics and attributes of "
        "one test set are not independent: a description, no test.",
    )


def _mean_rank(header: str, ranked: tuple[ColumnSpec, ...]) -> ColumnSpec:
    return ColumnSpec(header, "", span="Mean rank", better="lower", ranks=ranked)
