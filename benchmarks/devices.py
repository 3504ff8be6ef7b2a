"""Where networks train."""

from __future__ import annotations

import torch

from benchmarks.errors import StudyError


def chosen_device(wanted: str) -> torch.device:
    """The device for `auto`, `cpu` or `cuda`; `auto` takes CUDA where torch can use one.

    Raises:
        StudyError: `cuda` where there is none.
    """
    has_cuda = torch.cuda.is_available()
    if wanted == "cuda" and not has_cuda:
        raise StudyError("This machine has no CUDA device that torch can use; use --device cpu.")
    return torch.device("cuda" if wanted != "cpu" and has_cuda else "cpu")
