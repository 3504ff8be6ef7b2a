"""Rows about the groups themselves: agreement of raters, lost images, predicted attributes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from reports.audit.observations import Observations
from reports.audit.options import AuditOptions
from reports.audit.questions import Question
from reports.audit.stratum_rows import where_allowed
from reports.audit.tabulate import measured
from reports.audit.tabulation import Tabulation
from reports.convention import Convention
from reports.stats.agreement import agreement
from reports.stats.misclassification import corrected_proportions
from reports.stats.outcome import Estimate
from reports.stats.proportions import wilson
from reports.tabular.groups import Grouping

Row = dict[str, Any]

EVERYBODY = "all"


def agreement_rows(observations: Observations, options: AuditOptions) -> Iterator[Row]:
    """Agreement of the raters of an image: over all images, then per group."""
    if not observations.has_votes:
        return
    counts = _complete_votes(observations)
    parts = [("", EVERYBODY, np.ones(len(observations), dtype=bool))]
    for grouping in observations.groupings:
        parts += [
            (grouping.name, level, grouping.codes == code)
            for code, level in enumerate(grouping.levels)
        ]
    for attribute, group, inside in parts:
        rows = np.repeat(np.flatnonzero(inside), observations.weights[inside])
        clusters = None if observations.clusters is None else observations.clusters[rows]
        draw = options.generator(observations.name, attribute, group, "agreement")
        found = agreement(counts[rows], clusters=clusters, generator=draw)
        yield {
            "dataset": observations.name,
            "attribute": attribute,
            "group": group,
            "images": found.images,
            "votes": found.votes,
            "agreement": found.pairwise.value,
            "agreement_low": found.pairwise.low,
            "agreement_high": found.pairwise.high,
            "alpha": found.alpha.value,
            "alpha_low": found.alpha.low,
            "alpha_high": found.alpha.high,
            "reason": found.pairwise.reason or found.alpha.reason,
        }


def _complete_votes(observations: Observations) -> Any:
    """(N, K or K + 1) votes of every class; what is not asked about counts as one more class."""
    other = observations.votes - observations.yes.sum(axis=1)
    if not other.any():
        return observations.yes
    return np.column_stack([observations.yes, other])


def lost(observations: Observations) -> Any:
    """(N,) whether some action unit was not measured, so that no joint pattern is known."""
    return ~measured(observations)


def loss_rows(observations: Observations) -> Iterator[Row]:
    """Share of each group's images without measured action units.

    A loss that differs between groups is itself a bias.
    """
    if not observations.action_units:
        return
    for grouping in observations.groupings:
        counts = _loss_counts(observations, grouping)
        low, high = wilson(counts[:, 1], counts.sum(axis=1))
        for code, level in enumerate(grouping.levels):
            images, missing = int(counts[code].sum()), int(counts[code, 1])
            yield {
                "dataset": observations.name,
                "attribute": grouping.name,
                "group": level,
                "images": images,
                "lost": missing,
                "share": missing / images if images else math.nan,
                "low": low[code],
                "high": high[code],
            }


def lost_share(observations: Observations) -> float:
    """Share of the images that lack a measured action unit; 0 without images."""
    total = int(observations.weights.sum())
    return int(observations.weights[lost(observations)].sum()) / total if total else 0.0


def loss_tests(observations: Observations, convention: Convention) -> Iterator[Row]:
    """Is the loss the same in all groups? Only where something was lost.

    No p where the convention's rule does not allow a chi-square test.
    """
    if not observations.action_units or not lost_share(observations):
        return
    for grouping in observations.groupings:
        result = where_allowed(_loss_counts(observations, grouping), convention)
        yield {
            "dataset": observations.name,
            "label": "",
            "attribute": grouping.name,
            "condition": "action units not measured",
            "test": "chi2",
            "statistic": result.statistic,
            "dof": result.dof,
            "p": result.p,
            "p_holm": math.nan,
            "effect": math.nan,
            "effect_low": math.nan,
            "effect_high": math.nan,
            "n": result.n,
            "min_expected": result.min_expected,
            "reason": result.reason,
        }


def _loss_counts(observations: Observations, grouping: Grouping) -> Any:
    """(G, 2) images with all action units measured, and without."""
    known = grouping.codes >= 0
    code = grouping.codes[known] * 2 + lost(observations)[known]
    counts = np.bincount(
        code, weights=observations.weights[known], minlength=2 * len(grouping.levels)
    )
    return counts.reshape(-1, 2).astype(np.int64)


def corrected_rows(
    question: Question, tabulation: Tabulation, options: AuditOptions
) -> Iterator[Row]:
    """Proportions of a predicted attribute, as they are and corrected for the classifier's errors.

    Without the classifier's confusion matrix nothing can be corrected, which `limits` says.
    """
    rows = question.rows
    if rows is None or not rows.grouping.predicted or rows.grouping.confusion is None:
        return
    for condition, table in zip(tabulation.strata, tabulation.counts, strict=True):
        draw = options.generator(*question.place.values(), condition, "corrected")
        estimates, reason = corrected_proportions(table, rows.grouping.confusion, draw)
        for group, counts in enumerate(table):
            estimate: Estimate = estimates[group]
            n = int(counts.sum())
            yield question.place | {
                "condition": condition,
                "group": tabulation.groups[group],
                "naive": counts[1] / n if n else math.nan,
                "corrected": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "reason": estimate.reason or reason,
            }
