"""Discrimination and its share of the baseline's (Chen and Joo 2021, supplement, Table 3).

Tables 1, 2, 4 and 5 of the supplement are about labels, not methods: `python -m benchmarks audit`
makes them.
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.specs import ColumnSpec, DatasetCard, TableSpec

BASELINE = "ce"


@layout(
    "chen_3", title="Discrimination against the baseline",
    source="Chen and Joo 2021, supplement, Table 3 (1, 2, 4, 5 are tables of `audit`)", order=55,
    needs="an attribute of two groups", published=("chen2021_supp", "3"),
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every attribute with two groups."""
    for attribute, groups in dataset.attributes().items():
        if len(groups) != 2:
            continue
        columns = [_score("mean", attribute), _share("mean", attribute), _change(attribute)]
        for emotion in dataset.classes:
            signed = ColumnSpec(
                "|mean|", "disc_signed", attribute, ":".join(groups), emotion, _span(emotion),
                better="lower", absolute=True,
            )  # fmt: skip
            columns += [_score(emotion, attribute), signed, _share(emotion, attribute)]
        remark = (
            "Disc: mean over seeds of the absolute difference of the groups' rates of predicting "
            "the emotion, as the paper defines it, which noise alone makes positive. |mean|: "
            "absolute value of the mean over seeds of the signed difference, with the standard "
            f"deviation of that difference, as the paper seems to have averaged. Of {BASELINE}, "
            f"change: from unrounded means over seeds; undefined where the score of {BASELINE} is "
            "0 or lies inside the noise floor."
        )
        yield TableSpec(
            f"Discrimination of each emotion and its share of that of {BASELINE}",
            tuple(columns),
            attribute,
            remark,
        )


def _score(emotion: str, attribute: str) -> ColumnSpec:
    return ColumnSpec(
        "Disc", "disc", attribute, emotion=emotion, span=_span(emotion), better="lower"
    )


def _share(emotion: str, attribute: str) -> ColumnSpec:
    return ColumnSpec(
        f"of {BASELINE}", "disc", attribute, emotion=emotion, span=_span(emotion), better="lower",
        share_of=BASELINE,
    )  # fmt: skip


def _change(attribute: str) -> ColumnSpec:
    return ColumnSpec(
        "change", "disc", attribute, emotion="mean", span=_span("mean"), better="lower",
        change_from=BASELINE,
    )  # fmt: skip


def _span(emotion: str) -> str:
    return "mean of emotions" if emotion == "mean" else emotion
