"""Proportions and tests where votes or pictures of one person are not independent.

`yes` of `votes` raters gave an image the label; a single label is one vote. A cluster (an actor,
or the image itself) is the unit that varies independently, however many images and votes it has.
A code of -1 means unknown: such rows, and rows without votes, are left out.

Which test: `cluster_permutation` holds its level at any number of clusters, because if the group
makes no difference, whole clusters could have been dealt to the groups in any other way.
`cluster_wald` relies on many clusters in every group. Rejections at 5 % without a difference, in
4,000 simulated data sets each (shares around 1/2 and 1/12, one and six strata, 30 to 60 votes a
cluster and stratum, actors differing by a standard deviation of 0.7 logits; standard error 0.3 %):

    clusters per group    cluster_wald     cluster_permutation
    48, 43                4.7 to 5.1 %     4.5 to 5.2 %
    61, 22, 7             8.3 to 12.0 %    4.9 to 5.5 %
    5, 5                  4.2 to 6.2 %     4.3 to 5.0 %

So the permutation test is the one to report. The Wald test holds its level for two groups of some
forty clusters, not where one of several groups is small. It is for groups that vary within
clusters, and for so many clusters in every group that permuting takes long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from reports.errors import ReportError
from reports.stats.cluster_scores import (
    BATCH_ELEMENTS,
    ClusterSums,
    cluster_sums,
    ranked,
    summed,
    wald_statistics,
)
from reports.stats.outcome import Estimate, Outcome

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

#: draws x cells of a permutation test, about a second; larger data get fewer draws
MAX_WORK = 20_000_000
MIN_DRAWS = 999
#: fewer clusters than this in a group are named beside the p of the Wald test
FEW_CLUSTERS = 10
#: the Wald test has no p where fewer clusters than this show the label (or its absence) in the
#: smallest group: simulated, it then rejects a true null in up to 47 %
FEWEST_EXPECTED = 5

EMPTY = "nobody in this group"
ONE_CLUSTER = "one cluster only"
ALIKE = "clusters do not differ: interval as if each were one vote"
NO_LABEL = "nobody or everybody has the label"
NO_VARIATION = "no variation within groups"
RARE = "too few clusters with the label, or without it, for a Wald test"
ONE_GROUP = "fewer than two groups with two clusters"
LEFT_OUT = "groups with one cluster are left out"
UNMET = "groups that meet no other group in a stratum are left out"
CONSTANT = "the label does not vary within strata"
APART = "the groups do not meet in any stratum"
TOO_FEW = "too few clusters"
VARYING = "groups vary within clusters"


def clustered_proportions(
    yes: Codes, votes: Codes, groups: Codes, clusters: Codes, num_groups: int
) -> tuple[Estimate, ...]:
    """Share of yes votes in each group with an interval that takes clusters as the units.

    The standard error is that of a ratio of cluster sums, widened by clusters / (clusters - 1); the
    interval is made on the logit scale with Student's t of clusters - 1 degrees of freedom, so that
    it stays within 0 and 1. Where no cluster differs from another (nobody has the label, say) it
    would have no width: then each cluster counts as one vote of a Clopper-Pearson interval, and
    the reason says so.

    Args:
        yes: (N,) votes for the label.
        votes: (N,) votes in all.
        groups: (N,) codes 0..G-1.
        clusters: (N,) codes.
        num_groups: G.

    Returns:
        G estimates in [0, 1]; undefined for a group with fewer than two clusters.

    Raises:
        ReportError: some image has more yes votes than votes.

    Source: Cochran 1977, ch. 6; Korn & Graubard 1999 for the interval.
    """
    known = _known(yes, votes, groups, clusters)
    parts = (known & (groups == group) for group in range(num_groups))
    return tuple(_proportion(_cluster_totals(yes, votes, clusters, rows)) for rows in parts)


def clustered_difference(
    yes: Codes, votes: Codes, groups: Codes, clusters: Codes, pair: tuple[int, int]
) -> Estimate:
    """Share of yes votes in the first group less that in the second, with a clustered interval.

    The intervals of the two shares are put together as in Newcombe's hybrid; clusters with images
    of both groups make the shares correlated, which is taken into account.

    Args:
        yes: (N,) votes for the label.
        votes: (N,) votes in all.
        groups: (N,) codes.
        clusters: (N,) codes.
        pair: codes of the two groups.

    Returns:
        An estimate in [-1, 1]; undefined where a group has fewer than two clusters.

    Raises:
        ReportError: some image has more yes votes than votes.

    Source: Newcombe 1998; Zou & Donner 2008.
    """
    known = _known(yes, votes, groups, clusters)
    parts = [_cluster_totals(yes, votes, clusters, known & (groups == group)) for group in pair]
    first, second = (_proportion(part) for part in parts)
    for share in (first, second):
        if np.isnan(share.value):
            return Estimate(reason=share.reason)
    shared = 2 * _correlation(*parts)

    def reach(own: float, other: float) -> float:
        return float(np.sqrt(max(own**2 + other**2 - shared * own * other, 0.0)))

    value = first.value - second.value
    below = reach(first.value - first.low, second.high - second.value)
    above = reach(first.high - first.value, second.value - second.low)
    return Estimate(
        value, max(value - below, -1.0), min(value + above, 1.0), first.reason or second.reason
    )


def cluster_wald(
    yes: Codes,
    votes: Codes,
    groups: Codes,
    clusters: Codes,
    num_groups: int,
    *,
    strata: Codes | None = None,
) -> Outcome:
    """Whether the groups have equal shares of yes votes (within strata), from clustered scores.

    Least squares of the single votes on group and stratum, so the difference asked about is common
    to the strata; cluster-robust covariance whose scores are widened by m / (m - 1) in a group of
    m clusters; the statistic is Wald's over its G - 1 degrees of freedom, `dof`, and p comes from F
    with clusters - groups in the denominator. Strata with one group only carry nothing and do not
    count. See the head of this module for when p holds.

    Args:
        yes: (N,) votes for the label.
        votes: (N,) votes in all.
        groups: (N,) codes 0..G-1.
        clusters: (N,) codes.
        num_groups: G.
        strata: (N,) codes of equal facial movement; none makes one stratum.

    Returns:
        The test over images; groups with one cluster are left out with a reason, and fewer than ten
        clusters in a group are named beside p. p is NaN where fewer than five clusters with the
        label, or without it, are expected in the smallest group.

    Raises:
        ReportError: some image has more yes votes than votes.

    Source: Liang & Zeger 1986; Cameron & Miller 2015, sec. VI; Bell & McCaffrey 2002.
    """
    asked = _asked((yes, votes, groups, clusters), strata, num_groups, informative=True)
    if asked.sums is None:
        return Outcome(n=asked.images, reason=asked.reason)
    sums = asked.sums
    statistic = wald_statistics(sums, sums.groups[None])[0]
    dof, rest = sums.num_groups - 1, sums.num_clusters - sums.num_groups
    if np.isnan(statistic):
        return Outcome(n=asked.images, reason=APART)
    if np.isinf(statistic) or rest < 1:
        return Outcome(n=asked.images, reason=NO_VARIATION if rest >= 1 else TOO_FEW)
    sizes = np.bincount(sums.groups)
    if _rarer(yes, votes, clusters) * sizes.min() / sums.num_clusters < FEWEST_EXPECTED:
        return Outcome(float(statistic), dof, n=asked.images, reason=RARE)
    few = f"clusters per group: {', '.join(map(str, sizes))}" if sizes.min() < FEW_CLUSTERS else ""
    return Outcome(
        statistic=float(statistic),
        dof=dof,
        p=float(stats.f.sf(statistic, dof, rest)),
        n=asked.images,
        reason="; ".join(filter(None, (asked.reason, few))),
    )


def cluster_permutation(
    yes: Codes,
    votes: Codes,
    groups: Codes,
    clusters: Codes,
    num_groups: int,
    *,
    generator: np.random.Generator,
    draws: int = 9999,
    strata: Codes | None = None,
) -> Outcome:
    """Whether the groups have equal shares of yes votes, by dealing clusters to groups anew.

    The statistic is that of `cluster_wald`, made anew for each of `draws` random deals that keep
    the number of clusters of each group; p is (1 + deals at least as extreme) / (1 + deals), so
    never below 1 / (1 + draws). A deal that leaves no variation within groups counts as extreme.
    Data of more than 2,000 clusters x strata get fewer draws (never below 999) and a reason that
    says how many.

    Args:
        yes: (N,) votes for the label.
        votes: (N,) votes in all.
        groups: (N,) codes 0..G-1, constant within clusters.
        clusters: (N,) codes.
        num_groups: G.
        generator: source of the deals.
        draws: number of deals, at least 1.
        strata: (N,) codes of equal facial movement; none makes one stratum.

    Returns:
        The test over images; p is NaN where groups vary within clusters, for clusters are then no
        unit that could be dealt. Groups with one cluster are left out with a reason.

    Raises:
        ReportError: some image has more yes votes than votes.

    Source: Chung & Romano 2013 (studentised permutation); Phipson & Smyth 2010 for p.
    """
    asked = _asked((yes, votes, groups, clusters), strata, num_groups, informative=False)
    if asked.sums is None:
        return Outcome(n=asked.images, reason=asked.reason)
    sums = asked.sums
    if not sums.constant_groups:
        return Outcome(n=asked.images, reason=VARYING)
    observed = wald_statistics(sums, sums.groups[None])[0]
    if np.isnan(observed):
        return Outcome(n=asked.images, reason=APART)
    cells = len(sums.votes)
    made = min(draws, max(MIN_DRAWS, MAX_WORK // cells))
    step, extreme = max(1, BATCH_ELEMENTS // cells), 0
    for start in range(0, made, step):
        deals = np.tile(sums.groups, (min(step, made - start), 1))
        statistics = wald_statistics(sums, generator.permuted(deals, axis=1))
        extreme += int(np.sum(~(statistics < observed * (1 - 1e-9))))
    fewer = f"{made} draws" if made < draws else ""
    return Outcome(
        statistic=float(observed) if np.isfinite(observed) else np.nan,
        dof=sums.num_groups - 1,
        p=(1 + extreme) / (1 + made),
        n=asked.images,
        reason="; ".join(filter(None, (asked.reason, fewer))),
    )


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is left of the rows for a test: sums, or None and the reason; images used."""

    images: int
    reason: str
    sums: ClusterSums | None = None


