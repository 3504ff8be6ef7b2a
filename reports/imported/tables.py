"""The tables of another suite's results: means of every rule, and comparisons with a baseline."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from reports.imported.selection import Place, Rule
from reports.rounding import rounded
from reports.tables import Block, Cell, Column, Row, Table, Unit, in_unit, with_bold

Record = Mapping[Hashable, Any]

_COMPARED = (
    "Mean", "Baseline", "Difference", "95 %", "Pairs", "p (paired t)", "p (Holm)",
    "p (sign flips)", "smallest p (sign flips)",
)  # fmt: skip


def results_table(
    results: pd.DataFrame,
    rules: Sequence[Rule],
    headlines: Sequence[Place],
    *,
    key: str,
    suite: str,
) -> Table:
    """Mean (standard deviation) of each method, a block a rule and a column a number.

    Args:
        results: columns `summary.RESULTS`, of one data set.
        rules: in the order of the blocks.
        headlines: numbers that come first, with their intervals.
        key: file name of the table.
        suite: what wrote the results.
    """
    dataset = str(results["dataset"].iloc[0])
    places = list(dict.fromkeys(zip(results["metric"], results["test_set"], strict=True)))
    places.sort(key=lambda place: place not in headlines)
    columns = tuple(_columns(places, headlines))
    blocks = []
    for rule in rules:
        found = results[results["selection"] == rule.key]
        rows = tuple(_rows(found, places, headlines))
        if rows:
            fair = not rule.reads_test and _equal_searches(found)
            blocks.append(Block(f"Chosen by: {rule.title}", rows, compared=fair))
    return Table(
        key=key,
        title=f"{dataset}: accuracies",
        caption=f"{dataset}, stored by {suite}: mean (standard deviation, ddof 1) over trials in "
        "percent, by the rule that chose hyper-parameters and checkpoint.",
        columns=columns,
        blocks=tuple(_bold(blocks, columns)),
        remark="95 %: t over trials; results.csv has the intervals of all numbers. They cover what "
        "differs between trials, not another sample of test images: only accuracies are stored. "
        "The best is bold where the rule reads no test data and all have tried equally many "
        "settings.",
    )


def _rows(
    results: pd.DataFrame, places: Sequence[Place], headlines: Sequence[Place]
) -> Iterator[Row]:
    """One row a method, in the order in which they come."""
    for method, found in results.groupby("method", sort=False):
        records = {(row["metric"], row["test_set"]): row for row in found.to_dict("records")}
        cells = (_cells(records.get(place), place in headlines) for place in places)
        yield Row(str(method), tuple(cell for pair in cells for cell in pair))


def _columns(places: Sequence[Place], headlines: Sequence[Place]) -> Iterator[Column]:
    for place in places:
        yield Column(_header(place, len(places) > 1))
        if place in headlines:
            yield Column("95 %", better="")


def _equal_searches(results: pd.DataFrame) -> bool:
    """Whether all methods have tried equally many settings in every trial of a number."""
    tried = results.groupby(["metric", "test_set"])[["settings_low", "settings_high"]]
    return bool((tried.min().min(axis=1) == tried.max().max(axis=1)).all())


def _bold(blocks: Sequence[Block], columns: Sequence[Column]) -> Iterator[Block]:
    """The blocks with the best of each column in bold, each block by itself."""
    for block in blocks:
        yield from with_bold(Table("", "", "", tuple(columns), (block,))).blocks


def _header(place: Place, several: bool) -> str:
    metric, test_set = place
    words = metric.replace("_", " ")
    return words if test_set == "all" or not several else f"{words}, {test_set}"


def _cells(row: Record | None, headline: bool) -> Iterator[Cell]:
    yield _mean(row)
    if headline and (row is None or math.isnan(row["low"])):
        yield Cell("blank" if row is None else "undefined")
    elif headline and row is not None:
        yield _interval(row["low"], row["high"], "percent")


def _interval(low: float, high: float, unit: Unit) -> Cell:
    return Cell("text", text=f"{in_unit(low, unit)} to {in_unit(high, unit)}")


def _mean(row: Record | None) -> Cell:
    if row is None:
        return Cell("blank")
    trials, planned = int(row["trials"]), int(row["planned"])
    if not trials:
        return Cell("undefined", reason=str(row["reason"]))
    spread = None if math.isnan(row["sd"]) else float(row["sd"])
    return Cell(
        "value", float(row["mean"]), spread, trials, planned, show_n=trials < planned,
        reason=str(row["reason"]),
    )  # fmt: skip


def comparison_table(
    compared: pd.DataFrame, rules: Sequence[Rule], places: Sequence[Place], *, key: str, suite: str
) -> Table | None:
    """Each method less the baseline, a block a rule and a number; None without any.

    Args:
        compared: columns `summary.COMPARISONS`, of one data set.
        rules: in the order of the blocks.
        places: numbers that are printed.
        key: file name of the table.
        suite: what wrote the results.
    """
    blocks = []
    for rule in rules:
        for metric, test_set in places:
            at = (compared["metric"] == metric) & (compared["test_set"] == test_set)
            found = compared[at & (compared["selection"] == rule.key)]
            rows = tuple(_compared(row) for row in found.to_dict("records"))
            if rows:
                name = f"{_header((metric, test_set), True)}; chosen by: {rule.title}"
                blocks.append(Block(name[:1].upper() + name[1:], rows))
    if not blocks:
        return None
    dataset, baseline = compared["dataset"].iloc[0], compared["baseline"].iloc[0]
    return Table(
        key=key,
        title=f"{dataset}: differences to {baseline}",
        caption=f"{dataset}, stored by {suite}: each method less {baseline}, paired by trial; "
        "means in percent, differences in points.",
        columns=tuple(Column(header, better="") for header in _COMPARED),
        blocks=tuple(blocks),
        remark="Holm: over the methods of a block. Flipping the signs of S differences cannot give "
        "a p below 2^(1-S), whatever the data: 0.25 with 3 trials, 0.0625 with 5. The paired t "
        "test can, but rests on differences that are normal, which so few trials cannot show.",
    )


def _compared(row: Record) -> Row:
    reason = str(row["reason"])
    low, high = row["low"], row["high"]
    interval = Cell("undefined") if math.isnan(low) else _interval(low, high, "points")
    tests = (_p(row[name]) for name in ("p", "p_holm", "p_flips", "smallest_p"))
    cells = (
        _number(row["mean"], "percent"),
        _number(row["baseline_mean"], "percent"),
        _number(row["difference"], "points"),
        interval,
        Cell("text", text=str(row["pairs"])),
        *tests,
    )
    return Row(str(row["method"]), cells, notes=(reason,) if reason else ())


def _number(value: float, unit: Unit) -> Cell:
    return Cell("undefined") if math.isnan(value) else Cell("value", float(value), unit=unit)


def _p(value: float) -> Cell:
    if math.isnan(value):
        return Cell("undefined")
    text = "<0.001" if value < 0.0005 else rounded(value, 3)
    return Cell("text", text=text)
