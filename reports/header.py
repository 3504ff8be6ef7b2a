"""The head of `tables.md`: what was studied, and what is missing from the tables and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reports.convention import Convention
from reports.formats.markdown import escaped
from reports.study import CellRecord, StudyFrames

STATUS_WORDS = {"failed": "failed", "not_applicable": "n/a", "pending": "not run"}


def header_text(frames: StudyFrames, convention: Convention) -> str:
    """A heading, one line of facts, one line a data set, and a list of what is missing."""
    records = frames.cell_records
    done = sum(record.status == "done" for record in records)
    lines = [
        "# Fairness report",
        "",
        f"Preset {escaped(frames.preset)}, checkpoint rule {escaped(frames.select)}, convention "
        f"{convention.name} (min\\_n = {convention.min_n}, ddof = {convention.ddof}). "
        f"{done} of {len(records)} cells done.",
        "",
    ]
    for card in frames.dataset_cards:
        mine = [record for record in records if record.dataset == card.key]
        methods = len({(record.method, record.variant) for record in mine})
        seeds = _seeds(mine)
        folds = f", {card.folds} folds a repeat" if card.folds > 1 else ""
        lines.append(
            f"- **{escaped(card.title)}** (`{card.key}`): {methods} methods, seeds {seeds}{folds}"
        )
    missing = _missing(records)
    if missing:
        lines += ["", "Missing:", "", *(f"- {line}" for line in missing)]
    return "\n".join([*lines, ""])


def _seeds(records: Iterable[CellRecord]) -> str:
    # The records come sorted, so the seeds do too within each method.
    seeds = dict.fromkeys(record.seed for record in records)
    return ", ".join(escaped(seed) for seed in seeds) or "none"


def _missing(records: Iterable[CellRecord]) -> list[str]:
    """One line for all seeds of a method that are missing for the same reason."""
    seeds: dict[tuple[str, str, str, str, str], list[str]] = defaultdict(list)
    for record in records:
        if record.status != "done":
            key = (record.status, record.method, record.variant, record.dataset, record.first_line)
            seeds[key].append(record.seed)
    order = list(STATUS_WORDS)
    lines = []
    for key in sorted(seeds, key=lambda key: (order.index(key[0]), key)):
        status, method, variant, dataset, reason = key
        name = method + (f" [{variant}]" if variant else "")
        which = "" if status == "not_applicable" else f", seed {', '.join(seeds[key])}"
        why = f": {reason}" if reason else ""
        lines.append(escaped(f"{STATUS_WORDS[status]}: {name} on {dataset}{which}{why}"))
    return lines
