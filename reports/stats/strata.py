"""Label by group at equal strata: pooled tests and effects.

Counts are (H, G, 2) whole numbers: stratum, group, images without and with the label. Strata that
carry no information are left out before anything is computed. The formulas are written out, with
statsmodels' `StratifiedTable` and R as judges in the tests: statsmodels knows two groups only, its
p is 1 - cdf (0 below 1e-16), and its equal-odds test divides by zero at a common odds ratio of 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]
from scipy.stats import chi2, norm  # type: ignore[import-untyped]

from reports.errors import ReportError
from reports.stats.interaction import SPARSE, interaction_test, sparse
from reports.stats.outcome import Estimate, Outcome

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

Z = float(norm.ppf(0.975))
UNINFORMATIVE = "no stratum has both two groups and both labels"
APART = "groups that never share a stratum are not compared"
FEW = "few images: p is rough"
ONE_STRATUM = "fewer than two strata carry information"
NO_COMMON_ODDS = "in every stratum a group has nobody with or nobody without the label"
NO_SHARED = "no stratum has images of both groups"
NO_SPREAD = "no interval: nobody or everybody of a group has the label"
#: least distance of the expected sum from its bounds (Mantel and Fleiss 1980)
MANTEL_FLEISS = 5.0


def informative(counts: Counts) -> NDArray[np.bool_]:
    """Whether a stratum says something of label by group: (H,).

    Args:
        counts: (H, G, 2) images without and with the label.

    Returns:
        True where at least two groups have images and both labels occur.

    Raises:
        ReportError: the shape is not (H, G, 2).

    Source: metrics.md 10.6.
    """
    _check(counts)
    groups = (counts.sum(axis=2) > 0).sum(axis=1)
    return np.asarray((groups >= 2) & (counts.sum(axis=1) > 0).all(axis=1))


def used(counts: Counts) -> tuple[int, int]:
    """Strata that carry information, and the images in them."""
    kept = informative(counts)
    return int(kept.sum()), int(counts[kept].sum())


def cochran_mantel_haenszel(counts: Counts) -> Outcome:
    """Test of label independent of group given the stratum, for two or more groups.

    No continuity correction. Groups without images in an informative stratum are left out. Groups
    that never share a stratum, not even through other groups, cannot be compared: the test is then
    the sum over the sets of groups that can, and `reason` says so. Degrees of freedom are the
    groups less the number of sets. `reason` warns where the sums are so small that the chi-square
    distribution is rough (Mantel and Fleiss's criterion, smallest over the groups).

    Args:
        counts: (H, G, 2) images without and with the label.

    Returns:
        NaN with a reason where no stratum carries information; `min_expected` is the smallest
        expected count within an informative stratum.

    Raises:
        ReportError: the shape is not (H, G, 2).

    Source: metrics.md 10.6; Mantel and Haenszel 1959; Mantel and Fleiss 1980.
    """
    tables = counts[informative(counts)].astype(float)
    if not len(tables):
        return Outcome(reason=UNINFORMATIVE)
    sizes, labelled, totals = tables.sum(2), tables[:, :, 1].sum(1), tables.sum((1, 2))
    share = (labelled / totals)[:, np.newaxis]
    excess = tables[:, :, 1].sum(0) - (sizes * share).sum(0)
    variance = _hypergeometric_covariance(sizes, labelled, totals)
    sets = _meeting(variance)
    kept = _all_but_largest(sets, sizes.sum(0))
    solved = cho_solve(cho_factor(variance[np.ix_(kept, kept)]), excess[kept])
    statistic = float(excess[kept] @ solved)
    smallest = np.minimum(sizes * share, sizes * (1 - share))[sizes > 0].min()
    reasons = [APART] if (np.bincount(sets) > 1).sum() > 1 else []
    if _mantel_fleiss(sizes, labelled, totals) < MANTEL_FLEISS:
        reasons.append(FEW)
    return Outcome(
        statistic=statistic,
        dof=float(kept.sum()),
        p=float(chi2.sf(statistic, kept.sum())),
        n=int(totals.sum()),
        min_expected=float(smallest),
        reason="; ".join(reasons),
    )


def common_odds_ratio(counts: Counts) -> Estimate:
    """Mantel-Haenszel odds ratio of the label, first group over second.

    The interval is that of Robins, Breslow and Greenland; it holds for many small strata as for
    few large ones.

    Args:
        counts: (H, 2, 2) images without and with the label.

    Returns:
        NaN with a reason where the ratio would be zero, infinite or 0 / 0.

    Raises:
        ReportError: there are not two groups.

    Source: metrics.md 10.6; Robins, Breslow and Greenland 1986.
    """
    _check(counts, groups=2)
    tables = counts[informative(counts)].astype(float)
    if not len(tables):
        return Estimate(reason=UNINFORMATIVE)
    totals = tables.sum((1, 2))
    for_first = tables[:, 0, 1] * tables[:, 1, 0] / totals
    for_second = tables[:, 0, 0] * tables[:, 1, 1] / totals
    first, second = for_first.sum(), for_second.sum()
    if first == 0 or second == 0:
        return Estimate(reason=NO_COMMON_ODDS)
    agree = (tables[:, 0, 1] + tables[:, 1, 0]) / totals
    mixed = agree * for_second + (1 - agree) * for_first
    variance = (
        (agree * for_first).sum() / first**2
        + mixed.sum() / (first * second)
        + ((1 - agree) * for_second).sum() / second**2
    ) / 2
    middle, half = math.log(first / second), Z * math.sqrt(variance)
    return Estimate(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def common_difference(counts: Counts) -> Estimate:
    """Mantel-Haenszel difference of P(label), first group minus second, at equal strata.

    Strata weigh n_a n_b / (n_a + n_b); those that lack a group are left out (`share_used` says how
    much remains), those with one label are kept, as their difference is known to be 0. The
    interval is Wald's with Sato's variance, which holds for many small strata as for few large
    ones; Greenland and Robins' holds for both too but is not antisymmetric in the groups.

    Args:
        counts: (H, 2, 2) images without and with the label.

    Returns:
        In [-1, 1], the interval clipped to it. NaN with a reason where the groups never meet; the
        value without an interval where the variance is 0.

    Raises:
        ReportError: there are not two groups.

    Source: metrics.md 3.2 (`cdisc`); Sato 1989, Biometrics 45, 1323.
    """
    _check(counts, groups=2)
    tables = counts[_shared(counts)].astype(float)
    if not len(tables):
        return Estimate(reason=NO_SHARED)
    sizes, labelled = tables.sum(2), tables[:, :, 1]
    total, first, second = sizes.sum(1), sizes[:, 0], sizes[:, 1]
    with_first, with_second = labelled.T
    weight = (first * second / total).sum()
    value = ((with_first * second - with_second * first) / total).sum() / weight
    tilt = first**2 * with_second - second**2 * with_first + first * second * (second - first) / 2
    spread = with_first * (second - with_second) + with_second * (first - with_first)
    base = (spread / total).sum() / 2
    variance = value * (tilt / total**2).sum() + base
    if variance <= 1e-12 * base:
        return Estimate(float(value), reason=NO_SPREAD)
    half = Z * math.sqrt(variance) / weight
    return Estimate(float(value), max(float(value - half), -1.0), min(float(value + half), 1.0))


def share_used(counts: Counts) -> float:
    """Share of the images that `common_difference` uses; NaN without images.

    Args:
        counts: (H, 2, 2) images without and with the label.

    Raises:
        ReportError: there are not two groups.
    """
    _check(counts, groups=2)
    total = int(counts.sum())
    return int(counts[_shared(counts)].sum()) / total if total else math.nan


def equal_odds(counts: Counts) -> Outcome:
    """Test of the same odds ratios in all strata: is the annotation bias the same everywhere?

    Two groups: Breslow and Day with Tarone's adjustment. More: likelihood-ratio test of the group
    x stratum interaction. Uninformative strata and groups without images are left out first.

    Args:
        counts: (H, G, 2) images without and with the label.

    Returns:
        `min_expected` is the smallest count expected at equal odds ratios. NaN with a reason where
        fewer than two strata can be compared or no common odds ratio exists. p alone is NaN where
        these counts break Cochran's rule: with many small strata both tests reject far too often
        (45 % of true hypotheses at 64 strata of 4 images).

    Raises:
        ReportError: the shape is not (H, G, 2).

    Source: metrics.md 10.6; Breslow and Day 1980; Tarone 1985.
    """
    tables = counts[informative(counts)]
    if not len(tables):
        return Outcome(reason=UNINFORMATIVE)
    tables = tables[:, tables.sum((0, 2)) > 0]
    if len(tables) < 2:
        return Outcome(n=int(tables.sum()), reason=ONE_STRATUM)
    return _breslow_day_tarone(tables) if tables.shape[1] == 2 else interaction_test(tables)


def _check(counts: Counts, groups: int | None = None) -> None:
    if counts.ndim != 3 or counts.shape[2] != 2 or groups not in (None, counts.shape[1]):
        wanted = f"(strata, {groups or 'groups'}, 2)"
        raise ReportError(f"counts have shape {counts.shape}; give them as {wanted}")


def _shared(counts: Counts) -> NDArray[np.bool_]:
    return np.asarray((counts.sum(axis=2) > 0).all(axis=1))


def _hypergeometric_covariance(sizes: Floats, labelled: Floats, totals: Floats) -> Floats:
    """(G, G) covariance of the groups' labelled images, margins of each stratum fixed."""
    factor = labelled * (totals - labelled) / (totals**2 * (totals - 1))
    shared = -(sizes.T * factor) @ sizes
    # rows sum to 0: a diagonal from the rest of its row keeps them so to the last bit
    np.fill_diagonal(shared, 0.0)
    np.fill_diagonal(shared, -shared.sum(1))
    return shared


def _meeting(covariance: Floats) -> NDArray[np.int32]:
    """(G,) number of the set of groups, tied by shared strata, that a group is in."""
    _, sets = connected_components(covariance < 0, directed=False)
    return np.asarray(sets)


def _all_but_largest(sets: NDArray[np.int32], sizes: Floats) -> NDArray[np.bool_]:
    """(G,) True but for the largest group of each set: the rest are free to vary."""
    kept = np.ones(len(sets), bool)
    for number in np.unique(sets):
        members = np.flatnonzero(sets == number)
        kept[members[np.argmax(sizes[members])]] = False
    return kept


def _mantel_fleiss(sizes: Floats, labelled: Floats, totals: Floats) -> float:
    """Least room of a group's summed expected count to the bounds that the margins leave it."""
    present = sizes.sum(0) > 0
    margin = labelled[:, np.newaxis]
    expected = (sizes * margin / totals[:, np.newaxis]).sum(0)
    lowest = np.maximum(0.0, margin - (totals[:, np.newaxis] - sizes)).sum(0)
    highest = np.minimum(sizes, margin).sum(0)
    return float(np.minimum(expected - lowest, highest - expected)[present].min())


def _breslow_day_tarone(tables: Counts) -> Outcome:
    """Breslow and Day's statistic with Tarone's adjustment over informative (H, 2, 2) strata."""
    n, dof = int(tables.sum()), len(tables) - 1
    ratio = common_odds_ratio(tables)
    if math.isnan(ratio.value):
        return Outcome(n=n, reason=ratio.reason)
    cells = _cells_at(ratio.value, tables.astype(float))
    too_sparse = sparse(cells)
    variance = 1 / (1 / cells).sum((1, 2))
    excess = tables[:, 0, 1] - cells[:, 0, 1]
    statistic = float((excess**2 / variance).sum() - excess.sum() ** 2 / variance.sum())
    return Outcome(
        statistic=statistic,
        dof=float(dof),
        p=math.nan if too_sparse else float(chi2.sf(statistic, dof)),
        n=n,
        min_expected=float(cells.min()),
        reason=SPARSE if too_sparse else "",
    )


def _cells_at(odds_ratio: float, tables: Floats) -> Floats:
    """(H, 2, 2) counts with the margins of the tables and this odds ratio in each."""
    first, second = tables.sum(2).T
    labelled = tables[:, :, 1].sum(1)
    linear = second - labelled + odds_ratio * (first + labelled)
    product = odds_ratio * first * labelled
    root = np.sqrt(linear**2 + 4 * (1 - odds_ratio) * product)
    # the form that adds numbers of one sign; `linear` is negative only where the ratio is below 1
    with_first = np.where(
        linear >= 0,
        2 * product / np.where(linear >= 0, linear + root, 1.0),
        (root - linear) / (2 * (1 - odds_ratio) if odds_ratio < 1 else 1.0),
    )
    with_second = labelled - with_first
    cells = np.stack([first - with_first, with_first, second - with_second, with_second], axis=1)
    return np.asarray(np.maximum(cells, 1e-12).reshape(-1, 2, 2))
