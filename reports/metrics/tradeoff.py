"""Accuracy and fairness as one distance."""

from __future__ import annotations

from dataclasses import replace
from typing import overload

import numpy as np

from reports.catalogue import metric
from reports.convention import Convention
from reports.metrics.counts import Counts, Floats
from reports.metrics.minmax import fs_acc
from reports.metrics.scores import Scores


@overload
def dto(performance: float, fairness: float) -> float: ...
@overload
def dto(performance: Floats, fairness: Floats) -> Floats: ...
def dto(performance: float | Floats, fairness: float | Floats) -> float | Floats:
    """Distance to the optimum (1, 1), the smaller the better.

    Args:
        performance: fractions in [0, 1], higher is better; a number or an array.
        fairness: the same; a gap enters as 1 - gap.

    Returns:
        In [0, sqrt 2]; NaN where either is NaN.
    Source: Han et al. 2022, with the fixed utopia point (1, 1), so that a method's value does not
        depend on which other methods are compared.
    """
    distance = np.hypot(1.0 - np.asarray(performance), 1.0 - np.asarray(fairness))
    return float(distance) if distance.ndim == 0 else distance


@metric(
    "dto",
    title="Distance to the optimum of (accuracy, fs_acc)",
    limits=(0, 2**0.5),
    direction="lower",
    source="Han et al. 2022",
    per="attribute",
)
def dto_of_accuracy(counts: Counts, convention: Convention) -> Scores:
    """Distance of accuracy and `fs_acc` to (1, 1), (S, 1, 1); undefined where `fs_acc` is."""
    fairness = fs_acc(counts, convention)
    samples = counts.overall.sum((-2, -1))
    correct = np.trace(counts.overall, axis1=-2, axis2=-1)
    performance = np.full(samples.shape, np.nan)
    np.divide(correct, samples, out=performance, where=samples > 0)
    return replace(fairness, value=dto(performance[:, None, None], fairness.value))
