"""Settings of the whole suite: one thread a process, the checkout's packages, the shared data."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest

import benchmarks  # noqa: F401  (first: it puts the checkout in front of other packages called `datasets`)

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of small real data sets beside the project; tests that need it skip where it is
    absent.
    """
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here")
    return folder
