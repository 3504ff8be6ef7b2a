"""Statistics of a stored study, kept for the next report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

import pandas as pd

from benchmarks.frame_cache import FrameCache, code_stamp
from benchmarks.frames import METRIC_CODE, finished_sets, finished_stamps
from benchmarks.store import Store
from benchmarks.workers import Workers
from reports.convention import Convention
from reports.runs import runs_of
from reports.sample_statistics import SampleTask, sample_task_statistics, sample_tasks_of
from reports.statistics import Compared, Effort, Task, corrected, task_statistics, tasks_of

Progress = Callable[[int, int, str], None]

#: the method that all others are compared with
BASELINE = "ce"
CODE = (*METRIC_CODE, "reports/replicates", "reports/stats", "reports/runs.py",
        "reports/statistics.py", "reports/statistic_columns.py", "reports/score_intervals.py",
        "reports/statistics_frame.py", "reports/best.py",
        "reports/sample_statistics.py")  # fmt: skip
#: fewer tasks than this are not worth starting processes for
FEW_TASKS = 4


def study_statistics(
    store: Store,
    plan: Mapping[str, Any],
    convention: Convention,
    *,
    compared: Compared,
    effort: Effort | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The frame `statistics` of the study's selection rule.

    Args:
        store: the result folder.
        plan: its `plan.json`; `select` says whose checkpoints.
        convention: smallest denominators.
        compared: the comparison set, as `compared_runs` gives it.
        effort: number of replicates.
        workers: share the tasks; None: this process alone.
        progress: told as tasks end.
    """
    effort = effort or Effort()
    rule = plan["select"]
    parts = [*finished_stamps(store, plan), rule, repr(astuple(convention)), repr(effort), BASELINE,
             repr(sorted(compared.items()))]  # fmt: skip
    key = "\0".join(["statistics", *parts])
    cache = FrameCache(store.root, code_stamp(CODE))

    def made() -> pd.DataFrame:
        sets = finished_sets(store, plan, rule)
        of_counts = partial(
            task_statistics, baseline=BASELINE, convention=convention, effort=effort,
            compared=compared,
        )  # fmt: skip
        of_samples = partial(sample_task_statistics, convention=convention, effort=effort)
        jobs: list[Job] = [(of_counts, task) for task in tasks_of(runs_of(sets))]
        jobs += [(of_samples, task) for task in sample_tasks_of(sets)]
        return corrected(_all_jobs(jobs, workers or Workers(1), progress))

    return cache.frame(key, made)


#: what makes the rows of a task, and the task
Job = tuple[Callable[..., pd.DataFrame], Task | SampleTask]


def _all_jobs(
    jobs: Sequence[Job], workers: Workers, progress: Progress | None
) -> list[pd.DataFrame]:
    """The rows of each job, in order."""
    tell = progress or (lambda done, total, what: None)
    # Those with most groups take longest: they are begun first.
    order = sorted(range(len(jobs)), key=lambda at: -_size(jobs[at][1]))
    begun = workers.each(_done, jobs, few=FEW_TASKS, order=order)
    frames: dict[int, pd.DataFrame] = {}
    for at in order:
        group, attribute = jobs[at][1]
        tell(len(frames), len(jobs), f"statistics of {group[0].dataset} by {attribute}")
        _, frames[at] = next(begun)
    return [frames[at] for at in range(len(jobs))]


def _done(job: Job) -> pd.DataFrame:
    work, task = job
    return work(*task)


def _size(task: Task | SampleTask) -> int:
    group, attribute = task
    return len(group) * len(group[0].groups(attribute)[0])
