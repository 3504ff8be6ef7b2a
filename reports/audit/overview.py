"""What a reader wants to know first of each data set: sizes, groups, what was found, limits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reports.audit.findings import Finding, findings_of
from reports.audit.result import AuditResult
from reports.audit.table_specs import Found
from reports.audit.table_words import images_word
from reports.audit.tabulation import ALL


@dataclass(frozen=True)
class Overview:
    """One data set; `groups` are texts as `gender: male (300), female (280)`."""

    dataset: str
    size: str
    groups: tuple[str, ...]
    tested: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    limits: tuple[str, ...]


def overviews(result: AuditResult) -> list[Overview]:
    """One overview a data set, findings by falling difference.

    Sensitivity runs have none: their numbers are in the tables. A data set that is only named in
    notes or limits (nothing could be asked of it) has one too.
    """
    found = Found(result)
    said = (name for name, _ in (*result.notes, *result.limits) if name)
    names = dict.fromkeys([*(place[0] for place in found.shares), *said])
    findings = findings_of(result)
    return [
        _overview(name, found, result, [one for one in findings if one.dataset == name])
        for name in names
        if not found.is_variant(name)
    ]


def general(said: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The sentences that belong to no data set."""
    return tuple(text for name, text in said if not name)


def _overview(dataset: str, found: Found, result: AuditResult, findings: list[Finding]) -> Overview:
    tested = [cell for place, cell in found.cells.items() if place[0] == dataset]
    size, groups = _sizes(dataset, found)
    return Overview(
        dataset,
        size,
        groups,
        sum(not math.isnan(cell["p"]) for cell in tested),
        tuple(findings),
        tuple(text for name, text in result.notes if name == dataset),
        tuple(text for name, text in result.limits if name == dataset),
    )


def _sizes(dataset: str, found: Found) -> tuple[str, tuple[str, ...]]:
    """Images in all, and of each group of each attribute (largest over the labels)."""
    sizes: dict[str, dict[str, int]] = {}
    counted = "image"
    for (name, _, attribute, condition), own in found.shares.items():
        if name == dataset and condition == ALL:
            for group, row in own.items():
                known = sizes.setdefault(attribute, {})
                known[group] = max(known.get(group, 0), int(row["n"]))
                counted = row["counted"]
    if not sizes:
        return "", ()
    total = max(sum(own.values()) for own in sizes.values())
    texts = (
        f"{attribute}: {', '.join(f'{group} ({n:,})' for group, n in own.items())}"
        for attribute, own in sizes.items()
    )
    word = counted if total == 1 else images_word(counted)
    return f"{total:,} {word} of known group", tuple(texts)
