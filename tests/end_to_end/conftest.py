"""What several end-to-end tests share, made once even when tests run on several processes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.end_to_end.commands import TWO_BY_TWO, call


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder that all processes of one test session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def cache(shared) -> Path:
    return shared / "cache"


@pytest.fixture(scope="session")
def whole(shared, cache) -> Path:
    """Result folder of an uninterrupted run on two workers.

    The run starts in an empty folder, and a stand-in package `datasets` is earlier on the path.
    """
    work = shared / "whole"
    with (shared / "whole.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not work.is_dir():
            work.mkdir()
            stand_in = work / "stand-in" / "datasets"
            stand_in.mkdir(parents=True)
            (stand_in / "__init__.py").write_text("raise ImportError('the stand-in was imported')")
            done = call(
                *TWO_BY_TWO, "--workers", "2", "--out", "out", "--cache", str(cache), cwd=work,
                path=(stand_in.parent,),
            )  # fmt: skip
            (work / "stdout.txt").write_text(done.stdout)
            (work / "stderr.txt").write_text(done.stderr)
            (work / "code.txt").write_text(str(done.returncode))
    return work
