"""Who names the expression: the truth, and an annotator whose thresholds depend on the group.

Both weigh the *true* action units. The evidence for an expression is the mean activation of its
units, weighted by how typical each is, less the activation of units that speak against it; an
expression is named when its evidence passes a threshold by more than any other's does, else the
face is neutral. The truth uses one threshold for everybody. The annotator lowers the threshold of
anger for men and of happiness for women, errs a little, and slips now and then.
"""

from __future__ import annotations

import numpy as np

from datasets.synthetic.action_units import (
    ANGRY,
    CLASSES,
    HAPPY,
    INTENSITY,
    NEUTRAL,
    PROBABILITY,
)
from datasets.synthetic.streams import Codes, Floats

FEMALE, MALE = 0, 1
#: evidence at which an expression is named, the same for all groups
THRESHOLD = 0.42
#: weight of activations that speak against an expression
AGAINST = 0.03


def _weights() -> Floats:
    typical = INTENSITY * PROBABILITY
    support = typical**2
    total = np.maximum((support * INTENSITY).sum(1, keepdims=True), 1e-6)
    against = np.where(typical > 0, 0.0, AGAINST)
    return np.where(np.arange(len(CLASSES))[:, None] == NEUTRAL, 0.0, support / total - against)


#: (7, 17) weight of each unit in the evidence for each expression; neutral has none
WEIGHTS = _weights().astype(np.float32)


def evidence(activations: Floats) -> Floats:
    """Evidence above the group-neutral threshold.

    Args:
        activations: (N, 17) true action units in [0, 1].

    Returns:
        (N, 7); about 1 - `THRESHOLD` for a full prototype, 0 for neutral by definition.
    """
    weighed: Floats = (activations[:, None, :] * WEIGHTS).sum(2, dtype=np.float32)
    weighed -= np.float32(THRESHOLD)
    weighed[:, NEUTRAL] = 0.0
    return weighed


def truth(activations: Floats) -> Codes:
    """(N,) the class that the action units support most under group-neutral thresholds."""
    named: Codes = evidence(activations).argmax(1).astype(np.int64)
    return named


def annotate(
    generator: np.random.Generator,
    activations: Floats,
    gender: Codes,
    *,
    threshold_shift: float,
    noise: float,
    slips: float,
) -> Codes:
    """Labels of the annotator.

    Args:
        generator: the stream to draw from.
        activations: (N, 17) true action units in [0, 1].
        gender: (N,) codes, 0 female, 1 male.
        threshold_shift: how much lower the threshold is for angry men and happy women.
        noise: sd of the unbiased error of the evidence.
        slips: share of labels drawn at random.

    Returns:
        (N,) class codes.
    """
    count = len(activations)
    seen = evidence(activations)
    seen += np.float32(noise) * generator.standard_normal(seen.shape, dtype=np.float32)
    seen[gender == MALE, ANGRY] += np.float32(threshold_shift)
    seen[gender == FEMALE, HAPPY] += np.float32(threshold_shift)
    named = seen.argmax(1).astype(np.int64)
    random = generator.integers(0, len(CLASSES), count)
    slipped = generator.random(count) < slips
    return np.where(slipped, random, named)
