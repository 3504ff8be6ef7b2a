"""Where everything in a face is: traits and action units in, positions and amounts out.

Face units: the canonical picture spans -1..1 in both directions, y grows downwards. This is the
page that says what each action unit moves; the drawing files only draw it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.synthetic.action_units import column
from datasets.synthetic.factors import Traits
from datasets.synthetic.streams import Floats


@dataclass(frozen=True)
class Geometry:
    """Positions (face units) and amounts (0 = none) of N faces; (N,) each."""

    half_width: Floats
    chin_y: Floats
    brow_in_x: Floats
    brow_in_y: Floats
    brow_out_x: Floats
    brow_out_y: Floats
    brow_arch: Floats
    brow_half: Floats
    eye_x: Floats
    eye_half: Floats
    eye_up: Floats
    eye_low: Floats
    eye_tilt: Floats
    iris: Floats
    nose_y: Floats
    nose_half: Floats
    mouth_y: Floats
    mouth_half: Floats
    corner: Floats
    open_up: Floats
    open_low: Floats
    boxy: Floats
    upper_lip: Floats
    lower_lip: Floats
    teeth: Floats
    cheek: Floats
    crow: Floats
    lid_bag: Floats
    frown: Floats
    forehead_mid: Floats
    forehead_side: Floats
    nose_wrinkle: Floats
    fold: Floats
    dimple: Floats
    chin_bump: Floats
    droop: Floats
    stretch: Floats


#: height of the eyes, the same in every face: it anchors all else
EYE_Y = -0.13


def geometry(traits: Traits, activations: Floats) -> Geometry:
    """Geometry of N faces.

    Args:
        traits: of N pictures (the people's, repeated per picture).
        activations: (N, 17) action units in [0, 1].
    """
    parts = {
        **_upper(traits, activations),
        **_middle(traits, activations),
        **_mouth(traits, activations),
        **_creases(traits, activations),
    }
    return Geometry(**{name: np.asarray(value, np.float32) for name, value in parts.items()})


def _upper(traits: Traits, activations: Floats) -> dict[str, Floats]:
    """Brows (1, 2, 4, 9) and eyes (5, 6, 7)."""
    au = {unit: activations[:, column(unit)] for unit in (1, 2, 4, 5, 6, 7, 9)}
    rest = EYE_Y - 0.215 - 0.022 * traits.brow_height
    drawn = au[4] * (1.0 - 0.55 * au[1])
    eye_x = 0.325 + 0.014 * traits.eye_gap
    opening = 1.0 + 0.13 * traits.eye_size
    return {
        "brow_in_x": 0.145 + 0.01 * traits.eye_gap - 0.055 * au[4] - 0.01 * au[9],
        "brow_in_y": rest + 0.012 - 0.15 * au[1] - 0.02 * au[2] + 0.125 * drawn + 0.05 * au[9],
        "brow_out_x": eye_x + 0.215,
        "brow_out_y": rest + 0.035 - 0.15 * au[2] + 0.03 * au[4] + 0.015 * au[9],
        "brow_arch": 0.045
        + 0.012 * traits.brow_arch
        + 0.03 * au[2] * (1.0 - 0.5 * au[1])
        - 0.025 * au[4],
        "brow_half": 0.037 + 0.011 * traits.brow_weight + 0.004 * au[4],
        "eye_x": eye_x,
        "eye_half": 0.168 * (1.0 + 0.06 * traits.eye_size),
        "eye_up": np.maximum(
            0.084 * opening + 0.075 * au[5] - 0.028 * au[7] - 0.014 * au[6] - 0.012 * au[9], 0.014
        ),
        "eye_low": np.maximum(
            0.050 * opening + 0.014 * au[5] - 0.040 * au[7] - 0.034 * au[6] - 0.016 * au[9], 0.004
        ),
        "eye_tilt": 0.010 + 0.012 * traits.eye_tilt,
        "iris": 0.078 * (1.0 + 0.05 * traits.eye_size),
    }


def _middle(traits: Traits, activations: Floats) -> dict[str, Floats]:
    """Head outline with the jaw (17, 26) and nose (9, 10)."""
    au = {unit: activations[:, column(unit)] for unit in (9, 10, 17, 26)}
    return {
        "half_width": traits.width,
        "chin_y": traits.length - 0.03 + 0.115 * au[26] - 0.025 * au[17],
        "nose_y": 0.245 + 0.02 * traits.nose_length - 0.055 * au[9] - 0.012 * au[10],
        "nose_half": 0.118 + 0.013 * traits.nose_width + 0.02 * au[9] + 0.008 * au[10],
    }


def _mouth(traits: Traits, activations: Floats) -> dict[str, Floats]:
    """Lip corners (12, 14, 15, 20), opening (10, 25, 26) and lips (10, 17, 23, 24)."""
    units = (9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26)
    au = {unit: activations[:, column(unit)] for unit in units}
    stretched = 1.0 - 0.35 * np.maximum(au[12], au[20])
    pressed = (1.0 - 0.5 * au[23]) * (1.0 - 0.78 * au[24])
    parting = 1.0 - 0.7 * au[24]
    fullness = 1.0 + 0.16 * traits.lip_fullness
    return {
        "mouth_y": 0.505 - 0.035 * au[17] - 0.015 * au[10] - 0.01 * au[9],
        "mouth_half": 0.275
        + 0.016 * traits.mouth_width
        + 0.085 * au[12]
        + 0.095 * au[20]
        + 0.022 * au[14]
        - 0.055 * au[23]
        - 0.02 * au[24]
        - 0.02 * au[17]
        - 0.05 * au[26] * (1.0 - au[12]) * (1.0 - 0.8 * au[20]),
        "corner": 0.010 * traits.mouth_rest
        - 0.185 * au[12]
        + 0.15 * au[15]
        + 0.055 * au[17]
        + 0.03 * au[20]
        - 0.03 * au[14]
        + 0.05 * au[10]
        + 0.04 * au[9],
        "open_up": parting * (0.018 * au[25] + 0.05 * au[26] + 0.030 * au[10] + 0.012 * au[20]),
        "open_low": parting * (0.060 * au[25] + 0.185 * au[26] + 0.020 * au[20]),
        "boxy": np.clip(au[20] + 0.6 * au[10], 0.0, 1.0),
        "upper_lip": 0.052 * fullness * stretched * pressed + 0.022 * au[10],
        "lower_lip": 0.070 * fullness * stretched * pressed + 0.014 * au[17] * (1.0 - au[24]),
        "teeth": np.clip(
            0.25 + 0.7 * au[12] + 0.7 * au[10] + 0.7 * au[20] - 0.35 * au[26], 0.0, 1.0
        ),
    }


def _creases(traits: Traits, activations: Floats) -> dict[str, Floats]:
    """Wrinkles, folds and bulges: those of age, and those of the units."""
    units = (1, 2, 4, 6, 7, 9, 10, 12, 14, 15, 17, 20)
    au = {unit: activations[:, column(unit)] for unit in units}
    age = traits.wrinkles
    return {
        "cheek": au[6] + 0.5 * au[12],
        "crow": 0.35 * age + 0.75 * au[6],
        "lid_bag": 0.45 * age + 0.7 * au[6] + 0.55 * au[7],
        "frown": 0.25 * age + 0.9 * au[4],
        "forehead_mid": 0.40 * age + 0.7 * au[1],
        "forehead_side": 0.40 * age + 0.7 * au[2],
        "nose_wrinkle": au[9],
        "fold": 0.12 + 0.38 * age + 0.55 * au[12] + 0.60 * au[10] + 0.4 * au[9] + 0.2 * au[6],
        "dimple": au[14],
        "chin_bump": au[17],
        "droop": 0.22 * age + 0.5 * au[15],
        "stretch": au[20],
    }
