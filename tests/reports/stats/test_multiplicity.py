"""Holm and Benjamini-Hochberg, with tests that could not be made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from reports.stats.multiplicity import benjamini_hochberg, holm
from tests.reports.stats.rscript import r_numbers

#: thousandths; -1 stands for a test that could not be made
ps = st.lists(st.integers(-1, 1000), max_size=12).map(
    lambda each: np.array([np.nan if n < 0 else n / 1000 for n in each], dtype=float)
)


def test_holm_multiplies_the_smallest_p_by_the_number_of_tests():
    # .01 x 4 = .04; .02 x 3 = .06; .03 x 2 = .06; .5 x 1 = .5
    assert holm([0.02, 0.5, 0.01, 0.03]) == pytest.approx([0.06, 0.5, 0.04, 0.06])


def test_benjamini_hochberg_divides_by_the_rank():
    # .01 x 4 / 1 = .04, .02 x 4 / 2 = .04, .03 x 4 / 3 = .04, .5 x 4 / 4 = .5
    assert benjamini_hochberg([0.02, 0.5, 0.01, 0.03]) == pytest.approx([0.04, 0.5, 0.04, 0.04])


def test_a_test_that_could_not_be_made_does_not_count():
    p = np.array([0.02, np.nan, 0.01])

    # of two tests: .01 x 2, .02 x 1; Benjamini-Hochberg .02 x 2 / 2 = .02 bounds .01 x 2 / 1
    assert holm(p) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert benjamini_hochberg(p) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert np.isnan(p[1])


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p", [[], [np.nan], [np.nan, np.nan]], ids=str)
def test_a_family_without_tests_comes_back_as_it_is(correct, p):
    assert correct(p).shape == np.shape(p)
    assert np.isnan(correct(p)).all()


@given(ps)
@settings(max_examples=80, deadline=None)
def test_holm_is_at_least_benjamini_hochberg_which_is_at_least_p(p):
    by_holm, by_rate = holm(p), benjamini_hochberg(p)
    made = ~np.isnan(p)

    assert (np.isnan(by_holm) == ~made).all()
    assert (np.isnan(by_rate) == ~made).all()
    assert (by_holm[made] >= by_rate[made] - 1e-12).all()
    assert (by_rate[made] >= p[made] - 1e-12).all()
    assert (by_holm[made] <= 1).all()
    if made.any():
        assert by_rate[made] == pytest.approx(false_discovery_control(p[made]))


@given(ps, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_tests_does_not_matter(p, random):
    order = random.sample(range(len(p)), len(p))

    for correct in (holm, benjamini_hochberg):
        assert correct(p[order]) == pytest.approx(correct(p)[order], nan_ok=True)


@pytest.mark.parametrize(("correct", "name"), [(holm, "holm"), (benjamini_hochberg, "BH")])
def test_corrections_equal_r(correct, name):
    p = [0.001, 0.2, 0.013, 0.04, 0.04, 0.9, 0.0004]
    wanted = r_numbers(f"p.adjust(c({','.join(map(str, p))}), '{name}')")

    assert correct(p) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_holm_equals_statsmodels(seed):
    p = np.random.default_rng(seed).beta(0.3, 2, size=30)
    p[5] = p[9]

    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-14)
