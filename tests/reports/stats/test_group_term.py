"""The group term beside all intensities: R, statsmodels, a plain optimiser, invariances, edges."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from reports.errors import ReportError
from reports.stats.group_term import group_term
from tests.reports.stats.rscript import r_numbers

MODELS = ("main", "interactions", "squares")


def drawn(seed=0, rows=600, units=2, groups=2, shift=0.8):
    draw = np.random.default_rng(seed)
    intensities = np.round(draw.gamma(1.0, 1.0, (rows, units)), 2)
    codes = draw.integers(0, groups, rows)
    eta = intensities @ np.linspace(1.0, 0.2, units) - 1.3 + shift * (codes == groups - 1)
    return (draw.random(rows) < expit(eta)).astype(float), intensities, codes


def same(first, second, **tolerance):
    assert first.outcome.statistic == pytest.approx(second.outcome.statistic, **tolerance)
    assert first.outcome.dof == second.outcome.dof
    assert first.firth == second.firth
    for a, b in zip(first.odds_ratios, second.odds_ratios, strict=True):
        assert (a.value, a.low, a.high) == pytest.approx(
            (b.value, b.low, b.high), nan_ok=True, **tolerance
        )
    assert first.marginal_differences == pytest.approx(
        second.marginal_differences, nan_ok=True, **tolerance
    )


# --- values


def test_without_any_effect_of_intensity_the_odds_ratio_is_that_of_the_table():
    # the intensity is spread alike over all four cells, so its coefficient is 0 and the group's is
    # that of the table: 30 of 100 against 60 of 100, odds (60/40) / (30/70) = 3.5
    labels = np.tile(np.repeat([1.0, 0.0, 1.0, 0.0], [30, 70, 60, 40]), 2)
    codes = np.tile(np.repeat([0, 1], 100), 2)
    intensities = np.repeat([0.0, 1.0], 200)[:, np.newaxis]
    found = group_term(labels, intensities, codes, 2)
    entropy = sum(n * math.log(n / t) for n, t in ((60, 200), (140, 200), (120, 200), (80, 200)))
    pooled = 180 * math.log(180 / 400) + 220 * math.log(220 / 400)

    assert found.odds_ratios[0].reason == "reference"
    assert math.isnan(found.odds_ratios[0].value)
    assert found.odds_ratios[1].value == pytest.approx(3.5, rel=1e-9)
    half = 1.959963984540054 * math.sqrt(1 / 60 + 1 / 140 + 1 / 120 + 1 / 80)
    assert found.odds_ratios[1].low == pytest.approx(3.5 * math.exp(-half), rel=1e-9)
    assert found.marginal_differences[1] == pytest.approx(0.3, rel=1e-9)
    assert found.outcome.statistic == pytest.approx(2 * (entropy - pooled), rel=1e-9)
    assert (found.outcome.dof, found.outcome.n) == (1, 400)
    assert found.outcome.min_expected == pytest.approx(90)  # 180 of 400, and 200 in a group


@pytest.mark.parametrize(
    ("model", "small", "large"),
    [
        ("main", "a+b", "a+b+g"),
        ("interactions", "a+b", "(a+b)*g"),
        ("squares", "a+b+I(a^2)+I(b^2)", "a+b+I(a^2)+I(b^2)+g"),
    ],
)
def test_the_test_equals_rs(model, small, large):
    labels, intensities, codes = drawn(rows=400, groups=3)
    columns = dict(zip("yabg", (labels, *intensities.T, codes), strict=True))
    vectors = ";".join(f"{c}=c({','.join(map(str, v))})" for c, v in columns.items())
    fits = ";".join(
        f"m{k}=glm(y~{formula},binomial,epsilon=1e-15)" for k, formula in enumerate((small, large))
    )
    statistic, dof, p = r_numbers(
        f"{{{vectors};g=factor(g);{fits};t=anova(m0,m1,test='LRT');"
        "c(t$Deviance[2], t$Df[2], t$`Pr(>Chi)`[2])}"
    )
    found = group_term(labels, intensities, codes, 3, model=model).outcome

    assert found.statistic == pytest.approx(statistic, rel=1e-8)
    assert found.dof == dof
    assert found.p == pytest.approx(p, rel=1e-7)


def test_odds_ratios_and_marginal_differences_equal_statsmodels():
    labels, intensities, codes = drawn(1, groups=3)
    dummies = (codes[:, np.newaxis] == [1, 2]).astype(float)
    theirs = sm.Logit(labels, sm.add_constant(np.column_stack([intensities, dummies]))).fit(disp=0)
    found = group_term(labels, intensities, codes, 3)

    for k, estimate in enumerate(found.odds_ratios[1:]):
        assert estimate.value == pytest.approx(np.exp(theirs.params[3 + k]), rel=1e-7)
        assert (estimate.low, estimate.high) == pytest.approx(
            np.exp(theirs.conf_int()[3 + k]), rel=1e-7
        )
        chances = [
            theirs.predict(np.column_stack([np.ones(600), intensities, np.tile(row, (600, 1))]))
            for row in (np.eye(2)[k], np.zeros(2))
        ]
        assert found.marginal_differences[1 + k] == pytest.approx(
            (chances[0] - chances[1]).mean(), rel=1e-7
        )


def test_a_regression_for_each_group_gives_its_own_line():
    labels, intensities, codes = drawn(2)
    found = group_term(labels, intensities, codes, 2, model="interactions")
    fits = [
        sm.Logit(labels[codes == k], sm.add_constant(intensities[codes == k])).fit(disp=0)
        for k in (0, 1)
    ]
    at_mean = np.array([1.0, *intensities.mean(axis=0)])
    lines = [fit.params @ at_mean for fit in fits]
    variance = sum(at_mean @ fit.cov_params() @ at_mean for fit in fits)
    everywhere = [fit.predict(sm.add_constant(intensities)).mean() for fit in fits]

    assert found.odds_ratios[1].value == pytest.approx(np.exp(lines[1] - lines[0]), rel=1e-7)
    assert found.odds_ratios[1].high == pytest.approx(
        np.exp(lines[1] - lines[0] + 1.959963984540054 * math.sqrt(variance)), rel=1e-7
    )
    assert found.marginal_differences[1] == pytest.approx(everywhere[1] - everywhere[0], rel=1e-7)


# --- separation


def profile(design, labels, free):
    """Largest penalised log-likelihood with only these columns' coefficients free."""

    def loss(values):
        coefficients = np.zeros(design.shape[1])
        coefficients[free] = values
        eta = design @ coefficients
        _, size = np.linalg.slogdet(design.T * (expit(eta) * expit(-eta)) @ design)
        return -log_expit(np.where(labels == 1, eta, -eta)).sum() - size / 2

    return -minimize(loss, np.zeros(len(free)), method="BFGS", options={"gtol": 1e-9}).fun


