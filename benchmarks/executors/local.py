"""Runs cells on worker processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import wait as wait_for
from multiprocessing.process import BaseProcess

from benchmarks.plan import Cell
from benchmarks.progress import Progress
from benchmarks.runner import Outcome, RunOptions, run_cell, store_failure
from benchmarks.store import Store

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
        with _interrupts_ignored():
            for cell in _take(waiting, workers):
                running.add(pool.submit(run_cell, cell, options))
        while running:
            ended, running = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            progress.refresh()
            for future in ended:
                yield future.result()
                with _interrupts_ignored():
                    running |= {pool.submit(run_cell, cell, options) for cell in _take(waiting, 1)}
    except BaseException:
        patience = 0.0
        raise
    finally:
        workers_left = [p for p in multiprocessing.active_children() if p not in others]
        pool.shutdown(wait=False, cancel_futures=True)
        _end(workers_left, patience)


def _end(processes: Sequence[BaseProcess], patience: float) -> None:
    """Waits for workers that were told to end, and ends those that do not.

    Every cell is stored by then: a worker that hangs while it shuts down must not hold up a study.
    """
    deadline = time.monotonic() + patience
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _take(cells: Iterator[Cell], count: int) -> list[Cell]:
    return [cell for _, cell in zip(range(count), cells, strict=False)]


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started within ignore Ctrl-C; the parent answers it at the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Starting it would lift the block of the signal.
    resource_tracker.ensure_running()
    arrived: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: arrived.append(number))
    # New processes inherit the block; ignoring the signal instead would lose it for us.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, before)
        if arrived:
            signal.raise_signal(signal.SIGINT)


def _start_worker(threads: int, deterministic: bool) -> None:
    """Prepares a worker: threads, determinism, and an end when the parent is gone."""
    # Before CUDA starts: cuBLAS is deterministic only with a fixed workspace.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent leaves no worker behind that would go on writing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
