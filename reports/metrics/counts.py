"""The sufficient statistic of almost every metric: confusion counts per seed and group.

Shapes: S seeds, G groups, K classes, N samples. tensor[s, k, c, d] counts the samples of group k
and true class c that seed s predicts as class d. Where decisions are drawn at random, the tensor
holds the expected counts: fractions in the last axis, whole numbers when summed over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
AnyInts = npt.NDArray[np.integer]
#: counts, or expected counts
Numbers = Ints | Floats


def confusion_tensor(
    labels: AnyInts, predicted: AnyInts, groups: AnyInts, *, num_groups: int, num_classes: int
) -> Ints:
    """Confusion counts per seed and group.

    Args:
        labels: (N,) true classes, 0..K-1.
        predicted: (N,) or (S, N) predicted classes, 0..K-1.
        groups: (N,) group codes, 0..G-1; samples with -1 are left out.
        num_groups: G, declared groups whether or not they have samples.
        num_classes: K.

    Returns:
        (S, G, K, K) counts, S = 1 for a flat `predicted`.

    Raises:
        ValueError: a code is outside its range.
    """
    _check_codes("labels", labels, num_classes)
    _check_codes("predicted", predicted, num_classes)
    _check_codes("groups", groups + 1, num_groups + 1)
    runs = np.atleast_2d(predicted).astype(np.int64)
    known = groups >= 0
    base = (groups[known].astype(np.int64) * num_classes + labels[known]) * num_classes
    size = num_groups * num_classes * num_classes
    offset = np.arange(len(runs), dtype=np.int64)[:, None] * size
    codes = (base + runs[:, known] + offset).ravel()
    flat = np.bincount(codes, minlength=len(runs) * size)
    return flat.reshape(len(runs), num_groups, num_classes, num_classes)


def expected_tensor(
    labels: AnyInts, decisions: Floats, groups: AnyInts, *, num_groups: int
) -> Floats:
    """Expected confusion counts of decisions that are drawn at random.

    Args:
        labels: (N,) true classes, 0..K-1.
        decisions: (N, K) probabilities with which each class is decided.
        groups: (N,) group codes, 0..G-1; samples with -1 are left out.
        num_groups: G.

    Returns:
        (1, G, K, K); for decisions of 0 and 1 the values of `confusion_tensor`.

    Raises:
        ValueError: a code is outside its range.
    """
    num_classes = decisions.shape[1]
    _check_codes("labels", labels, num_classes)
    _check_codes("groups", groups + 1, num_groups + 1)
    known = groups >= 0
    tensor = np.zeros((num_groups, num_classes, num_classes))
    np.add.at(tensor, (groups[known], labels[known]), decisions[known])
    return tensor[None]


def _check_codes(name: str, codes: AnyInts, count: int) -> None:
    # One bad code would be counted in a neighbouring group without a word.
    if codes.size and (codes.min() < 0 or codes.max() >= count):
        raise ValueError(f"{name} hold codes outside their declared range")


@dataclass(frozen=True, eq=False)
class Counts:
    """Confusion counts with the names of what is counted.

    Attributes:
        tensor: (S, G, K, K) counts of the samples whose group is known.
        overall: (S, K, K) counts of all samples.
        groups, classes: declared names, G and K of them.
        n_unknown: samples left out because their group is unknown.
        quiet: only values and reasons are wanted, as in the thousands of tensors of a bootstrap:
            no phrases, and no denominators, worst and best groups of comparisons.
    """

    tensor: Numbers
    overall: Numbers
    groups: tuple[str, ...]
    classes: tuple[str, ...]
    n_unknown: int
    quiet: bool = False

    @cached_property
    def memo(self) -> dict[tuple[str, int], Any]:
        """Rates that several metrics share, by name and least count; `scores.shared` fills it."""
        return {}

    @cached_property
    def per_class(self) -> Ints:
        """(S, G, K) samples of each true class."""
        # Whole also for expected counts, whose rounding must not undercut a least count.
        return np.rint(_sum(self.tensor, "sgcd->sgc")).astype(np.int64)

    @cached_property
    def per_group(self) -> Ints:
        """(S, G) samples."""
        return self.per_class.sum(-1)  # type: ignore[no-any-return]

    @cached_property
    def correct(self) -> Numbers:
        """(S, G, K) samples of each class predicted as such."""
        return np.diagonal(self.tensor, axis1=-2, axis2=-1)  # type: ignore[return-value]

    @cached_property
    def selected(self) -> Numbers:
        """(S, G, K) samples predicted as each class."""
        return _sum(self.tensor, "sgcd->sgd")

    @cached_property
    def strata(self) -> tuple[str, ...]:
        """Names of the class x group combinations, class-major: index = class * G + group."""
        return tuple(f"{name} | {group}" for name in self.classes for group in self.groups)


def counts_of_all(overall: Numbers, classes: tuple[str, ...]) -> Counts:
    """Counts of a single group called `all` that holds every sample.

    Args:
        overall: (S, K, K) counts of all samples.
        classes: K names.
    """
    return Counts(overall[:, None], overall, ("all",), classes, n_unknown=0)


def _sum(counts: Numbers, axes: str) -> Numbers:
    # Four times as fast as `sum` over so short an axis; numpy's stubs call the result `Any`.
    total: Numbers = np.einsum(axes, counts)
    return total