@pytest.mark.parametrize("model", MODELS)
def test_a_group_that_never_has_the_label_is_tested_with_firths_penalty(model):
    labels, intensities, codes = drawn(3, rows=200)
    labels[codes == 1] = 0
    found = group_term(labels, intensities, codes, 2, model=model)
    z = (intensities - intensities.mean(0)) / intensities.std(0)
    base = np.column_stack([np.ones(200), z, *([z**2] if model == "squares" else [])])
    group = (codes == 1)[:, np.newaxis]
    extra = base * group if model == "interactions" else group
    design, width = np.column_stack([base, extra]), base.shape[1]
    large = profile(design, labels, list(range(design.shape[1])))
    small = profile(design, labels, list(range(width)))

    assert found.firth
    assert "the label separates" in found.outcome.reason
    assert found.outcome.statistic == pytest.approx(2 * (large - small), rel=1e-6)
    assert found.odds_ratios[1].high < 1
    assert found.marginal_differences[1] < 0


def test_a_small_group_that_separates_does_not_break_the_interactions():
    labels, intensities, codes = drawn(4, rows=900, groups=3)
    few = np.flatnonzero(codes == 1)
    codes[few[2:]] = 0
    found = group_term(labels, intensities, codes, 3, model="interactions")

    assert found.firth
    assert found.outcome.statistic > 0
    assert math.isnan(found.outcome.p)
    assert found.outcome.dof == 3 + 2 + 3 - 3  # the group of two images has rank 2
    assert found.outcome.min_expected < 2
    assert found.outcome.reason.startswith("fewer than 10 images")
    assert "does not vary" in found.odds_ratios[1].reason
    assert math.isnan(found.marginal_differences[1])
    assert found.odds_ratios[2].low > 0


# --- invariances


