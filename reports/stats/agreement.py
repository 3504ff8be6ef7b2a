"""How far the raters of one image agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.stats.outcome import Estimate

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

#: clusters x draws resampled at once; keeps the arrays in tens of MiB
BATCH_ELEMENTS = 2_000_000

NO_PAIRS = "no image has two votes"
ONE_CLUSTER = "one cluster only"
ONE_LABEL = "all votes are for one label"


@dataclass(frozen=True)
class Agreement:
    """Agreement of raters.

    Attributes:
        pairwise: share of agreeing pairs of raters, mean over images; in [0, 1].
        alpha: Krippendorff's alpha for names; 1 for full agreement, 0 for chance, at least -1.
        images: images with two votes or more, which are the ones used.
        votes: their votes.
    """

    pairwise: Estimate
    alpha: Estimate
    images: int
    votes: int


def agreement(
    votes: Codes,
    *,
    clusters: Codes | None = None,
    generator: np.random.Generator,
    draws: int = 1000,
) -> Agreement:
    """Pairwise agreement and Krippendorff's alpha with percentile bootstrap intervals.

    Images may have different numbers of votes; those with fewer than two say nothing of agreement
    and are left out. Each image counts once in the pairwise agreement, each vote once in alpha.

    Args:
        votes: (N, K) votes for each class.
        clusters: (N,) codes of what is resampled (actors, say), -1 unknown: such images are left
            out; without it each image is its own cluster.
        generator: source of the resampling.
        draws: bootstrap samples.

    Returns:
        Both undefined without a pair of votes, or with one cluster only (no interval); alpha
        undefined where all votes are for one class, which leaves nothing to agree about.

    Source: Krippendorff 2004, ch. 11 (nominal data); Fleiss 1971 for the pairwise share.
    """
    used = votes.sum(axis=1) >= 2
    used = used if clusters is None else used & (clusters >= 0)
    rows = votes[used].astype(np.float64)
    images, total = len(rows), int(rows.sum())
    if images == 0:
        return Agreement(Estimate(reason=NO_PAIRS), Estimate(reason=NO_PAIRS), 0, 0)
    sums = _sums(rows, None if clusters is None else clusters[used])
    if len(sums) < 2:
        alone = Estimate(reason=ONE_CLUSTER)
        return Agreement(alone, alone, images, total)
    pairwise, alpha = _figures(sums.sum(axis=0)[None])
    samples = _resampled(sums, generator, draws)
    return Agreement(
        _interval(float(pairwise[0]), samples[0], ""),
        _interval(float(alpha[0]), samples[1], ONE_LABEL),
        images,
        total,
    )


def _sums(rows: Floats, clusters: Codes | None) -> Floats:
    """(C, K + 3) of each cluster: images, their agreement, agreeing votes, votes for each class."""
    size = rows.sum(axis=1)
    pairs = (rows * (rows - 1)).sum(axis=1)
    columns = np.column_stack(
        [np.ones(len(rows)), pairs / (size * (size - 1)), pairs / (size - 1), rows]
    )
    if clusters is None:
        return columns
    codes = np.unique(clusters, return_inverse=True)[1]
    return np.stack([np.bincount(codes, weights=column) for column in columns.T], axis=1)


def _figures(sums: Floats) -> tuple[Floats, Floats]:
    """Pairwise agreement and alpha of B samples from their sums (B, K + 3)."""
    images, agreement_sum, agreeing, classes = sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3:]
    total = classes.sum(axis=1)
    observed = 1 - agreeing / total
    expected = 1 - (classes * (classes - 1)).sum(axis=1) / (total * (total - 1))
    varied = (classes > 0).sum(axis=1) > 1
    ratio = np.divide(observed, expected, out=np.full(len(sums), np.nan), where=varied)
    return agreement_sum / images, 1 - ratio


def _resampled(sums: Floats, generator: np.random.Generator, draws: int) -> tuple[Floats, Floats]:
    """Both figures in each of the bootstrap samples of clusters."""
    size = len(sums)
    step = max(1, BATCH_ELEMENTS // size)
    totals = []
    for start in range(0, draws, step):
        count = min(step, draws - start)
        chosen = generator.integers(size, size=(count, size))
        chosen += size * np.arange(count)[:, None]
        times = np.bincount(chosen.ravel(), minlength=count * size).reshape(count, size)
        totals.append(times.astype(np.float64) @ sums)
    return _figures(np.concatenate(totals))


def _interval(value: float, samples: Floats, undefined: str) -> Estimate:
    """The value between the 2.5 and 97.5 percentiles of the samples that have one."""
    if np.isnan(value):
        return Estimate(reason=undefined)
    missing = int(np.isnan(samples).sum())
    if missing == len(samples):
        return Estimate(reason="undefined in every bootstrap sample")
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    reason = f"undefined in {missing} of {len(samples)} bootstrap samples" if missing else ""
    return Estimate(value, float(low), float(high), reason)
