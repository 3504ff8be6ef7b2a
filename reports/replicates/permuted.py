"""Confusion tensors of a perfectly fair classifier: the groups are dealt anew.

Dealing the groups at random among samples keeps the sizes of the groups, the pooled confusion
counts and the correlation between the runs exactly as observed. Samples of one pattern are alike,
so the groups' counts of patterns are a random table with both margins fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from reports.metrics.counts import AnyInts, Floats
from reports.replicates.chunks import chunk_sizes
from reports.replicates.patterns import Decided, Marks, Patterns, patterns_of


def permuted_tensors(
    labels: AnyInts,
    decided: Decided,
    groups: AnyInts,
    *,
    num_groups: int,
    num_classes: int,
    null: Literal["tpr", "acc", "dp"],
    draws: int,
    generator: np.random.Generator,
) -> Iterator[Floats]:
    """Chunks (b, S, G, K, K) of confusion counts with the groups permuted, `draws` in all.

    One permutation is shared by all S runs. Samples whose group is unknown stay out.

    Args:
        labels: (N,) true classes, 0..K-1.
        decided: (S, N) decided classes, or (S, N, K) probabilities of a rule that decides at
            random; counts are then expected counts.
        groups: (N,) 0..G-1, -1 unknown.
        num_groups: G.
        num_classes: K.
        null: groups are permuted within each true class (`tpr`), or among all samples (`acc`,
            `dp`).
        draws: permutations.
        generator: random numbers.
    Source: metrics.md 6.2 and 6.4 (c).
    """
    patterns = patterns_of(labels, decided, groups, num_groups=num_groups, num_classes=num_classes)
    everyone = slice(0, len(patterns.label))
    strata = [at for _, at in patterns.spans()] if null == "tpr" else [everyone]
    seeds = patterns.marks.shape[1]
    numbers = num_groups * max(len(patterns.label), seeds * num_classes**2)
    for size in chunk_sizes(draws, numbers):
        yield patterns.tensors(_dealt(patterns, strata, size, generator))


def _dealt(
    patterns: Patterns, strata: list[slice], size: int, generator: np.random.Generator
) -> Marks:
    """(b, G, U) samples per group and pattern, the groups dealt within each stratum."""
    # A report whose statistics are kept needs none of SciPy's distributions, slow to import.
    from scipy.stats import random_table  # type: ignore[import-untyped]

    tables = np.zeros((size, *patterns.table.shape), dtype=patterns.marks.dtype)
    for at in strata:
        table = patterns.table[:, at]
        if table.sum():
            tables[:, :, at] = random_table(table.sum(1), table.sum(0)).rvs(
                size, random_state=generator
            )
    return tables
