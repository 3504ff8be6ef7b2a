"""Accuracy of action-unit presence per group, before and after its threshold is calibrated."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reports.audit.calibration_rows import KINDS
from reports.audit.result import AuditResult
from reports.audit.table_specs import Record, records_of
from reports.convention import Convention
from reports.number_cells import CODES_EXPLAINED, number_cell, p_cell
from reports.tables import Block, Cell, Column, Row, Table

#: header of a set of columns, field of the frame
MEASURES = (("Accuracy", "accuracy"), ("TPR", "tpr"), ("FPR", "fpr"))


def calibration_tables(result: AuditResult, convention: Convention) -> Iterator[Table]:
    """One table an attribute, in the layout of Chen and Joo's supplement, Table 1.

    Error rates stand beside the accuracies, for groups of equal accuracy may err differently; a row
    of differences says what accuracy each group gives up.
    """
    rows = records_of(result, "calibration")
    for attribute in dict.fromkeys(row["attribute"] for row in rows):
        own = [row for row in rows if row["attribute"] == attribute]
        groups = tuple(dict.fromkeys(row["group"] for row in own))
        datasets = dict.fromkeys(row["dataset"] for row in own)
        blocks = (
            Block(name, tuple(_rows([r for r in own if r["dataset"] == name], groups, convention)))
            for name in datasets
        )
        yield Table(
            key=f"chen_1_{attribute}",
            title=f"Accuracy of action units by {attribute}, raw and recalibrated thresholds",
            caption=(
                "Accuracy, true-positive and false-positive rate (TPR, FPR) of action-unit "
                f"presence by {attribute}, under one threshold for all (raw) and under thresholds "
                f"of the groups that level their accuracies (recalibrated){_matched(own)}. p: are "
                "the accuracies equal, Pearson chi-square without Yates correction where its "
                "counts allow it, else '-'; not corrected for the number of tests. Convention "
                f"{convention.name}."
            ),
            columns=tuple(_columns(groups)),
            blocks=tuple(blocks),
            remark=(
                "Change: what a group gains or gives up against the raw threshold. Equal accuracy "
                f"does not mean equal error rates. {_tested(own)}{CODES_EXPLAINED}"
            ),
            row_header="Threshold",
            narrow=True,
        )


def _matched(rows: list[Record]) -> str:
    kind = KINDS["tpr_fpr"]
    used = any(row["threshold_kind"] == kind for row in rows)
    return f" or bring their TPR and FPR closest ({kind})" if used else ""


def _columns(groups: tuple[str, ...]) -> Iterator[Column]:
    for title, field in MEASURES:
        yield from (Column(group, title, better="") for group in groups)
        if field == "accuracy":
            yield Column("p", title, better="")
    yield from (Column(group, "Threshold", better="") for group in groups)


def _tested(rows: list[Record]) -> str:
    """On which faces thresholds were fitted and tested, where the test could be made."""
    said = {str(row["reason"]) for row in rows if row["reason"] and not math.isnan(row["p"])}
    return f"Thresholds {'; '.join(sorted(said))}. " if said else ""


def _rows(rows: list[Record], groups: tuple[str, ...], convention: Convention) -> Iterator[Row]:
    found: dict[tuple[str, str], dict[str, Record]] = {}
    for row in rows:
        found.setdefault((row["action_unit"], row["threshold_kind"]), {})[row["group"]] = row
    first: dict[str, dict[str, Record]] = {}
    for (unit, kind), own in found.items():
        yield Row(f"{unit}, {kind}", tuple(_cells(own, groups, convention)))
        before = first.setdefault(unit, own)
        if before is not own:
            yield Row(f"{unit}, {kind}: change", tuple(_changes(before, own, groups)))


def _cells(
    own: dict[str, Record], groups: tuple[str, ...], convention: Convention
) -> Iterator[Cell]:
    for _, field in MEASURES:
        yield from (
            number_cell(own[g][field], "proportion", reason=_undefined(own[g], field))
            if g in own
            else Cell("blank")
            for g in groups
        )
        if field == "accuracy":
            tested = next(iter(own.values()))
            yield p_cell(tested["p"], convention, reason=tested["reason"])
    yield from (
        number_cell(own[g]["threshold"], "ratio") if g in own else Cell("blank") for g in groups
    )


def _undefined(row: Record, field: str) -> str:
    """Why a figure has no value, should it have none."""
    if not row["n"]:
        return "no faces of the group"
    return "every face shows the unit" if field == "fpr" else "no face shows the unit"


def _changes(
    before: dict[str, Record], own: dict[str, Record], groups: tuple[str, ...]
) -> Iterator[Cell]:
    for _, field in MEASURES:
        for group in groups:
            both = group in before and group in own
            change = own[group][field] - before[group][field] if both else math.nan
            yield number_cell(change, "difference") if both else Cell("blank")
        if field == "accuracy":
            yield Cell("blank")
    yield from [Cell("blank")] * len(groups)
