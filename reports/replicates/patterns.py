"""Samples that all runs treat alike, counted together: what the replicate tensors are sums of.

Two samples with the same true class and the same decisions of all S runs are exchangeable in every
permutation and every resampling, so a replicate needs only the counts of such patterns.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from reports.metrics.counts import AnyInts, Floats, Ints

#: decided classes (S, N), or the probabilities with which each is decided (S, N, K)
Decided = AnyInts | Floats


@dataclass(frozen=True, eq=False)
class Patterns:
    """U distinct (true class, decisions of all runs) and how often each group shows them.

    Attributes:
        label: (U,) true classes in ascending order.
        marks: (U, S, K) what one such sample adds to the confusion counts of its class.
        table: (G, U) samples.
    """

    label: Ints
    marks: Floats
    table: Ints

    def tensors(self, tables: Floats) -> Floats:
        """Confusion tensors (b, S, G, K, K) of (b, G, U) samples per group and pattern."""
        num_draws, num_groups, _ = tables.shape
        _, seeds, classes = self.marks.shape
        flat = self.marks.reshape(-1, seeds * classes)
        tensors = np.zeros((num_draws, seeds, num_groups, classes, classes))
        for label, at in self.spans():
            counted = tables[:, :, at] @ flat[at]
            by_seed = counted.reshape(num_draws, num_groups, seeds, classes)
            tensors[:, :, :, label] = by_seed.swapaxes(1, 2)
        return tensors

    def spans(self) -> list[tuple[int, slice]]:
        """The true classes that occur, each with the place of its patterns."""
        labels, starts = np.unique(self.label, return_index=True)
        pairs = pairwise([*starts.tolist(), len(self.label)])
        return [(label, slice(*span)) for label, span in zip(labels.tolist(), pairs, strict=True)]


def patterns_of(
    labels: AnyInts, decided: Decided, groups: AnyInts, *, num_groups: int, num_classes: int
) -> Patterns:
    """The patterns of the samples whose group is known.

    Args:
        labels: (N,) true classes, 0..K-1.
        decided: (S, N) decided classes, or (S, N, K) probabilities of a rule that decides at
            random.
        groups: (N,) 0..G-1; samples of -1 are left out.
        num_groups: G.
        num_classes: K.
    """
    known = groups >= 0
    first, codes = pattern_codes(labels[known], decided[:, known])
    table = np.bincount(groups[known] * len(first) + codes, minlength=num_groups * len(first))
    return Patterns(
        label=labels[known][first].astype(np.int64),
        marks=marks_of(decided[:, known][:, first], num_classes),
        table=table.reshape(num_groups, len(first)),
    )


def pattern_codes(labels: AnyInts, decided: Decided) -> tuple[Ints, Ints]:
    """Pattern of each sample.

    Returns:
        (U,) a sample of each pattern and (N,) pattern codes 0..U-1, ordered by true class.
    """
    codes = labels.astype(np.int64)
    for run in decided:
        _, values = np.unique(run, axis=0, return_inverse=True)
        # Numbered anew at each run, so that no product of codes outgrows an integer.
        joint = codes * (values.max(initial=0) + 1) + values.ravel()
        _, codes = np.unique(joint, return_inverse=True)
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    return first, codes


def marks_of(decided: Decided, num_classes: int) -> npt.NDArray[np.float64]:
    """(N, S, K) share of each class in each run's decision about each sample."""
    if decided.ndim == 3:
        return np.ascontiguousarray(decided.swapaxes(0, 1), dtype=np.float64)
    marks: Floats = (decided.T[..., None] == np.arange(num_classes)).astype(np.float64)
    return marks
