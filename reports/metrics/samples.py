"""What metrics see that need more than confusion counts: the samples and their groups."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from reports.metrics.counts import Counts, Floats, Ints
from reports.metrics.reasons import Reason
from reports.metrics.scores import Rates, Scores, plain_scores

if TYPE_CHECKING:
    from reports.predictions import PredictionSet

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class GroupedSamples:
    """A prediction set of one run seen by the groups of one attribute.

    Attributes:
        predictions: N samples.
        attribute: printed name of the attribute, `all` for a single group of everybody.
        codes: (N,) group codes, -1 unknown.
        counts: confusion counts of these groups, which also name the G groups.
    """

    predictions: PredictionSet
    attribute: str
    codes: npt.NDArray[np.int64]
    counts: Counts

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(N,) whether the group is known."""
        return np.asarray(self.codes >= 0)

    @property
    def sizes(self) -> Ints:
        """(G,) samples of each group."""
        sizes: Ints = self.counts.per_group[0]
        return sizes

    def sums(self, values: Floats) -> Floats:
        """(G,) sum of (N,) values over each group's samples."""
        groups, known = len(self.counts.groups), self.known
        total = np.bincount(self.codes[known], weights=values[known], minlength=groups)
        return total.astype(np.float64, copy=False)


def once(compute: Callable[[PredictionSet], Found]) -> Callable[[PredictionSet], Found]:
    """Decorator: computed once for a prediction set, whatever attribute it is asked for."""

    @functools.wraps(compute)
    def remembered(predictions: PredictionSet) -> Found:
        key = f"{compute.__module__}.{compute.__qualname__}"
        if key not in predictions.memo:
            predictions.memo[key] = compute(predictions)
        found: Found = predictions.memo[key]
        return found

    return remembered


def undefined(reason: Reason, groups: tuple[str, ...], emotions: tuple[str, ...]) -> Scores:
    """Scores of one run that are all undefined for the same reason, (1, P, E)."""
    shape = (1, len(groups), len(emotions))
    nothing = Rates(
        np.full(shape, np.nan), np.zeros(shape, np.int64), np.full(shape, np.int8(reason))
    )
    return plain_scores(nothing, groups, emotions)


def of_groups(values: Floats, samples: GroupedSamples, min_n: int) -> Rates:
    """(1, G) values of the groups, undefined for groups of fewer than `min_n` samples.

    Args:
        values: (G,), whatever for empty groups.
        samples: gives the sizes.
        min_n: smallest group that counts, at least 1.
    """
    n = samples.sizes
    short = np.where(n == 0, np.int8(Reason.EMPTY_GROUP), np.int8(Reason.INSUFFICIENT))
    reason = np.where(n >= min_n, np.int8(Reason.DEFINED), short)
    return Rates(np.where(n >= min_n, values, np.nan)[None], n[None], reason[None])
