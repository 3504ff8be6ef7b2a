"""`report`: tables from stored predictions; imports no torch."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.commands import published
from benchmarks.errors import StudyError
from benchmarks.frames import FEW_CELLS, finished_sets, study_frames
from benchmarks.staleness import changed_code, stale_cells
from benchmarks.store import Store, reported
from benchmarks.study import SELECTION_RULES, check_choice
from benchmarks.study_corrections import study_corrections
from benchmarks.study_fronts import study_fronts
from benchmarks.study_statistics import study_statistics
from benchmarks.task_progress import TaskProgress
from benchmarks.workers import Workers
from reports.convention import Convention, convention_named
from reports.published.rows import without_published
from reports.report import FORMATS, tables_of, unfilled, write_tables
from reports.rows import RANKED_BLOCKS, compared_runs
from reports.runs import runs_of
from reports.study import StudyFrames
from reports.tables import Table

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
    warnings = _warnings(store, plan)
    chosen = convention_named(convention)
    with Workers() as workers:
        frames = _frames(store, plan, chosen, workers, every_rule="csv" in formats)
        _say("Layouts that this study cannot fill", unfilled(frames, layouts or ()))
        if beside_published:
            _say("Published values", without_published(frames.dataset_cards))
        sections = tables_of(frames, layouts, chosen, published=beside_published)
        with reported(store.root):
            # The page and its figures take as long as all the rest: another process makes them.
            write = partial(
                _write_page, store=store, plan=plan, sections=sections, warnings=warnings
            )
            shown = [_of_rule(frames)] if "html" in formats else []
            few = 1 if len(frames.cells) >= FEW_CELLS else 2
            begun = workers.each(write, shown, few=few)
            written = write_tables(frames, sections, store.root / "report", formats, chosen)
            return [*written, *(path for _, paths in begun for path in paths)]


def _frames(
    store: Store,
    plan: Mapping[str, Any],
    convention: Convention,
    workers: Workers,
    *,
    every_rule: bool,
) -> StudyFrames:
    """The study with all that is computed of it; only the file of all metrics needs every rule."""
    rules = None if every_rule else (plan["select"],)
    frames = study_frames(store, plan, convention, rules=rules, workers=workers)
    with TaskProgress("statistics") as progress:
        found = study_statistics(
            store, plan, convention, compared=compared_runs(frames), workers=workers,
            progress=progress,
        )  # fmt: skip
    compared = compared_runs(frames, RANKED_BLOCKS)
    return replace(
        frames,
        statistics=found,
        fronts=study_fronts(store, plan, convention, compared),
        corrected=study_corrections(store, plan, convention, frames.confusions),
    )


def _of_rule(frames: StudyFrames) -> StudyFrames:
    """The study without the metrics of the rules that are not shown."""
    shown = frames.metrics["select"] == frames.select
    return replace(frames, metrics=frames.metrics[shown].reset_index(drop=True))


def _write_page(
    frames: StudyFrames,
    *,
    store: Store,
    plan: Mapping[str, Any],
    sections: Sequence[tuple[str, Sequence[Table]]],
    warnings: Sequence[str],
) -> list[Path]:
    # Matplotlib takes a second to import; tables alone do not need it.
    from benchmarks.report_sources import histories, provenance
    from reports.study_documents import write_study_documents

    return write_study_documents(
        frames, sections, store.root / "report",
        runs=runs_of(finished_sets(store, plan, plan["select"])),
        histories=histories(store, plan), provenance=provenance(store, plan), warnings=warnings,
    )  # fmt: skip


def _warnings(store: Store, plan: Mapping[str, Any]) -> list[str]:
    """Says which cells are stale and whose code has changed; the same as sentences."""
    stale = stale_cells(store, plan)
    _say("Stored cells that this study does not use", stale)
    code = [f"{method}: {', '.join(files)}" for method, files in changed_code(store, plan).items()]
    _say(
        "Code changed since these methods were run (raise their version if numbers can differ)",
        code,
    )
    sentences = [f"{len(stale)} stored cells are not used by this study."] if stale else []
    if code:
        sentences.append(f"The code of {len(code)} methods has changed since they were run.")
    return sentences


def _say(heading: str, lines: list[str]) -> None:
    if not lines:
        return
    print(f"{heading}:")
    for line in lines[:_SHOWN]:
        print(f"  {line}")
    if len(lines) > _SHOWN:
        print(f"  and {len(lines) - _SHOWN} more")
