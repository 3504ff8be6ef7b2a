"""Thresholds of an action unit, one for all or one a group, and how well they detect the unit.

An image counts as showing the unit when its intensity is at or above the threshold. Intensities of
NaN, groups of -1 and truths outside 0/1 are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reports.stats.chi_square import pearson
from reports.stats.outcome import Outcome
from reports.stats.thresholds import best_threshold, candidate_thresholds, passing

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Match = Literal["accuracy", "tpr_fpr"]


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Cut points on the intensity.

    Attributes:
        raw: one for everybody; NaN without images.
        groups: (G,) one a group; NaN for a group without images.
    """

    raw: float
    groups: Floats


@dataclass(frozen=True, eq=False)
class Detection:
    """How well thresholds tell images that show a unit from those that do not, group by group.

    Attributes:
        accuracy: (G,) share of right answers; NaN for a group without images.
        tpr: (G,) share found of the images that show the unit; NaN without such images.
        fpr: (G,) share of false alarms among the others; NaN without such images.
        n: (G,) images.
        test: chi-square test of equal accuracies.
    """

    accuracy: Floats
    tpr: Floats
    fpr: Floats
    n: Codes
    test: Outcome


@dataclass(frozen=True, eq=False)
class Calibration:
    """The pooled threshold against group thresholds, on the same images.

    Attributes:
        thresholds: as fitted.
        raw: detection with the pooled threshold.
        recalibrated: detection with the group thresholds.
        given_up: (G,) accuracy that each group loses by recalibration; negative where it gains.
    """

    thresholds: Thresholds
    raw: Detection
    recalibrated: Detection
    given_up: Floats


def fit_thresholds(
    intensity: Floats, truth: Codes, groups: Codes, num_groups: int, *, match: Match = "accuracy"
) -> Thresholds:
    """The pooled threshold of best accuracy and group thresholds that make detection alike.

    `accuracy`: the target is the best accuracy that the worst-placed group can reach; each group
    takes the threshold whose accuracy is closest to it. Groups that could do better are levelled
    down. `tpr_fpr`: each group takes the threshold with the least |TPR - TPR*| + |FPR - FPR*|,
    where the starred rates are those of everybody at the pooled threshold; a group in which one
    of the rates is undefined matches the other. Ties go to the threshold nearest to the pooled
    one, which is itself a candidate, then to the smaller.

    Args:
        intensity: (N,) in any unit, NaN where not measured.
        truth: (N,) 1 where the unit is shown, 0 where not.
        groups: (N,) codes 0..G-1.
        num_groups: G.
        match: what is made alike.

    Raises:
        ReportError: an intensity is infinite.

    Source: metrics.md 10.9; Chen & Joo 2021, supplement 1.1 (`accuracy`). For `tpr_fpr` the source
    gives no target; that of everybody is ours.
    """
    used = _used(intensity, truth, groups)
    score, flags, codes = intensity[used], truth[used].astype(np.bool_), groups[used]
    raw = best_threshold(score, flags)
    chosen = np.full(num_groups, np.nan)
    tables = {
        group: _Candidates.of(score[codes == group], flags[codes == group], raw)
        for group in range(num_groups)
        if (codes == group).any()
    }
    if not tables:
        return Thresholds(raw, chosen)
    if match == "accuracy":
        target = min(table.accuracy.max() for table in tables.values())
        misses = {group: np.abs(table.accuracy - target) for group, table in tables.items()}
    else:
        pooled = _Candidates.at(score, flags, np.array([raw]))
        misses = {group: _miss(table, pooled) for group, table in tables.items()}
    for group, miss in misses.items():
        chosen[group] = _nearest(tables[group].thresholds[miss <= miss.min() + 1e-12], raw)
    return Thresholds(raw, chosen)


def evaluate(thresholds: Thresholds, intensity: Floats, truth: Codes, groups: Codes) -> Calibration:
    """Detection under the pooled and under the group thresholds, on images of any origin.

    Args:
        thresholds: of G groups, fitted on these or on other images.
        intensity: (N,) in the unit that the thresholds were fitted in.
        truth: (N,) 0/1.
        groups: (N,) codes 0..G-1.

    Returns:
        Figures of a group are NaN where it has no images, or had none when thresholds were fitted.
        Accuracies on the images of the fit flatter the thresholds: use a split.

    Source: metrics.md 10.9.
    """
    used = _used(intensity, truth, groups)
    score, flags, codes = intensity[used], truth[used].astype(np.bool_), groups[used]
    size = len(thresholds.groups)
    raw = _detection(score, flags, codes, np.full(size, thresholds.raw))
    recalibrated = _detection(score, flags, codes, thresholds.groups)
    return Calibration(thresholds, raw, recalibrated, raw.accuracy - recalibrated.accuracy)


