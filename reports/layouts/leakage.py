"""How much of the protected attribute a linear probe reads off the representation."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec


@layout(
    "leakage", title="Leakage", source="metrics.md 4; Wang et al. 2019", order=72,
    needs="stored features (`run --store-features`) under the rule `last`",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute and intersection."""
    for attribute, groups in dataset.attributes(fewest=2).items():
        columns = (
            ColumnSpec("mean (sd)", "leak", attribute, span="Leak", better="lower"),
            ColumnSpec("null band", "leak", attribute, span="Leak", better="", show="floor"),
            ColumnSpec("chance", "leak_excess", attribute, span="Leak beyond", better="lower"),
            ColumnSpec("label", "leak_beyond_label", attribute, span="Leak beyond", better="lower"),
            ColumnSpec("majority", "leak_majority", attribute, span="Guess", better=""),
        )
        yield TableSpec(
            "Leakage of the group",
            columns,
            attribute,
            remark=f"Leak: balanced accuracy of a linear probe that reads the group off the "
            "features, fitted on the validation part, judged on the test part; chance is "
            f"{100 / len(groups):.1f} with all groups. Null band: mean and 95 % range for permuted "
            "groups. Beyond label: less the balanced accuracy of a probe that sees the true class "
            "only. Majority: plain accuracy of always guessing the commonest group. At chance, a "
            "probe that is not linear may still read the group.",
            optional=True,
        )
