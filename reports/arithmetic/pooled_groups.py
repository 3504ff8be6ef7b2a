"""Groups made of groups: pooled shares lie between their parts, sizes add up (Chen and Joo)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from reports.arithmetic.finding import Check, Finding, listed, where
from reports.arithmetic.intervals import Interval, exactly, hull, printed, weighted_mean
from reports.published.values import PublishedValue

Records = Sequence[PublishedValue]
FOUR, TWO = "age (4 groups)", "age (2 groups)"
#: of the four ages the first two are the younger of the two groups
YOUNGER = 2
SIZE = "number of samples"
SHARE = "P(happy label | AU, group)"
MARGINAL = "P(happy label | group)"
#: data set -> number in the list of known inconsistencies; of a set named with a condition only it
KNOWN = {"RAF-DB": 22, "AffectNet-Manual AU6=0, AU12=0": 23}


def merged_ages(records: Records) -> Iterator[Finding]:
    """Table 4: two age groups, each of two of the four groups beside it."""
    table = where(records, source="chen2021_supp", table="4")
    for one in where(table, attribute=TWO):
        if one.metric not in (SIZE, SHARE, MARGINAL):
            continue
        alike = where(table, dataset=one.dataset, condition=one.condition, metric=one.metric)
        parts = _parts(one, where(alike, attribute=FOUR))
        yield _merged(one, parts, _sizes(parts, table))


def _parts(one: PublishedValue, four: Records) -> Records:
    return four[:YOUNGER] if one.group.startswith("<=") else four[YOUNGER:]


def _sizes(parts: Records, table: Records) -> list[int]:
    sizes = where(table, dataset=parts[0].dataset, attribute=FOUR, metric=SIZE)
    return [int(where(sizes, group=part.group)[0].value) for part in parts]


def _merged(one: PublishedValue, parts: Records, sizes: Sequence[int]) -> Finding:
    place = f"{one.dataset}, {one.group}, {one.condition or 'all images'}, {one.metric}"
    known = KNOWN.get(one.dataset, KNOWN.get(f"{one.dataset} {one.condition}", 0))
    shown_by, decimals = listed(parts), 4
    intervals = [printed(part.value) for part in parts]
    if one.metric == SIZE:
        kind, implied, decimals = "sizes add up", exactly(sum(sizes)), 0
        possible = exactly(int(one.value))
    elif one.metric == MARGINAL:
        kind, implied = "mean of its parts", weighted_mean(intervals, sizes)
        possible = printed(one.value)
        shown_by += f"; sizes {', '.join(map(str, sizes))}"
    else:
        # How many images of each group a condition holds is not printed.
        kind, implied, possible = "between its parts", hull(intervals), printed(one.value)
    return Check(one.source, one.table, kind).interval(
        place, one.value, possible, implied, shown_by=shown_by, known=known, decimals=decimals
    )


def marginal_shares(records: Records) -> Iterator[Finding]:
    """Tables 4 and 5: a group's share over all images lies between those in the four conditions."""
    tables = [one for one in where(records, source="chen2021_supp") if one.table in ("4", "5")]
    for one in where(tables, metric=MARGINAL):
        same = where(tables, table=one.table, dataset=one.dataset, attribute=one.attribute)
        parts = where(same, group=one.group, metric=SHARE)
        numbers = ", ".join(f"{part.value} ({part.condition})" for part in parts)
        yield Check(one.source, one.table, "between its conditions").interval(
            f"{one.dataset}, {one.group}, all images",
            one.value,
            printed(one.value),
            hull([printed(part.value) for part in parts]),
            shown_by=numbers,
            decimals=4,
        )


def equal_totals(records: Records) -> Iterator[Finding]:
    """Table 5: as many images in all races as Table 4 has in all ages."""
    tables = where(records, source="chen2021_supp", metric=SIZE)
    ages, races = where(tables, table="4", attribute=FOUR), where(tables, table="5")
    for dataset in dict.fromkeys(one.dataset for one in races):
        by_race, by_age = where(races, dataset=dataset), where(ages, dataset=dataset)
        yield Check("chen2021_supp", "5", "sizes add up").interval(
            f"{dataset}, images of all races",
            str(_total(by_race)),
            exactly(_total(by_race)),
            exactly(_total(by_age)),
            shown_by=f"Table 4: {listed(by_age)}",
            decimals=0,
        )


def kept_images(records: Records) -> Iterator[Finding]:
    """Text: few images are lost to the detector. Table 2 heads full sizes, Table 4 those kept."""
    full = {}
    for one in where(records, source="chen2021_supp", table="2"):
        if found := re.fullmatch(r"(.+) \(\w+, ([\d,]+)\)", one.dataset):
            full[found[1]] = int(found[2].replace(",", ""))
    sizes = where(records, source="chen2021_supp", table="4", attribute=FOUR, metric=SIZE)
    for dataset in dict.fromkeys(one.dataset for one in sizes):
        kept, all_images = _total(where(sizes, dataset=dataset)), full[dataset]
        # "A small fraction" is no number; more than half is not small on any reading.
        yield Check("chen2021_supp", "", "statement against numbers").statement(
            f"{dataset}, images without action units",
            "consistent" if kept * 2 >= all_images else "inconsistent",
            "a small fraction",
            f"{kept:,} of {all_images:,} images are kept ({100 * kept / all_images:.1f} %)",
            known=24,
        )


def order_of_conditions(records: Records) -> Iterator[Finding]:
    """Tables 4 and 5 list the same four conditions; in the same order?"""
    orders = []
    for table in ("4", "5"):
        shares = where(records, source="chen2021_supp", table=table, metric=SHARE)
        orders.append(list(dict.fromkeys(one.condition for one in shares)))
    same = orders[0] == orders[1]
    fourth, fifth = ("; ".join(order) for order in orders)
    yield Check("chen2021_supp", "5", "order of rows").statement(
        "conditions",
        "consistent" if same else "inconsistent",
        fifth,
        f"Table 4 has the order {fourth}",
        known=25,
    )


def significance_codes(records: Records) -> Iterator[Finding]:
    """Tables 2, 4 and 5: the stars beside a p are those of the stated limits."""
    codes = ("***", "**", "*", ".", "")
    limits = [Fraction(text) for text in ("0", "0.001", "0.01", "0.05", "0.1", "1")]
    for one in where(records, source="chen2021_supp", metric="p-value (chi-square)"):
        code = one.note.partition(";")[0].removeprefix("signif ").strip()
        place = codes.index(code if code in codes else "")
        implied = Interval(limits[place], limits[place + 1])
        yield Check(one.source, one.table, "significance code").interval(
            f"{one.dataset}, {one.attribute}, {one.condition}, p",
            f"{one.value} {codes[place]}".strip(),
            printed(one.value),
            implied,
            shown_by=f"code {codes[place] or 'none'}",
            decimals=3,
        )


def _total(records: Records) -> int:
    return sum(int(one.value) for one in records)
