"""Means of printed numbers: over classes, over groups; ratios of means and means of ratios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from reports.arithmetic.finding import Check, Finding, listed, where
from reports.arithmetic.intervals import (
    Interval,
    exactly,
    hull,
    printed,
    total,
    worst_over_best,
)
from reports.arithmetic.ratios import PERCENT
from reports.published.values import PublishedValue

Records = Sequence[PublishedValue]
#: tables of Suresh and Ong with overall ratios
RATIO_TABLES = ("II", "IV")
RATIO_OF_MEANS = "ratio of means"


def class_means(records: Records) -> Iterator[Finding]:
    """Rizvi et al., Tables 1 and 5: the mean row is the mean of the class rows above it."""
    for mean in where(records, source="rizvi2024", group="all", emotion="mean"):
        classes = where(records, source=mean.source, table=mean.table, method=mean.method)
        parts = [one for one in classes if one.metric == "class accuracy"]
        if not parts:
            continue
        implied = total(printed(one.value) for one in parts) / exactly(len(parts))
        numbers = " + ".join(one.value for one in parts)
        yield Check(mean.source, mean.table, "mean over classes").interval(
            f"{mean.dataset}, {mean.method}",
            mean.value,
            printed(mean.value),
            implied,
            shown_by=f"({numbers}) / {len(parts)} = {float(implied.low + implied.high) / 2:.2f}",
        )


def pooled_accuracies(records: Records) -> Iterator[Finding]:
    """Suresh and Ong, Table V: the accuracy of all lies between those of the groups they are in."""
    groups = [one for one in where(records, metric="accuracy") if one.table in RATIO_TABLES]
    for one in where(records, source="suresh2022", table="V", metric="accuracy"):
        for attribute in ("gender", "race"):
            parts = where(groups, dataset=one.dataset, method=one.method, attribute=attribute)
            if not parts:
                continue
            check = Check(one.source, one.table, "between its groups")
            place = f"{one.dataset}, {one.method}, accuracy by {attribute}"
            if _covers_everyone(records, one.dataset, attribute):
                yield check.interval(
                    place,
                    one.value,
                    printed(one.value),
                    hull([printed(part.value) for part in parts]),
                    shown_by=listed(parts),
                )
            else:
                text = "faces of unsure gender are in the pool and in neither group"
                yield check.statement(place, "undecidable", one.value, text)


def _covers_everyone(records: Records, dataset: str, attribute: str) -> bool:
    unsure = where(records, table="I", dataset=dataset, attribute=attribute, group="Unsure")
    return not unsure


def ratios_of_means(records: Records) -> Iterator[Finding]:
    """Suresh and Ong, Tables II and IV: the text divides mean accuracies; do the tables, too?

    The tables seem to hold means over runs of the ratios of each run. The two differ most where the
    worst group is not the same in all runs; the difference can change ranks.
    """
    implied: dict[tuple[str, str, str], list[tuple[PublishedValue, Interval]]] = {}
    ours = where(records, source="suresh2022")
    for table in RATIO_TABLES:
        for one in where(ours, table=table, group="worst/best", emotion="all"):
            parts = where(ours, table=table, dataset=one.dataset, method=one.method, emotion="all")
            groups = [part for part in parts if part.metric == "accuracy"]
            ratio = worst_over_best([printed(part.value) for part in groups])
            implied.setdefault((table, one.dataset, one.attribute), []).append((one, ratio))
            yield _ratio_finding(one, groups, ratio)
    for rows in implied.values():
        yield from _swapped_ranks(rows)


def _ratio_finding(one: PublishedValue, groups: Records, ratio: Interval) -> Finding:
    possible = printed(one.value) / exactly(PERCENT)
    numbers = [part.number for part in groups]
    difference = PERCENT * min(numbers) / max(numbers) - one.number
    return Check(one.source, one.table, RATIO_OF_MEANS).interval(
        f"{one.dataset}, {one.attribute}, {one.method}",
        one.value,
        possible,
        ratio,
        shown_by=f"{listed(groups)}; ratio of these means minus printed value {difference:+.2f}; "
        "the text describes a ratio of means, a mean over runs of their ratios may differ from it",
        known=15,
        scale=PERCENT,
    )


def _swapped_ranks(rows: Sequence[tuple[PublishedValue, Interval]]) -> Iterator[Finding]:
    """Pairs of methods whose order by the ratio of means is surely not the printed order."""
    for (first, one), (second, other) in combinations(rows, 2):
        if first.number < second.number:
            first, one, second, other = second, other, first, one
        if first.number > second.number and one.high < other.low:
            yield Check(first.source, first.table, "rank by ratio of means").statement(
                f"{first.dataset}, {first.attribute}, {first.method} above {second.method}",
                "inconsistent",
                f"{first.value} above {second.value}",
                f"ratios of the printed means: {_percent(one)} below {_percent(other)}",
                known=15,
            )


def _percent(ratio: Interval) -> str:
    return (ratio * exactly(PERCENT)).text(3)
