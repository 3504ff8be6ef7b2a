"""What a study planned and has not: failed cells, cells not run, impossible ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reports.study import CellRecord

STATUS_WORDS = {"failed": "failed", "not_applicable": "n/a", "pending": "not run"}


def missing_lines(
    records: Iterable[CellRecord], statuses: Iterable[str] = tuple(STATUS_WORDS)
) -> list[str]:
    """One line for all seeds of a method that are missing for the same reason, by status.

    Args:
        records: cells in the order of their seeds.
        statuses: the ones of interest, out of `STATUS_WORDS`.
    """
    wanted = list(statuses)
    seeds: dict[tuple[str, str, str, str, str], list[str]] = defaultdict(list)
    for record in records:
        if record.status in wanted:
            key = (record.status, record.method, record.variant, record.dataset, record.first_line)
            seeds[key].append(record.seed)
    order = list(STATUS_WORDS)
    lines = []
    for key in sorted(seeds, key=lambda key: (order.index(key[0]), key)):
        status, method, variant, dataset, reason = key
        name = method + (f" [{variant}]" if variant else "")
        which = "" if status == "not_applicable" else f", seed {', '.join(seeds[key])}"
        why = f": {reason}" if reason else ""
        lines.append(f"{STATUS_WORDS[status]}: {name} on {dataset}{which}{why}")
    return lines
