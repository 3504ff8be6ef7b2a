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
#: numbers of the smallest type that sums of them are exact in
Marks = npt.NDArray[np.floating]
#: the whole numbers up to here are exact in 32 bits
_EXACT = 2**24


@dataclass(frozen=True, eq=False)
class Patterns:
    """U distinct (true class, decisions of all runs) and how often each group shows them.

    Attributes:
        label: (U,) true classes in ascending order.
        marks: (U, S, K) what one such sample adds to the confusion counts of its class.
        table: (G, U) samples.
    """

    label: Ints
    marks: Marks
    table: Ints

    def tensors(self, tables: Marks) -> Floats:
        """Confusion tensors (b, S, G, K, K) of (b, G, U) samples per group and pattern.

        Args:
            tables: of the type of `marks`.

        Returns:
            Replicates last in memory, as `replicate_counts` wants them.
        """
        num_draws, num_groups, _ = tables.shape
        _, seeds, classes = self.marks.shape
        flat = self.marks.reshape(-1, seeds * classes).T
        # (group, true class, decided class, run, replicate)
        tensors = np.zeros((num_groups, classes, classes, seeds, num_draws))
        for label, at in self.spans():
            for group in range(num_groups):
                counted = flat[:, at] @ tables[:, group, at].T
                by_seed = counted.reshape(seeds, classes, num_draws)
                tensors[group, label] = by_seed.swapaxes(0, 1)
        return tensors.transpose(4, 3, 0, 1, 2)

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
        marks=marks_of(decided[:, known][:, first], num_classes, len(labels)),
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


def marks_of(decided: Decided, num_classes: int, num_samples: int) -> Marks:
    """(U, S, K) share of each class in each run's decision about each of U samples.

    Args:
        decided: (S, U) decided classes, or (S, U, K) probabilities.
        num_classes: K.
        num_samples: up to so many samples are going to be summed: counts of decided classes are
            exact in the faster type, unless they are huge; probabilities are not.
    """
    if decided.ndim == 3:
        return np.ascontiguousarray(decided.swapaxes(0, 1), dtype=np.float64)
    kind = np.float32 if num_samples < _EXACT else np.float64
    marks: Marks = (decided.T[..., None] == np.arange(num_classes)).astype(kind)
    return marks
