"""Metrics of replicate tensors, through the metrics' own functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from reports.catalogue import MetricCard
from reports.convention import Convention
from reports.metrics.counts import Counts, Floats, Numbers


def replicate_values(
    card: MetricCard,
    tensors: Numbers,
    *,
    groups: tuple[str, ...],
    classes: tuple[str, ...],
    convention: Convention,
    overall: Numbers | None = None,
) -> Floats:
    """(B, S, P, E) values of one metric, NaN where undefined.

    Args:
        card: the metric.
        tensors: (B, S, G, K, K) confusion counts.
        groups: G names.
        classes: K names.
        convention: as for the observed value.
        overall: (S, K, K) or (B, S, K, K) counts of all samples; None: of those in `tensors`.
    """
    counts = replicate_counts(tensors, groups=groups, classes=classes, overall=overall)
    return _values(card, counts, convention, len(tensors))


def values_of_chunks(
    cards: Sequence[MetricCard],
    chunks: Iterable[Numbers],
    *,
    groups: tuple[str, ...],
    classes: tuple[str, ...],
    convention: Convention,
    overall: Numbers | None = None,
    seed_averaged: bool = False,
) -> dict[str, Floats]:
    """Values of several metrics by key, (B, S, P, E), or (B, P, E) averaged over the seeds.

    The rates that metrics share are computed once. Arguments as in `replicate_values`; averaged
    values need S times less memory.
    """
    found: dict[str, list[Floats]] = {card.key: [] for card in cards}
    for tensors in chunks:
        counts = replicate_counts(tensors, groups=groups, classes=classes, overall=overall)
        for card in cards:
            values = _values(card, counts, convention, len(tensors))
            found[card.key].append(seed_mean(values) if seed_averaged else values)
    return {
        key: np.ascontiguousarray(np.concatenate(parts)) for key, parts in found.items() if parts
    }


def replicate_counts(
    tensors: Numbers,
    *,
    groups: tuple[str, ...],
    classes: tuple[str, ...],
    overall: Numbers | None = None,
) -> Counts:
    """(B, S, G, K, K) tensors as quiet counts of S * B seeds, runs outermost.

    Of tensors with G + 1 groups the last one holds the samples whose group is unknown: they count
    among all samples and in no group. `overall` holds (S, K, K) or (B, S, K, K) counts of all
    samples; None: of those in `tensors`.
    """
    of_all = tensors.sum(2) if overall is None else overall
    tensors = tensors[:, :, : len(groups)]
    whole = np.broadcast_to(of_all, (*tensors.shape[:2], *tensors.shape[3:]))
    return Counts(
        tensor=_side_by_side(tensors),
        overall=_side_by_side(whole),
        groups=groups,
        classes=classes,
        n_unknown=0,
        quiet=True,
    )


def seed_mean(values: Floats, axis: int = 1) -> Floats:
    """Mean over the defined values along `axis`; NaN where none is defined.

    Source: metrics.md 0.3, rule 5.
    """
    total: Floats = values.sum(axis)
    if not np.isnan(total).any():
        return total / values.shape[axis] if values.shape[axis] else np.full_like(total, np.nan)
    defined = ~np.isnan(values)
    number = defined.sum(axis)
    mean = np.full(number.shape, np.nan)
    np.divide(np.where(defined, values, 0.0).sum(axis), number, out=mean, where=number > 0)
    return mean


def _side_by_side(tensors: Numbers) -> Numbers:
    """(B, S, ...) as (S * B, ...), last in memory: sums over groups and classes run along them."""
    draws, seeds, *shape = tensors.shape
    return np.asfortranarray(tensors.swapaxes(0, 1).reshape(seeds * draws, *shape))


def _values(card: MetricCard, counts: Counts, convention: Convention, draws: int) -> Floats:
    value = card.compute(counts, convention).value
    return value.reshape(len(value) // draws, draws, *value.shape[1:]).swapaxes(0, 1)
