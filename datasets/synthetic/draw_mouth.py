"""Nose and mouth."""

from __future__ import annotations

import numpy as np

from datasets.synthetic.canvas import ONE, Canvas, Patch, bump, wide
from datasets.synthetic.factors import Traits
from datasets.synthetic.geometry import Geometry
from datasets.synthetic.streams import Floats

_CAVITY = np.array((0.22, 0.06, 0.06), np.float32)
_TEETH = np.array((0.95, 0.93, 0.88), np.float32)
_TONGUE = np.array((0.62, 0.26, 0.25), np.float32)


def draw_nose(canvas: Canvas, shape: Geometry) -> None:
    """Bridge, tip, wings and nostrils."""
    patch = canvas.window(0.3, -0.3, 0.45)
    base, half = wide(shape.nose_y), wide(shape.nose_half)
    middle = base * np.float32(0.5) - np.float32(0.05)
    height = base + np.float32(0.12)
    down = (patch.y - middle) / height
    spine = np.float32(0.055) + np.float32(0.05) * np.clip(down + 0.5, 0.0, 1.0)
    ridge = np.maximum(ONE - down * down * 2.6, 0.0)
    patch.darken(np.float32(0.16) * patch.line(patch.across - spine, 0.05) * ridge)
    patch.darken(np.float32(-0.12) * patch.line(patch.x, 0.05) * ridge)
    patch.darken(np.float32(-0.10) * bump(patch.x, patch.y - base + 0.045, (0.08, 0.07)))
    patch.darken(np.float32(0.22) * bump(patch.x, patch.y - base - 0.035, (0.15, 0.05)))
    wing = np.sqrt((patch.across - half + 0.035) ** 2 + (patch.y - base + 0.03) ** 2) - 0.05
    outer = np.clip((patch.across - half + 0.06) * 20.0, 0.0, 1.0)
    patch.darken(np.float32(0.38) * patch.line(wing, 0.018) * outer)
    nostril = bump(patch.across - half * np.float32(0.55), patch.y - base - 0.004, (0.042, 0.026))
    patch.darken(np.float32(0.75) * np.minimum(nostril * 2.0, ONE))


def draw_mouth(canvas: Canvas, traits: Traits, shape: Geometry) -> None:
    """Lips, the line or the opening between them, teeth and tongue."""
    patch = canvas.window(0.55, 0.2, 1.05)
    half = wide(shape.mouth_half)
    along = patch.across / half
    t2 = np.minimum(along * along, ONE)
    arch, full = ONE - t2, ONE - t2 * t2
    gap = arch + wide(shape.boxy) * (full - arch)
    line = wide(shape.mouth_y) + wide(shape.corner) * t2
    upper_in = line - wide(shape.open_up) * gap
    lower_in = line + wide(shape.open_low) * gap
    dip = np.float32(0.28) * np.maximum(ONE - patch.across * np.float32(14.0), 0.0)
    upper_out = upper_in - wide(shape.upper_lip) * full * (ONE - dip)
    lower_out = lower_in + wide(shape.lower_lip) * (arch + full) * np.float32(0.5)
    side = patch.inside(patch.across - half)
    _lips(patch, traits, (upper_out, line, lower_out), side)
    opening = patch.inside(upper_in - patch.y) * patch.inside(patch.y - lower_in) * side
    _inside_mouth(patch, shape, (upper_in, lower_in), opening)
    seam = patch.line(patch.y - line, 0.016) * side
    shut = wide(np.clip(ONE - (shape.open_up + shape.open_low) * 25.0, 0.0, 1.0))
    patch.darken(np.float32(0.62) * seam * shut)
    patch.darken(np.float32(0.4) * bump(patch.across - half, patch.y - line, (0.035, 0.03)))
    under = lower_out + np.float32(0.035)
    patch.darken(np.float32(0.16) * patch.line(patch.y - under, 0.035) * arch)


def _lips(patch: Patch, traits: Traits, lines: tuple[Floats, Floats, Floats], side: Floats) -> None:
    upper, middle, lower = lines
    mask = patch.inside(upper - patch.y) * patch.inside(patch.y - lower) * side
    patch.paint(mask * np.float32(0.9), traits.lips)
    patch.darken(mask * (np.float32(0.10) - np.float32(0.2) * (patch.y > middle)))


def _inside_mouth(
    patch: Patch, shape: Geometry, lines: tuple[Floats, Floats], opening: Floats
) -> None:
    count = len(shape.teeth)
    upper_in, lower_in = lines
    patch.paint(opening, np.broadcast_to(_CAVITY, (count, 3)))
    tongue = bump(patch.x, patch.y - lower_in - 0.01, (0.16, 0.085))
    patch.paint(opening * np.minimum(tongue * 2.0, ONE) * 0.8, np.broadcast_to(_TONGUE, (count, 3)))
    edge = upper_in + np.float32(0.085) * wide(shape.teeth)
    teeth = opening * patch.inside(patch.y - edge)
    patch.paint(teeth * np.float32(0.95), np.broadcast_to(_TEETH, (count, 3)))
