"""Ctrl-C while worker processes are started."""

import os
import signal
import subprocess
import sys

import pytest

from benchmarks.executors.local import _interrupts_ignored


def test_ctrl_c_while_workers_start_is_answered_afterwards():
    after = []

    with pytest.raises(KeyboardInterrupt), _interrupts_ignored():
        os.kill(os.getpid(), signal.SIGINT)
        after.append("the block ran to its end")

    assert after == ["the block ran to its end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_without_ctrl_c_nothing_is_raised():
    with _interrupts_ignored():
        pass

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_processes_started_meanwhile_ignore_ctrl_c():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('alive')"

    with _interrupts_ignored():
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )

    assert done.stdout == "alive\n"
