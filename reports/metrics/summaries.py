"""Rows over the classes (`mean`, `max`, `min`) under the rows of a per-class metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from reports.metrics.counts import Counts, Floats, Ints
from reports.metrics.reasons import Reason
from reports.metrics.scores import Codes, Scores, quiet_scores, skipped, smallest_denominator

Summary = Literal["mean", "max", "min"]


def with_summaries(scores: Scores, counts: Counts, rows: Sequence[Summary]) -> Scores:
    """The scores with further emotions that summarise those of the K classes.

    Undefined classes are skipped and named; without a defined class a summary is undefined, for the
    classes' common reason where they share one. `max` and `min` name the stratum (class | group) of
    their class.

    Args:
        scores: (S, 1, K), one value per class; `worst` and `best` point to groups.
        counts: gives the names of classes, groups and strata.
        rows: which summaries, in order.

    Returns:
        Scores of shape (S, 1, K + len(rows)).
    """
    defined = scores.reason == Reason.DEFINED
    reason = _common_reason(scores.reason, defined)
    if counts.quiet:
        values = [_value(scores.value, defined, row) for row in rows]
        return quiet_scores(
            np.concatenate([scores.value, *values], -1),
            np.concatenate([scores.reason, *(reason for _ in rows)], -1),
            scores.groups,
            (*scores.emotions, *rows),
        )
    parts = [_summary(scores, row) for row in rows]
    left_out = _left_out(scores, counts, defined)
    skips = dict(scores.skips)
    for position in range(len(scores.emotions), len(scores.emotions) + len(rows)):
        skips.update({(seed, 0, position): phrase for (seed, _, _), phrase in left_out.items()})
    return replace(
        scores,
        emotions=(*scores.emotions, *rows),
        value=np.concatenate([scores.value, *(part[0] for part in parts)], -1),
        n=np.concatenate([scores.n, *(part[1] for part in parts)], -1),
        reason=np.concatenate([scores.reason, *(reason for _ in parts)], -1),
        worst=np.concatenate([scores.worst, *(part[2] for part in parts)], -1),
        best=np.concatenate([scores.best, *(part[3] for part in parts)], -1),
        items=(*counts.groups, *counts.strata),
        skips=skips,
    )


def _value(values: Floats, defined: npt.NDArray[np.bool_], row: Summary) -> Floats:
    """(S, 1, 1) of (S, 1, K) values; NaN without a defined one."""
    number = defined.sum(-1, keepdims=True)
    if row == "mean":
        total = np.where(defined, values, 0.0).sum(-1, keepdims=True)
        value: Floats = np.full_like(total, np.nan)
        np.divide(total, number, out=value, where=number > 0)
        return value
    end: Floats
    if row == "max":
        end = np.where(defined, values, -np.inf).max(-1, keepdims=True)
    else:
        end = np.where(defined, values, np.inf).min(-1, keepdims=True)
    return np.where(number > 0, end, np.nan)


def _summary(scores: Scores, row: Summary) -> tuple[Floats, Ints, Ints, Ints]:
    """Value, n, worst and best of one summary, each (S, 1, 1)."""
    defined = scores.reason == Reason.DEFINED
    value = _value(scores.value, defined, row)
    if row == "mean":
        n = smallest_denominator(scores.n, defined, axis=-1)[..., None]
        none = np.full(value.shape, -1, dtype=np.int64)
        return value, n, none, none
    if row == "max":
        at = np.where(defined, scores.value, -np.inf).argmax(-1)[..., None]
    else:
        at = np.where(defined, scores.value, np.inf).argmin(-1)[..., None]
    n = np.take_along_axis(scores.n, at, -1)
    worst, best = (np.take_along_axis(array, at, -1) for array in (scores.worst, scores.best))
    num_groups = len(scores.items)
    to_stratum = num_groups + at * num_groups
    return (
        value,
        n,
        np.where(worst < 0, -1, to_stratum + worst),
        np.where(best < 0, -1, to_stratum + best),
    )


def _left_out(
    scores: Scores, counts: Counts, defined: npt.NDArray[np.bool_]
) -> dict[tuple[int, int, int], str]:
    """Phrases by (seed, 0, 0): classes left out altogether, and whether others lack groups."""
    num_classes = len(counts.classes)
    missing = np.zeros((len(defined), num_classes + 1), dtype=bool)
    missing[:, :num_classes] = (~defined & defined.any(-1, keepdims=True))[:, 0]
    for seed, _, _ in scores.skips:
        missing[seed, num_classes] = True
    return skipped(missing[..., None], (*counts.classes, "groups of some classes"))


def _common_reason(reason: Codes, defined: npt.NDArray[np.bool_]) -> Codes:
    shared = (reason == reason[..., :1]).all(-1, keepdims=True)
    undefined = np.where(shared, reason[..., :1], np.int8(Reason.NO_DEFINED_CLASS))
    return np.where(defined.any(-1, keepdims=True), np.int8(Reason.DEFINED), undefined)
