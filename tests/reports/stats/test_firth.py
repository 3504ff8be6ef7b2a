"""Firth's penalised likelihood: a case by hand, R's brglm2, and a slow optimiser."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from reports.errors import ReportError
from reports.stats.firth import Block, fit_firth
from tests.reports.stats.rscript import r_numbers


def separated(seed=0, rows=40, columns=2):
    """Design whose last column is 1 only for images without the label."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, columns))
    labels = (draw.random(rows) < expit(x[:, 0])).astype(float)
    apart = (draw.random(rows) < 0.4) & (labels == 0)
    return np.column_stack([np.ones(rows), x, apart]), labels


def penalised(coefficients, design, labels, full):
    eta = design @ coefficients
    variance = expit(eta) * expit(-eta)
    _, log_determinant = np.linalg.slogdet(full.T * variance @ full)
    return log_expit(np.where(labels == 1, eta, -eta)).sum() + log_determinant / 2


def test_a_single_proportion_gets_half_an_image_on_either_side():
    # one column of ones: the penalty sqrt(n p q) makes the estimate (y + 1/2) / (n + 1)
    for labelled, n in ((0, 5), (3, 7), (9, 9)):
        fit = fit_firth(np.ones((n, 1)), np.repeat([1.0, 0.0], [labelled, n - labelled]))
        p = (labelled + 0.5) / (n + 1)

        assert fit.coefficients[0] == pytest.approx(math.log(p / (1 - p)), rel=1e-9)
        assert fit.covariance[0, 0] == pytest.approx(1 / (n * p * (1 - p)), rel=1e-9)
        assert fit.converged


def test_a_saturated_table_gets_half_an_image_in_every_cell():
    # 0 of 6 against 4 of 5: log odds ratio log((0.5 / 6.5) / (4.5 / 1.5))
    design = np.column_stack([np.ones(11), np.repeat([1.0, 0.0], [6, 5])])
    labels = np.repeat([0.0, 1.0, 0.0], [6, 4, 1])
    fit = fit_firth(design, labels)

    assert fit.coefficients[1] == pytest.approx(math.log(0.5 / 6.5 / (4.5 / 1.5)), rel=1e-9)


def test_the_maximum_is_that_of_a_plain_optimiser():
    design, labels = separated()
    fit = fit_firth(design, labels)
    best = minimize(
        lambda b: -penalised(b, design, labels, design), np.zeros(4), method="BFGS", tol=1e-10
    )

    assert fit.log_likelihood == pytest.approx(-best.fun, rel=1e-12)
    assert fit.coefficients == pytest.approx(best.x, abs=1e-5)


def test_the_smaller_model_is_fitted_under_the_larger_ones_penalty():
    design, labels = separated(1)
    fit = fit_firth(design[:, :3], labels, penalty=[Block(slice(None), design)])
    best = minimize(
        lambda b: -penalised(b, design[:, :3], labels, design),
        np.zeros(3),
        method="BFGS",
        tol=1e-10,
    )

    assert fit.log_likelihood == pytest.approx(-best.fun, rel=1e-12)
    assert fit.log_likelihood < fit_firth(design, labels).log_likelihood


def test_blocks_equal_the_block_diagonal_design():
    design, labels = separated(2)
    design = design[:, :3]
    first = np.arange(40) < 25
    whole = np.column_stack([design * first[:, None], design * ~first[:, None]])
    blocks = [Block(np.flatnonzero(part), design[part]) for part in (first, ~first)]
    plain, split = (
        fit_firth(design, labels, penalty=p) for p in ([Block(slice(None), whole)], blocks)
    )

    assert split.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    assert split.coefficients == pytest.approx(plain.coefficients, rel=1e-8)


def test_weights_stand_for_equal_images():
    design, labels = separated(3, rows=15)
    times = np.arange(15) % 3 + 1
    weighted = fit_firth(design, labels, weights=times.astype(float))
    repeated = fit_firth(np.repeat(design, times, axis=0), np.repeat(labels, times))

    assert weighted.coefficients == pytest.approx(repeated.coefficients, rel=1e-8)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)


def test_estimates_equal_brglm2():
    if r_numbers('as.numeric(requireNamespace("brglm2", quietly=TRUE))') == [0]:
        pytest.skip("R's package brglm2 is not installed")
    design, labels = separated(4)
    numbers = ",".join(repr(float(x)) for x in design.ravel())
    answers = ",".join(str(int(y)) for y in labels)
    theirs = r_numbers(
        f"{{x=matrix(c({numbers}), nrow=40, byrow=TRUE); y=c({answers});"
        'm=glm(y~x-1,binomial,method=brglm2::brglmFit,type="AS_mean",epsilon=1e-13,maxit=1000);'
        "c(coef(m), sqrt(diag(vcov(m))))}"
    )
    fit = fit_firth(design, labels)

    assert fit.coefficients == pytest.approx(theirs[:4], rel=1e-8)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(theirs[4:], rel=1e-6)


def test_a_design_without_full_rank_is_refused():
    with pytest.raises(ReportError, match="follows from others"):
        fit_firth(np.ones((6, 2)), np.array([0.0, 1, 0, 1, 0, 1]))
