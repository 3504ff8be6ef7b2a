"""Augmentation of whole batches, one draw per sample: mirror image, rotation, square crop."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed.

    Attributes:
        flip: probability of a mirror image.
        rotation: largest angle in degrees, drawn uniformly in both directions.
        crop: smallest share of the side that a random square crop keeps, in (0, 1].
    """

    flip: float
    rotation: float
    crop: float

    @property
    def is_identity(self) -> bool:
        return self.flip == 0 and self.rotation == 0 and self.crop == 1

    def transforms(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, 2, 3) maps from output to input coordinates in [-1, 1], one drawn per sample."""
        draws = torch.rand(5, count, generator=generator)
        mirror = torch.where(draws[0] < self.flip, -1.0, 1.0)
        angle = (2 * draws[1] - 1) * math.radians(self.rotation)
        side = 1 - draws[2] * (1 - self.crop)
        shift = (2 * draws[3:] - 1) * (1 - side)
        cos, sin = side * torch.cos(angle), side * torch.sin(angle)
        rows = (cos * mirror, -sin, shift[0], sin * mirror, cos, shift[1])
        return torch.stack(rows, dim=1).view(count, 2, 3)


def warp(images: Tensor, transforms: Tensor) -> Tensor:
    """Bilinear resampling of (B, C, H, W) pictures; what lies outside repeats the border.

    Args:
        images: pictures.
        transforms: (B, 2, 3) affine maps from output to input coordinates in [-1, 1].
    """
    grid = F.affine_grid(transforms.to(images), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