@pytest.mark.parametrize("model", MODELS)
@given(seed=st.integers(0, 50), scale=st.floats(0.01, 100), offset=st.floats(-10, 10))
@settings(max_examples=10, deadline=None)
def test_scale_and_offset_of_the_intensities_do_not_matter(model, seed, scale, offset):
    labels, intensities, codes = drawn(seed, rows=300)
    same(
        group_term(labels, intensities, codes, 2, model=model),
        group_term(labels, intensities * [scale, 1.0] + offset, codes, 2, model=model),
        rel=1e-7,
        abs=1e-7,
    )


@pytest.mark.parametrize("model", MODELS)
def test_unknown_and_unmeasured_rows_are_left_out(model):
    labels, intensities, codes = drawn(5)
    more_labels = np.concatenate([labels, [np.nan, -1, 1, 1]])
    more = np.concatenate([intensities, [[1, 1], [1, 1], [1, 1], [np.nan, 1]]])
    more_codes = np.concatenate([codes, [0, 0, -1, 1]])
    found = group_term(more_labels, more, more_codes, 2, model=model)

    assert found.outcome.n == 600
    same(found, group_term(labels, intensities, codes, 2, model=model), rel=1e-12)


def test_relabelling_the_groups_moves_the_estimates_along():
    labels, intensities, codes = drawn(6, groups=3)
    first = group_term(labels, intensities, codes, 3)
    other = group_term(labels, intensities, np.array([0, 2, 1])[codes], 3)

    assert other.outcome.statistic == pytest.approx(first.outcome.statistic, rel=1e-9)
    assert other.odds_ratios[2].value == pytest.approx(first.odds_ratios[1].value, rel=1e-8)
    assert other.marginal_differences[1] == pytest.approx(first.marginal_differences[2], rel=1e-8)


def test_an_absent_group_keeps_its_place():
    labels, intensities, codes = drawn(7)
    found = group_term(labels, intensities, codes * 2 + 1, 5)  # groups 1 and 3
    plain = group_term(labels, intensities, codes, 2)

    assert [e.reason for e in found.odds_ratios] == [
        "the group has no images", "reference", "the group has no images", "",
        "the group has no images",
    ]  # fmt: skip
    assert found.odds_ratios[3] == plain.odds_ratios[1]
    assert np.isnan(found.marginal_differences).tolist() == [True, True, True, False, True]
    assert found.outcome == plain.outcome


# --- collinear intensities


@pytest.mark.parametrize("model", MODELS)
def test_intensities_that_add_nothing_change_nothing_and_are_named(model):
    labels, intensities, codes = drawn(8)
    copy, constant = intensities[:, :1] * 5 - 1, np.full((600, 1), 0.3)
    wider = np.column_stack([constant, intensities, copy])
    names = ("AU01", "AU06", "AU12", "AU25")
    found = group_term(labels, wider, codes, 2, model=model, names=names)

    same(found, group_term(labels, intensities, codes, 2, model=model), rel=1e-8)
    assert found.outcome.reason == "never varies or follows from the others: AU01, AU25"
    unnamed = group_term(labels, wider, codes, 2, model=model).outcome.reason
    assert unnamed.endswith("intensity 1, intensity 4")


def test_squares_of_presences_add_nothing():
    labels, intensities, codes = drawn(9)
    present = (intensities > 1).astype(float)
    squares = group_term(labels, present, codes, 2, model="squares")

    same(squares, group_term(labels, present, codes, 2), rel=1e-9)
    assert squares.outcome.reason == ""


def test_intensities_that_tell_the_groups_apart_leave_nothing_to_test():
    labels, intensities, codes = drawn(10)
    found = group_term(labels, np.column_stack([intensities, codes]), codes, 2)

    assert math.isnan(found.outcome.p)
    assert found.outcome.reason == "the intensities alone tell the groups apart"
    assert found.odds_ratios[1].reason == "the intensities alone tell the group apart"
    assert math.isnan(found.marginal_differences[1])


def test_only_the_groups_that_the_intensities_tell_apart_lose_their_estimate():
    labels, intensities, codes = drawn(11, groups=3)
    plain = group_term(labels[codes < 2], intensities[codes < 2], codes[codes < 2], 3)
    found = group_term(labels, np.column_stack([intensities, codes == 2]), codes, 3)

    assert found.outcome.dof == 1
    assert math.isnan(found.odds_ratios[2].value)
    assert found.odds_ratios[1].value == pytest.approx(plain.odds_ratios[1].value, rel=0.2)
    assert found.odds_ratios[1].low < found.odds_ratios[1].value < found.odds_ratios[1].high


