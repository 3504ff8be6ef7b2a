"""What a reader wants to know first of each data set: sizes, groups, what was found, limits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reports.audit.result import AuditResult
from reports.audit.table_specs import Found
from reports.audit.table_words import images_word
from reports.audit.tabulation import ALL
from reports.convention import STRICT
from reports.rounding import rounded

ALPHA = 0.05
#: a share of fewer images is not named as the highest or lowest
FEWEST = STRICT.min_n


@dataclass(frozen=True)
class Survivor:
    """A condition whose difference survives Holm, by its groups of highest and lowest share.

    Groups of fewer than ten images are passed over: a single face has a share of 0 or 1.
    """

    sentence: str
    difference: float


@dataclass(frozen=True)
class Overview:
    """One data set; `groups` are texts as `gender: male (300), female (280)`."""

    dataset: str
    size: str
    groups: tuple[str, ...]
    tested: int
    survivors: tuple[Survivor, ...]
    notes: tuple[str, ...]
    limits: tuple[str, ...]


def overviews(result: AuditResult) -> list[Overview]:
    """One overview a data set, survivors by falling difference.

    Sensitivity runs have none: their numbers are in the tables. A data set that is only named in
    notes or limits (nothing could be asked of it) has one too.
    """
    found = Found(result)
    said = (name for name, _ in (*result.notes, *result.limits) if name)
    names = dict.fromkeys([*(place[0] for place in found.shares), *said])
    return [_overview(name, found, result) for name in names if not found.is_variant(name)]


def general(said: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The sentences that belong to no data set."""
    return tuple(text for name, text in said if not name)


def _overview(dataset: str, found: Found, result: AuditResult) -> Overview:
    tested = [cell for place, cell in found.cells.items() if place[0] == dataset]
    kept = [
        place
        for place, cell in found.cells.items()
        if place[0] == dataset and cell["p_holm"] < ALPHA
    ]
    survivors = sorted((_survivor(place, found) for place in kept), key=lambda s: -s.difference)
    size, groups = _sizes(dataset, found)
    return Overview(
        dataset,
        size,
        groups,
        sum(not math.isnan(cell["p"]) for cell in tested),
        tuple(survivors),
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
    return f"{total:,} {images_word(counted)} of known group", tuple(texts)


def _survivor(place: tuple[str, str, str, str], found: Found) -> Survivor:
    _, label, attribute, condition = place
    own = found.shares.get(place, {})
    shares = sorted((row["proportion"], name) for name, row in own.items() if row["n"] >= FEWEST)
    where = "all images" if condition == ALL else condition.replace(",", ", ")
    p = found.cells[place]["p_holm"]
    tail = f"Holm p {'< .001' if p < 0.0005 else rounded(p, 3)}"
    if len(shares) < 2:
        return Survivor(f"{label} by {attribute}, {where}: {tail}", 0.0)
    (low, lowest), (high, highest) = shares[0], shares[-1]
    difference = high - low
    return Survivor(
        f"{label} by {attribute}, {where}: {highest} {rounded(high, 3)}, {lowest} "
        f"{rounded(low, 3)} ({rounded(difference, 3, sign=True)}), {tail}",
        difference,
    )