def calibrate(
    intensity: Floats, truth: Codes, groups: Codes, num_groups: int, *, match: Match = "accuracy"
) -> Calibration:
    """`fit_thresholds` and `evaluate` on the same images, as the paper did.

    Args:
        intensity: (N,) in any unit, NaN where not measured.
        truth: (N,) 0/1.
        groups: (N,) codes 0..G-1.
        num_groups: G.
        match: what is made alike.

    Raises:
        ReportError: an intensity is infinite.

    Source: Chen & Joo 2021, supplement 1.1.
    """
    thresholds = fit_thresholds(intensity, truth, groups, num_groups, match=match)
    return evaluate(thresholds, intensity, truth, groups)


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Thresholds (T,) and what each would do to a group."""

    thresholds: Floats
    accuracy: Floats
    tpr: Floats
    fpr: Floats

    @classmethod
    def of(cls, score: Floats, truth: Flags, raw: float) -> _Candidates:
        return cls.at(score, truth, np.append(candidate_thresholds(score), raw))

    @classmethod
    def at(cls, score: Floats, truth: Flags, thresholds: Floats) -> _Candidates:
        positives, passed = passing(score, truth, thresholds)
        shown = int(truth.sum())
        others, false_alarms = len(truth) - shown, passed - positives
        return cls(
            thresholds,
            (positives + others - false_alarms) / len(truth),
            _share(positives, shown),
            _share(false_alarms, others),
        )


def _share(counts: Floats, total: int) -> Floats:
    return counts / total if total else np.full(len(counts), np.nan)


def _miss(table: _Candidates, target: _Candidates) -> Floats:
    """Distance of TPR and FPR from the target; a rate that is undefined on a side counts 0."""
    rates = np.stack([table.tpr - target.tpr, table.fpr - target.fpr])
    return np.asarray(np.nansum(np.abs(rates), axis=0))


def _nearest(thresholds: Floats, raw: float) -> float:
    """The threshold nearest to the raw one, of two such the smaller (the larger if raw is inf)."""

    def distance(threshold: float) -> tuple[float, float]:
        gap = 0.0 if threshold == raw else abs(threshold - raw)
        return gap, -threshold if raw == np.inf else threshold

    return float(min(thresholds, key=distance))


def _used(intensity: Floats, truth: Codes, groups: Codes) -> Flags:
    return np.asarray(~np.isnan(intensity) & np.isin(truth, (0, 1)) & (groups >= 0))


def _detection(score: Floats, truth: Flags, codes: Codes, thresholds: Floats) -> Detection:
    size = len(thresholds)
    decided = ~np.isnan(thresholds)[codes]
    score, truth, codes = score[decided], truth[decided], codes[decided]
    shown = score >= thresholds[codes]

    def counts(rows: Flags) -> Floats:
        return np.asarray(np.bincount(codes[rows], minlength=size), dtype=np.float64)

    def rate(part: Floats, whole: Floats) -> Floats:
        shares = np.full(size, np.nan)
        np.divide(part, whole, out=shares, where=whole > 0)
        return shares

    right, n = counts(shown == truth), np.bincount(codes, minlength=size)
    return Detection(
        rate(right, n.astype(np.float64)),
        rate(counts(shown & truth), counts(truth)),
        rate(counts(shown & ~truth), counts(~truth)),
        n.astype(np.int64),
        _equal_accuracies(right, n.astype(np.float64)),
    )


def _equal_accuracies(right: Floats, n: Floats) -> Outcome:
    """Pearson's test on wrong and right answers, in words of answers rather than labels."""
    outcome = pearson(np.stack([n - right, right], axis=1))
    if not outcome.reason:
        return outcome
    reason = "fewer than two groups with images" if (n > 0).sum() < 2 else "no answer is wrong"
    if (n > 0).sum() >= 2 and not right.any():
        reason = "no answer is right"
    return Outcome(n=outcome.n, min_expected=outcome.min_expected, reason=reason)
