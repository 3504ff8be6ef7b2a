"""Worker processes that end with their parent, and that Ctrl-C reaches through it alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess


def available_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def interrupts_ignored() -> Iterator[None]:
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


def end_with_parent() -> None:
    """Called in a worker: a killed parent leaves no worker behind that would go on writing."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def end(processes: Sequence[BaseProcess], patience: float) -> None:
    """Waits for workers that were told to end, and ends those that do not within `patience`.

    Args:
        processes: whose work is stored: one that hangs while it shuts down must hold up nothing.
        patience: seconds for all of them together.
    """
    deadline = time.monotonic() + patience
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
