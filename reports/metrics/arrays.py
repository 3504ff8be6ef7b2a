"""Scores straight from arrays, for choosing checkpoints and inside methods.

All take the codes of one set of N samples and return one number; groups of -1 are left out.
"""

from __future__ import annotations

import numpy as np

from reports.convention import STRICT, Convention
from reports.metrics.counts import AnyInts, Counts, confusion_tensor
from reports.metrics.minmax import fs_acc
from reports.metrics.worst_group import wga_attr, wga_stratum


def accuracy(labels: AnyInts, predicted: AnyInts) -> float:
    """Share of (N,) predicted codes that equal the labels, in [0, 1]; NaN for no samples."""
    return float(np.mean(labels == predicted)) if labels.size else float("nan")


def worst_stratum_accuracy(
    labels: AnyInts, predicted: AnyInts, groups: AnyInts, *, min_n: int = STRICT.min_n
) -> float:
    """Lowest recall over the class x group combinations of at least `min_n` samples.

    Args:
        labels: (N,) true class codes from 0.
        predicted: (N,) predicted class codes from 0.
        groups: (N,) group codes, -1 unknown.
        min_n: smallest stratum that counts.

    Returns:
        In [0, 1]; NaN where fewer than two groups have such a stratum.
    """
    return float(wga_stratum(_counts(labels, predicted, groups), _convention(min_n)).value[0, 0, 0])


def worst_group_accuracy(
    labels: AnyInts, predicted: AnyInts, groups: AnyInts, *, min_n: int = STRICT.min_n
) -> float:
    """Lowest accuracy of the groups of at least `min_n` samples, in [0, 1].

    NaN for fewer than two such groups. Arguments as in `worst_stratum_accuracy`.
    """
    return float(wga_attr(_counts(labels, predicted, groups), _convention(min_n)).value[0, 0, 0])


def fairness_score(
    labels: AnyInts, predicted: AnyInts, groups: AnyInts, *, min_n: int = STRICT.min_n
) -> float:
    """Lowest over highest accuracy of the groups of at least `min_n` samples, in [0, 1].

    Arguments as in `worst_stratum_accuracy`. NaN for fewer than two such groups, or where all
    accuracies are 0.
    """
    return float(fs_acc(_counts(labels, predicted, groups), _convention(min_n)).value[0, 0, 0])


def _counts(labels: AnyInts, predicted: AnyInts, groups: AnyInts) -> Counts:
    # None of these scores changes with declared classes or groups that have no samples, so the
    # codes suffice.
    num_classes = int(max(labels.max(initial=0), predicted.max(initial=0))) + 1
    num_groups = max(int(groups.max(initial=-1)) + 1, 1)
    tensor = confusion_tensor(
        labels, predicted, groups, num_groups=num_groups, num_classes=num_classes
    )
    return Counts(
        tensor=tensor,
        overall=tensor.sum(1),
        groups=tuple(map(str, range(num_groups))),
        classes=tuple(map(str, range(num_classes))),
        n_unknown=int((groups < 0).sum()),
    )


def _convention(min_n: int) -> Convention:
    return Convention("selection", min_n=min_n, ddof=STRICT.ddof)
