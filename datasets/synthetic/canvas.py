"""A block of pictures to draw on: coordinates, windows, soft masks, and paint.

Only additions, multiplications, divisions and square roots of float32 touch the pixels, element by
element, so a picture is the same bit for bit in whatever block it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.synthetic.scene import (
    CENTRE_Y,
    MAX_ROLL,
    MAX_SCALE,
    MAX_SHIFT,
    MAX_TURN,
    MIN_SCALE,
    Scenes,
)
from datasets.synthetic.streams import Floats

ONE = np.float32(1.0)


def wide(values: Floats) -> Floats:
    """(B,) values shaped to spread over (B, h, w) pixels."""
    return values[:, None, None]


@dataclass(frozen=True)
class Patch:
    """A rectangular part of B pictures.

    Attributes:
        x: (B, h, w) face coordinate, positive towards the right of the picture.
        y: (B, h, w) face coordinate, positive downwards.
        across: (B, h, w) distance from the face's middle line, |x|.
        pixel: (B, 1, 1) size of a pixel in face units.
        relief: (B, 1, 1) how much stronger shade is drawn; above 1 on dark skin, where the same
            share of less light would vanish.
        rgb: (B, 3, h, w) view of the colours in [0, 1]; painting changes it.
    """

    x: Floats
    y: Floats
    across: Floats
    pixel: Floats
    relief: Floats
    rgb: Floats

    def paint(self, mask: Floats, colour: Floats) -> None:
        """Lays `colour` (B, 3) over the patch with opacity `mask` (B, h, w)."""
        self.rgb[:] += mask[:, None] * (colour[:, :, None, None] - self.rgb)

    def darken(self, amount: Floats) -> None:
        """Takes the share `amount` (B, h, w) of the brightness away; negative brightens."""
        self.rgb[:] *= np.maximum(ONE - self.relief * amount, np.float32(0.05))[:, None]

    def inside(self, distance: Floats) -> Floats:
        """Coverage in [0, 1] of pixels by the region where `distance` (face units) is negative."""
        coverage = distance / self.pixel
        np.subtract(np.float32(0.5), coverage, out=coverage)
        return np.clip(coverage, 0.0, 1.0, out=coverage)

    def line(self, distance: Floats, half: Floats | float) -> Floats:
        """Soft line of half-width `half` around distance 0; thinner than a pixel means fainter."""
        width = np.maximum(np.asarray(half, np.float32), np.float32(0.9) * self.pixel)
        part = distance / width
        np.multiply(part, part, out=part)
        soft: Floats = np.maximum(ONE - part, 0.0) * (half / width)
        return soft

    def blob(self, x: Floats | float, y: Floats | float, size: tuple[float, float]) -> Floats:
        """Soft spots at (±x, y) that end at the half-axes `size`."""
        return bump(self.across - x, self.y - y, size)


def bump(dx: Floats, dy: Floats, size: tuple[float, float]) -> Floats:
    """(1 - r²)² inside the ellipse of half-axes `size`, 0 outside."""
    across, down = dx * np.float32(1.0 / size[0]), dy * np.float32(1.0 / size[1])
    np.multiply(across, across, out=across)
    np.multiply(down, down, out=down)
    fall: Floats = np.maximum(ONE - across - down, 0.0)
    return fall * fall


def fade(values: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """0 below `low`, 1 above `high`, smooth between."""
    part = (values - low) / np.asarray(high - low, np.float32)
    np.clip(part, 0.0, 1.0, out=part)
    return part * part * (np.float32(3.0) - np.float32(2.0) * part)


class Canvas:
    """Colours and face coordinates of a block of B pictures of `size` x `size` pixels."""

    def __init__(self, scenes: Scenes, size: int, skin: Floats) -> None:
        self.size = size
        self.relief = wide(np.float32(1.65) - np.float32(0.65) * skin[:, 1])
        grid = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(2.0 / size) - ONE
        down = (grid[None, :, None] - wide(scenes.shift_y)) / wide(scenes.scale)
        across = (grid[None, None, :] - wide(scenes.shift_x)) / wide(scenes.scale)
        cos, sin = wide(np.cos(scenes.roll)), wide(np.sin(scenes.roll))
        x, self.y = cos * across + sin * down, cos * down - sin * across
        self.x = x - wide(scenes.turn) * np.maximum(ONE - x * x, 0.0)
        self.across = np.abs(self.x)
        self.pixel = wide(np.float32(2.0 / size) / scenes.scale)
        self.rgb = np.empty((len(scenes.scale), 3, size, size), np.float32)

    def window(self, reach: float, top: float, bottom: float) -> Patch:
        """The pixels that |x| <= `reach`, `top` <= y <= `bottom` can fall on in any pose."""
        side = reach + MAX_TURN
        lean = float(np.sin(MAX_ROLL))
        upper, lower = top - lean * side, bottom + lean * side
        lean_x = lean * max(abs(upper), abs(lower))
        first = min(upper * MAX_SCALE, upper * MIN_SCALE)
        last = max(lower * MAX_SCALE, lower * MIN_SCALE)
        rows = self._span(first, last, CENTRE_Y)
        columns = self._span(-(side + lean_x) * MAX_SCALE, (side + lean_x) * MAX_SCALE, 0.0)
        where = (slice(None), rows, columns)
        rgb = self.rgb[:, :, rows, columns]
        return Patch(self.x[where], self.y[where], self.across[where], self.pixel, self.relief, rgb)

    def _span(self, low: float, high: float, centre: float) -> slice:
        first = int(np.floor((low + centre - MAX_SHIFT + 1.0) * self.size / 2.0)) - 1
        last = int(np.ceil((high + centre + MAX_SHIFT + 1.0) * self.size / 2.0)) + 1
        return slice(max(first, 0), min(last, self.size))
