"""Confusion tensors of resampled test sets, for standard errors."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from reports.metrics.counts import AnyInts, Floats, Ints
from reports.replicates.chunks import chunk_sizes
from reports.replicates.patterns import Decided, Marks, Patterns, marks_of, patterns_of

Strata = Literal["group", "group_class", "all"]

#: chunks of weights kept in memory, each of `chunks.LARGEST` numbers at most
_KEPT = 16


def resampled_tensors(
    labels: AnyInts,
    decided: Decided,
    groups: AnyInts,
    *,
    num_groups: int,
    num_classes: int,
    strata: Strata,
    draws: int,
    generator: np.random.Generator,
    paired: bool = True,
) -> Iterator[Floats]:
    """Chunks (b, S, G, K, K) of confusion counts of resampled test sets, `draws` in all.

    A resampled test set holds the samples with multinomial counts, the same for all S runs.

    Args:
        labels: (N,) true classes, 0..K-1.
        decided: (S, N) decided classes, or (S, N, K) probabilities of a rule that decides at
            random.
        groups: (N,) 0..G-1, -1 unknown.
        num_groups: G.
        num_classes: K.
        strata: what keeps its size: every `group`; every class in every group (`group_class`); or
            `all` samples together, those of unknown groups included, so that a group may be empty
            in a replicate.
        draws: resampled test sets.
        generator: random numbers.
        paired: which samples are drawn depends on labels, groups and the state of the generator
            alone, so that methods tested on the same samples can be compared draw by draw. Without
            pairing, samples that all runs treat alike are drawn together, which is faster for
            hundreds of thousands of samples.
    Source: metrics.md 7.2.
    """
    if not paired:
        patterns = patterns_of(
            labels, decided, groups, num_groups=num_groups, num_classes=num_classes
        )
        yield from _of_patterns(patterns, int((groups < 0).sum()), strata, draws, generator)
        return
    cells = np.where(groups < 0, num_groups * num_classes, groups * num_classes + labels)
    order = np.argsort(cells, kind="stable")
    bounds = np.searchsorted(cells[order], np.arange(num_groups * num_classes + 1))
    ends = {"group": bounds[::num_classes], "group_class": bounds}
    strata_ends = ends.get(strata, np.array([0, len(labels)]))
    order = order[: strata_ends[-1]]
    marks = marks_of(decided[:, order], num_classes, len(labels))
    numbers = max(len(order), len(decided) * num_groups * num_classes**2)
    for size in chunk_sizes(draws, numbers):
        weights = _weights(strata_ends, size, generator, marks.dtype.name)
        yield _weighted(marks, weights, bounds, num_groups)


def _weighted(marks: Marks, weights: Marks, bounds: Ints, num_groups: int) -> Floats:
    """(b, S, G, K, K) tensors of samples in the order of (group, class) and their (b, N) counts.

    Replicates are last in memory, as `replicate_counts` wants them.
    """
    size, (_, seeds, num_classes) = len(weights), marks.shape
    tensors = np.zeros((num_groups * num_classes, num_classes, seeds, size))
    for cell, (start, end) in enumerate(pairwise(bounds.tolist())):
        if end > start:
            flat = marks[start:end].reshape(end - start, -1)
            counted = flat.T @ weights[:, start:end].T
            tensors[cell] = counted.reshape(seeds, num_classes, size).swapaxes(0, 1)
    shape = (num_groups, num_classes, num_classes, seeds, size)
    return tensors.reshape(shape).transpose(4, 3, 0, 1, 2)


def _of_patterns(
    patterns: Patterns, unknown: int, strata: Strata, draws: int, generator: np.random.Generator
) -> Iterator[Floats]:
    num_groups, num_patterns = patterns.table.shape
    _, seeds, num_classes = patterns.marks.shape
    group = np.arange(num_groups)[:, None]
    stratum = {"group": group, "group_class": group * num_classes + patterns.label}
    of_cell = np.broadcast_to(stratum.get(strata, 0 * group), patterns.table.shape).ravel()
    counts = patterns.table.ravel()
    cells = [at for s in np.unique(of_cell) if counts[at := np.flatnonzero(of_cell == s)].any()]
    rest = unknown if strata == "all" else 0
    numbers = num_groups * max(num_patterns, seeds * num_classes**2)
    for size in chunk_sizes(draws, numbers):
        tables = np.zeros((size, len(counts)))
        for at in cells:
            # Samples of unknown groups are drawn too, and then left out.
            known = np.append(counts[at], rest)
            share = known / known.sum()
            tables[:, at] = generator.multinomial(known.sum(), share, size)[:, :-1]
        by_group = tables.reshape(size, num_groups, num_patterns)
        yield patterns.tensors(by_group.astype(patterns.marks.dtype))


def _weights(ends: Ints, size: int, generator: np.random.Generator, kind: str) -> Marks:
    """(size, N) how often each sample is drawn; N of a stratum among its N, independently.

    What was drawn from the same state of a generator is kept for a while: the methods of a data set
    are resampled alike.
    """
    bits = generator.bit_generator
    asked = tuple(ends.tolist()), size, kind, type(bits), json.dumps(bits.state)
    weights, bits.state = _drawn(*asked)
    return weights


@functools.lru_cache(maxsize=_KEPT)
def _drawn(
    ends: tuple[int, ...], size: int, kind: str, bits: type[np.random.BitGenerator], state: str
) -> tuple[Marks, Any]:
    """The weights, and the state of the generator behind them."""
    generator = np.random.Generator(bits())
    generator.bit_generator.state = json.loads(state)
    weights = _multinomial(np.array(ends), size, generator).astype(kind)
    weights.flags.writeable = False
    return weights, generator.bit_generator.state


def _multinomial(ends: Ints, size: int, generator: np.random.Generator) -> Ints:
    """(size, N) whole numbers; see `_weights`."""
    sizes = np.diff(ends)
    total = int(ends[-1])
    start, length = np.repeat(ends[:-1], sizes), np.repeat(sizes, sizes)
    # Drawn row by row, so that the draws do not depend on how many rows make a chunk.
    drawn = (generator.random((size, total)) * length).astype(np.int64)
    drawn += start + np.arange(size)[:, None] * total
    return np.bincount(drawn.ravel(), minlength=size * total).reshape(size, total)
