"""Distances between the groups' distributions of the second class's probability.

They need no threshold, so that no method wins by its operating point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np

from reports.catalogue import sample_metric
from reports.convention import Convention
from reports.metrics.counts import Floats
from reports.metrics.reasons import Reason
from reports.metrics.samples import GroupedSamples, of_groups, undefined
from reports.metrics.scores import ALL, Scores, between_groups, with_one_emotion
from reports.metrics.thresholded import of_two_classes, second_class

#: of two distribution functions at rising points: (T,), (T,), (T,) points
Distance = Callable[[Floats, Floats, Floats], float]


@sample_metric(
    "disc_ks",
    title="Kolmogorov-Smirnov distance of the groups' probabilities, largest of the pairs",
    limits=(0, 1),
    direction="lower",
    source="derived from Chen and Joo 2021, supplement 1.3",
    per="attribute",
    applies=of_two_classes,
)
def disc_ks(samples: GroupedSamples, convention: Convention) -> Scores:
    """Discrimination at the threshold that makes it largest, (1, 1, 1).

    Of the two groups the one with the lower mean probability is the worst.
    """
    return _largest(samples, convention, lambda one, other, _: float(np.abs(one - other).max()))


@sample_metric(
    "disc_w1",
    title="Wasserstein-1 distance of the groups' probabilities, largest of the pairs",
    limits=(0, 1),
    direction="lower",
    source="derived from Chen and Joo 2021, supplement 1.3",
    per="attribute",
    applies=of_two_classes,
)
def disc_w1(samples: GroupedSamples, convention: Convention) -> Scores:
    """Discrimination averaged over all thresholds in [0, 1], (1, 1, 1).

    Of the two groups the one with the lower mean probability is the worst.
    """
    return _largest(samples, convention, _area)


def _area(one: Floats, other: Floats, points: Floats) -> float:
    # Both are constant from each point to the next.
    return float((np.abs(one - other)[:-1] * np.diff(points)).sum())


def _largest(samples: GroupedSamples, convention: Convention, distance: Distance) -> Scores:
    if samples.predictions.probabilities is None:
        return undefined(Reason.NO_PROBABILITIES, ALL, ALL)
    score = second_class(samples.predictions)
    means = samples.sums(score) / np.maximum(samples.sizes, 1)
    rates = of_groups(means, samples, convention.min_n)
    scores = between_groups(with_one_emotion(rates), samples.counts, ALL, "gap")
    if scores.reason[0, 0, 0] != Reason.DEFINED:
        return scores
    used = np.flatnonzero(rates.reason[0] == Reason.DEFINED).tolist()
    points = np.unique(score)
    below = {group: _shares_up_to(points, score[samples.codes == group]) for group in used}
    apart = {(a, b): distance(below[a], below[b], points) for a, b in combinations(used, 2)}
    pair = max(apart, key=lambda one: apart[one])
    low, high = sorted(pair, key=lambda group: means[group])
    shape = scores.value.shape
    return replace(
        scores,
        value=np.full(shape, apart[pair]),
        worst=np.full(shape, low, dtype=np.int64),
        best=np.full(shape, high, dtype=np.int64),
    )


def _shares_up_to(points: Floats, score: Floats) -> Floats:
    """(T,) share of the scores at or below each point."""
    return np.searchsorted(np.sort(score), points, side="right") / len(score)
