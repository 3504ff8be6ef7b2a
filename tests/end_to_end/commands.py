"""Starting the command as a user does, watching its processes and its result folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import ROOT

TINY = (
    "--preset", "smoke", "--set", "protocol.images=96", "--set", "protocol.validations=1",
    "--set", "synthetic.pool_images=150", "--set", "synthetic.test_images=60",
)  # fmt: skip
TWO_BY_TWO = ("run", "--methods", "ce,focal", "--seeds", "2", *TINY)
PATIENCE = 90.0


def start(*arguments: str, cwd: Path = ROOT, path: tuple[Path, ...] = ()) -> subprocess.Popen[str]:
    """`python -m benchmarks ...` in a session of its own; `path` goes before the checkout."""
    folders = os.pathsep.join(str(folder) for folder in (*path, ROOT))
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": folders, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Waits for the end; whatever the process left running is killed."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        for pid in session_of(process):
            os.kill(pid, signal.SIGKILL)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def call(
    *arguments: str, cwd: Path = ROOT, path: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return finish(start(*arguments, cwd=cwd, path=path))


def session_of(process: subprocess.Popen[str]) -> list[int]:
    """Processes of the session that are alive, the first one and all its children."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended just now
        state, session = fields[0], int(fields[3])
        if session == process.pid and state != "Z":
            found.append(int(folder.name))
    return found


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.01)


def finished_cells(out: Path) -> dict[str, int]:
    """Record of each stored cell -> time of its last change."""
    return {
        str(path.relative_to(out)): path.stat().st_mtime_ns
        for path in out.glob("cells/[!.]*/cell.json")
    }


def temporary_folders(out: Path) -> list[str]:
    return [path.name for path in out.rglob(".tmp-*")]
