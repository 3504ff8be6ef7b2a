"""How a picture was taken: pose, light, background and the quality of the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.synthetic.streams import Codes, Floats, stream, uniform

#: largest head roll (radians), turn (face units at the nose), shift and scale of the picture plane
MAX_ROLL, MAX_TURN, MAX_SHIFT = 0.09, 0.05, 0.04
MIN_SCALE, MAX_SCALE = 1.20, 1.30
#: faces are cropped as face sets crop them: chin inside, most of the hair outside
CENTRE_Y = -0.14

#: what a quality loss of 1 adds: blur (sd as a share of the width), noise sd, loss of contrast
LOSS_BLUR, LOSS_NOISE, LOSS_CONTRAST = 0.03, 0.06, 0.5


@dataclass(frozen=True)
class Scenes:
    """Conditions of N pictures; (N,) each, colours (N, 3) in [0, 1].

    Attributes:
        roll: radians, positive = clockwise in the picture.
        turn: sideways displacement of the nose, face units.
        shift_x: face units.
        shift_y: face units.
        scale: of the face in the picture.
        light_x: brightness gradient from left to right.
        light_y: brightness gradient from top to bottom.
        exposure: factor of all brightness.
        gaze: sideways displacement of the irises, face units.
        top: background colour at the upper edge.
        bottom: background colour at the lower edge.
        blur: sd as a share of the picture's width.
        noise: sd of the pixel noise, full scale = 1.
        contrast: factor around mid-grey.
    """

    roll: Floats
    turn: Floats
    shift_x: Floats
    shift_y: Floats
    scale: Floats
    light_x: Floats
    light_y: Floats
    exposure: Floats
    gaze: Floats
    top: Floats
    bottom: Floats
    blur: Floats
    noise: Floats
    contrast: Floats


def draw_scenes(tone: Codes, seed: int, part: str, *, noise: float, quality_gap: float) -> Scenes:
    """Conditions of N pictures.

    Args:
        tone: (N,) tone codes; quality falls with them where `quality_gap` > 0.
        seed: population seed.
        part: name of the part.
        noise: sd of the pixel noise before any loss of quality.
        quality_gap: loss of quality of dark skin; medium skin suffers half of it.
    """
    count = len(tone)
    pose, light, place = (stream(seed, part, name) for name in ("pose", "light", "background"))
    lost = (tone * np.float32(0.5 * quality_gap)).astype(np.float32)
    base = place.uniform(0.25, 0.75, (count, 1)) + place.uniform(-0.08, 0.08, (count, 3))
    fade = place.uniform(-0.15, 0.15, (count, 1))
    return Scenes(
        roll=uniform(pose, count, -MAX_ROLL, MAX_ROLL),
        turn=uniform(pose, count, -MAX_TURN, MAX_TURN),
        shift_x=uniform(pose, count, -MAX_SHIFT, MAX_SHIFT),
        shift_y=CENTRE_Y + uniform(pose, count, -MAX_SHIFT, MAX_SHIFT),
        scale=uniform(pose, count, MIN_SCALE, MAX_SCALE),
        gaze=uniform(pose, count, -0.03, 0.03),
        light_x=uniform(light, count, -0.2, 0.2),
        light_y=uniform(light, count, -0.12, 0.04),
        exposure=uniform(light, count, 0.86, 1.06),
        top=np.clip(base + fade, 0.0, 1.0).astype(np.float32),
        bottom=np.clip(base - fade, 0.0, 1.0).astype(np.float32),
        blur=np.float32(LOSS_BLUR) * lost,
        noise=np.float32(noise) + np.float32(LOSS_NOISE) * lost,
        contrast=np.float32(1.0) - np.float32(LOSS_CONTRAST) * lost,
    )


def studio(count: int) -> Scenes:
    """Frontal pictures in even light on grey, without noise: for contact sheets and tests."""
    zero, one = np.zeros(count, np.float32), np.ones(count, np.float32)
    grey = np.full((count, 3), 0.62, np.float32)
    return Scenes(
        roll=zero, turn=zero, shift_x=zero, shift_y=CENTRE_Y * one, scale=1.24 * one, light_x=zero,
        light_y=-0.06 * one, exposure=0.98 * one, gaze=zero, top=grey, bottom=grey, blur=zero,
        noise=zero, contrast=one,
    )  # fmt: skip
