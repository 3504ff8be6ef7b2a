"""Runs cells on worker processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from benchmarks.plan import Cell
from benchmarks.progress import Progress
from benchmarks.runner import Outcome, RunOptions, run_cell, store_failure
from benchmarks.store import Store
from datasets.processes import end, end_with_parent, interrupts_ignored

#: seconds that workers get to shut down after their last cell
_PATIENCE = 10.0
_DIED = "the worker process died, perhaps for lack of memory"


def run_local(
    cells: Sequence[Cell], options: RunOptions, progress: Progress, *, workers: int, threads: int
) -> list[Outcome]:
    """Runs the cells on `workers` spawned processes with `threads` torch threads each.

    Returns:
        How each cell ended, in the order in which they ended.

    Raises:
        StoreError, DataError: the study cannot go on; running workers are stopped.
        KeyboardInterrupt: after the workers were stopped; stored cells are whole.
    """
    outcomes: list[Outcome] = []
    left = list(cells)
    while left:
        try:
            for outcome in _run_pool(left, options, progress, workers, threads):
                left.remove(outcome.cell)
                outcomes.append(outcome)
                progress.finished(outcome)
        except BrokenProcessPool:
            if workers > 1:
                # Which of the running cells killed its worker is not known: go on one by one.
                workers = 1
                continue
            store_failure(left[0], Store(options.out), _DIED, "")
            outcomes.append(Outcome(left.pop(0), "failed", 0.0, _DIED))
            progress.finished(outcomes[-1])
    return outcomes


def _run_pool(
    cells: Sequence[Cell], options: RunOptions, progress: Progress, workers: int, threads: int
) -> Iterator[Outcome]:
    pool = ProcessPoolExecutor(
        min(workers, len(cells)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(threads, options.deterministic),
    )
    # A copy: the caller strikes finished cells off its list while this one is walked.
    waiting = iter(tuple(cells))
    running: set[Future[Outcome]] = set()
    others = multiprocessing.active_children()
    patience = _PATIENCE
    try:
        with interrupts_ignored():
            for cell in _take(waiting, workers):
                running.add(pool.submit(run_cell, cell, options))
        while running:
            ended, running = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            progress.refresh()
            for future in ended:
                yield future.result()
                with interrupts_ignored():
                    running |= {pool.submit(run_cell, cell, options) for cell in _take(waiting, 1)}
    except BaseException:
        patience = 0.0
        raise
    finally:
        workers_left = [p for p in multiprocessing.active_children() if p not in others]
        pool.shutdown(wait=False, cancel_futures=True)
        end(workers_left, patience)


def _take(cells: Iterator[Cell], count: int) -> list[Cell]:
    return [cell for _, cell in zip(range(count), cells, strict=False)]


def _start_worker(threads: int, deterministic: bool) -> None:
    """Prepares a worker: threads, determinism, and an end when the parent is gone."""
    # Before CUDA starts: cuBLAS is deterministic only with a fixed workspace.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    end_with_parent()
