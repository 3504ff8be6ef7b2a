"""Calibration: how far the confidence of predictions is from their accuracy, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reports.catalogue import sample_metric
from reports.convention import Convention
from reports.metrics.counts import Floats, Ints
from reports.metrics.reasons import Reason
from reports.metrics.samples import GroupedSamples, of_groups, once, undefined
from reports.metrics.scores import (
    ALL,
    Rates,
    Scores,
    between_groups,
    plain_scores,
    with_one_emotion,
)
from reports.predictions import PredictionSet

#: equal bins of the confidence on [0, 1]; the last one holds 1
BINS = 15


@sample_metric(
    "ece",
    title=f"Expected calibration error ({BINS} bins)",
    limits=(0, 1),
    direction="lower",
    source="Guo et al. 2017",
    per="group, and overall",
    overall=True,
)
def ece(samples: GroupedSamples, convention: Convention) -> Scores:
    """Mean distance of accuracy and confidence over the bins, weighted by size, (1, G, 1).

    Binning makes it too large in small groups.
    """
    if samples.predictions.probabilities is None:
        return undefined(Reason.NO_PROBABILITIES, samples.counts.groups, ALL)
    return plain_scores(_errors(samples, convention.min_n), samples.counts.groups, ALL)


def ece_gap_draws(
    runs: Sequence[GroupedSamples],
    convention: Convention,
    draws: int,
    generator: np.random.Generator,
) -> Floats:
    """(draws, R) values of `ece_gap` with the known groups permuted among their samples.

    Their mean is the noise floor: what groups of these sizes show that are calibrated alike. All
    NaN without probabilities or with fewer than two groups of at least `min_n` samples.

    Args:
        runs: R runs on the same samples; each permutation serves all of them.
        convention: smallest group that counts.
        draws: permutations.
        generator: random numbers.
    """
    first = runs[0]
    big = np.flatnonzero(first.sizes >= convention.min_n)
    if len(big) < 2 or any(one.predictions.probabilities is None for one in runs):
        return np.full((draws, len(runs)), np.nan)
    known, cells = first.known, len(first.sizes) * BINS
    binned = [_binned(one.predictions) for one in runs]
    members = [(bins[known], excess[known]) for bins, excess in binned]
    sums = np.empty((draws, len(runs), cells))
    for draw in range(draws):
        offsets = generator.permutation(first.codes[known]) * BINS
        for run, (bins, excess) in enumerate(members):
            sums[draw, run] = np.bincount(offsets + bins, weights=excess, minlength=cells)
    errors = np.abs(sums.reshape(draws, len(runs), -1, BINS)).sum(-1)
    return np.asarray(np.ptp(errors[..., big] / first.sizes[big], axis=-1))


@sample_metric(
    "ece_gap",
    title=f"Gap of expected calibration errors ({BINS} bins)",
    limits=(0, 1),
    direction="lower",
    source="Guo et al. 2017",
    per="attribute",
    permuted=ece_gap_draws,
)
def ece_gap(samples: GroupedSamples, convention: Convention) -> Scores:
    """Highest minus lowest calibration error of the groups, (1, 1, 1); the highest is the worst."""
    if samples.predictions.probabilities is None:
        return undefined(Reason.NO_PROBABILITIES, ALL, ALL)
    rates = with_one_emotion(_errors(samples, convention.min_n))
    scores = between_groups(rates, samples.counts, ALL, "gap")
    return replace(scores, worst=scores.best, best=scores.worst)


@sample_metric(
    "brier",
    title="Brier score (sum over classes)",
    limits=(0, 2),
    direction="lower",
    source="Brier 1950",
    per="group, and overall",
    overall=True,
)
def brier(samples: GroupedSamples, convention: Convention) -> Scores:
    """Mean squared distance of probabilities to the truth, summed over classes, (1, G, 1).

    With two classes it is twice the score of the second class alone.
    """
    if samples.predictions.probabilities is None:
        return undefined(Reason.NO_PROBABILITIES, samples.counts.groups, ALL)
    total = samples.sums(_squared_errors(samples.predictions))
    rates = of_groups(total / np.maximum(samples.sizes, 1), samples, convention.min_n)
    return plain_scores(rates, samples.counts.groups, ALL)


def _errors(samples: GroupedSamples, min_n: int) -> Rates:
    """(1, G) calibration errors."""
    known, n = samples.known, samples.sizes
    bins, excess = _binned(samples.predictions)
    errors = _binned_error(samples.codes[known], bins[known], excess[known], len(n))
    return of_groups(np.minimum(errors / np.maximum(n, 1), 1.0), samples, min_n)


def _binned_error(codes: Ints, bins: Ints, excess: Floats, num_groups: int) -> Floats:
    """(G,) sums over bins of the absolute summed excess of accuracy over confidence."""
    sums = np.bincount(codes * BINS + bins, weights=excess, minlength=num_groups * BINS)
    total: Floats = np.abs(sums.reshape(num_groups, BINS)).sum(1)
    return total


@once
def _binned(predictions: PredictionSet) -> tuple[Ints, Floats]:
    """(N,) bin of the confidence, and correctness minus confidence of the most probable class."""
    probabilities = _probabilities(predictions)
    confidence = probabilities.max(1)
    correct = probabilities.argmax(1) == predictions.labels
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.searchsorted(edges, confidence, side="right") - 1
    return np.minimum(bins, BINS - 1).astype(np.int64), correct - confidence


@once
def _squared_errors(predictions: PredictionSet) -> Floats:
    probabilities = _probabilities(predictions)
    own = np.take_along_axis(probabilities, predictions.labels[:, None].astype(np.int64), 1)[:, 0]
    # sum of p^2 over all classes, with (1 - p)^2 in place of p^2 for the true one
    return np.asarray((probabilities**2).sum(1) + 1 - 2 * own)


def _probabilities(predictions: PredictionSet) -> Floats:
    found = predictions.probabilities
    assert found is not None, "asked only for sets that have probabilities"
    return found
