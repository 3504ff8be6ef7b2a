"""Simultaneous intervals: by hand, around the score, coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student

from reports.metrics.counts import Counts
from reports.replicates.simultaneous import (
    between_limits,
    mean_recall_limits,
    sidak_normal,
    sidak_wilson,
    widened_by_seeds,
)

CASES = settings(max_examples=50, deadline=None, derandomize=True)
COMPARE = {
    "ratio": lambda p: p.min(1) / p.max(1),
    "gap": lambda p: p.max(1) - p.min(1),
    "worst": lambda p: p.min(1),
}


def wilson(p, n, alpha):
    z = norm.ppf(1 - alpha / 2)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def test_limits_are_wilsons_at_the_level_of_sidak():
    low, high = sidak_wilson([[0.8, 0.6, np.nan]], [50, 20, 0])
    # Two groups count: each at level sqrt(0.95) = 0.97468, that is alpha = 0.02532.
    for k, (p, n) in enumerate([(0.8, 50), (0.6, 20)]):
        assert (low[0, k], high[0, k]) == pytest.approx(wilson(p, n, 1 - np.sqrt(0.95)))
    assert np.isnan([low[0, 2], high[0, 2]]).all()


def test_comparisons_follow_from_the_limits_of_the_groups():
    low, high = np.array([[0.7, 0.4]]), np.array([[0.9, 0.6]])
    # ratio 0.4 / 0.9 and 0.6 / 0.7; gap 0.7 - 0.6 and 0.9 - 0.4; worst 0.4 and 0.6
    assert between_limits(low, high, "ratio") == (pytest.approx(4 / 9), pytest.approx(6 / 7))
    assert between_limits(low, high, "gap") == (pytest.approx(0.1), pytest.approx(0.5))
    assert between_limits(low, high, "worst") == (pytest.approx(0.4), pytest.approx(0.6))


def test_overlapping_limits_allow_equal_groups():
    low, high = np.array([[0.5, 0.4]]), np.array([[0.9, 0.8]])
    assert between_limits(low, high, "ratio")[1] == 1
    assert between_limits(low, high, "gap")[0] == 0


@CASES
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=2, max_size=5),
    st.sampled_from(list(COMPARE)),
)
def test_the_limits_enclose_the_observed_score(cells, how):
    correct, n = np.array([(min(x, n), n) for x, n in cells]).T
    rates = (correct / n)[None]
    if not rates.any():
        return
    low, high = between_limits(*sidak_wilson(rates, n), how)
    score = COMPARE[how](rates)[0]
    assert low - 1e-12 <= score <= high + 1e-12


def test_limits_of_several_seeds_are_the_means_of_the_seeds_own_limits():
    rates = np.array([[0.8, 0.6], [0.7, 0.9]])
    low, high = sidak_wilson(rates, [50, 50])
    each = [between_limits(low[[s]], high[[s]], "ratio") for s in range(2)]
    both = between_limits(low, high, "ratio")
    np.testing.assert_allclose(both, np.mean(each, axis=0))


def test_seeds_that_make_the_same_mistakes_narrow_nothing():
    one = between_limits(*sidak_wilson([[0.8, 0.6]], [50, 50]), "ratio")
    five = between_limits(*sidak_wilson([[0.8, 0.6]] * 5, [50, 50]), "ratio")
    np.testing.assert_allclose(one, five)


@pytest.mark.parametrize("how", COMPARE)
def test_fewer_than_two_groups_have_no_limits(how):
    limits = between_limits(*sidak_wilson([[0.8, np.nan]], [50, 0]), how)
    assert np.isnan(limits).all()


def test_a_ratio_of_rates_that_are_all_0_has_limits_from_0_to_1():
    # Wilson: both rates may lie anywhere between 0 and about 0.1, so nothing is known of the ratio.
    assert between_limits(*sidak_wilson([[0.0, 0.0]], [50, 50]), "ratio") == (0, 1)


@pytest.mark.parametrize("how", COMPARE)
@pytest.mark.parametrize("truth", [(0.87, 0.87, 0.87), (0.9, 0.7, 0.85)], ids=["equal", "unequal"])
def test_the_limits_cover_the_true_score_at_least_as_often_as_promised(how, truth):
    n, p = np.array([2349, 246, 473]), np.array([truth])
    rates = np.random.default_rng(0).binomial(n, truth, (600, 3)) / n
    low, high = sidak_wilson(rates, n)
    score = COMPARE[how](p)[0]
    # Each row is a study of one run.
    ends = [between_limits(low[[i]], high[[i]], how) for i in range(len(rates))]
    covered = np.mean([a - 1e-12 <= score <= b + 1e-12 for a, b in ends])
    assert covered >= 0.95


def test_normal_limits_use_the_standard_errors_and_stay_within_0_and_1():
    low, high = sidak_normal([[0.6, 0.99]], [0.05, 0.02])
    z = norm.ppf(1 - (1 - np.sqrt(0.95)) / 2)
    assert (low[0, 0], high[0, 0]) == pytest.approx((0.6 - 0.05 * z, 0.6 + 0.05 * z))
    assert high[0, 1] == 1


def test_seeds_widen_an_interval_in_quadrature():
    values = np.array([0.7, 0.8, 0.9])
    # sd 0.1, half-width t(2 dof) * 0.1 / sqrt 3, added to 0.3 below and 0.1 above the mean 0.8.
    half = student.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    low, high = widened_by_seeds(np.array(0.5), np.array(0.9), values)
    assert low == pytest.approx(0.8 - np.hypot(0.3, half))
    assert high == pytest.approx(0.8 + np.hypot(0.1, half))


def test_one_seed_leaves_the_interval_as_it_is():
    low, high = widened_by_seeds(np.array(0.5), np.array(0.9), np.array([0.8]))
    assert (low, high) == (pytest.approx(0.5), pytest.approx(0.9))


def counts_of(correct, n, seeds=1):
    """Counts of (G, K) strata with `correct` of `n` samples right, the others in the next class."""
    right, size = np.array(correct), np.array(n)
    classes = right.shape[1]
    tensor = np.zeros((seeds, *right.shape, classes), dtype=np.int64)
    for c in range(classes):
        tensor[:, :, c, c] = right[:, c]
        tensor[:, :, c, (c + 1) % classes] = size[:, c] - right[:, c]
    names = [tuple(f"{letter}{i}" for i in range(count)) for letter, count in
             zip("gc", right.shape, strict=True)]  # fmt: skip
    return Counts(tensor, tensor.sum(1), names[0], names[1], n_unknown=0)


def test_mean_recalls_are_over_the_classes_that_all_groups_have():
    # The second group has 3 samples of class 1, too few: only class 0 counts, 16/20 and 6/10.
    low, high = mean_recall_limits(counts_of([[16, 5], [6, 3]], [[20, 20], [10, 3]]), min_n=10)
    z = norm.ppf(1 - (1 - np.sqrt(0.95)) / 2)
    for k, (x, n) in enumerate([(16, 20), (6, 10)]):
        p = (x + 0.5) / (n + 1)
        half = z * np.sqrt(p * (1 - p) / n)
        assert (low[0, k, 0], high[0, k, 0]) == pytest.approx((x / n - half, min(1, x / n + half)))


def test_mean_recalls_without_a_common_class_have_no_limits():
    low, high = mean_recall_limits(counts_of([[16, 5], [3, 8]], [[20, 9], [9, 20]]), min_n=10)
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize("recalls", [(0.9, 0.6), (0.97, 0.92)], ids=["low", "high"])
def test_limits_of_summed_recalls_cover_the_true_score_in_small_strata(recalls):
    n, generator = np.array([[200, 60], [20, 4]]), np.random.default_rng(0)
    covered = []
    for _ in range(400):
        counts = counts_of(generator.binomial(n, recalls), n)
        low, high = between_limits(*mean_recall_limits(counts, 1), "ratio")
        covered.append(low[0] <= 1 <= high[0])
    assert np.mean(covered) >= 0.95
