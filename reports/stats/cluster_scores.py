"""Sums within clusters and strata, and the Wald statistics that they give for many groupings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

#: elements of the arrays of one batch of groupings; larger batches leave the processor's cache
BATCH_ELEMENTS = 100_000
#: a variance below this share of the one without groups is rounding, not variation
NO_VARIATION = 1e-10


@dataclass(frozen=True, eq=False)
class ClusterSums:
    """Votes summed within members and strata.

    A member is what a cluster has of one group; a cell is a member within a stratum. Cells are
    sorted by member, members by cluster.

    Attributes:
        groups: (U,) group code 0..G-1 of each member; each group occurs.
        clusters: (U,) cluster code 0..C-1 of each member.
        members: (M,) member of each cell.
        strata: (M,) stratum code 0..H-1 of each cell.
        votes: (M,) votes of each cell, above 0.
        residuals: (M,) yes votes beyond those expected from the share of the whole stratum.
    """

    groups: Codes
    clusters: Codes
    members: Codes
    strata: Codes
    votes: Floats
    residuals: Floats

    @property
    def num_groups(self) -> int:
        return int(self.groups.max()) + 1

    @property
    def num_clusters(self) -> int:
        return int(self.clusters.max()) + 1

    @property
    def num_strata(self) -> int:
        return int(self.strata.max()) + 1

    @property
    def constant_groups(self) -> bool:
        """Whether no cluster has images of two groups."""
        return len(self.groups) == self.num_clusters


def ranked(*columns: Codes) -> Codes:
    """(N,) codes 0.. of the distinct combinations of the columns, in the columns' order."""
    combined = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        levels, codes = np.unique(column, return_inverse=True)
        combined = combined * max(len(levels), 1) + codes
        combined = np.unique(combined, return_inverse=True)[1].astype(np.int64)
    return combined


def cluster_sums(
    yes: Codes, votes: Codes, groups: Codes, clusters: Codes, strata: Codes
) -> ClusterSums:
    """Sums of at least one image; all codes known, every image with votes.

    Args:
        yes: (N,) votes for the label.
        votes: (N,) votes in all, above 0.
        groups: (N,) codes; only their order is kept.
        clusters: (N,) codes.
        strata: (N,) codes.
    """
    stratum, member = ranked(strata), ranked(clusters, groups)
    cell = ranked(member, stratum)
    first = np.unique(cell, return_index=True)[1]
    heads = np.unique(member, return_index=True)[1]
    cell_votes, cell_yes = summed(cell, votes), summed(cell, yes)
    stratum = stratum[first]
    share = summed(stratum, cell_yes) / summed(stratum, cell_votes)
    return ClusterSums(
        groups=ranked(groups[heads]),
        clusters=ranked(clusters[heads]),
        members=member[first],
        strata=stratum,
        votes=cell_votes,
        residuals=cell_yes - cell_votes * share[stratum],
    )


@dataclass(frozen=True, eq=False)
class Fit:
    """Linear fits of the votes on group and stratum, one for each of B groupings.

    The last group is the reference; a group column is its 0/1 column less the group's share of the
    votes in the stratum, which takes the strata out of the fit.

    Attributes:
        differences: (B, G-1) common difference to the last group within strata; NaN where some
            groups meet in no stratum.
        cross: (B, G-1, G-1) cross products of the group columns.
        scores: (B, U, G-1) of the members: group columns times what the fit leaves over.
    """

    differences: Floats
    cross: Floats
    scores: Floats


