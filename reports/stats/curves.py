"""Fitted P(label | intensity of one action unit) within one group, with its band."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit  # type: ignore[import-untyped]
from scipy.stats import norm  # type: ignore[import-untyped]

from reports.errors import ReportError
from reports.stats.logistic import NO_IMAGES, ONE_LABEL, fit_logit

Floats = NDArray[np.float64]

POINTS = 51
Z = float(norm.ppf(0.975))
CONSTANT = "all images have the same intensity"


@dataclass(frozen=True, eq=False)
class Curve:
    """A fitted curve at 51 intensities; NaN outside those observed.

    Attributes:
        grid: (51,) intensities from 0 to the top of the scale.
        probability: (51,) in [0, 1].
        low: (51,) lower end of the pointwise 95 % band.
        high: (51,) upper end.
        reason: why all are NaN, or that Firth's penalty was needed; empty for a plain fit.
    """

    grid: Floats
    probability: Floats
    low: Floats
    high: Floats
    reason: str = ""


def fitted_curve(intensity: Floats, labels: Floats, *, top: float) -> Curve:
    """Logistic curve of a label on one intensity, with its pointwise 95 % band.

    Rows without intensity (NaN) or label (NaN or negative) are left out. Equal intensities are
    counted together first, which changes nothing but the time.

    Args:
        intensity: (N,) in the unit of the scale.
        labels: (N,) 0 or 1.
        top: end of the scale, above 0: 5 or 1.

    Returns:
        All NaN with a reason where the intensity or the label is constant.

    Raises:
        ReportError: the scale has no length, or a label is neither 0 nor 1.

    Source: metrics.md 10.8.
    """
    if not (top > 0 and math.isfinite(top)):
        raise ReportError(f"the scale ends at {top}; give a positive number")
    grid = np.linspace(0.0, top, POINTS)
    values, without, with_label = _counted(np.asarray(intensity, float), np.asarray(labels, float))
    reason = _undefined(values, without, with_label)
    if reason:
        nowhere = np.full(POINTS, math.nan)
        return Curve(grid, nowhere, nowhere, nowhere, reason)
    images = np.concatenate([without, with_label])
    filled = images > 0
    centre = float(np.average(values, weights=without + with_label))
    spread = math.sqrt(np.average((values - centre) ** 2, weights=without + with_label))
    design = _line(np.tile(values, 2)[filled], centre, spread)
    answers = np.repeat([0.0, 1.0], len(values))[filled]
    fit = fit_logit(design, answers, weights=images[filled])
    points = _line(grid, centre, spread)
    eta = points @ fit.coefficients
    half = Z * np.sqrt(np.einsum("np,pq,nq->n", points, fit.covariance, points))
    slack = 1e-9 * top  # grid points are sums of binary fractions
    seen = (grid >= values[0] - slack) & (grid <= values[-1] + slack)
    middle, low, high = np.where(seen, expit([eta, eta - half, eta + half]), math.nan)
    return Curve(grid, middle, low, high, fit.reason)


def _line(intensity: Floats, centre: float, spread: float) -> Floats:
    """(N, 2) design of a straight line in standardised intensity."""
    return np.column_stack([np.ones(len(intensity)), (intensity - centre) / spread])


def _counted(intensity: Floats, labels: Floats) -> tuple[Floats, Floats, Floats]:
    """Distinct intensities in rising order, and images without and with the label at each."""
    known = ~np.isnan(intensity) & (labels >= 0)
    if not np.isin(labels[known], (0.0, 1.0)).all():
        raise ReportError("labels must be 0 or 1; code unknown ones as -1")
    values, place = np.unique(intensity[known], return_inverse=True)
    seen = np.bincount(place, minlength=len(values)).astype(float)
    labelled = np.bincount(place, weights=labels[known], minlength=len(values)).astype(float)
    return values, seen - labelled, labelled


def _undefined(values: Floats, without: Floats, with_label: Floats) -> str:
    """Why there is no curve; empty if there is one."""
    if not len(values):
        return NO_IMAGES
    if not without.any() or not with_label.any():
        return ONE_LABEL
    return CONSTANT if len(values) == 1 else ""
