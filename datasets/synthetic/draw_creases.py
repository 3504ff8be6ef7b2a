"""Wrinkles, folds and bulges of the skin: what age leaves and what action units raise."""

from __future__ import annotations

import numpy as np

from datasets.synthetic.canvas import ONE, Canvas, bump, fade, wide
from datasets.synthetic.geometry import EYE_Y, Geometry


def draw_forehead(canvas: Canvas, shape: Geometry) -> None:
    """Horizontal lines (age; 1 in the middle, 2 at the sides) and the frown (4)."""
    patch = canvas.window(0.55, -0.72, -0.15)
    middle = ONE - fade(patch.across, 0.12, 0.28)
    side = fade(patch.across, 0.15, 0.28) * (ONE - fade(patch.across, 0.42, 0.54))
    depth = wide(shape.forehead_mid) * middle + wide(shape.forehead_side) * side
    lift = np.float32(0.25) * wide(shape.brow_arch) + np.float32(0.05) * patch.across
    for height in (-0.46, -0.53, -0.60):
        patch.darken(np.float32(0.42) * depth * patch.line(patch.y - height - lift, 0.014))
    frown = wide(shape.frown)
    length = bump(patch.x * 0.0, patch.y + 0.29, (1.0, 0.13))
    patch.darken(
        np.float32(0.55)
        * frown
        * patch.line(patch.across - 0.045, 0.018)
        * np.minimum(length * 2.0, ONE)
    )
    patch.darken(np.float32(0.20) * frown * bump(patch.x, patch.y + 0.30, (0.16, 0.16)))


def draw_cheeks(canvas: Canvas, shape: Geometry) -> None:
    """Raised cheeks (6, 12), bags and creases below the eye (6, 7), crow's feet (6)."""
    patch = canvas.window(0.68, -0.35, 0.42)
    raised = wide(shape.cheek)
    patch.darken(np.float32(-0.07) * patch.blob(0.39, 0.14, (0.22, 0.16)))
    patch.darken(np.float32(-0.14) * raised * patch.blob(0.39, 0.10, (0.20, 0.12)))
    patch.darken(np.float32(0.12) * raised * patch.blob(0.42, 0.25, (0.22, 0.10)))
    along = (patch.across - wide(shape.eye_x)) * np.float32(1.0 / 0.2)
    arch = np.maximum(ONE - along * along, 0.0)
    bag = wide(shape.lid_bag)
    crease = np.float32(EYE_Y + 0.035) + wide(shape.eye_low) * 0.9 + np.float32(0.035) * arch
    patch.darken(
        np.float32(0.36) * bag * patch.line(patch.y - crease, 0.018) * np.minimum(arch * 2.0, ONE)
    )
    corner = patch.across - wide(shape.eye_x + shape.eye_half)
    span = fade(corner, 0.0, 0.03) * (ONE - fade(corner, 0.07, 0.13))
    for slope, offset in ((-0.45, -0.03), (0.05, 0.01), (0.55, 0.05)):
        feet = patch.y - np.float32(EYE_Y + offset) - np.float32(slope) * corner
        patch.darken(np.float32(0.42) * wide(shape.crow) * patch.line(feet, 0.012) * span)


def draw_nose_wrinkles(canvas: Canvas, shape: Geometry) -> None:
    """Lines across and beside the root of the nose (9)."""
    patch = canvas.window(0.28, -0.32, 0.14)
    depth = wide(shape.nose_wrinkle)
    span = ONE - fade(patch.across, 0.08, 0.15)
    for height in (-0.17, -0.10, -0.03):
        curve = patch.y - np.float32(height) - np.float32(0.5) * patch.across
        patch.darken(np.float32(0.55) * depth * patch.line(curve, 0.016) * span)
    patch.darken(np.float32(0.18) * depth * bump(patch.x, patch.y + 0.08, (0.2, 0.18)))


def draw_lower_folds(canvas: Canvas, shape: Geometry) -> None:
    """Nasolabial fold (10, 12, 9, age), corner lines (15, age), dimples (14), stretch (20), chin
    (17).
    """
    patch = canvas.window(0.6, 0.1, 1.0)
    half = wide(shape.mouth_half)
    wing = wide(shape.nose_half)
    part = np.clip((patch.y - np.float32(0.2)) * np.float32(1 / 0.32), 0.0, 1.0)
    end = half + np.float32(0.07)
    fold = patch.across - wing - np.float32(0.03) - (end - wing - 0.03) * part
    low = wide(shape.mouth_y + shape.corner)
    span = fade(patch.y, 0.18, 0.25) * (ONE - fade(patch.y, low - 0.06, low + 0.03))
    patch.darken(np.float32(0.36) * wide(shape.fold) * patch.line(fold, 0.024) * span)
    corner_y = patch.y - wide(shape.mouth_y + shape.corner)
    beside = patch.across - half
    droop = patch.line(beside - 0.025 - 0.25 * corner_y, 0.02)
    below = fade(corner_y, -0.02, 0.04) * (ONE - fade(corner_y, 0.10, 0.20))
    patch.darken(np.float32(0.5) * wide(shape.droop) * droop * below)
    patch.darken(
        np.float32(0.75) * wide(shape.dimple) * bump(beside - 0.035, corner_y, (0.045, 0.075))
    )
    patch.darken(
        np.float32(-0.14) * wide(shape.dimple) * bump(beside - 0.11, corner_y, (0.06, 0.1))
    )
    cords = patch.line(beside - 0.06, 0.022) * bump(patch.x * 0.0, corner_y, (1.0, 0.16))
    patch.darken(np.float32(0.35) * wide(shape.stretch) * cords)
    _chin(canvas, shape)


def _chin(canvas: Canvas, shape: Geometry) -> None:
    """The boss of the chin, pushed up and pitted by unit 17."""
    patch = canvas.window(0.3, 0.5, 1.1)
    height = patch.y - (wide(shape.chin_y) - np.float32(0.13))
    raised = wide(shape.chin_bump)
    patch.darken(np.float32(-0.06) * bump(patch.x, height, (0.18, 0.12)))
    patch.darken(np.float32(-0.12) * raised * bump(patch.x, height, (0.15, 0.07)))
    arc = height + np.float32(0.085) - np.float32(1.6) * patch.across * patch.across
    patch.darken(
        np.float32(0.5) * raised * patch.line(arc, 0.022) * (ONE - fade(patch.across, 0.1, 0.2))
    )
    for x, y in ((0.0, 0.02), (0.055, -0.02), (0.06, 0.045)):
        patch.darken(np.float32(0.30) * raised * bump(patch.across - x, height - y, (0.028, 0.028)))
