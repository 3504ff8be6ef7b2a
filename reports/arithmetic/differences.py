"""Printed differences and relative values against the numbers that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.arithmetic.finding import Check, Finding, where
from reports.arithmetic.intervals import Interval, exactly, printed
from reports.arithmetic.ratios import PERCENT
from reports.published.values import PublishedValue

Records = Sequence[PublishedValue]
SHARE = "discrimination score relative to baseline"
#: place of the one difference of Chen and Joo's Table 2 in the list of known inconsistencies
KNOWN = {("AffectNet-Automatic (Web, 539,607)", "AU4=0"): 20}


def conditional_differences(records: Records) -> Iterator[Finding]:
    """Chen and Joo, Table 2: P(angry | man) - P(angry | woman) is the printed difference."""
    table = where(records, source="chen2021_supp", table="2")
    for one in where(table, group="Male - Female"):
        same = where(table, dataset=one.dataset, condition=one.condition)
        (man,), (woman,) = where(same, group="Male"), where(same, group="Female")
        yield Check(one.source, one.table, "difference").interval(
            f"{one.dataset}, {one.condition}",
            one.value,
            printed(one.value),
            printed(man.value) - printed(woman.value),
            shown_by=f"{man.value} - {woman.value} = {man.number - woman.number:.3f}",
            known=KNOWN.get((one.dataset, one.condition), 0),
            decimals=4,
            about=one,
        )


def accuracy_differences(records: Records) -> Iterator[Finding]:
    """Suresh and Ong, Table V: accuracy minus that of cross entropy is the printed difference."""
    table = where(records, source="suresh2022", table="V")
    accuracies = where(table, metric="accuracy")
    for one in where(table, metric="accuracy difference to CE"):
        (own,) = where(accuracies, dataset=one.dataset, method=one.method)
        (base,) = where(accuracies, dataset=one.dataset, method="ce")
        yield Check(one.source, one.table, "difference").interval(
            f"{one.dataset}, {one.method}, accuracy",
            one.value,
            printed(one.value),
            printed(own.value) - printed(base.value),
            shown_by=f"{own.value} - {base.value} = {own.number - base.number:+.1f}",
        )


def relative_scores(records: Records) -> Iterator[Finding]:
    """Chen and Joo, Table 3: score over that of the baseline is the printed percentage.

    Last, whether one unrounded baseline fits all percentages.
    """
    table = where(records, source="chen2021_supp", table="3")
    (base,) = where(table, method="ce")
    baseline = printed(base.value)
    check = Check(base.source, base.table, "relative to the baseline")
    for one in where(table, metric=SHARE):
        (score,) = [other for other in where(table, method=one.method) if other.metric != SHARE]
        share = printed(one.value) / exactly(PERCENT)
        yield check.interval(
            one.method,
            one.value,
            share,
            printed(score.value) / printed(base.value),
            shown_by=f"{score.value} / {base.value} = {PERCENT * score.number / base.number:.1f} %",
            decimals=1,
            scale=PERCENT,
        )
        needed = printed(score.value) / share
        baseline = Interval(max(baseline.low, needed.low), min(baseline.high, needed.high))
    fits = baseline.low <= baseline.high
    text = f"unrounded baselines that fit all: {baseline.text(4)}" if fits else "none fits all"
    yield check.statement(
        "one baseline for all", "consistent" if fits else "inconsistent", base.value, text
    )
