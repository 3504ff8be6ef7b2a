"""The differences that survive the correction for many tests, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reports.audit.options import ALPHA
from reports.audit.result import AuditResult
from reports.audit.table_specs import Found, Place
from reports.audit.tabulation import ALL
from reports.convention import STRICT
from reports.rounding import rounded

#: groups with fewer images are not named as highest or lowest
FEWEST = STRICT.min_n


@dataclass(frozen=True)
class Finding:
    """A condition whose difference survives Holm.

    Attributes:
        dataset: where it was found.
        sentence: label, attribute, condition, groups of highest and lowest share, corrected p.
        difference: between these two shares.
    """

    dataset: str
    sentence: str
    difference: float


def findings_of(result: AuditResult) -> list[Finding]:
    """Every printed test with a Holm p below .05, largest difference first.

    Runs under other thresholds (`ExpW [raw thresholds]`) are no findings of their own.
    """
    found = Found(result)
    kept = [
        place
        for place, cell in found.cells.items()
        if cell["p_holm"] < ALPHA and not found.is_variant(place[0])
    ]
    return sorted((_finding(place, found) for place in kept), key=lambda one: -one.difference)


def _finding(place: Place, found: Found) -> Finding:
    dataset, label, attribute, condition = place
    rows = [row for row in found.shares.get(place, {}).values() if row["n"]]
    # With fewer than two groups of some size all are named.
    large = [row for row in rows if row["n"] >= FEWEST]
    rows = large if len(large) > 1 else rows
    shares = sorted((row["proportion"], row["group"]) for row in rows)
    where = "all images" if condition == ALL else condition.replace(",", ", ")
    p = found.cells[place]["p_holm"]
    tail = f"Holm p {'< .001' if p < 0.0005 else rounded(p, 3)}"
    head = f"{label} by {attribute}, {where}"
    if len(shares) < 2 or math.isnan(shares[0][0]):
        return Finding(dataset, f"{head}: {tail}", 0.0)
    (low, lowest), (high, highest) = shares[0], shares[-1]
    difference = rounded(high - low, 3, sign=True)
    sentence = (
        f"{head}: {highest} {rounded(high, 3)}, {lowest} {rounded(low, 3)} ({difference}), {tail}"
    )
    return Finding(dataset, sentence, high - low)
