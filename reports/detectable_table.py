"""The smallest differences of groups that a test set can show at all."""

from __future__ import annotations

import math

from reports.rows import MethodRow
from reports.specs import ColumnSpec
from reports.stats.detectable import detectable_rates
from reports.table_request import TableRequest, baseline_of
from reports.tables import Block, Cell, Column, Row, Table, in_unit

NONE = "none"
NO_SAMPLES = "no samples of this class in this group, or in the others"
NO_RATE = "no rate is known"


def detectable_table(asked: TableRequest) -> Table | None:
    """A row a group, a column a rate: how far below and above the others it must lie.

    The number of a cell is the smaller of the two differences.

    All methods are tested on the same samples; the rates are those of the baseline, or of the first
    method with results. None where there is none.
    """
    done = [row for row in asked.rows if row.done]
    baseline = baseline_of(asked.study)
    row = next((row for row in done if row.method == baseline), done[0] if done else None)
    if row is None:
        return None
    blocks = tuple(
        Block(attribute, tuple(_row(row, attribute, group, groups, asked) for group in groups))
        for attribute, groups in asked.dataset.attributes(fewest=2).items()
    )
    return Table(
        key=asked.key,
        title=asked.title,
        caption=f"{asked.spec.about} on {asked.dataset.title}. Percentage points below / above the "
        f"rate of all other groups together, taken to be that of {row.label}.",
        columns=tuple(Column(column.header, column.span, "") for column in asked.spec.columns),
        blocks=blocks,
        row_header="Group",
        narrow=True,
        remark=asked.spec.remark,
    )


def _row(
    row: MethodRow, attribute: str, group: str, groups: tuple[str, ...], asked: TableRequest
) -> Row:
    cells = []
    for column in asked.spec.columns:
        sizes = {one: _size(row, attribute, one, column) for one in groups}
        own = sizes.pop(group)
        cells.append(_cell(own, sum(sizes.values()), _rate(row, column)))
    return Row(group, tuple(cells))


def _size(row: MethodRow, attribute: str, group: str, column: ColumnSpec) -> int:
    entries = row.values.get((attribute, group, column.emotion, column.metric), [])
    return max((entry.n for entry in entries), default=0)


def _rate(row: MethodRow, column: ColumnSpec) -> float:
    entries = row.values.get(("all", "all", column.emotion, column.metric), [])
    values = [entry.value for entry in entries if not math.isnan(entry.value)]
    return math.fsum(values) / len(values) if values else math.nan


def _cell(own: int, others: int, rate: float) -> Cell:
    if min(own, others) < 1:
        return Cell("undefined", reason=NO_SAMPLES)
    if math.isnan(rate):
        return Cell("undefined", reason=NO_RATE)
    ends = [end - rate for end in detectable_rates(others, own, rate)]
    text = " / ".join(NONE if math.isnan(end) else in_unit(end, "points") for end in ends)
    known = [end for end in ends if not math.isnan(end)]
    if not known:
        return Cell("text", text=NONE)
    return Cell("value", mean=min(known, key=abs), unit="points", text=text)
