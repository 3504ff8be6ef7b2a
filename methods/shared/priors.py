"""Log priors of the classes from training counts, for losses that shift logits by them.

    log pi_y = log((n_y + 1) / (n + K))                (Laplace, our default)
    log pi_y = log(n_y / n + floor)                    (floor > 0, the references')

With Laplace's rule a class without samples is rare, not forbidden (methods.md 13).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def log_class_priors(class_counts: Sequence[int], *, floor: float = 0.0) -> Tensor:
    """(K,) log P(y), in the default precision, of K training counts.

    Args:
        class_counts: n_y >= 0.
        floor: 0 for Laplace's rule, else what is added to the shares n_y / n.
    """
    return _log_shares(torch.tensor(class_counts, dtype=torch.float64), floor)


def log_class_given_group(stratum_counts: Sequence[Sequence[int]], *, floor: float = 0.0) -> Tensor:
    """(G, K) log P(y | s), in the default precision, of (K, G) training counts.

    A group without samples has the same value for every class. `floor` as in `log_class_priors`.
    """
    return _log_shares(torch.tensor(stratum_counts, dtype=torch.float64).T, floor)


def log_class_by_group_code(
    stratum_counts: Sequence[Sequence[int]], class_counts: Sequence[int], *, floor: float = 0.0
) -> Tensor:
    """(G + 1, K) `log_class_given_group`, and as the last row `log_class_priors`, which the code
    -1 of an unknown group reaches.
    """
    given_group = log_class_given_group(stratum_counts, floor=floor)
    return torch.cat([given_group, log_class_priors(class_counts, floor=floor)[None]])


def _log_shares(counts: Tensor, floor: float) -> Tensor:
    """Logarithms of the smoothed shares along the last axis; worked out in double precision."""
    total = counts.sum(dim=-1, keepdim=True)
    if floor == 0:
        shares = (counts + 1) / (total + counts.shape[-1])
    else:
        shares = counts / total.clamp(min=1) + floor
    return shares.log().to(torch.get_default_dtype()).contiguous()
