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

#: points of a group's ROC curve that are tried as a common aim
MOST_POINTS = 400


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
    down. `tpr_fpr`: the groups' TPR and FPR are brought together, with no fewer right answers over
    all than the pooled threshold gives, where that is possible (equal rates alone are had by
    calling everybody or nobody present). Ties go to the threshold nearest to the pooled one, which
    is itself a candidate, then to the smaller.

    Args:
        intensity: (N,) in any unit, NaN where not measured.
        truth: (N,) 1 where the unit is shown, 0 where not.
        groups: (N,) codes 0..G-1.
        num_groups: G.
        match: what is made alike.

    Raises:
        ReportError: an intensity is infinite.

    Source: metrics.md 10.9; Chen & Joo 2021, supplement 1.1 (`accuracy`). The floor
    of `tpr_fpr` is ours.
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
    if match == "tpr_fpr":
        sizes = np.bincount(codes, minlength=num_groups)
        floor = float(np.mean((score >= raw) == flags))
        for group, threshold in _matched(tables, sizes, raw, floor).items():
            chosen[group] = threshold
        return Thresholds(raw, chosen)
    target = min(table.accuracy.max() for table in tables.values())
    for group, table in tables.items():
        miss = np.abs(table.accuracy - target)
        chosen[group] = _nearest(table.thresholds[miss <= miss.min() + 1e-12], raw)
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


def _matched(
    tables: dict[int, _Candidates], sizes: Codes, raw: float, floor: float
) -> dict[int, float]:
    """Group -> threshold, so that TPR and FPR of the groups lie close together.

    Every point (TPR, FPR) that some group can reach is tried as the common aim: each group takes
    its threshold closest to it. Of the aims under which at least `floor` of all answers are right,
    or the most that any aim allows, the one that the groups miss least is taken; then the one with
    most right answers.
    """
    thinned = {group: table.thinned(raw) for group, table in tables.items()}
    points = np.concatenate([table.points for table in thinned.values()])
    misses, right = np.zeros(len(points)), np.zeros(len(points))
    places: dict[int, Codes] = {}
    for group, table in thinned.items():
        # A rate that is undefined on either side cannot be missed.
        distance = np.nansum(np.abs(points[:, None] - table.points[None]), axis=2)
        places[group] = distance.argmin(axis=1)
        misses += distance.min(axis=1)
        right += sizes[group] * table.accuracy[places[group]]
    enough = right >= min(floor * sizes.sum(), right.max()) - 1e-9
    least = enough & (misses <= misses[enough].min() + 1e-12)
    aim = int(np.argmax(np.where(least, right, -1)))
    return {group: float(thinned[group].thresholds[places[group][aim]]) for group in thinned}


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

    @property
    def points(self) -> Floats:
        """(T, 2) TPR and FPR; NaN where undefined."""
        return np.column_stack([self.tpr, self.fpr])

    def thinned(self, raw: float) -> _Candidates:
        """At most `MOST_POINTS` of the candidates, evenly over the images, the nearest to the raw
        threshold first.
        """
        order = np.argsort(self.thresholds, kind="stable")
        kept = order[np.unique(np.linspace(0, len(order) - 1, MOST_POINTS).astype(np.int64))]
        kept = np.union1d(kept, np.flatnonzero(self.thresholds == raw))
        kept = kept[np.lexsort((self.thresholds[kept], _distance(self.thresholds[kept], raw)))]
        return _Candidates(
            self.thresholds[kept], self.accuracy[kept], self.tpr[kept], self.fpr[kept]
        )


def _distance(thresholds: Floats, raw: float) -> Floats:
    """How far each threshold is from the raw one; an infinite raw one is itself near."""
    far = np.full(len(thresholds), np.inf)
    np.subtract(thresholds, raw, out=far, where=thresholds != raw)
    return np.where(thresholds == raw, 0.0, np.abs(far))


def _share(counts: Floats, total: int) -> Floats:
    return counts / total if total else np.full(len(counts), np.nan)


def _nearest(thresholds: Floats, raw: float) -> float:
    """The threshold nearest to the raw one, then the smaller."""
    return float(thresholds[np.lexsort((thresholds, _distance(thresholds, raw)))[0]])


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
