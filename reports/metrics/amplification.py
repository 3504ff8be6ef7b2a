"""Bias amplification: whether predictions tie classes to groups more closely than training did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from reports.catalogue import metric, sample_metric
from reports.convention import Convention
from reports.metrics.counts import Counts, Floats, Ints, Numbers
from reports.metrics.reasons import Reason
from reports.metrics.samples import GroupedSamples, undefined
from reports.metrics.scores import (
    ALL,
    Rates,
    Scores,
    plain_scores,
    skipped,
    smallest_denominator,
)

Directions = npt.NDArray[np.int64]


@sample_metric(
    "ba_mals",
    title="Bias amplification of co-occurrence",
    limits=(-1, 1),
    direction="zero",
    source="Zhao et al. 2017",
    per="attribute",
)
def ba_mals(samples: GroupedSamples, convention: Convention) -> Scores:
    """By how much more often a predicted class meets the groups it met in training, (1, 1, 1).

    Summed over the groups that hold more than an equal share of the class in training, then
    averaged over all classes; above 0 the model amplifies. A class that training lacks or that is
    never predicted adds 0 and is named. `n` is the smallest number of samples predicted as a class;
    `min_n` is not asked, for a class left out would count as one without amplification.
    """
    train = _train_counts(samples)
    if train is None:
        return undefined(Reason.NO_TRAINING_COUNTS, ALL, ALL)
    groups = train.any(0)
    # (K, G): how the samples predicted as a class are shared out among the groups
    selected = samples.counts.selected[0].T
    if groups.sum() < 2 or (samples.sizes > 0).sum() < 2:
        return undefined(Reason.FEWER_THAN_TWO_GROUPS, ALL, ALL)
    before, after = _shares(train), _shares(selected)
    used = train.any(1) & selected.any(1)
    # Exact in whole numbers: a class shared out equally has no group above an equal share.
    leaning = train * groups.sum() > train.sum(1, keepdims=True)
    change = np.where(leaning & used[:, None], after - before, 0.0).sum() / len(train)
    if not used.any():
        return undefined(Reason.NO_DEFINED_CLASS, ALL, ALL)
    # Expected counts may be below one sample.
    predicted = np.ceil(selected.sum(1) - 1e-9).astype(np.int64)
    smallest = predicted[used].min()
    found = Rates(np.array([change]), np.array([smallest]), np.array([Reason.DEFINED], np.int8))
    left_out = skipped(~used[None, :, None], samples.counts.classes)
    return replace(plain_scores(found, ALL, ALL), skips=left_out)


@sample_metric(
    "ba_a2t",
    title="Directional bias amplification, attribute to class",
    limits=(-1, 1),
    direction="zero",
    source="Wang and Russakovsky 2021",
    per="attribute",
)
def ba_a2t(samples: GroupedSamples, convention: Convention) -> Scores:
    """Change of selection rates in the direction in which training leans, (1, 1, 1).

    Mean over classes and groups of (selection rate - true share of the class in the group), with
    the sign of the dependence of class and group in training; above 0 the model amplifies, a
    perfect predictor scores 0. Groups of fewer than `min_n` test samples are left out and named.
    """
    train = _train_counts(samples)
    if train is None:
        return undefined(Reason.NO_TRAINING_COUNTS, ALL, ALL)
    return _attribute_to_class(samples.counts, directions(train.T), convention.min_n)


@metric(
    "ba_a2t_test",
    title="Directional bias amplification, attribute to class, directions of the test labels",
    limits=(-1, 1),
    direction="zero",
    source="Wang and Russakovsky 2021",
    per="attribute",
)
def ba_a2t_test(counts: Counts, convention: Convention) -> Scores:
    """As `ba_a2t`, with the dependence of class and group among the test labels, (S, 1, 1)."""
    return _attribute_to_class(counts, directions(counts.per_class), convention.min_n)


def ba_t2a(tensor: Numbers, train_counts: Ints, *, min_n: int = 1) -> float:
    """Directional bias amplification from class to attribute, in [-1, 1].

    For methods that predict the attribute: mean over groups and classes of (share of the class's
    samples predicted as the group - share that truly is), with the sign of the dependence in
    training. It has no card, because no predictions of attributes are stored.

    Args:
        tensor: (K, G, G) test counts by class, true and predicted group.
        train_counts: (K, G) training samples of each class and group.
        min_n: smallest number of test samples of a class that counts.

    Returns:
        NaN with fewer than two such classes.
    Source: Wang and Russakovsky 2021, with the sign and the mean over defined terms of the
        authors' code.
    """
    found = _amplification(tensor[None].sum(-2), tensor[None].sum(-1), directions(train_counts))
    usable = tensor.sum((-2, -1))[None] >= min_n
    return float(_mean_of(found, usable)[0])


def directions(counts: Ints) -> Directions:
    """Whether two codes go together more often (1) or less often (-1) than by chance; 0 as often.

    Args:
        counts: (..., A, B) joint counts of two codes.

    Returns:
        (..., A, B), the sign of P(a, b) - P(a) P(b).
    """
    whole = np.asarray(counts, dtype=np.int64)
    total = whole.sum((-2, -1), keepdims=True)
    # In whole numbers, so that exact independence gives exactly 0.
    by_chance = whole.sum(-1, keepdims=True) * whole.sum(-2, keepdims=True)
    return np.asarray(np.sign(whole * total - by_chance))


def _attribute_to_class(counts: Counts, direction: Directions, min_n: int) -> Scores:
    found = _amplification(counts.selected, counts.per_class, direction)
    usable = counts.per_group >= min_n
    value = _mean_of(found, usable)
    enough = usable.sum(-1) >= 2
    reason = np.where(enough, np.int8(Reason.DEFINED), np.int8(Reason.FEWER_THAN_TWO_GROUPS))
    used = usable & enough[:, None]
    n = smallest_denominator(counts.per_group, used, axis=-1)
    scores = plain_scores(Rates(value, n, reason), ALL, ALL)
    if counts.quiet:
        return scores
    return replace(scores, skips=skipped((~usable & enough[:, None])[..., None], counts.groups))


def _amplification(selected: Numbers, actual: Ints, direction: Directions) -> Floats:
    """(S, A, B) signed changes of shares of b in a; whatever for an empty a."""
    size = actual.sum(-1, keepdims=True)
    change = (selected - actual) / np.maximum(size, 1)
    return np.asarray(direction * change, dtype=np.float64)


def _mean_of(found: Floats, usable: npt.NDArray[np.bool_]) -> Floats:
    """(S,) means over the usable rows of (S, A, B); NaN with fewer than two."""
    number = usable.sum(-1)
    used = np.where(usable[..., None], found, 0.0)
    # One order of adding up, whatever the order in memory.
    total = np.ascontiguousarray(used).sum((-2, -1))
    mean = np.full(number.shape, np.nan)
    np.divide(total, number * found.shape[-1], out=mean, where=number >= 2)
    return mean


def _train_counts(samples: GroupedSamples) -> Ints | None:
    """(K, G) training samples of each class and group; None where they are not known."""
    found = (samples.predictions.train_counts or {}).get(samples.attribute)
    return None if found is None else np.asarray(found, dtype=np.int64)


def _shares(counts: Numbers) -> Floats:
    """Rows as shares of their sum; rows of zeros stay."""
    total = counts.sum(-1, keepdims=True)
    shares = np.zeros(counts.shape)
    np.divide(counts, total, out=shares, where=total > 0)
    return shares