def fit_groups(sums: ClusterSums, groups: Codes) -> Fit:
    """Least squares over single votes for groupings (B, U) of the members, codes 0..G-1."""
    draws, num_groups, free = len(groups), sums.num_groups, sums.num_groups - 1
    codes, draw = groups[:, sums.members], np.arange(draws)[:, None]
    places = (draw * sums.num_strata + sums.strata) * num_groups + codes
    sizes = summed(sums.strata, sums.votes)
    share = _totals(places, sums.votes, (draws, sums.num_strata, num_groups)) / sizes[:, None]
    share = share[:, :, :free]
    places = draw * num_groups + codes
    in_groups = _totals(places, sums.votes, (draws, num_groups))[:, :free]
    excess = _totals(places, sums.residuals, (draws, num_groups))[:, :free]
    cross = in_groups[:, :, None] * np.eye(free) - np.einsum("bhj,bhl,h->bjl", share, share, sizes)
    beta = solved(cross, excess, float(sums.votes.sum()))

    level = np.concatenate([beta, np.zeros((draws, 1))], axis=1)
    fitted = np.take_along_axis(level, codes, axis=1)
    fitted -= np.einsum("bhj,bj->bh", share, beta)[:, sums.strata]
    left = sums.residuals - sums.votes * fitted
    starts = np.searchsorted(sums.members, np.arange(len(sums.groups)))
    own = np.add.reduceat(left, starts, axis=1)
    scores = np.empty((*own.shape, free))
    for j in range(free):
        shared = np.add.reduceat(left * share[:, sums.strata, j], starts, axis=1)
        scores[:, :, j] = (groups == j) * own - shared
    return Fit(beta, cross, scores)


def wald_statistics(sums: ClusterSums, groups: Codes) -> Floats:
    """Wald statistic over G-1 of equal groups within strata, for each of B groupings.

    The scores of a group with m clusters are widened by sqrt(m / (m-1)): without strata and with
    clusters of one size that makes the variance unbiased, whatever the sizes of the groups.

    Args:
        sums: of U members.
        groups: (B, U) codes 0..G-1 of the members, every group in at least two clusters.

    Returns:
        (B,), at least 0; inf where the groups leave no variation to judge a difference by; NaN
        where some groups meet in no stratum.

    Source: Liang & Zeger 1986; Bell & McCaffrey 2002 for the widening.
    """
    fit = fit_groups(sums, groups)
    draws, free = fit.differences.shape
    places = np.arange(draws)[:, None] * sums.num_groups + groups
    members = _totals(places, np.ones(len(sums.groups)), (draws, sums.num_groups))
    scores = fit.scores * np.take_along_axis(np.sqrt(members / (members - 1)), groups, 1)[..., None]
    if not sums.constant_groups:
        starts = np.searchsorted(sums.clusters, np.arange(sums.num_clusters))
        scores = np.add.reduceat(scores, starts, axis=1)
    meat = np.einsum("buj,bul->bjl", scores, scores, optimize=True)
    excess = np.einsum("bjl,bl->bj", fit.cross, fit.differences)
    solution = solved(meat, excess, float(np.sum(sums.residuals**2)))
    statistics: Floats = np.einsum("bj,bj->b", excess, solution) / free
    statistics[np.isnan(statistics)] = np.inf
    statistics[np.isnan(fit.differences[:, 0])] = np.nan
    return statistics


def solved(matrices: Floats, vectors: Floats, scale: float) -> Floats:
    """(B, J) solutions of symmetric systems (B, J, J); NaN where singular on this scale."""
    unit = np.eye(matrices.shape[1])
    sound = np.isfinite(matrices).reshape(len(matrices), -1).all(axis=1)
    known = np.asarray(sound & np.isfinite(vectors).all(axis=1))
    smallest = np.linalg.eigvalsh(np.where(known[:, None, None], matrices, unit))[:, 0]
    regular = np.asarray(known & (smallest > NO_VARIATION * scale))
    safe = np.where(regular[:, None, None], matrices, unit)
    solution = np.linalg.solve(safe, np.where(regular[:, None], vectors, np.nan)[:, :, None])
    return np.asarray(solution[:, :, 0], dtype=np.float64)


def summed(codes: Codes, weights: Codes | Floats, size: int = 0) -> Floats:
    """(max(largest code + 1, size),) sums of the weights of each code."""
    sums = np.bincount(codes, weights=weights, minlength=size)
    return np.asarray(sums, dtype=np.float64)


def _totals(places: Codes, weights: Floats, shape: tuple[int, ...]) -> Floats:
    """Sums of weights at flat places of an array of this shape."""
    flat = np.broadcast_to(weights, places.shape).ravel()
    return summed(places.ravel(), flat, int(np.prod(shape))).reshape(shape)
