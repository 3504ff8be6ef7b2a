"""Strata, combinations of class and group, and means of a loss over them."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.ops import indicator


def stratum_codes(labels: Tensor, groups: Tensor, num_groups: int) -> Tensor:
    """(B,) codes y G + s of the strata, -1 where the group is unknown.

    Args:
        labels: (B,) class codes.
        groups: (B,) group codes in 0..G-1, -1 unknown.
        num_groups: G.
    """
    return torch.where(groups >= 0, labels * num_groups + groups, groups)


def means_by_code(values: Tensor, codes: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(count,) means of the (B,) values that share a code, 0 for codes that are absent, and how
    many there are of each.

    Code -1 belongs to no mean. Not by scattering, which on accelerators adds in any order.
    """
    members = indicator(codes, count, values.dtype)
    sizes = members.sum(dim=0)
    return (values[:, None] * members).sum(dim=0) / sizes.clamp(min=1), sizes