def _asked(
    columns: tuple[Codes, Codes, Codes, Codes],
    strata: Codes | None,
    num_groups: int,
    *,
    informative: bool,
) -> _Asked:
    """Rows of groups that can be compared; `informative`: only those in strata of two groups."""
    yes, votes, groups, clusters = columns
    strata = np.zeros(len(votes), dtype=np.int64) if strata is None else strata
    known = _known(yes, votes, groups, clusters) & (strata >= 0) & (groups < num_groups)
    repeated = _with_two_clusters(known, groups, clusters)
    rows, before = repeated, -1
    while before != int(np.count_nonzero(rows)):
        before = int(np.count_nonzero(rows))
        rows = _with_two_clusters(_in_mixed_strata(rows, groups, strata), groups, clusters)
    used = np.unique(groups[rows])
    rows = rows if informative else repeated & np.isin(groups, used)
    images = int(np.count_nonzero(rows))
    if len(used) < 2:
        return _Asked(images, APART if len(np.unique(groups[repeated])) >= 2 else ONE_GROUP)
    if not np.any(yes[rows]) or np.array_equal(yes[rows], votes[rows]):
        return _Asked(images, NO_LABEL)
    sums = cluster_sums(*(column[rows] for column in (*columns, strata)))
    if not np.any(np.abs(sums.residuals) > 1e-9 * sums.votes):
        return _Asked(images, CONSTANT)
    alone = len(np.unique(groups[known])) > len(np.unique(groups[repeated]))
    unmet = len(np.unique(groups[repeated])) > len(used)
    left_out = (LEFT_OUT if alone else "", UNMET if unmet else "")
    return _Asked(images, "; ".join(filter(None, left_out)), sums)


