"""An invertible network on vectors: blocks of scaling, permutation and affine coupling.

    x -> x * exp(a) + b,   x -> x[order],   (u, v) -> (u, v * exp(s(u)) + t(u))

Source: Kingma and Dhariwal 2018, Table 1, with a fixed permutation in place of the 1 x 1
convolution; widths of methods.md 9.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: number of blocks and width of the hidden layer of each coupling (P, methods.md 9.2)
BLOCKS = 8
HIDDEN = 512
#: the logarithm of a coupling's scale is clamped to +- this (P, methods.md 9.2)
MAX_LOG_SCALE = 2.0


class Scaling(nn.Module):
    """Scale and shift of each entry.

    Starts as the identity: standardised inputs already have the mean and variance that the first
    batch would otherwise set (Kingma and Dhariwal 2018, Sec. 3.1).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs = inputs * self.log_scale.exp() + self.shift
        return outputs, self.log_scale.sum().expand(len(inputs))

    def inverse(self, outputs: Tensor) -> Tensor:
        """(B, width) inputs."""
        return (outputs - self.shift) * (-self.log_scale).exp()


class Coupling(nn.Module):
    """Leaves the first entries, and scales and shifts the others by functions of them.

    The last layer starts at zero, so that the map starts as the identity.
    """

    def __init__(self, width: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.changed = width // 2
        self.kept = width - self.changed
        self.layers = nn.Sequential(
            nn.Linear(self.kept, hidden), nn.ReLU(), nn.Linear(hidden, 2 * self.changed)
        )
        nn.init.zeros_(self.layers[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.layers[-1].bias)  # type: ignore[arg-type]

    def _scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.layers(kept).chunk(2, dim=1)
        return log_scale.clamp(-MAX_LOG_SCALE, MAX_LOG_SCALE), shift

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        kept, changed = inputs[:, : self.kept], inputs[:, self.kept :]
        log_scale, shift = self._scale_and_shift(kept)
        outputs = torch.cat([kept, changed * log_scale.exp() + shift], dim=1)
        return outputs, log_scale.sum(dim=1)

    def inverse(self, outputs: Tensor) -> Tensor:
        """(B, width) inputs."""
        kept, changed = outputs[:, : self.kept], outputs[:, self.kept :]
        log_scale, shift = self._scale_and_shift(kept)
        return torch.cat([kept, (changed - shift) * (-log_scale).exp()], dim=1)


class Block(nn.Module):
    """Scaling, a fixed permutation, coupling."""

    order: Tensor
    back: Tensor

    def __init__(self, order: Tensor) -> None:
        super().__init__()
        self.scaling = Scaling(len(order))
        self.coupling = Coupling(len(order))
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        scaled, log_det = self.scaling(inputs)
        outputs, more = self.coupling(scaled[:, self.order])
        return outputs, log_det + more

    def inverse(self, outputs: Tensor) -> Tensor:
        """(B, width) inputs."""
        inputs: Tensor = self.scaling.inverse(self.coupling.inverse(outputs)[:, self.back])
        return inputs


class Flow(nn.Module):
    """(B, width) vectors to (B, width) vectors and the (B,) logarithms of |det J|; invertible.

    Args:
        width: number of entries, at least 2.
        generator: draws the permutations.
        blocks: number of blocks.
    """

    def __init__(self, width: int, generator: torch.Generator, blocks: int = BLOCKS) -> None:
        super().__init__()
        orders = [torch.randperm(width, generator=generator) for _ in range(blocks)]
        self.blocks = nn.ModuleList(Block(order) for order in orders)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        log_det = inputs.new_zeros(len(inputs))
        for block in self.blocks:
            inputs, more = block(inputs)
            log_det = log_det + more
        return inputs, log_det

    def inverse(self, outputs: Tensor) -> Tensor:
        """(B, width) inputs that `forward` maps to `outputs`."""
        for block in reversed(self.blocks):
            outputs = block.inverse(outputs)  # type: ignore[operator]
        return outputs
