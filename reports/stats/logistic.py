"""Logistic regression for any data: maximum likelihood, Firth's penalty where labels separate."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from statsmodels.discrete.discrete_model import Logit  # type: ignore[import-untyped]
from statsmodels.genmod.families import Binomial  # type: ignore[import-untyped]
from statsmodels.genmod.generalized_linear_model import GLM  # type: ignore[import-untyped]

from reports.errors import ReportError
from reports.stats.collinearity import independent_columns
from reports.stats.firth import fit_firth

Floats = NDArray[np.float64]

MAX_STEPS = 35
TOLERANCE = 1e-10
#: a linear predictor beyond this is on its way to infinity if a coefficient is beyond it too or
#: Newton's method does not settle; large coefficients alone also come from near-collinear columns
INFINITE = 15.0
NO_IMAGES = "no images"
ONE_LABEL = "nobody or everybody has the label"
SEPARATED = "the label separates: Firth's penalty"


@dataclass(frozen=True, eq=False)
class LogitFit:
    """A fitted logistic regression.

    Attributes:
        coefficients: (P,); NaN for columns that follow from those before them.
        covariance: (P, P); NaN in their rows and columns.
        log_likelihood: with Firth's penalty where `firth`.
        rank: columns that were fitted.
        firth: whether the penalty was needed.
        converged: False warns that the figures are not final.
        reason: why all is NaN, or what must be said beside the figures; empty for a plain fit.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    rank: int
    firth: bool = False
    converged: bool = True
    reason: str = ""


def fit_logit(design: Floats, labels: Floats, *, weights: Floats | None = None) -> LogitFit:
    """Coefficients of P(label) on the columns of a design.

    Columns that follow from those before them get no coefficient (`reason` counts them): neither
    likelihood nor fitted chances depend on which of them is left out. Newton's method to 1e-10;
    where the label separates, or nearly, Firth's penalty.

    Args:
        design: (N, P), its first column all ones; the others best of unit spread, or 0 and 1.
        labels: (N,) 0 or 1.
        weights: (N,) positive numbers of images that a row stands for; 1 each by default.

    Returns:
        All NaN with a reason where there are no images or only one label.

    Raises:
        ReportError: shapes do not fit.

    Source: metrics.md 10.7.
    """
    labels = np.asarray(labels, float)
    if design.ndim != 2 or labels.shape != design.shape[:1]:
        raise ReportError(f"a design of {design.shape} does not fit {labels.shape} labels")
    if not len(labels) or (labels == labels[0]).all():
        return _nothing(design.shape[1], ONE_LABEL if len(labels) else NO_IMAGES)
    kept = independent_columns(design)
    columns = design if kept.all() else design[:, kept]
    found = maximum_likelihood(columns, labels, weights=weights)
    if found is None:
        found = penalised(columns, labels, weights=weights)
    return found if kept.all() else in_place(found, kept)


def maximum_likelihood(
    design: Floats, labels: Floats, *, weights: Floats | None = None
) -> LogitFit | None:
    """The fit without penalty; None where it does not exist because the label separates.

    Args:
        design: (N, P) of full rank, its first column all ones.
        labels: (N,) 0 or 1, both occurring.
        weights: (N,) images that a row stands for.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what they would warn of is looked for below
        try:
            result, converged = _fitted(design, labels, weights)
        except (np.linalg.LinAlgError, _Diverging):
            return None
        coefficients = np.asarray(result.params, float)
        covariance = np.asarray(result.cov_params(), float)
        log_likelihood = float(result.llf)
        farthest = float(np.abs(design @ coefficients).max())
    finite = np.isfinite(coefficients).all() and np.isfinite(covariance).all()
    if not finite or not math.isfinite(log_likelihood):
        return None
    if farthest > INFINITE and (not converged or _large(coefficients)):
        return None
    # short of that, steps that stay above the tolerance are rounding in a near-collinear design
    return LogitFit(coefficients, covariance, log_likelihood, design.shape[1])


def penalised(design: Floats, labels: Floats, **options: Any) -> LogitFit:
    """The fit with Firth's penalty; options as of `fit_firth`."""
    found = fit_firth(design, labels, **options)
    return LogitFit(
        found.coefficients,
        found.covariance,
        found.log_likelihood,
        design.shape[1],
        firth=True,
        converged=found.converged,
        reason=SEPARATED,
    )


def in_place(found: LogitFit, kept: NDArray[np.bool_]) -> LogitFit:
    """A fit of the kept among (P,) columns: NaN for the others, and `reason` counts them."""
    coefficients = np.full(len(kept), math.nan)
    coefficients[kept] = found.coefficients
    covariance = np.full((len(kept), len(kept)), math.nan)
    covariance[np.ix_(kept, kept)] = found.covariance
    left_out = int((~kept).sum())
    follow = f"{left_out} column follows" if left_out == 1 else f"{left_out} columns follow"
    reason = "; ".join(filter(None, (found.reason, f"{follow} from the others")))
    return replace(found, coefficients=coefficients, covariance=covariance, reason=reason)


class _Diverging(Exception):
    """Newton's method runs away: no need to wait for its last step."""


def _large(coefficients: Floats) -> bool:
    """Whether one is beyond the limit, or no number; the intercept is not looked at."""
    return not np.abs(coefficients[1:]).max(initial=0.0) <= INFINITE


def _fitted(design: Floats, labels: Floats, weights: Floats | None) -> tuple[Any, bool]:
    """The result of statsmodels, and whether its steps became negligible."""
    if weights is not None:
        model = GLM(labels, design, family=Binomial(), freq_weights=weights)
        result = model.fit(maxiter=MAX_STEPS, tol=TOLERANCE, tol_criterion="params")
        return result, bool(result.converged)

    # the rank is known; the ridge would keep coefficients from showing that they are infinite
    def stop_diverging(coefficients: Floats) -> None:
        if _large(coefficients) and not np.abs(design @ coefficients).max() <= INFINITE:
            raise _Diverging

    result = Logit(labels, design, check_rank=False).fit(
        method="newton",
        maxiter=MAX_STEPS,
        tol=TOLERANCE,
        ridge_factor=0,
        callback=stop_diverging,
        disp=0,
    )
    return result, bool(result.mle_retvals["converged"])


def _nothing(columns: int, reason: str) -> LogitFit:
    return LogitFit(
        np.full(columns, math.nan),
        np.full((columns, columns), math.nan),
        math.nan,
        rank=0,
        converged=False,
        reason=reason,
    )
