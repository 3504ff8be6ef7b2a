"""Logistic regression: against R and statsmodels, separation, collinear columns, weights."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from reports.errors import ReportError
from reports.stats.firth import fit_firth
from reports.stats.logistic import fit_logit
from tests.reports.stats.rscript import r_numbers


def drawn(seed=0, rows=120, columns=3):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, columns))
    labels = (draw.random(rows) < expit(0.3 + x @ np.linspace(-1, 1, columns))).astype(float)
    return np.column_stack([np.ones(rows), x]), labels


def test_a_two_by_two_table_gives_its_log_odds():
    # 3 of 10 against 6 of 10: intercept log(3/7), slope log(6/4) - log(3/7)
    design = np.column_stack([np.ones(20), np.repeat([0.0, 1.0], 10)])
    labels = np.repeat([1.0, 0.0, 1.0, 0.0], [3, 7, 6, 4])
    fit = fit_logit(design, labels)

    assert fit.coefficients == pytest.approx([math.log(3 / 7), math.log(1.5 * 7 / 3)], rel=1e-10)
    # Woolf: variance of the log odds ratio is the sum of the reciprocals
    assert fit.covariance[1, 1] == pytest.approx(1 / 3 + 1 / 7 + 1 / 6 + 1 / 4, rel=1e-10)
    assert (fit.rank, fit.firth, fit.converged, fit.reason) == (2, False, True, "")


def test_estimates_equal_r():
    design, labels = drawn()
    numbers = ",".join(repr(float(x)) for x in design.ravel())
    answers = ",".join(str(int(y)) for y in labels)
    theirs = r_numbers(
        f"{{x=matrix(c({numbers}), ncol=4, byrow=TRUE); y=c({answers});"
        "m=glm(y~x-1,binomial,epsilon=1e-15); c(coef(m), vcov(m), logLik(m))}"
    )
    fit = fit_logit(design, labels)

    assert fit.coefficients == pytest.approx(theirs[:4], rel=1e-8)
    # R's covariance comes from the weights before the last step
    assert fit.covariance.ravel() == pytest.approx(theirs[4:20], rel=1e-6)
    assert fit.log_likelihood == pytest.approx(theirs[20], rel=1e-10)


def test_weights_stand_for_equal_images():
    design, labels = drawn(1, rows=60)
    times = np.arange(60) % 4 + 1
    weighted = fit_logit(design, labels, weights=times.astype(float))
    repeated = fit_logit(np.repeat(design, times, axis=0), np.repeat(labels, times))

    assert weighted.coefficients == pytest.approx(repeated.coefficients, rel=1e-9)
    assert weighted.covariance == pytest.approx(repeated.covariance, rel=1e-7)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)


def test_complete_separation_is_fitted_with_the_penalty():
    x = np.linspace(-1.7, 1.7, 30)
    design, labels = np.column_stack([np.ones(30), x]), (x > 0.2).astype(float)
    fit = fit_logit(design, labels)

    assert fit.firth
    assert fit.reason == "the label separates: Firth's penalty"
    assert fit.coefficients == pytest.approx(fit_firth(design, labels).coefficients)
    assert np.isfinite(fit.covariance).all()


@pytest.mark.parametrize("rows", [80, 20_000], ids=["few images", "many images"])
@pytest.mark.parametrize("members", [3, 0.3], ids=["rare group", "common group"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_group_without_the_label_is_fitted_with_the_penalty(rows, members, weighted):
    design, labels = drawn(2, rows=rows)
    inside = np.zeros(rows)
    inside[: members if members > 1 else int(members * rows)] = 1
    labels[inside == 1] = 0
    weights = np.ones(rows) if weighted else None
    fit = fit_logit(np.column_stack([design, inside]), labels, weights=weights)

    assert fit.firth
    assert -20 < fit.coefficients[-1] < -1


def test_a_strong_but_overlapping_effect_is_no_separation():
    x = np.repeat(np.linspace(-2, 2, 400), 5)
    labels = (np.random.default_rng(3).random(2000) < expit(8 * x)).astype(float)
    fit = fit_logit(np.column_stack([np.ones(2000), x]), labels)

    assert not fit.firth
    assert fit.coefficients[1] == pytest.approx(8, abs=1.5)


def test_nearly_collinear_columns_are_no_separation():
    design, labels = drawn(4, rows=500)
    near = design[:, 1] + 3e-5 * np.random.default_rng(4).normal(size=500)
    fit = fit_logit(np.column_stack([design, near - near.mean()]), labels)
    plain = fit_logit(design, labels)

    assert (fit.rank, fit.firth) == (5, False)
    assert np.abs(fit.coefficients).max() > 100
    assert fit.log_likelihood >= plain.log_likelihood - 1e-9


def test_columns_that_follow_from_others_get_no_coefficient_and_change_nothing():
    design, labels = drawn(5)
    wider = np.column_stack([design[:, :2], np.full(120, 0.1), design[:, 1] * 2 + 1, design[:, 2:]])
    fit, plain = fit_logit(wider, labels), fit_logit(design, labels)

    assert np.isnan(fit.coefficients).tolist() == [False, False, True, True, False, False]
    assert fit.coefficients[[0, 1, 4, 5]] == pytest.approx(plain.coefficients, rel=1e-9)
    assert np.isnan(fit.covariance[2]).all()
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    assert fit.rank == 4
    assert fit.reason == "2 columns follow from the others"


def test_more_columns_than_rows_are_fitted_with_the_penalty():
    draw = np.random.default_rng(6)
    fit = fit_logit(np.column_stack([np.ones(6), draw.normal(size=(6, 9))]), np.arange(6) % 2.0)

    assert fit.rank == 6
    assert fit.firth
    assert fit.reason.endswith("4 columns follow from the others")


@pytest.mark.parametrize(
    ("labels", "reason"),
    [([], "no images"), ([1.0], "nobody or everybody has the label"), ([0.0] * 9, "nobody or ev")],
)
def test_nothing_to_fit_gives_a_reason(labels, reason):
    fit = fit_logit(np.ones((len(labels), 2)), np.array(labels))

    assert np.isnan(fit.coefficients).all()
    assert math.isnan(fit.log_likelihood)
    assert fit.reason.startswith(reason)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ReportError, match="does not fit"):
        fit_logit(np.ones((3, 2)), np.zeros(4))


def test_the_constant_fit_has_the_likelihood_of_the_proportion():
    _, labels = drawn(7)
    fit = fit_logit(np.ones((120, 1)), labels)

    assert fit.log_likelihood == pytest.approx(sm.Logit(labels, np.ones(120)).fit(disp=0).llf)
    assert expit(fit.coefficients[0]) == pytest.approx(labels.mean(), rel=1e-10)
