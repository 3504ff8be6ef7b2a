"""One thread for torch, and a method that notes what it is handed."""

import pytest
import torch

from methods.base import method
from tests.benchmarks.tiny import Recorder

torch.set_num_threads(1)


@pytest.fixture
def recorder() -> type[Recorder]:
    """A fresh class, so that tests may change it."""

    @method("Recorder", family="loss", source="test", needs=["sample_index"], key="recorder")
    class Fresh(Recorder):
        pass

    return Fresh
