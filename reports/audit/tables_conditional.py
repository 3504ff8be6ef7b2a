"""Tables of P(label | condition, group) with the test of each condition.

One idea behind the layouts of Chen and Joo's supplement: conditions are rows, groups are columns,
the tests stand beside the groups that they compare, and a block is a data set. `chen_2` has the
values of single units, `chen_4` joint patterns, `chen_5` joint patterns where one attribute's
groups are some of another's, `overall` data sets without facial movement (a row a label).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reports.audit.table_specs import (
    ColumnSet,
    ConditionalSpec,
    Found,
    Place,
    Record,
    conditional_specs,
    places_of,
)
from reports.audit.table_words import (
    MOVEMENT,
    PERMUTATION,
    WALD,
    caption_of,
    dash_notes,
    images_word,
    within_of,
)
from reports.audit.tabulation import ALL
from reports.convention import Convention
from reports.number_cells import CODES_EXPLAINED, interval_cell, number_cell, p_cell
from reports.stats.clusters import FEW_CLUSTERS
from reports.tables import Block, Cell, Column, Row, Table

#: conditions of a data set that a table prints; of more, the largest
MOST_CONDITIONS = 64
#: at or above this a difference is not marked
ALPHA = 0.05
LAYOUTS = {"marginal": "chen_2", "joint": "chen_4", "overall": "overall"}


def conditional_tables(found: Found, convention: Convention, family: str) -> Iterator[Table]:
    """Every conditional table; `family` says what Holm's correction is over: `table` or `call`."""
    for spec in conditional_specs(found):
        yield _Builder(spec, found, convention).table(family)


