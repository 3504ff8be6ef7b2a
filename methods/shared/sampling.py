"""Rows of an epoch: drawn with unequal probabilities, copied, or cut down to equal counts.

All draws are made on the processor, so that the rows are the same on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor


def draw_rows(weights: Tensor, generator: torch.Generator, count: int | None = None) -> Tensor:
    """`count` rows (default: as many as there are) drawn with replacement, in proportion to (n,)
    weights >= 0.
    """
    size = len(weights) if count is None else count
    # In double precision: the same rows on every device.
    shares = weights.detach().to("cpu", torch.float64)
    return torch.multinomial(shares, size, replacement=True, generator=generator)


def copied_rows(times: Tensor, generator: torch.Generator) -> Tensor:
    """A random permutation of all rows, row i as often as (n,) int64 `times` says."""
    times = times.to("cpu")
    rows = torch.arange(len(times)).repeat_interleave(times)
    return rows[torch.randperm(len(rows), generator=generator)]


def kept_rows(strata: Tensor, quotas: Tensor, generator: torch.Generator) -> Tensor:
    """A random permutation of a random subset of the rows: `quotas[c]` rows of stratum c.

    With quotas that nothing exceeds it is the permutation that plain training would draw.

    Args:
        strata: (n,) codes in 0..C-1.
        quotas: (C,) largest number of rows of each stratum.
        generator: draws the permutation.
    """
    strata, quotas = strata.to("cpu"), quotas.to("cpu")
    order = torch.randperm(len(strata), generator=generator)
    codes = strata[order]
    sizes = torch.bincount(codes, minlength=len(quotas))
    by_stratum = codes.argsort(stable=True)
    first = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    rank = torch.empty_like(codes)
    rank[by_stratum] = torch.arange(len(codes)) - first
    return order[rank < quotas[codes]]
