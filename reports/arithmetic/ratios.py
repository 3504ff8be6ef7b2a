"""Worst over best: printed fairness ratios against the printed accuracies of the groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby, pairwise

from reports.arithmetic.finding import Check, Finding, listed, where
from reports.arithmetic.intervals import Interval, kept_decimals, printed, worst_over_best
from reports.published.values import PublishedValue, table_name

Records = Sequence[PublishedValue]
WORST_OVER_BEST = "worst / best group"
PERCENT = 100

#: (table, attribute, method) -> number in the list of known inconsistencies
KNOWN = {
    ("4", "race", "latent_alignment"): 1,
    ("8", "race", "latent_alignment"): 1,
    ("4", "gender", "latent_alignment"): 2,
    ("8", "gender", "latent_alignment"): 2,
    ("4", "age", "latent_alignment"): 3,
    ("4", "gender", "xu_disentangled"): 4,
    ("4", "age", "xu_disentangled"): 5,
    ("4", "gender", "focal"): 6,
}
#: all of Table 7 is one entry of that list
KNOWN_TABLE = {"7": 7}


def group_ratios(records: Records) -> Iterator[Finding]:
    """Rizvi et al., Tables 4, 7 and 8: Eq. 4 on the class-mean accuracies of Tables 2, 3 and 6."""
    ours = where(records, source="rizvi2024")
    for one in where(ours, group="worst/best"):
        check = Check(one.source, one.table, WORST_OVER_BEST)
        place = f"{one.dataset}, {one.attribute}, {one.method}"
        parts = _parts(ours, one)
        if not parts:
            yield check.statement(
                place, "undecidable", one.value, "the accuracies of its groups are not printed"
            )
            continue
        implied = worst_over_best(intervals_of(parts, ours))
        yield check.interval(
            place,
            one.value,
            _percent(one),
            implied,
            shown_by=_shown(one, parts, ours),
            known=KNOWN.get((one.table, one.attribute, one.method), KNOWN_TABLE.get(one.table, 0)),
            scale=PERCENT,
            about=one,
        )


def _parts(records: Records, one: PublishedValue) -> Records:
    alike = where(
        records, dataset=one.dataset, method=one.method, attribute=one.attribute, emotion="mean"
    )
    return [part for part in alike if part.group != "worst/best"]


def _percent(one: PublishedValue) -> Interval:
    value = printed(one.value)
    return Interval(value.low / PERCENT, value.high / PERCENT)


def intervals_of(parts: Records, records: Records) -> list[Interval]:
    """What the printed accuracies stand for, columns of padded whole numbers seen through."""
    first = parts[0]
    column = where(records, source=first.source, table=first.table, method=first.method)
    kept = kept_decimals([one.value for one in column])
    return [printed(part.value, kept) for part in parts]


def _shown(one: PublishedValue, parts: Records, records: Records) -> str:
    worst = min(parts, key=lambda part: part.number)
    best = max(parts, key=lambda part: part.number)
    ratio = PERCENT * worst.number / best.number
    text = (
        f"{table_name(parts[0].table)}: {listed(parts)}; "
        f"{worst.value} / {best.value} = {ratio:.2f} %"
    )
    rivals = _rivals(one, records)
    if len(rivals) > 1:
        as_printed = 1 + sum(other > one.number for other, _ in rivals)
        by_groups = 1 + sum(other > Fraction(ratio) for _, other in rivals)
        count = len(rivals) + 1
        if as_printed != by_groups:
            text += f"; rank {as_printed} of {count} as printed, {by_groups} by the accuracies"
    return text


def _rivals(one: PublishedValue, records: Records) -> list[tuple[float, float]]:
    """Printed ratio and ratio of printed accuracies of the other methods in the table."""
    found = []
    others = where(records, table=one.table, attribute=one.attribute, group="worst/best")
    for other in others:
        parts = [part.number for part in _parts(records, other)]
        if other.method != one.method and parts:
            found.append((other.number, PERCENT * min(parts) / max(parts)))
    return found


def repeated_values(records: Records) -> Iterator[Finding]:
    """The same number of the same model, printed at two places."""

    def place(one: PublishedValue) -> tuple[str, ...]:
        paper = one.source.removesuffix("_summary")
        names = (one.dataset, one.method, one.attribute, one.group, one.emotion, one.condition)
        return (paper, *names, one.metric)

    for _, same in groupby(sorted(records, key=place), key=place):
        for first, second in pairwise(sorted(same, key=lambda one: (one.source, one.table))):
            check = Check(second.source, second.table, "printed twice")
            gender = (second.attribute, second.method) == ("gender", "latent_alignment")
            yield check.interval(
                f"{second.dataset}, {second.attribute}, {second.method or second.group}, "
                f"{second.metric}",
                second.value,
                printed(second.value),
                printed(first.value),
                shown_by=f"{first.cited} prints {first.value}",
                known=2 if gender else 0,
                decimals=3,
            )
