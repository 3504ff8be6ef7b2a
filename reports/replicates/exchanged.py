"""Confusion tensors of two methods whose predictions are swapped sample by sample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reports.errors import ReportError
from reports.metrics.counts import AnyInts, Floats
from reports.replicates.chunks import chunk_sizes
from reports.replicates.patterns import Decided, Patterns, patterns_of


def exchanged_tensors(
    labels: AnyInts,
    decided_a: Decided,
    decided_b: Decided,
    groups: AnyInts,
    *,
    num_groups: int,
    num_classes: int,
    draws: int,
    generator: np.random.Generator,
) -> Iterator[tuple[Floats, Floats]]:
    """Chunks of two (b, S, G, K, K) confusion counts, `draws` in all.

    For each sample the predictions of methods a and b are swapped, in all S runs together, with
    probability one half: the null hypothesis is that it does not matter which method predicted.

    Args:
        labels: (N,) true classes, 0..K-1.
        decided_a: (S, N) classes decided by method a, or (S, N, K) probabilities.
        decided_b: the same of method b; run s of the one is swapped with run s of the other.
        groups: (N,) 0..G-1; samples of -1 are left out.
        num_groups: G.
        num_classes: K.
        draws: replicates.
        generator: random numbers.

    Raises:
        ReportError: the methods have different numbers of runs.
    Source: metrics.md 8.1.
    """
    seeds = len(decided_a)
    if decided_a.shape != decided_b.shape:
        raise ReportError(
            f"methods of {seeds} and {len(decided_b)} runs cannot be exchanged run by run; give "
            "the seeds that both have"
        )
    both = np.concatenate([decided_a, decided_b])
    patterns = patterns_of(labels, both, groups, num_groups=num_groups, num_classes=num_classes)
    first, second = patterns.marks[:, :seeds], patterns.marks[:, seeds:]
    observed = patterns.table[None].astype(first.dtype)
    of_a = Patterns(patterns.label, first, patterns.table).tensors(observed)
    of_b = Patterns(patterns.label, second, patterns.table).tensors(observed)
    differ = (first != second).any((1, 2))
    gained = Patterns(patterns.label[differ], (second - first)[differ], patterns.table[:, differ])
    numbers = num_groups * max(int(differ.sum()), seeds * num_classes**2)
    seen = gained.table > 0
    for size in chunk_sizes(draws, numbers):
        swapped = np.zeros((size, *gained.table.shape), dtype=first.dtype)
        swapped[:, seen] = generator.binomial(gained.table[seen], 0.5, (size, int(seen.sum())))
        change = gained.tensors(swapped)
        yield of_a + change, of_b - change
