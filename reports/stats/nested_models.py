"""Two nested regressions, without and with the group, and what their comparison needs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit  # type: ignore[import-untyped]

from reports.stats.collinearity import independent_columns
from reports.stats.firth import Block
from reports.stats.logistic import LogitFit, in_place, maximum_likelihood, penalised

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

TOLD_APART = "the intensities alone tell the group apart"
FLAT = "an intensity does not vary within the group or the reference"


class Comparison(NamedTuple):
    """Two nested models; `lines` or `variances` are NaN for groups that cannot be estimated.

    Attributes:
        statistic: of the likelihood-ratio test.
        dof: its degrees of freedom.
        per_parameter: images with the rarer of label and no label for each parameter of the larger
            model, where it falls apart into regressions in the scarcest of them.
        expected: (G', 2) images without and with the label that the smaller model expects.
        firth: whether the label separates.
        lines: (G', P) coefficients of the covariates within each group present.
        variances: (G',) of a group's intercept less the first one's.
        unclear: why some are NaN.
    """

    statistic: float
    dof: int
    per_parameter: float
    expected: Floats
    firth: bool
    lines: Floats
    variances: Floats
    unclear: str


def constants(covariates: Floats, labels: Floats, codes: Codes) -> Comparison:
    """A constant for each group but the first, against none.

    Args:
        covariates: (N, P) of full rank, intercept first.
        labels: (N,) 0 or 1, both occurring.
        codes: (N,) groups 0 to G' - 1, each occurring.
    """
    members = codes[:, np.newaxis] == np.arange(1, codes.max() + 1)
    design = np.column_stack([covariates, members])
    kept = independent_columns(design)
    columns = design if kept.all() else design[:, kept]
    large = maximum_likelihood(columns, labels)
    small = maximum_likelihood(covariates, labels) if large else None
    if large is None or small is None:
        large = penalised(columns, labels)
        small = penalised(covariates, labels, penalty=[Block(slice(None), columns)])
    width = covariates.shape[1]
    shifts = in_place(large, kept).coefficients[width:]
    variances = np.diag(in_place(large, kept).covariance)[width:].copy()
    if not kept.all():
        unclear = [not _last_independent(design, width + k) for k in range(len(shifts))]
        shifts[unclear] = variances[unclear] = math.nan
    lines = np.tile(large.coefficients[:width], (len(shifts) + 1, 1))
    lines[1:, 0] += shifts
    return Comparison(
        statistic=2 * (large.log_likelihood - small.log_likelihood),
        dof=large.rank - small.rank,
        per_parameter=_rarer(labels) / large.rank,
        expected=_expected(covariates @ small.coefficients, codes),
        firth=large.firth,
        lines=lines,
        variances=np.concatenate([[0.0], variances]),
        unclear=TOLD_APART,
    )


def _last_independent(design: Floats, column: int) -> bool:
    """Whether a column does not follow from all others, before and after it."""
    others = np.delete(design, column, axis=1)
    return bool(independent_columns(np.column_stack([others, design[:, column]]))[-1])


def interactions(covariates: Floats, labels: Floats, codes: Codes) -> Comparison:
    """A regression for each group against one for all.

    The larger model's likelihood and information fall apart into the groups', so that no design
    with all products is needed. Arguments as of `constants`.
    """
    rows = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    designs = [covariates[members] for members in rows]
    kept = [independent_columns(design) for design in designs]
    blocks = [
        Block(members, design[:, columns])
        for members, design, columns in zip(rows, designs, kept, strict=True)
    ]
    large = [_alone(block, labels) for block in blocks]
    small = maximum_likelihood(covariates, labels)
    fits = [fit for fit in large if fit is not None]
    if small is None or len(fits) < len(large):
        fits = [penalised(block.design, labels[block.rows]) for block in blocks]
        small = penalised(covariates, labels, penalty=blocks)
    whole = [in_place(fit, columns) for fit, columns in zip(fits, kept, strict=True)]
    # at mean intensities; a group in which one of them never varies has no chance there
    variances = np.array(
        [fit.covariance[0, 0] if c.all() else math.nan for fit, c in zip(whole, kept, strict=True)]
    )
    pairs = list(zip(rows, fits, strict=True))
    return Comparison(
        statistic=2 * (sum(fit.log_likelihood for fit in fits) - small.log_likelihood),
        dof=sum(fit.rank for fit in fits) - small.rank,
        per_parameter=min(_rarer(labels[members]) / fit.rank for members, fit in pairs),
        expected=_expected(covariates @ small.coefficients, codes),
        firth=small.firth,
        lines=np.array([fit.coefficients for fit in whole]),
        variances=variances + variances[0],
        unclear=FLAT,
    )


def _alone(block: Block, labels: Floats) -> LogitFit | None:
    """The fit of one group; None where its label separates or is always the same."""
    own = labels[block.rows]
    return None if (own == own[0]).all() else maximum_likelihood(block.design, own)


def _rarer(labels: Floats) -> int:
    """Images with the label or without, whichever are fewer."""
    labelled = int(labels.sum())
    return min(labelled, len(labels) - labelled)


def _expected(eta: Floats, codes: Codes) -> Floats:
    """(G', 2) images without and with the label that these predictors expect of each group."""
    return np.stack([np.bincount(codes, weights=expit(sign * eta)) for sign in (-1, 1)], axis=1)
