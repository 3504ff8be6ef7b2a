"""A convolutional encoder to a latent map, its mirror, and a discriminator on the map.

Widths follow methods.md 9.1; for 128 px the shapes are those of its entry (64 x 8 x 8).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

#: channels of the latent map
LATENT = 64
#: channels after each halving (P, methods.md 9.1); the last one repeats where there are more
WIDTHS = (32, 64, 128, 128)
#: bounds of the log-variance, so that its exponential stays within half precision (P)
LOG_VARIANCE_RANGE = (-10.0, 10.0)


def num_halvings(pixels: int) -> int:
    """Number of stride-2 blocks that leave a latent map of 8 to 16 pixels a side; at least 1.

    Source: decisions.md 15.
    """
    return max(1, int(math.log2(pixels / 8))) if pixels >= 8 else 1


def block_widths(pixels: int) -> tuple[int, ...]:
    """Channels after each block of the encoder."""
    count = num_halvings(pixels)
    return (WIDTHS + WIDTHS[-1:] * count)[:count]


def convolution(width_in: int, width_out: int, *, stride: int = 1) -> nn.Sequential:
    """3 x 3 convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(width_in, width_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(width_out),
        nn.ReLU(inplace=True),
    )


def downsampling(pixels: int) -> nn.Sequential:
    """The encoder's blocks: (B, 3, H, W) pictures to (B, `block_widths[-1]`, h, w) maps."""
    widths = (3, *block_widths(pixels))
    pairs = zip(widths, widths[1:], strict=False)
    return nn.Sequential(*(convolution(a, b, stride=2) for a, b in pairs))


class Encoder(nn.Module):
    """(B, 3, H, W) pictures to mean and log-variance of the latent map, (B, LATENT, h, w) each."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        width = block_widths(pixels)[-1]
        self.blocks = downsampling(pixels)
        self.to_mean = nn.Conv2d(width, LATENT, 1)
        self.to_log_variance = nn.Conv2d(width, LATENT, 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.blocks(images)
        return self.to_mean(hidden), self.to_log_variance(hidden).clamp(*LOG_VARIANCE_RANGE)

    def mean(self, images: Tensor) -> Tensor:
        """(B, LATENT, h, w) latent means."""
        mean: Tensor = self.to_mean(self.blocks(images))
        return mean


class Generator(nn.Module):
    """(B, LATENT, h, w) latent maps to (B, 3, H, W) pictures, normalised as the encoder's input."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.pixels = pixels
        widths = (LATENT, *reversed(block_widths(pixels)[:-1]), WIDTHS[0])
        layers: list[nn.Module] = []
        for a, b in zip(widths, widths[1:], strict=False):
            layers += [convolution(a, b), nn.Upsample(scale_factor=2)]
        layers.append(nn.Conv2d(widths[-1], 3, 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.layers(latent)
        # The halvings round up, so sizes that are no multiple of their power come back larger.
        return images[:, :, : self.pixels, : self.pixels]


def latent_side(pixels: int) -> int:
    """Height and width of the latent map: the smallest that the doublings bring to `pixels`."""
    return math.ceil(pixels / (1 << num_halvings(pixels)))


class CodeEncoder(nn.Module):
    """(B, 3, H, W) pictures to mean and log-variance of a vector code, (B, width) each.

    The blocks of `Encoder`, its 1 x 1 convolution to the latent map, then one linear map.
    """

    def __init__(self, width: int, pixels: int) -> None:
        super().__init__()
        self.blocks = downsampling(pixels)
        self.to_map = nn.Conv2d(block_widths(pixels)[-1], LATENT, 1)
        entries = LATENT * latent_side(pixels) ** 2
        self.to_mean = nn.Linear(entries, width)
        self.to_log_variance = nn.Linear(entries, width)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self._map(images)
        return self.to_mean(hidden), self.to_log_variance(hidden).clamp(*LOG_VARIANCE_RANGE)

    def mean(self, images: Tensor) -> Tensor:
        """(B, width) code means."""
        mean: Tensor = self.to_mean(self._map(images))
        return mean

    def _map(self, images: Tensor) -> Tensor:
        latent: Tensor = self.to_map(self.blocks(images))
        return latent.flatten(1)


class CodeDecoder(nn.Module):
    """(B, width) codes to (B, 3, H, W) pictures: a linear map to a latent map, then `Generator`."""

    def __init__(self, width: int, pixels: int) -> None:
        super().__init__()
        self.side = latent_side(pixels)
        self.to_map = nn.Linear(width, LATENT * self.side**2)
        self.generator = Generator(pixels)

    def forward(self, codes: Tensor) -> Tensor:
        images: Tensor = self.generator(self.to_map(codes).view(-1, LATENT, self.side, self.side))
        return images


class Discriminator(nn.Module):
    """(B, LATENT, h, w) latent maps to one tensor of (B, size) logits for each target.

    Without normalisation layers, so that a pass over it leaves no trace.
    """

    def __init__(self, sizes: Sequence[int], width: int = 128) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(LATENT, width, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.heads = nn.ModuleList(nn.Linear(width, size) for size in sizes)

    def forward(self, latent: Tensor) -> list[Tensor]:
        pooled = self.trunk(latent).mean(dim=(2, 3))
        return [head(pooled) for head in self.heads]


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), averaged over samples and latent entries; >= 0."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()


def draw_latent(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """A draw from N(mean, exp(log_variance)) with the gradient of the reparameterisation."""
    # Drawn where the generator lives: the same noise on every device.
    noise = torch.randn(mean.shape, generator=generator, device=generator.device, dtype=mean.dtype)
    return mean + noise.to(mean.device, non_blocking=True) * (0.5 * log_variance).exp()
