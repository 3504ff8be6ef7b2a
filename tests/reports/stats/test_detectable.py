"""The smallest detectable rate, against statsmodels and the specification."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from reports.stats.detectable import detectable_rates


def test_four_against_sixty_two_images_show_next_to_nothing():
    # h = 2.8016 x sqrt(1/4 + 1/62) = 1.4453; sin^2(pi/4 -+ .7226) = .0039, .9961
    assert detectable_rates(4, 62, 0.5) == pytest.approx((0.0039, 0.9961), abs=5e-5)


@pytest.mark.parametrize(("n1", "n2", "p1"), [(100, 300, 0.7), (61, 9, 0.5), (2000, 246, 0.9)])
def test_the_effect_has_the_power_that_statsmodels_computes(n1, n2, p1):
    for rate in detectable_rates(n1, n2, p1):
        effect = abs(proportion_effectsize(rate, p1))
        found = NormalIndPower().power(effect, n1, 0.05, n2 / n1, alternative="larger")
        one_sided = NormalIndPower().power(effect, n1, 0.025, n2 / n1, alternative="larger")

        assert one_sided == pytest.approx(0.8, abs=1e-6)
        assert found > one_sided


def test_where_no_rate_is_far_enough_there_is_none():
    lower, upper = detectable_rates(4, 9, 0.9)

    assert 0 < lower < 0.9
    assert math.isnan(upper)
    assert np.isnan(detectable_rates(1, 1, 0.5)).all()


@pytest.mark.parametrize("case", [(0, 9, 0.5), (9, 0, 0.5), (9, 9, math.nan), (9, 9, 1.2)], ids=str)
def test_an_empty_group_or_no_rate_detects_nothing(case):
    assert np.isnan(detectable_rates(*case)).all()


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 100))
def test_more_samples_detect_less_and_complements_mirror(n1, n2, percent):
    p = percent / 100
    lower, upper = detectable_rates(n1, n2, p)
    closer = detectable_rates(2 * n1, n2, p)

    if not math.isnan(lower):
        assert 0 <= lower < p
        assert closer[0] > lower
    if not math.isnan(upper):
        assert p < upper <= 1
        assert closer[1] < upper
    assert detectable_rates(n1, n2, 1 - p) == pytest.approx((1 - upper, 1 - lower), nan_ok=True)
