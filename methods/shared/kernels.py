"""Squared distances within a batch and their scale, for kernel statistics."""

from __future__ import annotations

import torch
from torch import Tensor


def squared_distances(points: Tensor) -> Tensor:
    """(B, B) squared Euclidean distances of the rows of (B, d), at least 0, 0 on the diagonal.

    Through inner products: memory B^2, not B^2 d. The rows are centred first, which changes no
    distance and keeps digits where all points are far from the origin.
    """
    centred = points - points.mean(dim=0)
    lengths = (centred**2).sum(dim=1)
    distances = lengths[:, None] + lengths - 2 * (centred @ centred.T)
    same = torch.eye(len(points), dtype=torch.bool, device=points.device)
    return torch.where(same, torch.zeros_like(distances), distances.clamp(min=0))


def median_distance(distances: Tensor, used: Tensor) -> Tensor:
    """Scalar median (the lower one) of the (B, B) distances between different samples of the (B,)
    mask, without gradient; 1 where there is none or it is 0.
    """
    same = torch.eye(len(used), dtype=torch.bool, device=used.device)
    counted = used[:, None] & used & ~same
    absent = torch.full_like(distances, float("nan"))
    median = torch.where(counted, distances.detach(), absent).nanmedian()
    return torch.where(median > 0, median, torch.ones_like(median))
