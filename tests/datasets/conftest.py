"""Tiny picture sets in the layouts of the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.datasets.miniatures import omi_london


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder that holds a miniature `london` and a miniature `omi`."""
    return omi_london.make(tmp_path / "sets")
