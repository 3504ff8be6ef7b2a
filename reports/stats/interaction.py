"""Likelihood-ratio test of the group x stratum interaction: does the odds ratio change?

The model of equal odds ratios, logit P(label | h, k) = a_h + b_k, is fitted by Newton's method with
the stratum effects eliminated, so that thousands of strata cost no more than a few.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bmat, csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]
from scipy.special import expit, logit, rel_entr  # type: ignore[import-untyped]
from scipy.stats import chi2  # type: ignore[import-untyped]

from reports.stats.outcome import Outcome

Floats = NDArray[np.float64]

NOTHING_LEFT = "fewer than two strata can be compared"
EDGE = "group-stratum combinations that can only have one label are not counted"
SPARSE = "expected counts are too small"
#: a cell expected to hold less than this at the optimum is empty in the limit
EMPTY = 1e-6
#: standard deviations that the statistic may lie too high on average: 5 % become 6 % at most
MAX_SHIFT = 0.05
MAX_STEPS = 100


class _Effects(NamedTuple):
    strata: Floats
    groups: Floats

    def moved(self, step: _Effects, length: float) -> _Effects:
        return _Effects(self.strata + length * step.strata, self.groups + length * step.groups)

    def expected(self, sizes: Floats) -> Floats:
        """(H, G, 2) expected images without and with the label."""
        eta = self.strata[:, np.newaxis] + self.groups
        return np.stack([sizes * expit(-eta), sizes * expit(eta)], axis=2)


def interaction_test(tables: NDArray[np.int64]) -> Outcome:
    """Likelihood-ratio test of a_h + b_k against free logits, on informative strata.

    Zeros may push fitted values of combinations to 0 or 1 (a group that never has the label): such
    combinations fit perfectly whatever the odds ratios are. They add nothing to the statistic and
    are not counted in the degrees of freedom, which are the remaining combinations less the rank
    of the effects on them.

    Args:
        tables: (H, G, 2) images without and with the label; every stratum has two groups and both
            labels.

    Returns:
        NaN with a reason where no degree of freedom is left. p alone is NaN where expected counts
        break Cochran's rule or, as small excesses add up over many combinations, the statistic
        lies too high by a twentieth of its standard deviation: the test would reject too often.
        `min_expected` and these rules speak of the combinations counted.

    Source: metrics.md 10.6; Fienberg and Rinaldo 2012, Annals of Statistics 40, 996 (zeros);
        Williams 1976, Biometrika 63, 33 (mean of the statistic).
    """
    observed = tables.astype(float)
    n = int(tables.sum())
    expected = _fit(observed)
    inside = expected.min(axis=2) > EMPTY
    dof = int(inside.sum()) - _rank(inside)
    if dof < 1:
        return Outcome(n=n, reason=NOTHING_LEFT)
    statistic = float(2 * rel_entr(observed, expected).sum())
    cells = expected[inside]
    counted = np.where(inside[:, :, np.newaxis], expected, 0.0)
    too_sparse = sparse(cells) or _shift(counted, dof) > MAX_SHIFT
    reasons = [SPARSE] if too_sparse else []
    if (inside != (observed.sum(2) > 0)).any():
        reasons.append(EDGE)
    return Outcome(
        statistic=max(statistic, 0.0),
        dof=float(dof),
        p=math.nan if too_sparse else float(chi2.sf(statistic, dof)),
        n=n,
        min_expected=float(cells.min()),
        reason="; ".join(reasons),
    )


def sparse(cells: Floats) -> bool:
    """Whether expected counts break Cochran's rule: one below 1, or over a fifth below 5."""
    return bool(cells.min() < 1 or (cells < 5).mean() > 0.2)


def _shift(expected: Floats, dof: int) -> float:
    """How far the statistic's mean lies above its degrees of freedom, in standard deviations.

    To first order a cell's binomial deviance has mean 1 + (1/(np) + 1/(nq) - 1/n) / 6; that of the
    interaction is what is left of the cells after strata, groups and their common part.
    """

    def excess(cells: Floats) -> float:
        cells = cells[cells.min(axis=-1) > 0]
        return float((1 / cells).sum() - (1 / cells.sum(-1)).sum()) / 6

    mean = excess(expected) - excess(expected.sum(1)) - excess(expected.sum(0))
    return (mean + excess(expected.sum((0, 1))[np.newaxis])) / math.sqrt(2 * dof)


def _fit(observed: Floats) -> Floats:
    """(H, G, 2) counts expected at equal odds ratios, at the largest likelihood."""
    sizes = observed.sum(2)
    effects = _Effects(logit(observed[:, :, 1].sum(1) / sizes.sum(1)), np.zeros(observed.shape[1]))
    expected = effects.expected(sizes)
    deviance = rel_entr(observed, expected).sum()
    for _ in range(MAX_STEPS):
        step, length = _newton_step(observed, expected), 1.0
        while True:
            nearer = effects.moved(step, length)
            fitted = nearer.expected(sizes)
            change = deviance - rel_entr(observed, fitted).sum()
            if change >= 0 or length < 1e-6:
                break
            length /= 2
        if not change > 0:
            break
        effects, expected, deviance = nearer, fitted, deviance - change
        if change <= 1e-11 + 1e-14 * deviance:
            break
    return expected


def _newton_step(observed: Floats, expected: Floats) -> _Effects:
    """Newton's step of both kinds of effects, the strata's eliminated."""
    sizes = observed.sum(2)
    weight = np.divide(expected.prod(2), sizes, out=np.zeros_like(sizes), where=sizes > 0)
    residual = observed[:, :, 1] - expected[:, :, 1]
    inverse = (1 / weight.sum(1))[:, np.newaxis]
    shared = -(weight * inverse).T @ weight
    # rows of the eliminated system sum to 0: take the diagonal from the rest, free of cancellation
    np.fill_diagonal(shared, 0.0)
    np.fill_diagonal(shared, -shared.sum(1))
    score = residual.sum(0) - (weight * inverse * residual.sum(1, keepdims=True)).sum(0)
    free = _all_but_first(shared)
    groups = np.zeros(len(score))
    groups[free] = np.linalg.solve(shared[np.ix_(free, free)], score[free])
    return _Effects((residual.sum(1) - weight @ groups) * inverse[:, 0], groups)


def _all_but_first(shared: Floats) -> NDArray[np.int64]:
    """Groups but for one of each set that shares strata: that one's effect stays 0."""
    _, sets = connected_components(shared < 0, directed=False)
    _, first = np.unique(sets, return_index=True)
    return np.setdiff1d(np.arange(len(sets)), first)


def _rank(inside: NDArray[np.bool_]) -> int:
    """Rank of stratum and group effects on these combinations: nodes less connected sets."""
    ties = csr_array(inside[inside.any(1)][:, inside.any(0)].astype(float))
    graph = bmat([[None, ties], [ties.T, None]])
    sets, _ = connected_components(graph, directed=False)
    return int(sum(ties.shape)) - int(sets)
