"""One row a method: performance, and five fairness scores for every attribute."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout("summary", title="Summary", source="this project", order=0)
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table a data set."""
    columns = [
        ColumnSpec("Accuracy", "acc", span="Performance"),
        ColumnSpec("Class mean", "mca", span="Performance"),
    ]
    for attribute in dataset.attributes():
        columns += [
            ColumnSpec("FS acc", "fs_acc", attribute, span=attribute),
            ColumnSpec("FS mca", "fs_mca", attribute, span=attribute),
            ColumnSpec(
                "Disc max", "disc", attribute, emotion="max", span=attribute, better="lower"
            ),
            ColumnSpec("EOD max", "eod", attribute, emotion="max", span=attribute, better="lower"),
            ColumnSpec("Worst stratum", "wga_stratum", attribute, span=attribute),
        ]
    yield TableSpec(
        "Performance and group fairness",
        tuple(columns),
        remark="FS: fairness score (worst / best group) of accuracy and of class-mean accuracy. "
        "Disc, EOD: largest discrimination and equalized-odds difference of any emotion. "
        "Worst stratum: lowest recall of an emotion in a group.",
    )
