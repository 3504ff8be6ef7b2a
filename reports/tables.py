"""A table as a value: what is printed is decided here, writers only print it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from reports.rounding import rounded

State = Literal["value", "undefined", "failed", "not_applicable", "blank", "text"]
Unit = Literal[
    "percent", "points", "change", "variance", "proportion", "difference", "p", "count", "ratio",
    "statistic",
]  # fmt: skip
Better = Literal["higher", "lower", ""]

RECONSTRUCTION = "reconstruction: the source's exact formula was not available"
VALIDATION_GROUPS = (
    "uses no group labels in training, but its checkpoint was chosen with those of the "
    "validation data"
)
EXACT = (
    "exact p, for the expected counts are too small for chi-square: Fisher's test of two groups, "
    "of more the distribution of the chi-square statistic given both margins"
)
#: what a mark of a `tied` entry says where it cannot be seen
TIED = "not distinguishable from the best"
SYMBOLS = {RECONSTRUCTION: "*", VALIDATION_GROUPS: "\u2020", EXACT: "\u2020"}

PRINTED: dict[State, str] = {
    "undefined": "-",
    "failed": "failed",
    "not_applicable": "n/a",
    "blank": "",
}

#: unit -> decimals, factor, whether a positive number has its sign
_DIGITS: dict[Unit, tuple[int, int, bool]] = {
    "percent": (1, 100, False),
    "points": (1, 100, True),
    "change": (1, 100, True),
    "variance": (1, 10_000, False),
    "proportion": (3, 1, False),
    "difference": (3, 1, True),
    "p": (3, 1, False),
    "count": (0, 1, False),
    "ratio": (2, 1, False),
    "statistic": (2, 1, False),
}


def in_unit(value: float, unit: Unit) -> str:
    """The finite number as a table prints it: `0.437` of a proportion, `+0.067` of a difference."""
    decimals, factor, sign = _DIGITS[unit]
    return rounded(value, decimals, scale=factor, sign=sign)


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes:
        state: `value`; `undefined` (the rule that makes it so is in `reason`); `failed`;
            `not_applicable` (impossible, see `reason`); `blank` (not run); `text` (printed as it
            is).
        mean, sd: unrounded, fractions where the unit is percent or points; `sd` is None for a
            single value.
        n, expected: seeds (or pooled repeats) behind the mean and those planned.
        unit: what the number is, which decides its digits: `percent`, `points` for a signed
            difference of percentages, `change` for a signed relative one, `variance` of fractions
            in squared percentage points; `proportion` and its signed `difference`; `p`; ...
        show_n: print `n=4/5`, because the row's own count does not say it.
        bold: best of its comparison set.
        tied: not bold, but not distinguishable from the best.
        text: what the state `text` prints; of a value, what is printed in place of its digits
            ("<0.001", a number with its interval).
        code: significance code, printed after the number.
        reason: why the entry is not a plain value, for the footnote.
    """

    state: State
    mean: float = math.nan
    sd: float | None = None
    n: int = 0
    expected: int = 0
    unit: Unit = "percent"
    show_n: bool = False
    bold: bool = False
    tied: bool = False
    text: str = ""
    code: str = ""
    reason: str = ""

    @property
    def note(self) -> str:
        """The footnote to this entry; of a row without any value the label carries the reason."""
        return self.reason if self.state in ("value", "undefined") else ""

    @property
    def printed_mean(self) -> str:
        """The mean alone, in the digits of its unit."""
        return in_unit(self.mean, self.unit)

    @property
    def printed(self) -> str:
        """The entry as every writer prints it, apart from emphasis and footnote marks."""
        return f"{self.uncoded} {self.code}".rstrip() if self.code else self.uncoded

    @property
    def uncoded(self) -> str:
        """The entry without its significance code, for writers that align the numbers."""
        if self.state == "text" or (self.state == "value" and self.text):
            return self.text
        if self.state != "value":
            return PRINTED[self.state]
        spread = "" if self.sd is None else f" ({rounded(self.sd, scale=100)})"
        count = f" n={self.n}/{self.expected}" if self.show_n else ""
        return f"{self.printed_mean}{spread}{count}"


@dataclass(frozen=True)
class Column:
    """A column: its header, the header that spans it and its neighbours, and a footnote to it.

    `place` is what its numbers are: (attribute, group, emotion, metric) as in `metrics.csv`, empty
    where they have no such place; `less` is the method whose value was subtracted, if any.
    """

    header: str
    span: str = ""
    better: Better = "higher"
    note: str = ""
    place: tuple[str, ...] = ()
    less: str = ""


@dataclass(frozen=True)
class Row:
    """A row: its label, footnotes to the label, and one cell a column.

    `run` is what was run: (data set, method, variant) as in `metrics.csv`, empty where nothing was.
    """

    label: str
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """Rows under a common title; `compared` blocks are the comparison set of the bold marks."""

    title: str
    rows: tuple[Row, ...]
    compared: bool = False


