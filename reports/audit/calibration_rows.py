"""Calibrated presence thresholds: their accuracies per group, and the audit under each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.audit.action_units import thresholds_of
from reports.audit.expert import Expert
from reports.audit.observations import Observations
from reports.audit.options import AuditOptions
from reports.audit.questions import Question, Rows, question_of
from reports.audit.stratum_rows import SPARSE
from reports.audit.tabulate import presences
from reports.convention import Convention
from reports.stats.calibration import (
    Calibration,
    Detection,
    Match,
    Thresholds,
    evaluate,
    fit_thresholds,
)
from reports.stats.chi_square import allows_chi_square
from reports.stats.outcome import Outcome
from reports.tabular.groups import Grouping

Row = dict[str, Any]
Floats = NDArray[np.float64]

RAW = "raw"
#: what is made alike between groups -> name of the thresholds
KINDS: dict[Match, str] = {"accuracy": "recalibrated", "tpr_fpr": "matched error rates"}


@dataclass(frozen=True, eq=False)
class Calibrated:
    """One action unit calibrated for the groups of one attribute.

    Attributes:
        dataset: the faces' name.
        attribute, levels: of the groups.
        unit: the action unit.
        match: what is made alike.
        result: detection by the pooled and the group thresholds.
        top: of the intensities' scale.
        reason: on which images thresholds were fitted and tested.
    """

    dataset: str
    attribute: str
    levels: tuple[str, ...]
    unit: str
    match: Match
    result: Calibration
    top: float
    reason: str


def calibrated(expert: Expert, options: AuditOptions) -> list[Calibrated]:
    """Every unit for every attribute, by accuracy and by error rates.

    Under `strict` thresholds are fitted on one random half of the faces and tested on the other;
    under `paper` both are all faces, which flatters the thresholds.
    """
    same = options.convention.name == "paper"
    count = len(expert.truth)
    half = np.ones(count, dtype=bool)
    if not same:
        half = options.generator(expert.name, "calibration").permutation(count) < count / 2
    reason = "fitted and tested on the same faces" if same else "tested on the other half"

    def one(grouping: Grouping, unit: str, match: Match) -> Calibrated:
        column, groups = expert.action_units.index(unit), grouping.codes
        intensity, truth = expert.intensities[:, column], expert.truth[:, column]
        size = len(grouping.levels)
        fitted = fit_thresholds(intensity[half], truth[half], groups[half], size, match=match)
        other = half if same else ~half
        result = evaluate(fitted, intensity[other], truth[other], groups[other])
        return Calibrated(
            expert.name, grouping.name, grouping.levels, unit, match, result, expert.top, reason
        )

    return [
        one(grouping, unit, match)
        for grouping in expert.groupings
        for unit in expert.action_units
        for match in KINDS
    ]


def calibration_rows(found: Sequence[Calibrated], convention: Convention) -> Iterator[Row]:
    """Accuracy, error rates and the test of equal accuracies, per kind of threshold.

    No p where the convention's rule does not allow a chi-square test.
    """
    for one in found:
        thresholds = one.result.thresholds
        if one.match == "accuracy":
            pooled = np.full(len(one.levels), thresholds.raw)
            yield from _rows(one, RAW, one.result.raw, pooled, convention)
        kind = KINDS[one.match]
        yield from _rows(one, kind, one.result.recalibrated, thresholds.groups, convention)


def _test(detection: Detection, convention: Convention) -> Outcome:
    """The test of equal accuracies, as far as it is allowed."""
    right = np.rint(np.nan_to_num(detection.accuracy) * detection.n)
    table = np.stack([detection.n - right, right], axis=1)
    rule = convention.sparse_rule
    if math.isnan(detection.test.p) or allows_chi_square(table, rule):
        return detection.test
    return replace(detection.test, p=math.nan, reason=SPARSE[rule])


def _rows(
    one: Calibrated, kind: str, detection: Detection, thresholds: Floats, convention: Convention
) -> Iterator[Row]:
    test = _test(detection, convention)
    for code, group in enumerate(one.levels):
        yield {
            "dataset": one.dataset,
            "attribute": one.attribute,
            "action_unit": one.unit,
            "threshold_kind": kind,
            "group": group,
            "threshold": thresholds[code],
            "accuracy": detection.accuracy[code],
            "tpr": detection.tpr[code],
            "fpr": detection.fpr[code],
            "n": int(detection.n[code]),
            "statistic": test.statistic,
            "p": test.p,
            "reason": test.reason or one.reason,
        }


def sensitivity_questions(
    observations: Observations, found: Sequence[Calibrated], options: AuditOptions
) -> Iterator[Question]:
    """The questions once more under calibrated thresholds, where units and groups are the same.

    Units that were not calibrated keep their thresholds. A group without a threshold of its own
    keeps the pooled one.
    """
    for grouping in observations.groupings:
        own = [
            one for one in found
            if one.attribute == grouping.name
            and one.levels == grouping.levels
            and one.unit in observations.action_units
        ]  # fmt: skip
        if not own:
            continue
        accuracy = {one.unit: one for one in own if one.match == "accuracy"}
        yield from _under(observations, grouping, accuracy, f"{RAW} thresholds", options, raw=True)
        for match, kind in KINDS.items():
            chosen = {one.unit: one for one in own if one.match == match}
            yield from _under(observations, grouping, chosen, f"{kind} thresholds", options)


def _under(
    observations: Observations,
    grouping: Grouping,
    chosen: Mapping[str, Calibrated],
    variant: str,
    options: AuditOptions,
    *,
    raw: bool = False,
) -> Iterator[Question]:
    units = observations.action_units
    default = thresholds_of(units, observations.intensities, observations.top, options.thresholds)
    table = np.tile([default[unit] for unit in units], (len(grouping.levels), 1))
    for unit, one in chosen.items():
        fitted: Thresholds = one.result.thresholds
        column = np.full(len(grouping.levels), fitted.raw)
        if not raw:
            column = np.where(np.isnan(fitted.groups), fitted.raw, fitted.groups)
        # A calibrated threshold counts as present what reaches it, `presences` what exceeds it.
        scaled = column * observations.top / one.top
        table[:, units.index(unit)] = np.nextafter(scaled, -np.inf)
    present = presences(observations, table, groups=grouping.codes)
    for label in range(len(observations.classes)):
        yield question_of(Rows(observations, label, grouping, present), variant=variant)
