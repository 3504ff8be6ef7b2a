"""The frames of a report, from prediction sets that any program made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace

import pandas as pd

from reports.convention import STRICT, Convention
from reports.errors import ReportError
from reports.fronts import fronts
from reports.measure import measure
from reports.predictions import PredictionSet
from reports.rows import RANKED_BLOCKS, compared_runs
from reports.runs import runs_of
from reports.sample_statistics import sample_task_statistics, sample_tasks_of
from reports.statistics import Effort, corrected, statistics
from reports.study import CELL_COLUMNS, DATASET_COLUMNS, METHOD_COLUMNS, StudyFrames

#: predictions up to which all replicates are made
FULL_EFFORT = 100_000
#: the fewest: of large test sets a resampled one costs most, and its spread needs few
LEAST = Effort(permutations=200, resamples=100, exchanges=200)


def scored_frames(
    sets: Sequence[PredictionSet],
    convention: Convention = STRICT,
    *,
    source: str = "given predictions",
    baseline: str = "",
    effort: Effort | None = None,
) -> StudyFrames:
    """A study of the methods whose predictions these are, in the order in which they come.

    Args:
        sets: at least one, all of one selection rule.
        convention: smallest denominator of a rate.
        source: where the predictions come from, printed in captions.
        baseline: the method that goes first and that others are compared with; empty compares none.
        effort: replicates of the uncertainty; None computes none.

    Raises:
        ReportError: there are no sets, or no method is called as the baseline.
    """
    if not sets:
        raise ReportError("there are no predictions to score; give at least one run")
    methods = _methods(sets, baseline)
    cells = [
        (one.dataset, one.method, one.variant, one.seed, False, False, "done", "", one.cell)
        for one in sets
    ]
    cards = [(name, name, "", source, False, False, float("nan")) for name in methods]
    datasets = {
        one.dataset: (
            one.dataset, one.dataset, one.classes, dict(one.levels), one.intersections, 1,
        )
        for one in sets
    }  # fmt: skip
    frames = StudyFrames(
        metrics=pd.concat([measure(one, convention) for one in sets], ignore_index=True),
        cells=pd.DataFrame(cells, columns=list(CELL_COLUMNS)),
        methods=pd.DataFrame(cards, columns=list(METHOD_COLUMNS)),
        datasets=pd.DataFrame(list(datasets.values()), columns=list(DATASET_COLUMNS)),
        preset=source,
        select=sets[0].select,
    )
    return (
        frames if effort is None else _with_uncertainty(frames, sets, baseline, convention, effort)
    )


def _with_uncertainty(
    frames: StudyFrames,
    sets: Sequence[PredictionSet],
    baseline: str,
    convention: Convention,
    effort: Effort,
) -> StudyFrames:
    runs = runs_of(sets)
    found = statistics(runs, baseline, convention, effort=effort, compared=compared_runs(frames))
    ranked = compared_runs(frames, RANKED_BLOCKS)
    of_samples = [
        sample_task_statistics(*task, convention=convention, effort=effort)
        for task in sample_tasks_of(sets)
    ]
    found = corrected([found, *of_samples])
    on_front = fronts(runs, ranked, convention, draws=effort.resamples)
    return replace(frames, statistics=found, fronts=on_front)


def _methods(sets: Sequence[PredictionSet], baseline: str) -> list[str]:
    """The methods in the order in which they come, the baseline first."""
    methods = list(dict.fromkeys(one.method for one in sets))
    if baseline:
        if baseline not in methods:
            raise ReportError(
                f"no method is called {baseline!r}, so it cannot be the baseline; there are "
                f"{', '.join(methods)}"
            )
        methods.sort(key=lambda name: name != baseline)
    return methods


def effort_of(sets: Sequence[PredictionSet]) -> Effort:
    """The replicates that so many predictions leave time for: the usual ones up to 100,000."""
    share = min(1.0, FULL_EFFORT / max(1, sum(len(one.labels) for one in sets)))
    pairs = zip(astuple(Effort()), astuple(LEAST), strict=True)
    return Effort(*(max(least, round(share * full)) for full, least in pairs))
