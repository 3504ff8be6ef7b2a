"""Counts of classes times shares of groups are counts of groups (Suresh and Ong, I, III, IV)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reports.arithmetic.finding import Check, Finding, where
from reports.arithmetic.intervals import Interval, exactly, printed, total
from reports.arithmetic.ratios import PERCENT
from reports.published.values import PublishedValue

Records = Sequence[PublishedValue]
COUNT = "number of training samples"
SHARE = "share of training samples"
#: table of the shares of each class -> attribute
SHARE_TABLES = {"III": "gender", "IV": "race"}
#: data set -> training samples that the text gives for the split
SPLIT_SIZES = {"RAF-DB": 9816, "IASLab": 1151}


def group_counts(records: Records) -> Iterator[Finding]:
    """Table I: the size of each group is the sum over classes of Tables III and IV.

    Where the sums do not fit, one more finding says which exchange of two shares mends all of them.
    """
    ours = where(records, source="suresh2022")
    for table, attribute in SHARE_TABLES.items():
        for dataset in dict.fromkeys(one.dataset for one in where(ours, table=table)):
            counts = _class_counts(ours, dataset)
            shares = _shares(ours, table, dataset)
            sizes = where(ours, table="I", dataset=dataset, attribute=attribute, metric=COUNT)
            wanted = {one.group: int(one.value) for one in sizes if one.group in shares}
            findings = [
                _sum_finding(table, dataset, group, wanted[group], (counts, shares[group]))
                for group in wanted
            ]
            yield from findings
            if any(one.verdict == "inconsistent" for one in findings):
                yield _mend(table, dataset, counts, shares, wanted)


def _class_counts(records: Records, dataset: str) -> dict[str, int]:
    found = where(records, table="III", dataset=dataset, metric=COUNT, group="all")
    return {one.emotion: int(one.value) for one in found}


def _shares(records: Records, table: str, dataset: str) -> dict[str, dict[str, str]]:
    """Group -> class -> printed share."""
    shares: dict[str, dict[str, str]] = {}
    for one in where(records, table=table, dataset=dataset, metric=SHARE):
        shares.setdefault(one.group, {})[one.emotion] = one.value
    return shares


def _sum(counts: Mapping[str, int], shares: Mapping[str, str]) -> Interval:
    parts = (exactly(counts[name]) * printed(share) for name, share in shares.items())
    return total(parts) / exactly(PERCENT)


def _sum_finding(
    table: str,
    dataset: str,
    group: str,
    size: int,
    parts: tuple[Mapping[str, int], Mapping[str, str]],
) -> Finding:
    counts, shares = parts
    terms = " + ".join(f"{share} % of {counts[name]}" for name, share in shares.items())
    middle = sum(counts[name] * float(share) for name, share in shares.items()) / PERCENT
    return Check("suresh2022", table, "classes add up to the group").interval(
        f"{dataset}, {group}, training images",
        str(size),
        exactly(size),
        _sum(counts, shares),
        shown_by=f"{terms} = {middle:.1f}; Table I prints {size}",
        known=13,
        decimals=0,
    )


def _mend(
    table: str,
    dataset: str,
    counts: Mapping[str, int],
    shares: Mapping[str, Mapping[str, str]],
    wanted: Mapping[str, int],
) -> Finding:
    """Which classes, their two shares exchanged, would make all sums fit."""
    first, second = list(wanted)[:2]
    mends = []
    for name in counts:
        turned = {group: dict(shares[group]) for group in wanted}
        turned[first][name], turned[second][name] = shares[second][name], shares[first][name]
        sums = {group: _sum(counts, turned[group]) for group in wanted}
        if all(sums[group].meets(exactly(wanted[group])) for group in wanted):
            numbers = ", ".join(f"{group} {one.text(0)}" for group, one in sums.items())
            mends.append(f"{name} exchanged gives {numbers}")
    return Check("suresh2022", table, "one exchange mends the sums").statement(
        f"{dataset}, {first} and {second}",
        "inconsistent" if mends else "undecidable",
        "; ".join(f"{group} {size}" for group, size in wanted.items()),
        "; ".join(mends) or "no single exchange of two shares makes the sums fit",
        known=13,
    )


def shares_of_one(records: Records) -> Iterator[Finding]:
    """Tables I, III, IV: shares of all groups sum to 100 %, or less where "unsure" is left out."""
    ours = where(records, source="suresh2022", metric=SHARE)
    places = dict.fromkeys((one.table, one.dataset, one.attribute, one.emotion) for one in ours)
    for table, dataset, attribute, emotion in places:
        named = where(ours, table=table, dataset=dataset, attribute=attribute, emotion=emotion)
        unsure = where(ours, table="I", dataset=dataset, attribute=attribute, group="Unsure")
        summed = total(printed(one.value) for one in named)
        rest = bool(unsure) and not any(one.group == "Unsure" for one in named)
        implied = Interval(exactly(0).low, exactly(PERCENT).high) if rest else exactly(PERCENT)
        terms = " + ".join(one.value for one in named)
        yield Check("suresh2022", table, "shares sum to 100 %").interval(
            f"{dataset}, {attribute}, {emotion}",
            terms,
            summed,
            implied,
            shown_by=f"{terms} = {sum(one.number for one in named):g}",
            decimals=0,
        )


def printed_shares(records: Records) -> Iterator[Finding]:
    """Table I: each share is its count over the sum of the counts."""
    table = where(records, source="suresh2022", table="I")
    for one in where(table, metric=SHARE):
        counts = where(table, dataset=one.dataset, attribute=one.attribute, metric=COUNT)
        (own,) = where(counts, group=one.group)
        everyone = sum(int(other.value) for other in counts)
        yield Check(one.source, one.table, "share of the counts").interval(
            f"{one.dataset}, {one.group}",
            one.value,
            printed(one.value) / exactly(PERCENT),
            exactly(int(own.value)) / exactly(everyone),
            shown_by=f"{own.value} / {everyone} = {PERCENT * int(own.value) / everyone:.2f} %",
            scale=PERCENT,
        )


def training_sizes(records: Records) -> Iterator[Finding]:
    """Text: the training part of the split has as many images as the tables sum to."""
    ours = where(records, source="suresh2022", metric=COUNT)
    reasons = {
        "RAF-DB": "fewer than the split, images without a detected face would explain it",
        "IASLab": "more than the split has",
    }
    for dataset, stated in SPLIT_SIZES.items():
        sums = {
            "I": sum(int(one.value) for one in where(ours, table="I", dataset=dataset,
                                                     attribute="gender")),
            "III": sum(_class_counts(ours, dataset).values()),
        }  # fmt: skip
        if race := where(ours, table="IV", dataset=dataset):
            sums["IV"] = sum(int(one.value) for one in race)
        agree = set(sums.values()) == {stated}
        numbers = ", ".join(f"Table {table} {size}" for table, size in sums.items())
        yield Check("suresh2022", "", "statement against numbers").statement(
            f"{dataset}, training images",
            "consistent" if agree else "inconsistent",
            f"{stated:,}",
            f"sums of counts: {numbers}; {reasons[dataset]}",
            known=14,
        )