class _Builder:
    """One table in the making."""

    def __init__(self, spec: ConditionalSpec, found: Found, convention: Convention) -> None:
        self._spec, self._found, self._convention = spec, found, convention
        self._strict = convention.name != "paper"
        self._places = places_of(spec, found)
        self._notes = dash_notes(spec, found, self._places)
        self._cut = False

    def table(self, family: str) -> Table:
        spec = self._spec
        blocks = tuple(self._block(dataset) for dataset in spec.datasets)
        nested = spec.kind == "joint" and any(len(one.attributes) > 1 for one in spec.sets)
        named = spec.labels if spec.kind != "overall" else ()
        how = within_of(spec, self._found)
        if how == MOVEMENT:
            how = {"marginal": "one unit at a time"}.get(spec.kind, "joint patterns")
        return Table(
            key="_".join(["chen_5" if nested else LAYOUTS[spec.kind], *named, spec.stem]),
            title=f"P({spec.label}) by {self._attributes()}, {how}{spec.where}",
            caption=caption_of(spec, self._found, self._convention, family),
            columns=tuple(column for one in spec.sets for column in self._columns(one)),
            blocks=blocks,
            remark=self._remark(blocks),
            row_header="Label" if spec.kind == "overall" else "Condition",
            narrow=True,
        )

    def _attributes(self) -> str:
        return " and ".join(name for one in self._spec.sets for name in reversed(one.attributes))

    def _remark(self, blocks: Sequence[Block]) -> str:
        several = any(len(one.attributes) > 1 for one in self._spec.sets)
        cells = [cell for block in blocks for row in block.rows for cell in row.cells]
        sentences = []
        if any(cell.bold for cell in cells):
            which = " in the test of most groups" if several else ""
            few = self._convention.min_n
            among = f" among groups of at least {few}" if few > 1 else ""
            sentences.append(f"Bold: highest share{among}, where p < .05{which}.")
        if any(cell.code for cell in cells):
            sentences.append(CODES_EXPLAINED)
        if self._strict and any(len(one.groups) == 2 for one in self._spec.sets):
            sentences.append("In brackets: 95 % interval of the difference.")
        if any(
            column.header.startswith("V")
            for one in self._spec.sets
            for column in self._columns(one)
        ):
            sentences.append("V: bias-corrected Cram\u00e9r's V.")
        if self._cut:
            sentences.append(f"Only the {MOST_CONDITIONS} conditions of most images are printed.")
        return " ".join(sentences)

    def _rows(self, dataset: str) -> list[tuple[str, str]]:
        """Label and condition of every row, in the order of the frames."""
        found: dict[tuple[str, str], int] = {}
        for place in self._places:
            if place[0] == dataset:
                images = sum(row["n"] for row in self._found.shares[place].values())
                found[place[1], place[3]] = max(images, found.get((place[1], place[3]), 0))
        if len(found) > MOST_CONDITIONS:
            self._cut = True
            kept = sorted(found, key=lambda row: -found[row])[:MOST_CONDITIONS]
            return [row for row in found if row in kept]
        return list(found)

    def _block(self, dataset: str) -> Block:
        rows = []
        overall = self._spec.kind == "overall"
        for label, condition in self._rows(dataset):
            name = label if overall else condition.replace(",", ", ")
            cells = [
                c for one in self._spec.sets for c in self._cells(one, (dataset, label, condition))
            ]
            rows.append(Row(name, tuple(cells)))
        rows += self._last_rows(dataset)
        return Block(dataset, tuple(rows))

    def _columns(self, one: ColumnSet) -> Iterator[Column]:
        side_by_side = len(self._spec.sets) > 1
        span = one.attributes[-1]
        for group in one.groups:
            yield Column(group, span, better="")
        tests = span if side_by_side else ""
        if self._has_difference(one):
            yield Column(" - ".join(one.groups), tests, better="")
        for attribute in one.attributes:
            which = f" ({self._size(attribute)})" if len(one.attributes) > 1 else ""
            yield Column(f"p{which}", tests, better="")
            if self._strict:
                yield Column(f"Holm p{which}", tests, better="")
            if self._has_wald(attribute):
                yield Column(f"Wald p{which}", tests, better="")
            if self._has_v(one, attribute):
                yield Column(f"V{which}", tests, better="")

    def _size(self, attribute: str) -> int:
        return max(len(self._found.groups(name, attribute)) for name in self._spec.datasets)

    def _has_difference(self, one: ColumnSet) -> bool:
        return len(one.groups) == 2 and (self._strict or len(self._spec.sets) == 1)

    def _has_wald(self, attribute: str) -> bool:
        """Whether clusters were permuted, so that Wald's test stands beside as a second opinion."""
        own = (self._found.cells.get(place) for place in self._places if place[2] == attribute)
        permuted = any(cell is not None and cell["test"] == PERMUTATION for cell in own)
        return self._strict and permuted

    def _has_v(self, one: ColumnSet, attribute: str) -> bool:
        cells = (self._found.cells.get(place) for place in self._places if place[2] == attribute)
        known = any(cell is not None and not math.isnan(cell["effect"]) for cell in cells)
        return self._strict and len(one.groups) > 2 and known

    def _cells(self, one: ColumnSet, where: tuple[str, str, str]) -> Iterator[Cell]:
        """Cells of a condition: shares, difference, and the tests of each attribute."""
        dataset, label, condition = where
        places = {name: (dataset, label, name, condition) for name in one.attributes}
        asked = [name for name in one.attributes if places[name] in self._found.shares]
        designated = self._found.cells.get(places[asked[-1]], {}) if asked else {}
        shares = self._found.shares[places[asked[-1]]] if asked else {}
        marked = designated.get("p", math.nan) < ALPHA
        fewest = self._convention.min_n
        yield from _share_cells(one.groups, shares, marked=marked, fewest=fewest)
        if self._has_difference(one):
            yield self._difference(one.groups, shares, places[one.attributes[-1]])
        for name in one.attributes:
            # In a data set that lacks the other groups both tests are one: printed once.
            again = name != one.attributes[0] and self._same(dataset, one.attributes[0], name)
            yield from self._tests(one, name, None if again else places[name])

    def _same(self, dataset: str, first: str, second: str) -> bool:
        return set(self._found.groups(dataset, first)) == set(self._found.groups(dataset, second))

    def _difference(self, groups: Sequence[str], shares: dict[str, Record], place: Place) -> Cell:
        first, second = groups
        if first not in shares or second not in shares:
            return Cell("blank")
        value = shares[first]["proportion"] - shares[second]["proportion"]
        pair = self._found.pairs.get((place, first, second)) if self._strict else None
        low, high = (pair["difference_low"], pair["difference_high"]) if pair else (math.nan,) * 2
        return interval_cell(value, low, high, "difference")

    def _tests(self, one: ColumnSet, attribute: str, place: Place | None) -> Iterator[Cell]:
        cell = self._found.cells.get(place) if place else None
        has_wald = self._has_wald(attribute)
        columns = 1 + self._strict + has_wald + self._has_v(one, attribute)
        if cell is None or place is None:
            yield from [Cell("blank")] * columns
            return
        exact = cell["test"] == "exact"
        # What is said of a test of clusters (few of them, groups left out) stands beside its p.
        caveat = _caveat(cell["reason"]) if cell["test"] in (PERMUTATION, WALD) else ""
        note = self._notes.get(place, "")
        yield p_cell(cell["p"], self._convention, reason=note, exact=exact, caveat=caveat)
        if self._strict:
            yield p_cell(cell["p_holm"], self._convention, reason=note)
        if has_wald:
            wald = self._found.tests.get((place, WALD), {})
            said = wald.get("reason", "")
            yield p_cell(
                wald.get("p", math.nan), self._convention, reason=said, caveat=_caveat(said)
            )
        if self._has_v(one, attribute):
            yield number_cell(cell["effect"], "proportion")

    def _last_rows(self, dataset: str) -> Iterator[Row]:
        """Share and size of each group over all conditions, without a test."""
        spec = self._spec
        shares: list[Cell] = []
        sizes: list[Cell] = []
        counted = "image"
        for one in spec.sets:
            overall: dict[str, Record] = {}
            for name in one.attributes:
                overall |= self._found.shares.get((dataset, spec.labels[0], name, ALL), {})
            shares += _share_cells(one.groups, overall, marked=False)
            counted = next((row["counted"] for row in overall.values()), counted)
            sizes += (
                Cell("value", mean=float(overall[g]["n"]), unit="count")
                if g in overall
                else Cell("blank")
                for g in one.groups
            )
            rest = len(list(self._columns(one))) - len(one.groups)
            for cells in (shares, sizes):
                cells += [Cell("blank")] * rest
        if spec.kind != "overall":
            yield Row(f"P({spec.labels[0]} | group)", tuple(shares))
        yield Row(f"Number of {images_word(counted)}", tuple(sizes))


def _caveat(reason: str) -> str:
    """What must be said of a p of clusters; their numbers, which differ, stand in `audit.csv`."""
    few = f"fewer than {FEW_CLUSTERS} clusters in a group: the Wald p is rough"
    return "; ".join(
        few if part.startswith("clusters per group") else part for part in reason.split("; ")
    )


def _share_cells(
    groups: Sequence[str], shares: dict[str, Record], *, marked: bool, fewest: int = 1
) -> Iterator[Cell]:
    # A group of one face has a share of 0 or 1, which says nothing of the group.
    competing = [row["proportion"] for row in shares.values() if row["n"] >= fewest]
    highest = max((share for share in competing if not math.isnan(share)), default=math.nan)
    for group in groups:
        if group not in shares:
            yield Cell("blank")
            continue
        row = shares[group]
        share = row["proportion"]
        few = f"insufficient (n = {row['n']})" if row["n"] else f"no {images_word(row['counted'])}"
        yield number_cell(
            share, "proportion", reason=few, bold=marked and row["n"] >= fewest and share == highest
        )
