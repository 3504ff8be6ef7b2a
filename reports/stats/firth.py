"""Logistic regression with Firth's penalty: finite also where the label separates.

The log-likelihood gets half the log-determinant of the information, which keeps every coefficient
finite and takes away the first-order error of maximum likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit  # type: ignore[import-untyped]

from reports.errors import ReportError

Floats = NDArray[np.float64]

MAX_STEPS = 200
#: rows multiplied at a time, so that products stay in the processor's cache
CHUNK = 8192
#: a step that promised less, relative to the penalised log-likelihood, was the last
TOLERANCE = 1e-20
#: of a sum over many rows, relative to it
ROUNDING = 1e-12


class Block(NamedTuple):
    """Rows, and the columns of the penalty's design that are not zero there."""

    rows: NDArray[np.int64] | slice
    design: Floats


@dataclass(frozen=True, eq=False)
class FirthFit:
    """Estimates at the largest penalised likelihood.

    Attributes:
        coefficients: (P,).
        covariance: (P, P) inverse information there, without the penalty.
        log_likelihood: penalised.
        converged: whether the last step was negligible.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    converged: bool


class _Point(NamedTuple):
    """Coefficients and what follows from them: (N,) chances and leverages, penalised likelihood."""

    coefficients: Floats
    chance: Floats
    leverage: Floats
    penalised: float


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is fitted: rows, the images that each stands for, and the penalty's blocks."""

    design: Floats
    labels: Floats
    images: Floats
    blocks: Sequence[Block]

    def at(self, coefficients: Floats) -> _Point | None:
        """The point there; None where the information is singular to machine precision."""
        eta = self.design @ coefficients
        chance = expit(eta)
        variance = self.images * chance * expit(-eta)
        leverage = np.empty_like(eta)
        penalty = 0.0
        for rows, block in self.blocks:
            try:
                root = np.linalg.cholesky(information(block, variance[rows]))
            except np.linalg.LinAlgError:
                return None
            leverage[rows] = variance[rows] * _lengths(block, np.linalg.inv(root).T)
            penalty += float(np.log(np.diag(root)).sum())
        likely = self.images @ np.where(self.labels == 1, log_expit(eta), log_expit(-eta))
        return _Point(coefficients, chance, leverage, float(likely) + penalty)

    def step(self, point: _Point) -> tuple[Floats, float]:
        """Newton-like step, and the rise that it promises."""
        residual = self.images * (self.labels - point.chance)
        score = self.design.T @ (residual + point.leverage * (0.5 - point.chance))
        # the penalty acts like `leverage` more images, half of them with the label
        weight = (self.images + point.leverage) * point.chance * (1 - point.chance)
        step = np.asarray(np.linalg.solve(information(self.design, weight), score), float)
        return step, float(score @ step)

    def raised(self, point: _Point, step: Floats) -> _Point | None:
        """A point along the step, its penalised likelihood no lower but for rounding; or None."""
        least = point.penalised - ROUNDING * (1 + abs(point.penalised))
        length = 1.0
        while length > 1e-6:
            nearer = self.at(point.coefficients + length * step)
            if nearer is not None and nearer.penalised >= least:
                return nearer
            length /= 2
        return None


def fit_firth(
    design: Floats,
    labels: Floats,
    *,
    weights: Floats | None = None,
    penalty: Sequence[Block] | None = None,
) -> FirthFit:
    """Logistic regression by penalised maximum likelihood.

    For a likelihood-ratio test the smaller model is fitted under the penalty of the larger one
    (its coefficients fixed at 0, the determinant still that of the full information): pass the
    larger design as `penalty`. A block-diagonal design (one set of coefficients a group) is given
    as one block a group.

    Args:
        design: (N, P) of full rank.
        labels: (N,) 0 or 1.
        weights: (N,) images that a row stands for; 1 each by default.
        penalty: blocks of the design whose information makes the penalty; `design` by default.

    Returns:
        Finite for any labels, also when all are equal.

    Raises:
        ReportError: a design has not full rank.

    Source: metrics.md 10.7; Firth 1993, Biometrika 80, 27; Heinze and Schemper 2002, Statistics in
        Medicine 21, 2409 (profile test).
    """
    images = np.ones(len(labels)) if weights is None else weights
    blocks = [Block(slice(None), design)] if penalty is None else penalty
    problem = _Problem(design, labels, images, blocks)
    point = problem.at(np.zeros(design.shape[1]))
    if point is None:
        raise ReportError("a column follows from others; leave it out before fitting")
    promised = math.inf
    for _ in range(MAX_STEPS):
        step, promised = problem.step(point)
        nearer = problem.raised(point, step)
        if nearer is None:
            break
        point = nearer
        if promised <= TOLERANCE * (1 + abs(point.penalised)):
            break
    variance = images * point.chance * (1 - point.chance)
    covariance = np.asarray(np.linalg.inv(information(design, variance)), float)
    return FirthFit(point.coefficients, covariance, point.penalised, promised < 1e-6)


def information(design: Floats, variance: Floats) -> Floats:
    """(P, P) X'VX of rows with these (N,) variances."""
    total = np.zeros((design.shape[1], design.shape[1]))
    for start in range(0, len(design), CHUNK):
        part = design[start : start + CHUNK]
        total += (part * variance[start : start + CHUNK, np.newaxis]).T @ part
    return total


def _lengths(design: Floats, turn: Floats) -> Floats:
    """(N,) squared lengths of the rows of XT."""
    lengths = np.empty(len(design))
    for start in range(0, len(design), CHUNK):
        turned = design[start : start + CHUNK] @ turn
        lengths[start : start + CHUNK] = np.einsum("np,np->n", turned, turned)
    return lengths
