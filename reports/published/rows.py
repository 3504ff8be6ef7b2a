"""Printed values as rows beside the measured ones, of the same data set only.

They come from other code, training and sometimes another test part, so they never compete for bold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache

from reports.arithmetic.checks import arithmetic_findings
from reports.catalogue import LayoutCard
from reports.published.values import PublishedValue, published_records
from reports.specs import ColumnSpec, DatasetCard, TableSpec
from reports.tables import Block, Cell, Row, Table

ELSEWHERE = "Published, not run in this study"
REMARK = "Published: as printed in {cited}, from other code and training; not compared."
#: paper -> name in the labels of rows, which must not make tables wide
SHORT = {"rizvi2024": "Rizvi 2024", "suresh2022": "Suresh 2022", "chen2021_supp": "Chen 2021"}
PERCENT = 100

#: metric key -> name in the papers' tables, emotion there (empty: the class), group there
METRICS = {
    "tpr": ("class accuracy", "", "all"),
    "mca": ("mean class-wise accuracy", "mean", ""),
    "fs_mca": ("fairness ratio (Eq. 4)", "mean", "worst/best"),
    "fs_acc": ("fairness ratio (Eq. 4)", "all", "worst/best"),
    "fs_tpr": ("fairness ratio (Eq. 4)", "", "worst/best"),
    "acc": ("accuracy", "all", ""),
    "wf1": ("weighted F1", "all", "all"),
    "disc": ("Calders-Verwer discrimination score", "", "|Male - Female|"),
}
DIFFERENCE = "accuracy difference to CE"
SHARE = "discrimination score relative to baseline"
#: other names of classes, groups, attributes and methods, all without blanks and signs
SAME = {
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "sex": "gender",
    "ethnicity": "race",
    "black": "africanamerican",
    "white": "caucasian",
    # bands of years, as data sets spell theirs
    "0to3": "03",
    "4to19": "419",
    "20to39": "2039",
    "40to69": "4069",
    "70up": "70",
}
#: method as the papers' files call it -> registry key
METHODS = {
    "spectral_decoupling+au_positive_matching": "sd_au_positive_matching",
    "offline": "ce",
}


def with_published(
    table: Table,
    card: LayoutCard,
    spec: TableSpec,
    dataset: DatasetCard,
    titles: Mapping[str, str],
) -> Table:
    """The table with a row for each method that the layout's paper prints of this data set.

    A row follows those of the same method; methods that the study did not run come last in a block
    of their own. The same table where the paper prints nothing of the data set.

    Args:
        table: finished, its bold marks set.
        card: says of which paper's table the printed values are.
        spec: the columns.
        dataset: what was measured.
        titles: printed names of the methods by registry key.
    """
    if not card.published:
        return table
    source, number = card.published
    records = [
        one
        for one in published_records()
        if (one.source, one.table) == (source, number) and _is_same(one.dataset, dataset)
    ]
    found: dict[str, Row] = {}
    for method in dict.fromkeys(one.method for one in records if one.method):
        own = [one for one in records if one.method == method]
        cells = tuple(_cell(own, column) for column in spec.columns)
        if any(cell.state == "value" for cell in cells):
            key = METHODS.get(method, method)
            label = f"{titles.get(key, key)}, published ({SHORT[source]}, {number})"
            found[key] = Row(label, cells)
    if not found:
        return table
    remark = REMARK.format(cited=records[0].cited)
    return replace(_placed(table, found), remark=f"{table.remark} {remark}".strip())


def _placed(table: Table, found: dict[str, Row]) -> Table:
    """Each row after the first run of its method's rows."""
    left = dict(found)
    blocks = []
    for block in table.blocks:
        rows: list[Row] = []
        for place, row in enumerate(block.rows):
            rows.append(row)
            method = _method(row)
            following = block.rows[place + 1 : place + 2]
            if method in left and not (following and _method(following[0]) == method):
                rows.append(left.pop(method))
        blocks.append(replace(block, rows=tuple(rows)))
    if left:
        blocks.append(Block(ELSEWHERE, tuple(left.values())))
    return replace(table, blocks=tuple(blocks))


def _method(row: Row) -> str:
    return row.run[1] if row.run else ""


def _cell(records: Sequence[PublishedValue], column: ColumnSpec) -> Cell:
    one = next((one for one in records if _is_of(one, column)), None)
    if one is None:
        return Cell("blank")
    text = _in_percent(one.value, one) + (f" ({_in_percent(one.std, one)})" if one.std else "")
    scale = 1 if one.unit == "fraction" else PERCENT
    implied = _implied().get(one)
    reason = f"the paper's own numbers imply {implied}" if implied else ""
    return Cell(
        "value",
        mean=one.number / scale,
        n=1,
        expected=1,
        unit=column.unit,
        text=text,
        reason=reason,
    )


def _in_percent(text: str, one: PublishedValue) -> str:
    """A printed number in percent with its own digits: 0.064 is 6.4."""
    if one.unit != "fraction":
        return text
    decimals = max(len(text.partition(".")[2]) - 2, 0)
    return f"{Decimal(text) * PERCENT:.{decimals}f}"


@cache
def _implied() -> Mapping[PublishedValue, str]:
    """Printed numbers that do not fit their paper's other numbers, and what those imply."""
    return {
        one.about: f"{one.implied} ({one.check})"
        for one in arithmetic_findings()
        if one.about is not None and one.verdict == "inconsistent"
    }


def _is_of(one: PublishedValue, column: ColumnSpec) -> bool:
    """Whether the printed number is what the column shows."""
    if column.ranks or column.change_from or column.metric not in METRICS:
        return False
    metric, emotion, group = METRICS[column.metric]
    if column.less:
        metric = DIFFERENCE
    if column.share_of:
        metric = SHARE
    return (
        one.metric == metric
        and _plain(one.attribute) == _plain(column.attribute)
        and _plain(one.group) == _plain(group or column.group)
        and _plain(one.emotion) == _plain(emotion or column.emotion)
    )


@cache
def _plain(name: str) -> str:
    """A name without case, blanks and signs, in the suite's words; crossed names part by part."""
    parts = (re.sub(r"[^a-z0-9]", "", part.lower()) for part in name.split(" x "))
    return "x".join(SAME.get(part, part) for part in parts)


def _title(published: str) -> str:
    """A paper's name of a data set as a title; `train A (n) / test B` is `A to B`."""
    train, apart, test = published.partition(" / test ")
    return f"{train.removeprefix('train ').partition(' (')[0]} to {test}" if apart else published


def _is_same(published: str, dataset: DatasetCard) -> bool:
    plain = _plain(_title(published))
    return bool(plain) and plain in (_plain(dataset.key), _plain(dataset.title))


def without_published(datasets: Sequence[DatasetCard]) -> list[str]:
    """A sentence for each data set of which no paper prints a value."""
    shown = {metric for metric, _, _ in METRICS.values()}
    known = sorted(
        {_title(one.dataset) for one in published_records() if one.method and one.metric in shown}
    )
    return [
        f"No printed values of {dataset.title}; there are of {', '.join(known)}."
        for dataset in datasets
        if not any(_is_same(name, dataset) for name in known)
    ]
