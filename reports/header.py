"""The head of `tables.md`: what was studied, and what is missing from the tables and why."""

from __future__ import annotations

from collections.abc import Iterable

from reports.convention import Convention
from reports.formats.markdown import escaped
from reports.missing import missing_lines
from reports.rows import common_settings
from reports.study import CellRecord, StudyFrames


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
        common = common_settings(frames, card)
        lines += [f"  - all rows with {escaped(', '.join(common))}"] if common else []
        lines += [f"  - {escaped(note)}" for note in frames.data_notes.get(card.key, ())]
    missing = [escaped(line) for line in missing_lines(records)]
    if missing:
        lines += ["", "Missing:", "", *(f"- {line}" for line in missing)]
    return "\n".join([*lines, ""])


def _seeds(records: Iterable[CellRecord]) -> str:
    # The records come sorted, so the seeds do too within each method.
    seeds = dict.fromkeys(record.seed for record in records)
    return ", ".join(escaped(seed) for seed in seeds) or "none"
