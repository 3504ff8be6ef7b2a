"""Rows where images or votes are not independent: several raters of an image, several of a person.

The cluster (a person where a column names one, else the image) is the unit then; tests over single
votes would call chance a difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.audit.observations import Observations
from reports.audit.options import AuditOptions
from reports.audit.questions import Question, Rows
from reports.audit.stratum_rows import proportion_rows, test_row
from reports.audit.tabulation import Tabulation
from reports.stats.clusters import (
    cluster_permutation,
    cluster_wald,
    clustered_difference,
    clustered_proportions,
)
from reports.stats.outcome import Estimate, Outcome

Row = dict[str, Any]
Codes = NDArray[np.int64]


def is_clustered(question: Question) -> bool:
    """Whether the images of this question are not to be counted as independent."""
    rows = question.rows
    return rows is not None and (
        rows.observations.has_votes or rows.observations.clusters is not None
    )


def noted(row: Row, observations: Observations) -> Row:
    """The row of numbers that take images as independent; it says so where they are not."""
    if observations.clusters is None:
        return row
    said = f"images of one {observations.cluster_name} taken as independent"
    return row | {"reason": "; ".join(filter(None, (row["reason"], said)))}


@dataclass(frozen=True, eq=False)
class _Votes:
    """What the tests read: yes of votes, group, cluster and stratum of every image used."""

    yes: Codes
    votes: Codes
    groups: Codes
    clusters: Codes
    strata: Codes

    @classmethod
    def of(cls, rows: Rows, strata: Codes) -> _Votes:
        seen = rows.observations
        clusters = seen.clusters if seen.clusters is not None else np.arange(len(seen))
        used = (strata >= 0) & (rows.grouping.codes >= 0) & (seen.votes > 0) & (clusters >= 0)
        return cls(
            (seen.yes[:, rows.label] * seen.weights)[used],
            (seen.votes * seen.weights)[used],
            rows.grouping.codes[used],
            clusters[used],
            strata[used],
        )

    def within(self, stratum: int) -> _Votes:
        inside = self.strata == stratum
        return _Votes(
            self.yes[inside],
            self.votes[inside],
            self.groups[inside],
            self.clusters[inside],
            self.strata[inside],
        )

    def wald(self, groups: int, strata: Codes | None = None) -> Outcome:
        return cluster_wald(self.yes, self.votes, self.groups, self.clusters, groups, strata=strata)

    def permutation(
        self, groups: int, draw: np.random.Generator, strata: Codes | None = None
    ) -> Outcome:
        return cluster_permutation(
            self.yes, self.votes, self.groups, self.clusters, groups, generator=draw, strata=strata
        )

    def difference(self, first: int, second: int) -> Estimate:
        return clustered_difference(
            self.yes, self.votes, self.groups, self.clusters, (first, second)
        )


def clustered_tests(
    question: Question, tabulation: Tabulation, options: AuditOptions
) -> Iterator[tuple[Row, bool]]:
    """Both tests of every stratum; printed is the permutation, or Wald's where there is none."""
    assert question.rows is not None
    votes = _Votes.of(question.rows, question.strata_codes(tabulation))
    groups = len(tabulation.groups)
    for stratum, condition in enumerate(tabulation.strata):
        inside = votes.within(stratum)
        effect = inside.difference(0, 1) if groups == 2 else Estimate()
        draw = options.generator(*question.place.values(), condition)
        permuted = inside.permutation(groups, draw)
        exact = not math.isnan(permuted.p)
        yield (
            test_row(tabulation, condition, "cluster_wald", inside.wald(groups), effect),
            not exact,
        )
        yield test_row(tabulation, condition, "cluster_permutation", permuted, effect), exact


def pooled_clustered_tests(
    question: Question, tabulation: Tabulation, options: AuditOptions
) -> Iterator[Row]:
    """The same tests over all strata of a family, strata being fixed effects."""
    assert question.rows is not None
    votes = _Votes.of(question.rows, question.strata_codes(tabulation))
    groups, family = len(tabulation.groups), tabulation.family
    draw = options.generator(*question.place.values(), "pooled", family)
    wald = votes.wald(groups, votes.strata)
    permuted = votes.permutation(groups, draw, votes.strata)
    yield test_row(tabulation, family, "cluster_wald_pooled", wald, Estimate())
    yield test_row(tabulation, family, "cluster_permutation_pooled", permuted, Estimate())


def clustered_proportion_rows(question: Question, tabulation: Tabulation) -> Iterator[Row]:
    """The proportions with intervals that take clusters as units.

    No residuals: they assume independent counts.
    """
    assert question.rows is not None
    votes = _Votes.of(question.rows, question.strata_codes(tabulation))
    rows = proportion_rows(tabulation)
    for stratum in range(len(tabulation.strata)):
        inside = votes.within(stratum)
        estimates = clustered_proportions(
            inside.yes, inside.votes, inside.groups, inside.clusters, len(tabulation.groups)
        )
        for estimate in estimates:
            yield next(rows) | {
                "low": estimate.low,
                "high": estimate.high,
                "standard_error": math.nan,
                "residual": math.nan,
            }


def clustered_pair_rows(question: Question, tabulation: Tabulation) -> Iterator[Row]:
    """Differences of all pairs of groups with intervals that take clusters as units."""
    assert question.rows is not None
    votes = _Votes.of(question.rows, question.strata_codes(tabulation))
    for stratum, condition in enumerate(tabulation.strata):
        inside = votes.within(stratum)
        for first in range(len(tabulation.groups)):
            for second in range(first + 1, len(tabulation.groups)):
                estimate = inside.difference(first, second)
                yield question.place | {
                    "family": tabulation.family,
                    "condition": condition,
                    "group_a": tabulation.groups[first],
                    "group_b": tabulation.groups[second],
                    "difference": estimate.value,
                    "difference_low": estimate.low,
                    "difference_high": estimate.high,
                    "odds_ratio": math.nan,
                    "odds_low": math.nan,
                    "odds_high": math.nan,
                    "detectable": math.nan,
                    "n": int(np.isin(inside.groups, (first, second)).sum()),
                    "reason": estimate.reason,
                }


def with_clustered_intervals(question: Question, rows: Iterator[Row]) -> Iterator[Row]:
    """Rows of `discrimination` of images that are not independent.

    The raw form has the interval that takes clusters as units; the conditional form keeps its value
    and has no interval.
    """
    assert question.rows is not None
    groups = question.overall.groups
    votes = _Votes.of(question.rows, question.strata_codes(question.overall))
    for row in rows:
        if row["form"] == "raw":
            pair = groups.index(row["group_a"]), groups.index(row["group_b"])
            estimate = votes.difference(*pair)
            yield row | {
                "low": estimate.low,
                "high": estimate.high,
                "detectable": math.nan,
                "reason": estimate.reason,
            }
        else:
            said = "no interval: images are not independent"
            unknown = dict.fromkeys(("low", "high", "detectable"), math.nan)
            yield row | unknown | {"reason": row["reason"] or said}
