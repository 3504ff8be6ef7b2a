"""Style loss: squared distance of Gram matrices of feature maps of a fixed network.

    Gram_j[c, c'] = (1 / (C_j H_j W_j)) sum_hw phi_j[h, w, c] phi_j[h, w, c']
    style = sum_j ||Gram_j(x') - Gram_j(x)||_F^2

Source: Johnson et al. 2016, Eq. 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

#: channels of the levels of the random network; each level halves the picture (P)
LEVELS = (16, 32, 64, 128)


class RandomMaps(nn.Module):
    """A fixed convolution stack with random weights: the style network where no weights are given.

    Random filters keep texture statistics well enough for Gram matrices (Ustyuzhaninov et al.
    2017). The seed is a constant, so that all seeds of a study share one yardstick.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        widths = (3, *LEVELS)
        self.levels = nn.ModuleList()
        for level, (width_in, width_out) in enumerate(zip(widths, LEVELS, strict=False)):
            layer = nn.Conv2d(width_in, width_out, 3, stride=1 if level == 0 else 2, padding=1)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            self.levels.append(layer)
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        maps = []
        for layer in self.levels:
            images = torch.relu(layer(images))
            maps.append(images)
        return maps


def gram(maps: Tensor) -> Tensor:
    """(B, C, C) symmetric Gram matrices of (B, C, H, W) maps, divided by C H W.

    In full precision under autocast: two pictures' matrices differ by less than half precision can
    tell.
    """
    wide = maps.to(torch.promote_types(maps.dtype, torch.float32))
    with torch.autocast(maps.device.type, enabled=False):
        flat = wide.flatten(2) / math.sqrt(maps[0].numel())
        return flat @ flat.transpose(1, 2)


def style_distance(maps: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Sum over levels of the squared distance of Gram matrices, mean over the batch; >= 0."""
    distances = [
        (gram(own) - gram(other)).square().sum(dim=(1, 2)).mean()
        for own, other in zip(maps, wanted, strict=True)
    ]
    return torch.stack(distances).sum()
