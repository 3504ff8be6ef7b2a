"""The best randomised decisions with equal rates in all groups, as a linear program.

A group s mixes fixed decision rules with weights x_s; its rates A_s x_s are linear in them:

    max  sum_s value_s . x_s    s.t.  |A_s x_s - A_r x_r| <= eps on the rates that both groups have,
                                      the weights of every block of rules sum to 1,  x >= 0

The pairwise bound is the same as one common rate m with |A_s x_s - m| <= eps / 2 for every group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from methods.cards import MethodError
from methods.post.base import Floats

#: HiGHS' smallest; its default of 1e-7 would show in the rates
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class Rules:
    """The decision rules of one group.

    Attributes:
        rates: (R, V) rate of each of V rules; rows where the group has no samples are not read.
        compared: (R,) which rates the group has and shares with the others.
        value: (V,) what a rule adds to the objective.
        kept: (V,) share of the group's decisions that a rule leaves as they are.
        blocks: (V,) block of each rule; the weights of a block sum to 1.
        fixed: (V,) weight that a rule must have, NaN where it is free.
    """

    rates: Floats
    compared: NDArray[np.bool_]
    value: Floats
    kept: Floats
    blocks: NDArray[np.int64]
    fixed: Floats


def solve(groups: Sequence[Rules], eps: float) -> list[Floats]:
    """Weights (V,) of each group's rules: among the best ones those that keep most decisions.

    Raises:
        MethodError: the solver failed.
    """
    num_rates = len(groups[0].rates)
    common = np.zeros(num_rates)
    value = np.concatenate([*(group.value for group in groups), common])
    kept = np.concatenate([*(group.kept for group in groups), common])
    program = _Program(groups, eps)
    best = program.maximise(value)
    # The optimum is rarely unique: which one the solver finds must not decide a result.
    floor = float(value @ best)
    weights = program.maximise(kept, at_least=(value, floor))
    ends = np.cumsum([len(group.value) for group in groups])
    parts = np.split(weights, ends)[: len(groups)]
    return [_normalised(part, group.blocks) for part, group in zip(parts, groups, strict=True)]


class _Program:
    """The constraints, in the solver's form; variables are all weights, then the common rates."""

    def __init__(self, groups: Sequence[Rules], eps: float) -> None:
        from scipy import sparse  # type: ignore[import-untyped]

        num_rates = len(groups[0].rates)
        rates = sparse.block_diag([group.rates[group.compared] for group in groups])
        common = sparse.vstack([sparse.identity(num_rates).tocsr()[g.compared] for g in groups])
        gaps = sparse.hstack([rates, -common]).tocsr()
        sums = sparse.block_diag([_block_sums(group.blocks) for group in groups])
        no_rates = sparse.csr_matrix((sums.shape[0], num_rates))
        sums = sparse.hstack([sums, no_rates]).tocsr()
        ones = np.ones(sums.shape[0])
        if eps == 0:
            self.equal = sparse.vstack([sums, gaps]), np.append(ones, np.zeros(gaps.shape[0]))
            self.upper = sparse.csr_matrix((0, sums.shape[1])), np.zeros(0)
        else:
            self.equal = sums, ones
            self.upper = sparse.vstack([gaps, -gaps]), np.full(2 * gaps.shape[0], eps / 2)
        fixed = np.concatenate([*(group.fixed for group in groups), np.full(num_rates, np.nan)])
        lowest, highest = np.nan_to_num(fixed, nan=0.0), np.nan_to_num(fixed, nan=1.0)
        self.bounds = np.stack([lowest, highest], axis=1)

    def maximise(self, value: Floats, at_least: tuple[Floats, float] | None = None) -> Floats:
        """The variables with the largest `value`; `at_least` is another value and its floor."""
        from scipy import sparse
        from scipy.optimize import linprog  # type: ignore[import-untyped]

        rows, limits = self.upper
        if at_least is not None:
            rows = sparse.vstack([rows, sparse.csr_matrix(-at_least[0])])
            limits = np.append(limits, -at_least[1])
        options = {
            "primal_feasibility_tolerance": TOLERANCE,
            "dual_feasibility_tolerance": TOLERANCE,
        }
        found = linprog(
            -value, A_ub=rows, b_ub=limits, A_eq=self.equal[0], b_eq=self.equal[1],
            bounds=self.bounds, method="highs", options=options,
        )  # fmt: skip
        if not found.success:
            raise MethodError(f"The linear program of equal rates has no solution: {found.message}")
        return np.asarray(found.x)


def _block_sums(blocks: NDArray[np.int64]) -> Floats:
    """(blocks, V) which rules a block has."""
    return np.eye(int(blocks.max()) + 1)[:, blocks]


def _normalised(weights: Floats, blocks: NDArray[np.int64]) -> Floats:
    """Weights without the solver's last digits below 0; every block sums to 1."""
    positive = np.maximum(weights, 0.0)
    return np.asarray(positive / np.bincount(blocks, weights=positive)[blocks])
