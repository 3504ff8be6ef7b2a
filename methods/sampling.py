"""Rows of an epoch drawn with unequal probabilities."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_rows(weights: Tensor, generator: torch.Generator, count: int | None = None) -> Tensor:
    """`count` rows (default: as many as there are) drawn with replacement, in proportion to (n,)
    weights >= 0.
    """
    size = len(weights) if count is None else count
    # Drawn on the processor, in double precision: the same rows on every device.
    shares = weights.detach().to("cpu", torch.float64)
    return torch.multinomial(shares, size, replacement=True, generator=generator)