def _rarer(yes: Codes, votes: Codes, clusters: Codes) -> int:
    """Clusters in which the label occurs, or those in which it is lacking, whichever are fewer."""
    used = (votes > 0) & (clusters >= 0)
    counts = [len(np.unique(clusters[used & rows])) for rows in (yes > 0, yes < votes)]
    return min(counts)


def _known(yes: Codes, votes: Codes, groups: Codes, clusters: Codes) -> NDArray[np.bool_]:
    if np.any((yes < 0) | (yes > votes)):
        raise ReportError(
            "some image has more votes for the label than votes in all; check the vote columns"
        )
    known: NDArray[np.bool_] = (votes > 0) & (groups >= 0) & (clusters >= 0)
    return known


def _with_two_clusters(
    rows: NDArray[np.bool_], groups: Codes, clusters: Codes
) -> NDArray[np.bool_]:
    """The rows whose group occurs in two clusters or more."""
    if not rows.any():
        return rows
    heads = np.unique(ranked(groups[rows], clusters[rows]), return_index=True)[1]
    met, counts = np.unique(groups[rows][heads], return_counts=True)
    return rows & np.isin(groups, met[counts >= 2])


def _in_mixed_strata(rows: NDArray[np.bool_], groups: Codes, strata: Codes) -> NDArray[np.bool_]:
    """The rows whose stratum has two groups or more."""
    if not rows.any():
        return rows
    heads = np.unique(ranked(strata[rows], groups[rows]), return_index=True)[1]
    met, counts = np.unique(strata[rows][heads], return_counts=True)
    return rows & np.isin(strata, met[counts >= 2])


