"""Precision of the tests of methods: float64 unless a test says otherwise."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    # Warnings that torch gives once a process would make failures depend on the order of tests.
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)
    torch.set_default_dtype(torch.float32)
