"""The p of every test that the audit makes of one simulated data set."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.annotation_world import THRESHOLDS
from benchmarks.audit_designs import QUESTIONS, Design, Key
from reports.audit.intensity_rows import MODELS
from reports.audit.observations import Observations
from reports.audit.options import AuditOptions
from reports.audit.pooled_rows import pooled_tests
from reports.audit.stratum_rows import stratum_tests
from reports.audit.tabulate import marginal, pooled, presences, strata_of, tabulated
from reports.audit.tabulation import ALL, Tabulation
from reports.stats.clusters import cluster_permutation, cluster_wald
from reports.stats.group_term import group_term
from reports.stats.multiplicity import holm
from reports.tabular.groups import Grouping

#: deals of a permutation test: 10 of 200 equally likely places are 5 % exactly, so the level can
#: be checked with fewer deals than the audit makes
DEALS = 199

#: people of each group from which on `cluster_wald` promises its level
ENOUGH_CLUSTERS = 50
#: word of the reasons that stand beside a p that may not hold
WARNING = "rough"

PValue = tuple[Key, float]


def p_values(
    plan: Design, observations: Observations, draw: np.random.Generator
) -> Iterator[PValue]:
    """Every test of the design with its p; NaN where a test could not be made.

    Args:
        plan: says which tests, labels and attributes.
        observations: one data set.
        draw: for Monte-Carlo p and permutations.
    """
    options = AuditOptions(seed=int(draw.integers(2**32)))
    present = presences(observations, THRESHOLDS)
    for grouping in observations.groupings:
        if grouping.name not in plan.attributes:
            continue
        for label in plan.labels:
            joint = tabulated(observations, label, grouping, QUESTIONS[label], present)
            if "counts" in plan.kinds:
                yield from _of_counts(joint, options, alone=not plan.powers)
            if "regression" in plan.kinds:
                yield from _of_regression(observations, label, grouping)
            if "clusters" in plan.kinds:
                yield from _of_clusters(observations, joint, grouping, draw)


def _of_counts(joint: Tabulation, options: AuditOptions, *, alone: bool) -> Iterator[PValue]:
    """Tests within and over strata: joint patterns, perhaps units alone, and the whole data set.

    Holm's correction is that of the two tables that can be printed: `holm` of a family is the
    smallest corrected p of its strata, so it rejects where any of them does.
    """
    several = alone and len(joint.units) > 1
    marginals = [marginal(joint, unit) for unit in joint.units] if several else []
    yield from _of_strata(pooled(joint), options, {})
    for table in ([joint], marginals):
        printed: dict[Key, float] = {}
        for tabulation in table:
            yield from _of_strata(tabulation, options, printed)
            for row in pooled_tests(tabulation):
                test = _marked(row["test"], row["reason"])
                yield _key(tabulation, row["condition"], test), row["p"]
        if printed:
            name = joint.family if table == [joint] else "each unit alone"
            corrected = holm(list(printed.values()))
            smallest = np.nan if np.isnan(corrected).all() else np.nanmin(corrected)
            yield _key(joint, name, "holm"), float(smallest)


def _of_strata(
    tabulation: Tabulation, options: AuditOptions, printed: dict[Key, float]
) -> Iterator[PValue]:
    """Tests of single strata; those that a table prints are put into `printed`."""
    for row, is_printed in stratum_tests(tabulation, options):
        key = _key(tabulation, row["condition"], row["test"])
        if is_printed:
            printed[key] = row["p"]
        yield key, row["p"]


def _marked(test: str, reason: str) -> str:
    """The test, set apart where the audit warns beside its p: it then promises nothing."""
    return f"{test} (warned)" if WARNING in reason else test


def _key(tabulation: Tabulation, condition: str, test: str) -> Key:
    return Key(tabulation.label, tabulation.attribute, condition, test)


def _of_regression(observations: Observations, label: str, grouping: Grouping) -> Iterator[PValue]:
    """The group term in a logistic regression on all intensities, under each model."""
    labels = observations.yes[:, observations.classes.index(label)].astype(np.float64)
    for model, name in MODELS.items():
        term = group_term(
            labels, observations.intensities, grouping.codes, len(grouping.levels), model=model
        )
        yield Key(label, grouping.name, "all units", name), term.outcome.p


def _of_clusters(
    observations: Observations, joint: Tabulation, grouping: Grouping, draw: np.random.Generator
) -> Iterator[PValue]:
    """Tests with people (or, without them, images) as units: raw, within strata, and over them."""
    present = presences(observations, THRESHOLDS)
    names, strata = strata_of(observations, joint.units, present)
    for condition, code in ((ALL, None), *((name, place) for place, name in enumerate(names))):
        rows = np.ones(len(strata), dtype=bool) if code is None else strata == code
        for test, p in _clustered(observations, joint.label, grouping, rows, draw=draw):
            yield _key(joint, condition, test), p
    every = np.ones(len(strata), dtype=bool)
    for test, p in _clustered(observations, joint.label, grouping, every, draw=draw, strata=strata):
        yield _key(joint, joint.family, test), p


def _clustered(
    observations: Observations,
    label: str,
    grouping: Grouping,
    rows: NDArray[np.bool_],
    *,
    draw: np.random.Generator,
    strata: NDArray[np.int64] | None = None,
) -> Iterator[tuple[str, float]]:
    """Both tests of these rows."""
    yes = observations.yes[rows, observations.classes.index(label)]
    votes, codes = observations.votes[rows], grouping.codes[rows]
    named = observations.clusters
    people = np.flatnonzero(rows) if named is None else named[rows]
    within = None if strata is None else strata[rows]
    end = "" if strata is None else "_pooled"
    groups = len(grouping.levels)
    wald = cluster_wald(yes, votes, codes, people, groups, strata=within)
    sizes = np.bincount(codes[np.unique(people, return_index=True)[1]], minlength=groups)
    few = "" if sizes.min() >= ENOUGH_CLUSTERS else " (few clusters)"
    yield f"cluster_wald{end}{few}", wald.p
    permuted = cluster_permutation(
        yes, votes, codes, people, groups, generator=draw, draws=DEALS, strata=within
    )
    yield f"cluster_permutation{end}", permuted.p
