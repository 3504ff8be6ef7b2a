"""One row a method: performance, fairness beside its noise floor, change to the baseline, cost."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout("summary", title="Summary", source="this project", order=0)
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute and intersection."""
    for attribute in dataset.attributes():
        yield TableSpec(
            "Performance and group fairness, beside what a perfectly fair classifier would show",
            tuple(_columns(attribute)),
            attribute,
            remark="FS: fairness score (worst / best group) of class-mean accuracy. Disc: largest "
            "discrimination of any emotion. Worst stratum: lowest recall of an emotion in a "
            "group. Floor: mean and 95 % range of a perfectly fair classifier on this test set "
            "(permuted groups). Change: to the baseline, percentage points, 95 % interval over "
            "seeds and test samples; p after Holm over the methods. Cost: passes over a picture "
            "relative to plain training.",
        )


def _columns(attribute: str) -> Iterator[ColumnSpec]:
    yield ColumnSpec("mean (sd)", "acc", span="Accuracy")
    yield ColumnSpec("change", "acc", span="Accuracy", better="", show="difference")
    yield ColumnSpec("p", "acc", span="Accuracy", better="", show="difference_p_holm")
    yield from _with_floor("FS", ColumnSpec("mean (sd)", "fs_mca", attribute, span="FS"))
    disc = ColumnSpec("mean (sd)", "disc", attribute, emotion="max", span="Disc", better="lower")
    yield from _with_floor("Disc", disc)
    yield ColumnSpec("mean (sd)", "wga_stratum", attribute, span="Worst stratum")
    stratum = ("wga_stratum", attribute, "all", "all", "Worst stratum")
    yield ColumnSpec("change", *stratum, better="", show="difference")
    yield ColumnSpec("passes", "", span="Cost", better="", show="cost")


def _with_floor(span: str, score: ColumnSpec) -> Iterator[ColumnSpec]:
    """A score, its noise floor, its change to the baseline and the corrected p."""
    yield score
    place = (score.metric, score.attribute, score.group, score.emotion, span)
    yield ColumnSpec("floor", *place, better="", show="floor")
    yield ColumnSpec("change", *place, better="", show="difference")
    yield ColumnSpec("p", *place, better="", show="difference_p_holm")