# --- nothing to test


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("labels", "codes", "reason"),
    [
        ([], [], "no images with label, group and intensities"),
        ([-1, np.nan], [0, 1], "no images with label, group and intensities"),
        ([1, 0], [-1, -1], "no images with label, group and intensities"),
        ([1], [0], "fewer than two groups have images"),
        ([1, 0, 1], [1, 1, 1], "fewer than two groups have images"),
        ([0, 0, 0], [0, 1, 1], "nobody or everybody has the label"),
        ([1, 1, 1], [0, 1, 1], "nobody or everybody has the label"),
    ],
)
def test_nothing_to_test_gives_a_reason(model, labels, codes, reason):
    intensities = np.random.default_rng(0).random((len(labels), 3))
    found = group_term(np.array(labels, float), intensities, np.array(codes, int), 2, model=model)

    assert math.isnan(found.outcome.p)
    assert found.outcome.reason == reason
    assert len(found.odds_ratios) == 2
    assert all(math.isnan(e.value) and e.reason for e in found.odds_ratios)
    assert np.isnan(found.marginal_differences).all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rows", [2, 3, 10, 30])
@pytest.mark.parametrize("units", [0, 1, 12])
def test_a_handful_of_images_gives_no_p(model, rows, units):
    draw = np.random.default_rng(rows)
    labels = np.arange(rows) % 2.0
    codes = draw.permutation(np.arange(rows) % 2)
    found = group_term(labels, draw.random((rows, units)), codes, 2, model=model)

    assert math.isnan(found.outcome.p) or (rows == 30 and units == 0)
    assert found.outcome.reason or (rows == 30 and units == 0)
    assert found.outcome.n == rows


def test_a_label_too_rare_for_the_parameters_has_a_statistic_and_no_p():
    labels, intensities, codes = drawn(12, rows=70, units=4)
    found = group_term(labels, intensities, codes, 2).outcome

    assert found.statistic >= 0
    assert math.isnan(found.p)
    assert found.reason == "fewer than 10 images of the rarer label for each parameter"


def test_a_group_of_a_few_images_leaves_the_test_without_p():
    labels, intensities, codes = drawn(13)
    codes[np.flatnonzero(codes == 1)[6:]] = 0
    found = group_term(labels, intensities, codes, 2)

    assert math.isnan(found.outcome.p)
    assert found.outcome.min_expected < 5
    assert found.outcome.reason == "expected counts are too small"
    assert found.odds_ratios[1].low > 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(0, 3), st.sampled_from(MODELS))
@settings(max_examples=60, deadline=None)
def test_any_data_give_a_p_or_a_reason_and_never_a_warning(seed, rows, units, model):
    draw = np.random.default_rng(seed)
    labels = draw.integers(-1, 2, rows)
    found = group_term(
        labels, draw.integers(0, 2, (rows, units)) * 1.0, draw.integers(-1, 3, rows), 3, model=model
    )

    assert 0 <= found.outcome.p <= 1 or found.outcome.reason
    for estimate in found.odds_ratios:
        assert estimate.low <= estimate.value <= estimate.high or estimate.reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3), np.zeros((2, 1)), np.zeros(3, int), 2), "one row an image"),
        ((np.array([0.0, 2.0]), np.zeros((2, 1)), np.zeros(2, int), 2), "0 or 1"),
        ((np.zeros(2), np.zeros((2, 1)), np.array([0, 2]), 2), "below 2"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ReportError, match=message):
        group_term(*arguments)


def test_the_test_holds_its_level_where_the_group_is_tied_to_the_intensities():
    rejected = 0
    for seed in range(400):
        draw = np.random.default_rng(seed)
        intensities = draw.gamma(1.0, 1.0, (400, 2))
        codes = (draw.random(400) < expit(intensities[:, 0] - 1)).astype(int)
        labels = (draw.random(400) < expit(intensities[:, 0] - 1)).astype(float)
        rejected += group_term(labels, intensities, codes, 2).outcome.p < 0.05

    # 5 % and 3.3 standard errors of 1.09 %; the raw table would reject nearly always
    assert 0.014 <= rejected / 400 <= 0.086
