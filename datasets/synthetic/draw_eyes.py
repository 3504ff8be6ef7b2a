"""Brows, lids and eyes."""

from __future__ import annotations

import numpy as np

from datasets.synthetic.canvas import ONE, Canvas, Patch, wide
from datasets.synthetic.factors import Traits
from datasets.synthetic.geometry import EYE_Y, Geometry
from datasets.synthetic.streams import Floats

_WHITE = np.array((0.93, 0.92, 0.90), np.float32)
_LASH = np.array((0.10, 0.07, 0.06), np.float32)


def draw_eyes(canvas: Canvas, traits: Traits, shape: Geometry, gaze: Floats) -> None:
    """Socket shade, eyeball, iris and pupil, lids and lashes."""
    patch = canvas.window(0.6, -0.46, 0.14)
    patch.darken(np.float32(0.10) * patch.blob(wide(shape.eye_x) - 0.02, EYE_Y - 0.05, (0.26, 0.2)))
    along = (patch.across - wide(shape.eye_x)) / wide(shape.eye_half)
    arch = np.maximum(ONE - along * along, 0.0)
    middle = np.float32(EYE_Y) - wide(shape.eye_tilt) * along
    upper = middle - wide(shape.eye_up) * arch
    lower = middle + wide(shape.eye_low) * arch
    side = patch.inside((np.abs(along) - ONE) * wide(shape.eye_half))
    open_ = patch.inside(upper - patch.y) * patch.inside(patch.y - lower) * side
    patch.paint(open_, np.broadcast_to(_WHITE, traits.skin.shape))
    _iris(patch, traits, shape, (open_, gaze))
    lid = patch.line(patch.y - upper, 0.026 + 0.016 * wide(traits.lashes)) * side
    patch.paint(np.minimum(lid * (0.7 + 0.5 * wide(traits.lashes)), ONE) * np.float32(0.95),
                np.broadcast_to(_LASH, traits.skin.shape))  # fmt: skip
    patch.darken(np.float32(0.35) * patch.line(patch.y - lower, 0.014) * side)
    crease = upper - np.float32(0.05)
    patch.darken(np.float32(0.28) * patch.line(patch.y - crease, 0.016) * side)


def _iris(patch: Patch, traits: Traits, shape: Geometry, opening: tuple[Floats, Floats]) -> None:
    mask, gaze = opening
    across = patch.across - wide(shape.eye_x) - wide(gaze) * np.sign(patch.x)
    down = patch.y - np.float32(EYE_Y - 0.012)
    radius = np.sqrt(across * across + down * down)
    patch.paint(patch.inside(radius - wide(shape.iris)) * mask, traits.iris)
    patch.paint(patch.inside(radius - 0.45 * wide(shape.iris)) * mask, traits.iris * 0.15)
    glint = np.sqrt((across - 0.022) ** 2 + (down + 0.025) ** 2)
    patch.paint(patch.inside(glint - np.float32(0.014)) * mask, np.ones_like(traits.iris))


def draw_brows(canvas: Canvas, traits: Traits, shape: Geometry) -> None:
    """Brows: a tapering arch from inner to outer end."""
    patch = canvas.window(0.64, -0.66, -0.03)
    length = wide(shape.brow_out_x - shape.brow_in_x)
    along = (patch.across - wide(shape.brow_in_x)) / length
    inner, outer = wide(shape.brow_in_y), wide(shape.brow_out_y)
    # The arch peaks at two thirds of the length, as brows do.
    bow = 6.75 * along * along * (ONE - along)
    line = inner + (outer - inner) * along - wide(shape.brow_arch) * np.maximum(bow, 0.0)
    half = wide(shape.brow_half) * (np.float32(1.1) - 0.65 * np.clip(along, 0.0, 1.0))
    ends = patch.inside((np.abs(along - np.float32(0.5)) - np.float32(0.5)) * length)
    mask = patch.inside(np.abs(patch.y - line) - half) * ends
    colour = traits.hair * np.float32(0.58)
    patch.paint(mask * np.float32(0.92), colour)
