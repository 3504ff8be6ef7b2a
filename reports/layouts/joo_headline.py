"""Relative changes against the baseline, the headline of Joo et al. 2024."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import BASELINE, ColumnSpec, DatasetCard, TableSpec
from reports.tables import Better


@layout(
    "joo_headline", title="Change against the baseline", source="Joo et al. 2024, headline",
    order=58, needs="an attribute of two or more groups",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute and intersection."""
    for attribute, groups in dataset.attributes().items():
        if len(groups) >= 2:
            columns = (
                *_pair("Equalized odds", "eod", attribute, "lower"),
                *_pair("Demographic parity", "disc", attribute, "lower"),
                *_pair("Worst stratum", "wga_stratum", attribute, "higher"),
            )
            remark = (
                f"Change: against {BASELINE}, percent of its unrounded mean; undefined where that "
                "mean is 0 or, of a gap, lies inside the noise floor. Odds, parity: largest "
                "difference of any emotion."
            )
            about = f"Gaps, worst stratum, and their changes against {BASELINE}"
            yield TableSpec(about, columns, attribute, remark)


def _pair(span: str, metric: str, attribute: str, better: Better) -> tuple[ColumnSpec, ColumnSpec]:
    emotion = "all" if metric == "wga_stratum" else "max"
    plain = ColumnSpec(
        "score" if metric == "wga_stratum" else "gap", metric, attribute, emotion=emotion,
        span=span, better=better,
    )  # fmt: skip
    change = ColumnSpec(
        "change", metric, attribute, emotion=emotion, span=span, better=better,
        change_from=BASELINE,
    )  # fmt: skip
    return plain, change
