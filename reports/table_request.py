"""What the maker of a table is given: a study, a data set, and what a layout declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.assemble import table_key
from reports.catalogue import LayoutCard
from reports.convention import Convention
from reports.rows import MethodRow, common_sentence
from reports.specs import BASELINE, ColumnSpec, DatasetCard, TableSpec
from reports.study import StudyFrames

#: the baseline of a study without statistics, where it was run: plain training
PLAIN = "ce"


@dataclass(frozen=True, eq=False)
class TableRequest:
    """One table of one data set, to be made; `rows` are the data set's methods."""

    study: StudyFrames
    dataset: DatasetCard
    layout: LayoutCard
    spec: TableSpec
    rows: Sequence[MethodRow]
    convention: Convention

    @property
    def key(self) -> str:
        """The file name of the table, without suffix."""
        return table_key(self.layout, self.dataset, self.spec)

    @property
    def title(self) -> str:
        """The heading of the table."""
        subject = f" by {self.spec.attribute}" if self.spec.attribute else ""
        return f"{self.layout.title}{subject}, {self.dataset.title}"

    @property
    def protocol(self) -> str:
        """The sentence of a caption that says how the methods were trained and are counted."""
        return (
            f"Preset {self.study.preset}, checkpoint rule {self.study.select}, convention "
            f"{self.convention.name} (min_n = {self.convention.min_n}; '-': undefined)."
            f"{common_sentence(self.study, self.dataset)}"
        )

    @property
    def repeats(self) -> str:
        """How many runs a method has: "3 seeds"."""
        expected = max((row.expected for row in self.rows), default=0)
        unit = "repeat" if self.dataset.folds > 1 else "seed"
        return f"{expected} {unit}{'' if expected == 1 else 's'}"


def baseline_of(study: StudyFrames) -> str:
    """The method that others are compared with; empty where none is named."""
    if study.baseline or study.statistics is not None:
        return study.baseline
    return PLAIN if PLAIN in study.method_cards else ""


def with_baseline_named(spec: TableSpec, study: StudyFrames) -> TableSpec:
    """The spec with the study's baseline in place of `BASELINE`."""
    name = baseline_of(study) or "the baseline"

    def named(text: str) -> str:
        return text.replace(BASELINE, name)

    def column(one: ColumnSpec) -> ColumnSpec:
        return replace(
            one, header=named(one.header), span=named(one.span), less=named(one.less),
            share_of=named(one.share_of), change_from=named(one.change_from),
        )  # fmt: skip

    columns = tuple(map(column, spec.columns))
    return replace(spec, about=named(spec.about), remark=named(spec.remark), columns=columns)
