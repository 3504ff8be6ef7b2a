"""Tables of a data set's test samples: a row a group, a column a class."""

from __future__ import annotations

from collections.abc import Mapping

from reports.specs import ColumnSpec, DatasetCard
from reports.study import StudyFrames
from reports.table_request import TableRequest
from reports.tables import Block, Cell, Column, Row, Table

SHARE = "Share"
UNKNOWN = "unknown"
Counts = Mapping[tuple[str, str, str, str], int]


def count_table(asked: TableRequest) -> Table | None:
    """A row a group, a column a count of test samples; None where no finished cell tells them.

    All methods are tested on the same samples, so the first finished cell (of pooled folds, the
    first repeat) gives the denominators of all.
    """
    dataset, spec = asked.dataset, asked.spec
    found = _counts_of_first(asked.study, dataset)
    if found is None:
        return None
    counts, unknown = found
    blocks = tuple(
        Block(attribute, _rows(attribute, groups, spec.columns, (counts, unknown[attribute])))
        for attribute, groups in dataset.attributes().items()
        if attribute in unknown
    )
    columns = [Column(column.header, column.span, "") for column in spec.columns]
    return Table(
        key=asked.key,
        title=asked.title,
        caption=f"{spec.about} on {dataset.title}. Share: percent of all samples; {UNKNOWN}: in "
        "no group of the attribute.",
        columns=(*columns, Column(SHARE, better="")),
        blocks=blocks,
        row_header="Group",
        remark=spec.remark,
    )


def _counts_of_first(
    study: StudyFrames, dataset: DatasetCard
) -> tuple[Counts, Mapping[str, int]] | None:
    frame = study.metrics
    mine = frame[frame["dataset"] == dataset.key]
    if dataset.folds > 1:
        mine = mine[mine["seed"].astype(str).str.contains("-")]
    if mine.empty:
        return None
    names = ["method", "variant", "seed", "select"]
    first = min(map(tuple, mine[names].drop_duplicates().astype(str).to_numpy().tolist()))
    for name, value in zip(names, first, strict=True):
        mine = mine[mine[name].astype(str) == value]
    mine = mine[mine["metric"].isin(["tpr", "acc"])]
    places = mine[["attribute", "group", "emotion", "metric", "n"]].itertuples(index=False)
    counts = {(row[0], row[1], row[2], row[3]): int(row[4]) for row in places}
    unknown = dict(zip(mine["attribute"], mine["n_unknown"].astype(int), strict=True))
    return counts, unknown


def _rows(
    attribute: str,
    groups: tuple[str, ...],
    columns: tuple[ColumnSpec, ...],
    found: tuple[Counts, int],
) -> tuple[Row, ...]:
    counts, unknown = found

    def row(label: str, place: str, group: str) -> Row:
        numbers = [counts.get((place, group, one.emotion, one.metric)) for one in columns]
        return _row(label, numbers, counts)

    rows = [row(group, attribute, group) for group in groups]
    if unknown:
        blanks: list[int | None] = [None] * (len(columns) - 1)
        rows.append(_row(UNKNOWN, [*blanks, unknown], counts))
    return (*rows, row("all", "all", "all"))


def _row(label: str, numbers: list[int | None], counts: Counts) -> Row:
    everyone = counts["all", "all", "all", "acc"]
    cells = [
        Cell("blank") if number is None else Cell("value", mean=number, unit="count")
        for number in numbers
    ]
    last = numbers[-1]
    share = Cell("blank")
    if last is not None and everyone:
        share = Cell("value", mean=last / everyone)
    return Row(label, (*cells, share))
