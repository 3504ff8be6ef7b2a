"""Adjusted residuals: which of more than two groups makes a condition's test significant."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from reports.audit.table_specs import (
    ColumnSet,
    ConditionalSpec,
    Found,
    conditional_specs,
    places_of,
)
from reports.convention import Convention
from reports.number_cells import number_cell
from reports.tables import Block, Cell, Column, Row, Table

#: an adjusted residual beyond this is marked (two-sided 5 % of a normal variable)
MARKED = 1.96


def residual_tables(found: Found, convention: Convention) -> Iterator[Table]:
    """One table for each set of more than two groups; nothing where no residual is defined.

    Source: metrics.md 10.5.
    """
    for spec in conditional_specs(found):
        for one in spec.sets:
            proper = [name for name in spec.datasets if not found.is_variant(name)]
            every = (_block(spec, one, found, dataset) for dataset in proper)
            blocks = tuple(block for block in every if _says_something(block))
            if len(one.groups) < 3 or not blocks:
                continue
            attribute = one.attributes[-1]
            labels = () if spec.kind == "overall" else spec.labels
            yield Table(
                key="_".join(["residuals", spec.kind, *labels, attribute]),
                title=f"Adjusted residuals of {spec.label} by {attribute}{spec.where}",
                caption=(
                    f"Adjusted residuals of the images labelled {spec.label}, by condition and "
                    f"{attribute}: how far a group lies from independence, in standard errors; "
                    f"positive: labelled more often. Convention {convention.name}."
                ),
                columns=tuple(Column(group, attribute, better="") for group in one.groups),
                blocks=blocks,
                remark="Bold: beyond 1.96 either way, not corrected for the number of groups.",
                row_header="Label" if spec.kind == "overall" else "Condition",
                narrow=True,
            )


def _says_something(block: Block) -> bool:
    return any(cell.state == "value" for row in block.rows for cell in row.cells)


def _block(spec: ConditionalSpec, one: ColumnSet, found: Found, dataset: str) -> Block:
    rows = []
    for place in places_of(replace(spec, sets=(one,)), found):
        if place[0] != dataset or place[2] != one.attributes[-1]:
            continue
        shares = found.shares[place]
        cells = (
            _cell(shares[group]["residual"]) if group in shares else Cell("blank")
            for group in one.groups
        )
        name = place[1] if spec.kind == "overall" else place[3].replace(",", ", ")
        rows.append(Row(name, tuple(cells)))
    return Block(dataset, tuple(rows))


def _cell(residual: float) -> Cell:
    reason = "no images, or nobody or everybody has the label" if math.isnan(residual) else ""
    return number_cell(residual, "statistic", reason=reason, bold=abs(residual) > MARKED)
