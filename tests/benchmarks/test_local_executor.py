"""Worker processes: order, reuse and end; Ctrl-C while they are started."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from benchmarks.executors.local import run_local
from benchmarks.plan import make_plan
from benchmarks.progress import Progress
from benchmarks.runner import RunOptions
from benchmarks.study import Study
from datasets.processes import interrupts_ignored

SMALL = {
    "synthetic.pool_images": 100,
    "synthetic.test_images": 60,
    "protocol.pixels": 32,
}


@pytest.fixture
def answers_ctrl_c():
    """Python's own answer to Ctrl-C, which is off where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("answers_ctrl_c")
def test_ctrl_c_while_workers_start_is_answered_afterwards():
    after = []

    with pytest.raises(KeyboardInterrupt), interrupts_ignored():
        os.kill(os.getpid(), signal.SIGINT)
        after.append("the block ran to its end")

    assert after == ["the block ran to its end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.usefixtures("answers_ctrl_c")
def test_without_ctrl_c_nothing_is_raised():
    with interrupts_ignored():
        pass

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_processes_started_meanwhile_ignore_ctrl_c():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('alive')"

    with interrupts_ignored():
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )

    assert done.stdout == "alive\n"


def test_one_worker_runs_all_cells_in_the_order_of_the_plan(tmp_path):
    # A step each: only their order matters.
    study = Study(methods=("ce",), seeds=(0, 1, 2, 3), set={**SMALL, "protocol.images": 1})
    cells = make_plan(study, None).cells
    options = RunOptions(tmp_path, None, tmp_path / "cache")
    before = set(multiprocessing.active_children())
    seen = []

    class Watch(Progress):
        def finished(self, outcome):
            seen.append({p.pid for p in set(multiprocessing.active_children()) - before})
            super().finished(outcome)

    outcomes = run_local(cells, options, Watch(cells, 1), workers=1, threads=1)

    assert [outcome.cell.seed for outcome in outcomes] == [0, 1, 2, 3]
    assert len(set.union(*seen)) == 1, "one worker process, started once"
    # The pool's own thread may be the one that collects the worker: it is gone a moment later.
    deadline = time.monotonic() + 10
    while set(multiprocessing.active_children()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(multiprocessing.active_children()) - before
