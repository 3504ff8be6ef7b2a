"""`report`: tables from stored predictions; imports no torch."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.commands import published
from benchmarks.errors import StudyError
from benchmarks.frames import study_frames
from benchmarks.staleness import changed_code, stale_cells
from benchmarks.store import Store, reported
from benchmarks.study import SELECTION_RULES, check_choice
from benchmarks.study_statistics import study_statistics
from benchmarks.task_progress import TaskProgress
from reports.convention import convention_named
from reports.published.rows import without_published
from reports.report import FORMATS, unfilled, write_report

_SHOWN = 5


def main(arguments: Namespace) -> int:
    """Writes the report of a result folder; 0 also when cells are missing, which the tables say.

    `report published` checks the papers' printed tables instead.
    """
    if published.asked_for(arguments.folder):
        return published.check_published(arguments.out)
    if arguments.out is not None:
        raise StudyError("--out goes with `report published`; the report of DIR is in DIR/report.")
    store = Store(arguments.folder)
    unknown = [name for name in arguments.format if name not in FORMATS]
    if unknown:
        raise StudyError(f"There is no format '{unknown[0]}'; known are {', '.join(FORMATS)}.")
    if arguments.select is not None:
        check_choice("select", arguments.select, SELECTION_RULES)
    written = report_store(
        store, formats=arguments.format or FORMATS, layouts=arguments.layout or None,
        select=arguments.select, convention=arguments.convention,
        beside_published=arguments.published,
    )  # fmt: skip
    for path in written:
        print(path)
    return 0


def report_store(
    store: Store,
    *,
    formats: Sequence[str] = FORMATS,
    layouts: Sequence[str] | None = None,
    select: str | None = None,
    convention: str = "strict",
    beside_published: bool = False,
) -> list[Path]:
    """Writes `DIR/report/` and says which stored cells are stale.

    Args:
        store: the result folder.
        formats: out of `FORMATS`.
        layouts: keys of the tables wanted; None for all.
        select: selection rule of the tables; None takes the study's.
        convention: `strict` or `paper`.
        beside_published: add the papers' printed values of the same data set.
    """
    plan = store.read_json("plan.json")
    if select is not None:
        plan = {**plan, "select": select}
    _say("Stored cells that this study does not use", stale_cells(store, plan))
    code = changed_code(store, plan)
    _say(
        "Code changed since these methods were run (raise their version if numbers can differ)",
        [f"{method}: {', '.join(files)}" for method, files in code.items()],
    )
    chosen = convention_named(convention)
    # Only the file of all metrics holds those of every rule.
    rules = None if "csv" in formats else (plan["select"],)
    frames = study_frames(store, plan, chosen, rules=rules)
    with TaskProgress("statistics") as progress:
        found = study_statistics(store, plan, chosen, progress=progress)
    frames = replace(frames, statistics=found)
    _say("Layouts that this study cannot fill", unfilled(frames, layouts or ()))
    if beside_published:
        _say("Published values", without_published(frames.dataset_cards))
    with reported(store.root):
        return write_report(
            frames, store.root / "report", formats, layouts, chosen, published=beside_published
        )


def _say(heading: str, lines: list[str]) -> None:
    if not lines:
        return
    print(f"{heading}:")
    for line in lines[:_SHOWN]:
        print(f"  {line}")
    if len(lines) > _SHOWN:
        print(f"  and {len(lines) - _SHOWN} more")
