"""Fitted curves: statsmodels' prediction, range, separation, nothing to fit."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from reports.errors import ReportError
from reports.stats.curves import fitted_curve


def drawn(seed=0, rows=400, decimals=2):
    draw = np.random.default_rng(seed)
    x = np.round(draw.uniform(0.5, 4.2, rows), decimals)
    return x, (draw.random(rows) < expit(1.2 * x - 3)).astype(float)


@pytest.mark.parametrize("decimals", [0, 2, 15])
def test_curve_and_band_equal_statsmodels_prediction(decimals):
    x, labels = drawn(decimals=decimals)
    curve = fitted_curve(x, labels, top=5.0)
    seen = ~np.isnan(curve.probability)
    fit = sm.Logit(labels, sm.add_constant(x)).fit(disp=0, tol=1e-12)
    theirs = fit.get_prediction(sm.add_constant(curve.grid[seen])).summary_frame()

    assert curve.probability[seen] == pytest.approx(theirs["predicted"], rel=1e-8)
    assert curve.low[seen] == pytest.approx(theirs["ci_lower"], rel=1e-7)
    assert curve.high[seen] == pytest.approx(theirs["ci_upper"], rel=1e-7)
    assert curve.reason == ""


def test_the_curve_is_drawn_between_the_least_and_the_largest_intensity():
    x = np.array([0.3, 0.9, 1.0, 2.0, 2.1, 2.5])
    curve = fitted_curve(x, np.array([0.0, 1, 0, 1, 0, 1]), top=5.0)

    assert curve.grid[[0, 1, 50]] == pytest.approx([0, 0.1, 5])
    drawn_at = curve.grid[~np.isnan(curve.probability)]
    assert (drawn_at[0], drawn_at[-1]) == pytest.approx((0.3, 2.5))
    for line in (curve.low, curve.high):
        assert np.array_equal(np.isnan(line), np.isnan(curve.probability))


def test_presences_are_drawn_through_the_two_proportions():
    # 1 of 4 and 6 of 8
    x = np.repeat([0.0, 1.0], [4, 8])
    curve = fitted_curve(x, np.repeat([1.0, 0, 1, 0], [1, 3, 6, 2]), top=1.0)

    assert curve.probability[[0, 50]] == pytest.approx([1 / 4, 6 / 8], rel=1e-9)
    half = 1.959963984540054 * math.sqrt(1 / 6 + 1 / 2)
    assert curve.high[50] == pytest.approx(expit(math.log(3) + half), rel=1e-9)


def test_unknown_rows_are_left_out():
    x, labels = drawn(1)
    more = fitted_curve(
        np.concatenate([x, [np.nan, 1.0, 4.9]]), np.concatenate([labels, [1, -1, np.nan]]), top=5.0
    )
    plain = fitted_curve(x, labels, top=5.0)

    assert np.array_equal(more.probability, plain.probability, equal_nan=True)


def test_order_and_scale_do_not_matter():
    x, labels = drawn(2)
    first, back = fitted_curve(x, labels, top=5.0), fitted_curve(x[::-1], labels[::-1], top=5.0)
    scaled = fitted_curve(x / 5, labels, top=1.0)

    assert np.array_equal(first.probability, back.probability, equal_nan=True)
    assert scaled.probability == pytest.approx(first.probability, rel=1e-9, nan_ok=True)


def test_separation_is_drawn_with_firths_penalty_and_said():
    x = np.linspace(0, 5, 40)
    curve = fitted_curve(x, (x > 2).astype(float), top=5.0)

    assert curve.reason == "the label separates: Firth's penalty"
    assert np.isfinite(curve.high).all()
    assert curve.probability[0] < 0.05 < 0.95 < curve.probability[-1]


@pytest.mark.parametrize(
    ("x", "labels", "reason"),
    [
        ([], [], "no images"),
        ([np.nan], [1], "no images"),
        ([1.0], [1], "nobody or everybody has the label"),
        ([1.0, 2.0], [0, 0], "nobody or everybody has the label"),
        ([0.1, 0.1, 0.1], [0, 1, 1], "all images have the same intensity"),
    ],
)
def test_nothing_to_draw_gives_a_reason(x, labels, reason):
    curve = fitted_curve(np.array(x), np.array(labels, float), top=5.0)

    assert curve.reason == reason
    assert len(curve.grid) == 51
    assert np.isnan([curve.probability, curve.low, curve.high]).all()


def test_two_images_are_drawn_without_a_warning():
    curve = fitted_curve(np.array([1.0, 2.0]), np.array([0.0, 1.0]), top=5.0)

    assert np.isfinite(curve.probability[10:21]).all()


@pytest.mark.parametrize("top", [0.0, -1.0, math.inf, math.nan])
def test_a_scale_without_length_is_refused(top):
    with pytest.raises(ReportError, match="positive number"):
        fitted_curve(np.array([1.0]), np.array([1.0]), top=top)


def test_labels_that_are_no_labels_are_refused():
    with pytest.raises(ReportError, match="0 or 1"):
        fitted_curve(np.array([1.0, 2.0]), np.array([0.0, 3.0]), top=5.0)
