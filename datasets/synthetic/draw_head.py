"""Background, neck, hair, ears and the skin of the face."""

from __future__ import annotations

import numpy as np

from datasets.synthetic.canvas import ONE, Canvas, Patch, bump, fade, wide
from datasets.synthetic.factors import Traits
from datasets.synthetic.geometry import Geometry
from datasets.synthetic.scene import Scenes
from datasets.synthetic.streams import Floats

#: height of the widest part of the head
_MIDDLE = -0.08


def draw_behind(canvas: Canvas, traits: Traits, scenes: Scenes) -> None:
    """Background, the hair behind the head, and the neck."""
    ramp = np.linspace(0.0, 1.0, canvas.size, dtype=np.float32)[None, None, :, None]
    top, bottom = scenes.top[:, :, None, None], scenes.bottom[:, :, None, None]
    canvas.rgb[:] = top + ramp * (bottom - top)
    whole = canvas.window(2.0, -2.0, 2.0)
    long = whole.inside(_hair_distance(whole, traits))
    hanging = (whole.y > _MIDDLE) & wide(traits.hair_length < 0.5)
    whole.paint(np.where(hanging, np.float32(0.0), long), traits.hair * np.float32(0.72))
    low = canvas.window(2.0, 0.4, 2.0)
    neck_half = 0.36 + 0.035 * wide(traits.masculine)
    low.paint(low.inside(low.across - neck_half), traits.skin * np.float32(0.74))


def _hair_distance(patch: Patch, traits: Traits) -> Floats:
    """Negative inside the outline of the hair: a dome above, straight locks below."""
    volume = 0.035 + 0.055 * wide(traits.hair_volume) + 0.05 * wide(traits.hair_length)
    half = wide(traits.width) + volume
    height = np.float32(0.84) + volume
    above = np.minimum(patch.y - np.float32(_MIDDLE), 0.0) / height
    part = patch.across / half
    dome = np.sqrt(part * part + above * above) - ONE
    end = patch.y - (0.3 + 0.9 * wide(traits.hair_length))
    distance: Floats = np.maximum(dome * half, end)
    return distance


def face_distance(patch: Patch, traits: Traits, shape: Geometry) -> Floats:
    """Negative inside the face, about the distance from its outline (face units)."""
    half = wide(shape.half_width)
    lower = wide(shape.chin_y) - np.float32(_MIDDLE)
    down = patch.y - np.float32(_MIDDLE)
    v = np.where(down > 0.0, down / lower, down * np.float32(1.0 / 0.86))
    taper = np.float32(0.10) - 0.05 * wide(traits.jaw)
    u = patch.across / (half * (ONE - taper * fade(v, 0.0, 1.0)))
    u2, v2 = u * u, v * v
    square = np.float32(0.22) + 0.22 * np.clip(wide(traits.jaw), -0.8, 1.0) * (down > 0.0)
    level = (ONE - square) * (u2 + v2) + square * (u2 * u2 + v2 * v2)
    distance: Floats = (np.sqrt(level) - ONE) * half * np.float32(1.1)
    return distance


def draw_face(canvas: Canvas, traits: Traits, shape: Geometry) -> None:
    """Ears and the skin of the face, with the shade that its form throws."""
    head = canvas.window(0.95, -1.1, 1.15)
    ears = bump(head.across - wide(shape.half_width) - 0.01, head.y - 0.0, (0.1, 0.2))
    short = wide((traits.hair_length < 0.5).astype(np.float32))
    head.paint(np.minimum(ears * 4.0, ONE) * short, traits.skin * np.float32(0.84))
    distance = face_distance(head, traits, shape)
    head.paint(head.inside(distance), traits.skin)
    rim = fade(distance, -0.30, 0.02) * (distance < 0.05)
    head.darken(np.float32(0.24) * rim)


def draw_beard(canvas: Canvas, traits: Traits, shape: Geometry) -> None:
    """Stubble or beard around the mouth and along the jaw."""
    low = canvas.window(0.8, 0.15, 1.1)
    skin = low.inside(face_distance(low, traits, shape))
    jaw = fade(low.y + 0.55 * low.across, 0.48, 0.66)
    cheek = fade(bump(low.across, low.y - 0.30, (0.60, 0.42)), 0.02, 0.3)
    moustache = bump(low.across, low.y - wide(shape.mouth_y) + 0.12, (0.30, 0.09))
    mask = np.clip(jaw * (ONE - cheek) + 1.6 * moustache, 0.0, 1.0) * skin
    low.paint(mask * wide(traits.beard), traits.hair * np.float32(0.9))


def draw_hair(canvas: Canvas, traits: Traits) -> None:
    """The hair in front of the forehead and temples, and its sheen."""
    top = canvas.window(1.0, -1.2, 1.2)
    outline = top.inside(_hair_distance(top, traits))
    receding = wide(traits.hairline)
    line = np.float32(-0.66) - 0.05 * receding
    across2 = top.across * top.across
    fringe = top.inside(top.y - line - 0.20 * across2 + 0.06 * np.maximum(receding, 0.0) * across2)
    lock = wide(traits.width) - 0.015 - 0.075 * wide(traits.hair_length)
    lock = lock - np.float32(0.20) * fade(-top.y, 0.1, 0.75)
    end = 0.02 + 1.3 * wide(traits.hair_length)
    temples = top.inside(lock - top.across) * top.inside(top.y - end)
    mask = np.maximum(fringe, temples) * outline
    top.paint(mask, traits.hair)
    sheen = bump(top.across - 0.25, top.y + 0.80, (0.45, 0.16))
    top.darken(np.float32(-0.25) * sheen * mask)
