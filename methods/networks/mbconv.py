"""Blocks of the stage-2 classifier: inverted bottleneck (MBConv) or plain residual block.

Source: Sandler et al. 2018 (inverted bottleneck), Tan and Le 2019 (with squeeze-excitation); widths
of methods.md 9.1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: output channels and stride of the three blocks (P, methods.md 9.1)
BLOCKS = ((96, 1), (128, 2), (192, 2))


class SqueezeExcitation(nn.Module):
    """Scales each channel by a gate in (0, 1) that is computed from all channel means."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        means = maps.mean(dim=(2, 3), keepdim=True)
        gates = torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))
        return maps * gates


class MBConv(nn.Module):
    """Expand 1 x 1, depthwise 3 x 3, squeeze-excitation, project 1 x 1; residual if shapes agree.

    Args:
        width_in: channels of the input.
        width_out: channels of the output.
        stride: of the depthwise convolution.
        expansion: ratio of inner to input channels.
    """

    def __init__(self, width_in: int, width_out: int, stride: int, expansion: int = 4) -> None:
        super().__init__()
        inner = width_in * expansion
        self.residual = stride == 1 and width_in == width_out
        self.layers = nn.Sequential(
            nn.Conv2d(width_in, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.SiLU(inplace=True),
            nn.Conv2d(inner, inner, 3, stride=stride, padding=1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.SiLU(inplace=True),
            # Ratio 0.25 of the block's input, as in Tan and Le 2019.
            SqueezeExcitation(inner, max(1, width_in // 4)),
            nn.Conv2d(inner, width_out, 1, bias=False),
            nn.BatchNorm2d(width_out),
        )

    def forward(self, maps: Tensor) -> Tensor:
        changed: Tensor = self.layers(maps)
        return maps + changed if self.residual else changed


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut, projected 1 x 1 where shapes differ.

    Source: He et al. 2016, basic block.
    """

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width_in, width_out, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(width_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(width_out, width_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(width_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or width_in != width_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(width_in, width_out, 1, stride=stride, bias=False),
                nn.BatchNorm2d(width_out),
            )

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(self.layers(maps) + self.shortcut(maps))


class LatentTrunk(nn.Module):
    """(B, width, h, w) latent maps to (B, num_features) features: three blocks and the mean.

    Args:
        width: channels of the latent map.
        block: `mbconv` or `resblock`.
    """

    def __init__(self, width: int, block: str) -> None:
        super().__init__()
        make = MBConv if block == "mbconv" else ResidualBlock
        layers: list[nn.Module] = []
        for width_out, stride in BLOCKS:
            layers.append(make(width, width_out, stride))
            width = width_out
        self.blocks = nn.Sequential(*layers)
        self.num_features = width

    def forward(self, latent: Tensor) -> Tensor:
        features: Tensor = self.blocks(latent).mean(dim=(2, 3))
        return features
