"""Does the group tell something of the label beyond all action-unit intensities?

Logistic regression of the label on the intensities, without and with the group, compared by their
likelihoods.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit  # type: ignore[import-untyped]
from scipy.stats import chi2, norm  # type: ignore[import-untyped]

from reports.errors import ReportError
from reports.stats.collinearity import independent_columns
from reports.stats.interaction import SPARSE, sparse
from reports.stats.logistic import ONE_LABEL, SEPARATED
from reports.stats.nested_models import Comparison, constants, interactions
from reports.stats.outcome import Estimate, Outcome

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Model = Literal["main", "interactions", "squares"]

Z = float(norm.ppf(0.975))
NO_IMAGES = "no images with label, group and intensities"
ONE_GROUP = "fewer than two groups have images"
ABSENT = "the group has no images"
REFERENCE = "reference"
SAME = "the intensities alone tell the groups apart"
FEW = "fewer than 10 images of the rarer label for each parameter"
#: images with the rarer of label and no label that a parameter needs for p to hold
PER_PARAMETER = 10


@dataclass(frozen=True, eq=False)
class GroupTerm:
    """The group's part in P(label | intensities, group).

    Attributes:
        outcome: likelihood-ratio test of all group terms at once; `n` counts the images used.
        odds_ratios: G; each group against the first one with images, at equal intensities (at mean
            intensities where the model has interactions), with Wald's interval.
        marginal_differences: (G,) P(label) if all images were of the group less P(label) if all
            were of the reference, intensities as they are; NaN for the reference.
        firth: whether likelihoods and estimates carry Firth's penalty.
    """

    outcome: Outcome
    odds_ratios: tuple[Estimate, ...]
    marginal_differences: Floats
    firth: bool = False


def group_term(
    labels: Floats,
    intensities: Floats,
    groups: Codes,
    num_groups: int,
    *,
    model: Model = "main",
    names: Sequence[str] = (),
) -> GroupTerm:
    """Likelihood-ratio test of the group term, adjusted odds ratios and marginal differences.

    `main` adds a constant for each group to a regression on all intensities, `interactions` a
    regression of its own for each group, `squares` is `main` with squared intensities in both
    models: a bent effect of an intensity can pose as a group's. Intensities are standardised;
    those that follow from others or never vary change nothing and are named in `reason`. Degrees
    of freedom are the difference of the ranks. Where the label separates, both models are fitted
    with Firth's penalty of the larger one.

    Args:
        labels: (N,) 0 or 1; NaN or negative where unknown.
        intensities: (N, M) in any unit; NaN where not measured.
        groups: (N,) codes below `num_groups`; -1 unknown.
        num_groups: G.
        model: which two models are compared.
        names: of the M units, for the reasons.

    Returns:
        From the rows without unknowns. NaN with a reason where fewer than two groups or only one
        label are left, or the intensities tell the groups apart. `min_expected` is the smallest
        number of images of a group, with or without the label, that the model without groups
        expects. p alone is NaN where these numbers break Cochran's rule, or the label or its
        absence is rarer than 10 images a parameter: the test then rejects too often.

    Raises:
        ReportError: shapes do not fit, or labels or groups are out of range.

    Source: metrics.md 10.7; Peduzzi et al. 1996 (10 a parameter).
    """
    labels = np.asarray(labels, float)
    _check(labels, intensities, groups, num_groups)
    known = (labels >= 0) & (groups >= 0) & np.isfinite(intensities).all(axis=1)
    labels = labels[known]
    present = np.flatnonzero(np.bincount(groups[known], minlength=num_groups))
    reason = _undefined(labels, present)
    if reason:
        outcome = Outcome(n=len(labels), reason=reason)
        return GroupTerm(outcome, *_placed(num_groups, present, reason=reason))
    covariates, left_out = _covariates(intensities[known], squares=model == "squares")
    codes = np.searchsorted(present, groups[known])
    compare = interactions if model == "interactions" else constants
    found = compare(covariates, labels, codes)
    outcome = _outcome(found, len(labels), _left_out(left_out, names, intensities.shape[1]))
    chances = np.array([expit(covariates @ line).mean() for line in found.lines])
    odds_ratios, differences = _placed(num_groups, present, found=found, chances=chances)
    return GroupTerm(outcome, odds_ratios, differences, found.firth)


def _check(labels: Floats, intensities: Floats, groups: Codes, num_groups: int) -> None:
    if intensities.ndim != 2 or not len(labels) == len(intensities) == len(groups):
        raise ReportError(
            f"labels, intensities and groups have shapes {labels.shape}, {intensities.shape} and "
            f"{groups.shape}; give one row an image"
        )
    if not (np.isnan(labels) | (labels < 0) | (labels == 0) | (labels == 1)).all():
        raise ReportError("labels must be 0 or 1; code unknown ones as -1")
    if len(groups) and groups.max() >= num_groups:
        raise ReportError(f"group {groups.max()} occurs; codes must be below {num_groups}")


def _undefined(labels: Floats, present: Codes) -> str:
    """Why there is no test; empty if there may be one."""
    if not len(labels):
        return NO_IMAGES
    if len(present) < 2:
        return ONE_GROUP
    return ONE_LABEL if (labels == labels[0]).all() else ""


def _covariates(intensities: Floats, *, squares: bool) -> tuple[Floats, Codes]:
    """Intercept, standardised intensities and perhaps squares, of full rank; places left out."""
    n, units = intensities.shape
    design = np.ones((n, 1 + units * (2 if squares else 1)))
    for unit in range(units):
        column = intensities[:, unit] - intensities[:, unit].mean()
        spread = column.std()
        design[:, 1 + unit] = column / spread if spread > 0 else 0.0
        if squares:
            square = design[:, 1 + unit] ** 2
            design[:, 1 + units + unit] = square - square.mean()
    kept = independent_columns(design)
    return (design if kept.all() else design[:, kept]), np.flatnonzero(~kept) - 1


def _left_out(places: Codes, names: Sequence[str], units: int) -> str:
    """Sentence on the intensities that add nothing to the others; squares of 0 and 1 never do."""
    named = [
        names[place] if names else f"intensity {place + 1}" for place in places if place < units
    ]
    return f"never varies or follows from the others: {', '.join(named)}" if named else ""


def _outcome(found: Comparison, n: int, left_out: str) -> Outcome:
    """The test, its p only where it holds."""
    if found.dof < 1:
        return Outcome(n=n, reason="; ".join(filter(None, (SAME, left_out))))
    few, few_expected = found.per_parameter < PER_PARAMETER, sparse(found.expected)
    statistic = max(found.statistic, 0.0)
    reasons = (
        FEW if few else "",
        SPARSE if few_expected else "",
        SEPARATED if found.firth else "",
        left_out,
    )
    return Outcome(
        statistic=statistic,
        dof=float(found.dof),
        p=math.nan if few or few_expected else float(chi2.sf(statistic, found.dof)),
        n=n,
        min_expected=float(found.expected.min()),
        reason="; ".join(filter(None, reasons)),
    )


def _placed(
    num_groups: int,
    present: Codes,
    *,
    found: Comparison | None = None,
    chances: Floats | None = None,
    reason: str = "",
) -> tuple[tuple[Estimate, ...], Floats]:
    """Odds ratios and marginal differences of all G groups, present or not."""
    ratios = [Estimate(reason=reason or ABSENT)] * num_groups
    differences = np.full(num_groups, math.nan)
    for place, group in enumerate(present):
        if place == 0:
            ratios[group] = Estimate(reason=REFERENCE)
        elif found is not None and chances is not None:
            ratios[group] = _odds_ratio(found, place)
            differences[group] = chances[place] - chances[0]
    return tuple(ratios), differences


def _odds_ratio(found: Comparison, place: int) -> Estimate:
    middle = found.lines[place, 0] - found.lines[0, 0]
    half = Z * math.sqrt(found.variances[place])
    if math.isnan(middle + half):
        return Estimate(reason=found.unclear)
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp([middle, middle - half, middle + half])
    return Estimate(float(ratio), float(low), float(high))