@dataclass(frozen=True, eq=False)
class _Sums:
    """Yes votes and votes of the clusters of one group, with the clusters' codes."""

    clusters: Codes
    yes: Floats
    votes: Floats

    @property
    def share(self) -> float:
        return float(self.yes.sum() / self.votes.sum())

    @property
    def excess(self) -> Floats:
        return self.yes - self.share * self.votes


def _cluster_totals(yes: Codes, votes: Codes, clusters: Codes, rows: NDArray[np.bool_]) -> _Sums:
    names, codes = np.unique(clusters[rows], return_inverse=True)
    size = len(names)
    return _Sums(names, summed(codes, yes[rows], size), summed(codes, votes[rows], size))


def _proportion(sums: _Sums) -> Estimate:
    count = len(sums.clusters)
    if count < 2:
        return Estimate(reason=ONE_CLUSTER if count else EMPTY)
    share = sums.share
    # whole numbers below 2^53, so equality is exact
    if np.array_equal(sums.yes * sums.votes.sum(), sums.votes * sums.yes.sum()):
        have, lack = share * count, (1 - share) * count
        low = stats.beta.ppf(0.025, have, lack + 1) if have > 0 else 0.0
        high = stats.beta.ppf(0.975, have + 1, lack) if lack > 0 else 1.0
        return Estimate(share, float(low), float(high), ALIKE)
    error = np.sqrt(count / (count - 1) * np.sum(sums.excess**2)) / sums.votes.sum()
    reach = stats.t.ppf(0.975, count - 1) * error / (share * (1 - share))
    odds = np.log(share) - np.log1p(-share)
    # tanh does not overflow where two clusters give a reach of hundreds
    low, high = (0.5 + 0.5 * np.tanh((odds + side * reach) / 2) for side in (-1, 1))
    return Estimate(share, float(low), float(high))


def _correlation(first: _Sums, second: _Sums) -> float:
    """Correlation of the two groups' shares that common clusters cause; 0 without any."""
    size = np.sqrt(np.sum(first.excess**2) * np.sum(second.excess**2))
    _, one, two = np.intersect1d(first.clusters, second.clusters, return_indices=True)
    return float(first.excess[one] @ second.excess[two] / size) if size > 0 else 0.0
