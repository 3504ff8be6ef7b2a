"""How far confidence is from accuracy, overall and by group."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.metrics.calibration import BINS
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "calibration", title="Calibration", source="Guo et al. 2017; Brier 1950", order=70,
    needs="predicted probabilities",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute and intersection."""
    for attribute, groups in dataset.attributes().items():
        columns = [
            ColumnSpec("all", "ece", span="ECE", better="lower"),
            *(ColumnSpec(one, "ece", attribute, one, span="ECE", better="lower") for one in groups),
            *(_gap(attribute) if len(groups) >= 2 else ()),
            ColumnSpec("all", "brier", span="Brier", better="lower"),
        ]
        yield TableSpec(
            "Expected calibration error and Brier score",
            tuple(columns),
            attribute,
            remark=f"ECE: mean distance of confidence and accuracy over {BINS} bins of the "
            "confidence; few samples make it too large, so that small groups look worse "
            "calibrated. Gap: largest less smallest of the groups. Floor: mean and 95 % range of "
            "the gap of groups of these sizes that are calibrated alike (permuted groups). Brier: "
            "mean squared distance of the probabilities to the truth, summed over the emotions, "
            "times 100.",
            optional=True,
        )


def _gap(attribute: str) -> Iterator[ColumnSpec]:
    yield ColumnSpec("gap", "ece_gap", attribute, span="ECE gap", better="lower")
    yield ColumnSpec("floor", "ece_gap", attribute, span="ECE gap", better="", show="floor")