@dataclass(frozen=True)
class Table:
    """A whole table.

    `key` is its file name, `remark` the small print under it, `footer` the rows at its end,
    `row_header` the header of the labels. The columns of a `narrow` table hold short numbers: more
    of them stand side by side, and long headers break at their blanks.
    """

    key: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    footer: tuple[Row, ...] = ()
    remark: str = ""
    row_header: str = "Method"
    narrow: bool = False

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Block title and row, from top to bottom; the footer's block title is empty."""
        for block in self.blocks:
            for row in block.rows:
                yield block.title, row
        for row in self.footer:
            yield "", row

    def notes(self) -> tuple[str, ...]:
        """Every footnote once: those with symbols first, then in the order of their letters."""
        return self._notes

    @cached_property
    def _notes(self) -> tuple[str, ...]:
        found: dict[str, None] = {column.note: None for column in self.columns}
        for _, row in self.rows():
            found.update(dict.fromkeys(row.notes))
            found.update({cell.note: None for cell in row.cells})
        first = [note for note in SYMBOLS if note in found]
        return (*first, *(note for note in found if note and note not in first))

    def mark(self, note: str) -> str:
        """The symbol of a footnote, or its letters: a, ..., z, aa, ...; empty for an empty note."""
        if not note or note in SYMBOLS:
            return SYMBOLS.get(note, "")
        index, letters = self._lettered[note], ""
        while index >= 0:
            letters = chr(ord("a") + index % 26) + letters
            index = index // 26 - 1
        return letters

    @cached_property
    def _lettered(self) -> dict[str, int]:
        """Footnotes that have letters, numbered; every entry of a large table asks for its own."""
        return {note: at for at, note in enumerate(n for n in self.notes() if n not in SYMBOLS)}

    def mixes_directions(self) -> bool:
        """Whether some columns are better high and others low, so that headers need an arrow."""
        return {"higher", "lower"} <= {column.better for column in self.columns}

    def panels(self, widest: int, *, cut_spans: bool = False) -> tuple[Table, ...]:
        """The table cut into parts of at most `widest` columns, to be printed below each other.

        Columns under one spanning header stay together, however many, unless `cut_spans` allows
        to cut them into parts of about one size. Footnote marks are to be asked of the whole table.
        """
        parts: list[list[int]] = []
        for span in self._spans():
            pieces = -(-len(span) // widest) if cut_spans else 1
            size = -(-len(span) // pieces)
            for start in range(0, len(span), size):
                piece = span[start : start + size]
                if parts and len(parts[-1]) + len(piece) <= widest and pieces == 1:
                    parts[-1].extend(piece)
                else:
                    parts.append(piece)
        return tuple(self._part(part) for part in parts)

    def stretches(self, tallest: int) -> tuple[Table, ...]:
        """The table cut into parts of at most `tallest` lines, block titles and footer included.

        A block that is cut has its title again in the next part; of a narrow table only blocks that
        fit no part are cut, and not after a few lines. The footer goes with the last part.
        Footnote marks are to be asked of the whole table.
        """
        parts: list[list[Block]] = [[]]
        room = tallest
        for block in self.blocks:
            left = block.rows
            height = 1 + len(left)
            uncut = self.narrow and room < height and (height <= tallest or room < tallest // 3)
            while left:
                if room < 2 or uncut:
                    parts.append([])
                    room = tallest
                    uncut = False
                parts[-1].append(replace(block, rows=left[: room - 1]))
                room -= 1 + len(parts[-1][-1].rows)
                left = left[len(parts[-1][-1].rows) :]
        if len(self.footer) > room:
            parts.append([])
        last = len(parts) - 1
        return tuple(
            replace(self, blocks=tuple(blocks), footer=self.footer if index == last else ())
            for index, blocks in enumerate(parts)
        )

    def _spans(self) -> list[list[int]]:
        """Column indices, grouped by spanning header."""
        spans: list[list[int]] = []
        for index, column in enumerate(self.columns):
            if spans and self.columns[spans[-1][-1]].span == column.span:
                spans[-1].append(index)
            else:
                spans.append([index])
        return spans

    def _part(self, indices: Sequence[int]) -> Table:
        def cut(row: Row) -> Row:
            return replace(row, cells=tuple(row.cells[index] for index in indices))

        blocks = (replace(block, rows=tuple(map(cut, block.rows))) for block in self.blocks)
        columns = tuple(self.columns[index] for index in indices)
        return replace(
            self, columns=columns, blocks=tuple(blocks), footer=tuple(map(cut, self.footer))
        )


def with_bold(table: Table) -> Table:
    """The table with the best entry of each column in bold.

    Only complete values (all planned seeds) of the `compared` blocks compete, and only where there
    are two or more of them; entries that are equal as printed are all bold.
    """
    best: list[str | None] = []
    for index, column in enumerate(table.columns):
        cells = [row.cells[index] for block in table.blocks if block.compared for row in block.rows]
        best.append(_best_printed([cell for cell in cells if _competes(cell)], column.better))

    def marked(row: Row) -> Row:
        cells = (
            replace(cell, bold=_competes(cell) and cell.printed_mean == winner)
            for cell, winner in zip(row.cells, best, strict=True)
        )
        return replace(row, cells=tuple(cells))

    blocks = (
        replace(block, rows=tuple(map(marked, block.rows))) if block.compared else block
        for block in table.blocks
    )
    return replace(table, blocks=tuple(blocks))


def _competes(cell: Cell) -> bool:
    return cell.state == "value" and cell.n == cell.expected


def _best_printed(cells: Sequence[Cell], better: Better) -> str | None:
    if len(cells) < 2 or not better:
        return None
    pick = max if better == "higher" else min
    return pick(cells, key=lambda cell: cell.mean).printed_mean
