"""Shares with intervals and both tests where persons, or images with several votes, are units."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reports.audit.table_cells import CODES_EXPLAINED, interval_cell, p_cell
from reports.audit.table_specs import (
    ColumnSet,
    ConditionalSpec,
    Found,
    Place,
    conditional_specs,
    places_of,
)
from reports.convention import Convention
from reports.tables import Block, Cell, Column, Row, Table

TESTS = {"cluster_wald": "Wald p", "cluster_permutation": "Permutation p"}


def clustered_tables(found: Found, convention: Convention) -> Iterator[Table]:
    """One table for each label and attribute whose conditions have cluster tests.

    It says beside the conditional table what that one has no room for: the intervals of the shares
    and the p of both tests, of which the other prints one.
    """
    for spec in conditional_specs(found):
        for one in spec.sets:
            blocks = [
                Block(dataset, tuple(_rows(spec, one, found, convention, dataset)))
                for dataset in spec.datasets
            ]
            blocks = [block for block in blocks if block.rows]
            if not blocks:
                continue
            attribute = one.attributes[-1]
            yield Table(
                key="_".join(["clusters", spec.kind, *spec.labels[:1], attribute]),
                title=f"Shares of {spec.label} by {attribute}, clusters as units{spec.where}",
                caption=(
                    f"P({spec.label} | condition, {attribute}) with intervals and tests that take "
                    "whole clusters as independent units: a cluster-robust Wald test, and a "
                    "permutation of clusters between the groups. p are not corrected; the "
                    "conditional table has the corrected ones. "
                    f"Convention {convention.name}."
                ),
                columns=tuple(_columns(one)),
                blocks=tuple(blocks),
                remark=f"In brackets: 95 % intervals. {CODES_EXPLAINED}",
                row_header="Label" if spec.kind == "overall" else "Condition",
                narrow=True,
            )


def _columns(one: ColumnSet) -> Iterator[Column]:
    for group in one.groups:
        yield Column(group, one.attributes[-1], better="")
    if len(one.groups) == 2:
        yield Column(" - ".join(one.groups), better="")
    for header in TESTS.values():
        yield Column(header, better="")


def _rows(
    spec: ConditionalSpec, one: ColumnSet, found: Found, convention: Convention, dataset: str
) -> Iterator[Row]:
    for place in places_of(spec, found):
        tested = any((place, test) in found.tests for test in TESTS)
        if place[0] == dataset and place[2] == one.attributes[-1] and tested:
            name = place[1] if spec.kind == "overall" else place[3].replace(",", ", ")
            yield Row(name, tuple(_cells(one, place, found, convention)))


def _cells(one: ColumnSet, place: Place, found: Found, convention: Convention) -> Iterator[Cell]:
    shares = found.shares[place]
    for group in one.groups:
        row = shares.get(group)
        if row is None:
            yield Cell("blank")
        else:
            yield interval_cell(row["proportion"], row["low"], row["high"], "proportion")
    if len(one.groups) == 2:
        pair = found.pairs.get((place, *one.groups))
        if pair is None:
            yield Cell("blank")
        else:
            low, high = pair["difference_low"], pair["difference_high"]
            yield interval_cell(pair["difference"], low, high, "difference", reason=pair["reason"])
    for name in TESTS:
        test = found.tests.get((place, name))
        p = test["p"] if test else math.nan
        yield p_cell(p, convention, reason=test["reason"] if test else "")
