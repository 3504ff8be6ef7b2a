"""Rows that need the action-unit intensities of each image: adjusted odds and fitted curves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from reports.audit.questions import Question, Rows
from reports.audit.stratum_rows import test_row
from reports.stats.curves import fitted_curve
from reports.stats.group_term import GroupTerm, Model, group_term
from reports.stats.outcome import Estimate

Row = dict[str, Any]

#: model of the group term -> its name in `audit.csv`
MODELS: dict[Model, str] = {
    "main": "logit_lr",
    "interactions": "logit_lr_interactions",
    "squares": "logit_lr_squares",
}
CURVE_NUMBERS = ("intensity", "probability", "low", "high")


def group_terms(question: Question) -> Iterator[tuple[Model, GroupTerm]]:
    """The group term under each model; nothing for counts, votes and data without action units."""
    rows = question.rows
    if rows is None or rows.observations.has_votes or not rows.observations.action_units:
        return
    expanded = _expanded(rows)
    size, names = len(rows.grouping.levels), rows.observations.action_units
    for model in MODELS:
        yield model, group_term(*expanded, size, model=model, names=names)


def _expanded(rows: Rows) -> tuple[Any, Any, Any]:
    """Labels, intensities and groups, with rows that stand for several images repeated."""
    seen = rows.observations
    times = seen.weights
    arrays = (rows.labels, seen.intensities, rows.grouping.codes)
    if (times == 1).all():
        return arrays
    labels, intensities, groups = (np.repeat(array, times, axis=0) for array in arrays)
    return labels, intensities, groups


def adjusted_test(question: Question, model: Model, term: GroupTerm) -> Row:
    """The row of `audit.csv`; of two groups the effect is the odds ratio, first over second."""
    effect = Estimate()
    if len(term.odds_ratios) == 2 and not math.isnan(term.odds_ratios[1].value):
        second = term.odds_ratios[1]
        value, low, high = map(_inverse, (second.value, second.high, second.low))
        effect = Estimate(value, low, high, second.reason)
    assert question.rows is not None
    family = ",".join(question.rows.observations.action_units)
    return test_row(question.overall, family, MODELS[model], term.outcome, effect)


def _inverse(ratio: float) -> float:
    """1 / ratio, infinite where the ratio is too small for a number."""
    return 1 / ratio if ratio else math.inf


def adjusted_rows(question: Question, model: Model, term: GroupTerm) -> Iterator[Row]:
    """Adjusted odds ratio and average marginal difference of every group against the first."""
    groups = question.overall.groups
    reference = next(
        (g for g, e in zip(groups, term.odds_ratios, strict=True) if e.reason == "reference"), ""
    )
    for group, estimate, difference in zip(
        groups, term.odds_ratios, term.marginal_differences, strict=True
    ):
        if group == reference:
            continue
        yield question.place | {
            "model": model,
            "group": group,
            "reference": reference,
            "odds_ratio": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "marginal_difference": difference,
            "n": term.outcome.n,
            "firth": term.firth,
            "reason": estimate.reason or term.outcome.reason,
        }


def curve_rows(question: Question) -> Iterator[Row]:
    """P(label | intensity of one unit) fitted within each group.

    A group without a curve has one row without numbers, so that figures can say so.
    """
    rows = question.rows
    if rows is None or rows.observations.has_votes:
        return
    labels, intensities, groups = _expanded(rows)
    for column, unit in enumerate(rows.observations.action_units):
        for code, group in enumerate(rows.grouping.levels):
            inside = (groups == code) & ~np.isnan(labels) & ~np.isnan(intensities[:, column])
            curve = fitted_curve(
                intensities[inside, column], labels[inside], top=rows.observations.top
            )
            points = np.column_stack([curve.grid, curve.probability, curve.low, curve.high])
            seen = points[~np.isnan(curve.probability)]
            for numbers in seen if len(seen) else np.full((1, 4), math.nan):
                place = question.place | {"action_unit": unit, "group": group}
                yield place | dict(zip(CURVE_NUMBERS, numbers.tolist(), strict=True))
