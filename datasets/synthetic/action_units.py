"""Action units, the seven prototype expressions, and how a face activates them.

Source: the prototypes follow EMFACS (Friesen and Ekman 1983) as it is commonly tabulated: happiness
6+12, sadness 1+4+15, anger 4+5+7+23, fear 1+2+4+5+7+20+26, surprise 1+2+5+26, disgust 9 (10) 15+17.
How often a unit takes part and how strongly is this project's choice.
"""

from __future__ import annotations

import numpy as np

from datasets.spec import EXPRESSIONS
from datasets.synthetic.streams import Codes, Floats

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26)
NAMES = tuple(f"AU{unit:02d}" for unit in UNITS)
#: class order of the data set: FER's seven, without contempt
CLASSES = EXPRESSIONS[:7]
NEUTRAL, HAPPY, SAD, ANGRY, FEAR, SURPRISE, DISGUST = range(7)

#: expression -> unit -> (intensity when it takes part, probability that it takes part)
PROTOTYPES: dict[str, dict[int, tuple[float, float]]] = {
    "neutral": {},
    "happy": {6: (0.8, 0.9), 12: (1.0, 1.0), 25: (0.7, 0.65), 26: (0.3, 0.15)},
    "sad": {1: (0.9, 1.0), 4: (0.6, 0.8), 15: (0.9, 0.95), 17: (0.6, 0.6)},
    "angry": {
        4: (1.0, 1.0), 5: (0.5, 0.5), 7: (0.8, 0.85), 10: (0.3, 0.15), 17: (0.4, 0.3),
        23: (0.9, 0.8), 24: (0.8, 0.6), 25: (0.4, 0.1),
    },
    "fear": {
        1: (0.9, 1.0), 2: (0.6, 0.85), 4: (0.6, 0.8), 5: (0.9, 1.0), 7: (0.3, 0.3), 20: (1.0, 0.95),
        25: (0.8, 0.85), 26: (0.3, 0.4),
    },
    "surprise": {1: (0.9, 1.0), 2: (1.0, 1.0), 5: (0.8, 0.9), 25: (0.8, 1.0), 26: (1.0, 0.95)},
    "disgust": {
        4: (0.4, 0.4), 7: (0.4, 0.4), 9: (1.0, 1.0), 10: (0.9, 0.9), 15: (0.4, 0.35),
        17: (0.5, 0.45), 25: (0.4, 0.3),
    },
}  # fmt: skip

_COLUMN = {unit: column for column, unit in enumerate(UNITS)}


def column(unit: int) -> int:
    """Column of action unit `unit` (its FACS number) in every activation array."""
    return _COLUMN[unit]


def _table(entry: int) -> Floats:
    table = np.zeros((len(CLASSES), len(UNITS)), np.float32)
    for row, expression in enumerate(CLASSES):
        for unit, values in PROTOTYPES[expression].items():
            table[row, _COLUMN[unit]] = values[entry]
    return table


#: (7, 17) intensity and probability of each unit in each expression
INTENSITY = _table(0)
PROBABILITY = _table(1)


def activate(
    generator: np.random.Generator, classes: Codes, *, weakest: float, blend: float
) -> Floats:
    """Activations of pictures that show `classes`, with the variability of real faces.

    An expression appears at an overall intensity between `weakest` and 1, with a subset of its
    units, each unit stronger or weaker than its prototype; a second expression is mixed in with a
    weight up to `blend`; and any unit may twitch.

    Args:
        generator: the stream to draw from.
        classes: (N,) class codes.
        weakest: lowest overall intensity.
        blend: largest weight of the second expression.

    Returns:
        (N, 17) in [0, 1].
    """
    count, units = len(classes), len(UNITS)
    strength = generator.uniform(weakest, 1.0, (count, 1))
    second = generator.integers(0, len(CLASSES), count)
    weight = blend * generator.random((count, 1))
    first_part = _draw_units(generator, classes) * strength * (1.0 - 0.5 * weight)
    second_part = _draw_units(generator, second) * weight
    twitches = generator.random((count, units)) < 0.08
    twitch = twitches * generator.uniform(0.0, 0.35, (count, units))
    activations = np.maximum(np.maximum(first_part, second_part), twitch)
    clipped: Floats = np.clip(activations, 0.0, 1.0).astype(np.float32)
    return clipped


def _draw_units(generator: np.random.Generator, classes: Codes) -> Floats:
    shape = (len(classes), len(UNITS))
    present = generator.random(shape) < PROBABILITY[classes]
    jitter = generator.uniform(0.75, 1.2, shape)
    return (INTENSITY[classes] * present * jitter).astype(np.float32)


def measure(generator: np.random.Generator, activations: Floats, *, error: float) -> Floats:
    """Activations as an automatic measurement reports them: with normal error, cut to [0, 1]."""
    noise = generator.standard_normal(activations.shape, dtype=np.float32)
    measured: Floats = np.clip(activations + np.float32(error) * noise, 0.0, 1.0)
    return measured
