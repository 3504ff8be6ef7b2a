"""Power formulas against statsmodels, R, exact power and simulation."""

import math

import numpy as np
import pytest
from scipy.stats import binom, chi2, ncx2
from statsmodels.stats.power import GofChisquarePower
from statsmodels.stats.proportion import power_proportions_2indep

from reports.stats.power import (
    detectable_common_difference,
    detectable_difference,
    detectable_v,
    power_of_common_difference,
    power_of_difference,
)
from tests.reports.stats.rscript import r_numbers

RAF_DB = (4936, 7278)
CRITICAL = 3.841458820694124  # chi-square, 1 degree of freedom, 5 %
STRATA = np.array([(3100, 4600), (900, 1200), (300, 500), (636, 978)])
SHARES = np.array([0.22, 0.62, 0.4, 0.9])


def pair(n_a, n_b, p, d):
    """Proportions d apart whose size-weighted mean is p."""
    return p + d * n_b / (n_a + n_b), p - d * n_a / (n_a + n_b)


def rejected(yes_a, yes_b, sizes):
    """Share of tables (B, H) that Cochran-Mantel-Haenszel rejects, written out; H = 1: about
    Pearson's test."""
    (n_a, n_b), n, m = sizes.T, sizes.sum(axis=1), yes_a + yes_b
    excess = (yes_a - n_a * m / n).sum(axis=1)
    variance = (n_a * n_b * m * (n - m) / (n**2 * (n - 1.0))).sum(axis=1)
    return float((excess**2 / variance > CRITICAL).mean())


def exact_power(n_a, n_b, p_a, p_b):
    """Probability of X2 > 3.84 over all tables of two binomials."""
    yes_a, yes_b = np.arange(n_a + 1)[:, None], np.arange(n_b + 1)[None]
    chance = binom.pmf(yes_a, n_a, p_a) * binom.pmf(yes_b, n_b, p_b)
    mean = (yes_a + yes_b) / (n_a + n_b)
    spread = mean * (1 - mean) * (1 / n_a + 1 / n_b)
    statistic = (yes_a / n_a - yes_b / n_b) ** 2 / np.where(spread > 0, spread, np.inf)
    return float(chance[statistic > CRITICAL].sum())


@pytest.mark.parametrize("n_a, n_b, p_a, p_b", [(4936, 7278, 0.36, 0.34), (40, 60, 0.2, 0.45)])
def test_power_of_a_difference_equals_statsmodels(n_a, n_b, p_a, p_b):
    wanted = power_proportions_2indep(p_a - p_b, p_b, n_a, ratio=n_b / n_a, return_results=False)

    assert power_of_difference(n_a, n_b, p_a, p_b) == pytest.approx(wanted, rel=1e-9)


def test_power_of_equal_groups_equals_r():
    wanted = r_numbers("power.prop.test(n=150, p1=.3, p2=.45, strict=TRUE)$power")

    assert power_of_difference(150, 150, 0.3, 0.45) == pytest.approx(wanted[0], rel=1e-6)


def test_equal_proportions_are_found_as_often_as_the_level_says():
    assert power_of_difference(100, 300, 0.3, 0.3) == pytest.approx(0.05)
    assert power_of_difference(100, 300, 0.3, 0.3, 0.01) == pytest.approx(0.01)


def test_power_does_not_depend_on_the_order_or_on_what_is_counted():
    power = power_of_difference(100, 300, 0.3, 0.4)

    assert power_of_difference(300, 100, 0.4, 0.3) == pytest.approx(power)
    assert power_of_difference(100, 300, 0.7, 0.6) == pytest.approx(power)


def test_a_certain_difference_is_certainly_found_if_the_groups_allow():
    # 1 of 1 against 0 of 3: X2 = n = 4 > 3.84; against 0 of 2: 3
    assert power_of_difference(1, 3, 1.0, 0.0) == 1
    assert power_of_difference(1, 2, 1.0, 0.0) == 0


@pytest.mark.parametrize(
    "arguments",
    [(0, 10, 0.2, 0.3), (10, 10, 0, 0), (10, 10, 1, 1), (10, 10, math.nan, 0.3), (9, 9, 1.2, 0.3)],
    ids=str,
)
def test_power_of_what_cannot_be_tested_is_undefined(arguments):
    assert math.isnan(power_of_difference(*arguments))


@pytest.mark.parametrize("p", [0.05, 0.35, 0.9])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_a_detectable_difference_has_the_promised_power_in_the_harder_direction(p, power):
    d = detectable_difference(*RAF_DB, p, power=power)
    found = [power_of_difference(*RAF_DB, *pair(*RAF_DB, p, each)) for each in (d, -d)]

    assert min(found) == pytest.approx(power, abs=1e-6)


@pytest.mark.parametrize("power", [0.05, 0.8])
def test_a_detectable_difference_follows_the_level(power):
    d = detectable_difference(200, 300, 0.4, alpha=0.01, power=power)
    found = [power_of_difference(200, 300, *pair(200, 300, 0.4, s * d), 0.01) for s in (1, -1)]

    assert min(found) == pytest.approx(power, abs=1e-6)


def test_only_one_direction_has_room_for_a_rare_label_in_a_small_group():
    # the small group cannot lie more than .01 x 1,010 / 1,000 below: it must be the higher one
    d = detectable_difference(100, 10_000, 0.01)

    assert d > 0.0101
    assert power_of_difference(100, 10_000, *pair(100, 10_000, 0.01, d)) == pytest.approx(0.8)


@pytest.mark.parametrize(
    "arguments",
    [(0, 10, 0.3), (10, 0, 0.3), (10, 10, 0.0), (10, 10, 1.0), (10, 10, math.nan), (1, 1, 0.5),
     (1000, 5, 0.001)],
    ids=["a empty", "b empty", "never", "always", "missing", "one each", "expected below 1"],
)  # fmt: skip
def test_no_difference_is_detectable_without_groups_or_label(arguments):
    assert math.isnan(detectable_difference(*arguments))


def test_no_difference_is_detectable_if_even_the_largest_is_not_found():
    # all against none in 2 + 2: X2 = 4; at the level of .1 % it would have to pass 10.8
    assert math.isnan(detectable_difference(2, 2, 0.5, alpha=0.001))
    assert detectable_difference(2, 2, 0.5) <= 1


def test_more_images_detect_smaller_differences():
    found = [detectable_difference(n, 2 * n, 0.3) for n in (20, 100, 1000, 100_000)]

    assert found == sorted(found, reverse=True)
    # asymptotically (1.96 + .84) sqrt(p q (1 / n_a + 1 / n_b))
    wanted = 2.801585 * math.sqrt(0.21 * 1.5 / 100_000)
    assert found[-1] == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("p", [0.02, 0.35, 0.75])
def test_a_planted_difference_is_found_with_the_promised_power_at_raf_db_sizes(p):
    generator = np.random.default_rng(7)
    d, found = detectable_difference(*RAF_DB, p), []
    for planted in (d, -d):
        p_a, p_b = pair(*RAF_DB, p, planted)
        yes_a = generator.binomial(RAF_DB[0], p_a, size=(20_000, 1))
        yes_b = generator.binomial(RAF_DB[1], p_b, size=(20_000, 1))
        found.append(rejected(yes_a, yes_b, np.array([RAF_DB])))

    # the promise is for the harder direction; the other is found a little more often
    assert min(found) == pytest.approx(0.8, abs=0.02)
    assert max(found) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    ("n_a", "n_b", "p"), [(40, 60, 0.3), (20, 200, 0.4), (30, 30, 0.5), (100, 400, 0.1)]
)
def test_small_groups_keep_the_promised_power_within_five_points(n_a, n_b, p):
    d = detectable_difference(n_a, n_b, p)

    powers = [exact_power(n_a, n_b, *pair(n_a, n_b, p, planted)) for planted in (d, -d)]
    assert min(powers) == pytest.approx(0.8, abs=0.05)


def test_power_over_one_stratum_is_that_of_a_difference():
    wanted = power_of_difference(40, 60, 0.2, 0.45)

    assert power_of_common_difference([(40, 60)], [(0.2, 0.45)]) == pytest.approx(wanted)


def test_strata_that_tell_nothing_change_no_power():
    sizes, p = [(40, 60), (30, 20)], [(0.2, 0.45), (0.5, 0.6)]
    more = [*sizes, (0, 50), (20, 20), (7, 0)], [*p, (0.3, 0.9), (0.0, 0.0), (0.1, 0.1)]

    assert power_of_common_difference(*more) == pytest.approx(power_of_common_difference(sizes, p))


def test_opposite_differences_cancel():
    power = power_of_common_difference([(50, 50), (50, 50)], [(0.6, 0.4), (0.4, 0.6)])

    # both tails of a normal a little narrower than under the null hypothesis:
    # variance 2 x 25^2 x .24 x 2 / 50 = 12 against 2 x 25 x .25 = 12.5
    bound = 1.959963984540054 * math.sqrt(12.5 / 12)
    assert power == pytest.approx(math.erfc(bound / math.sqrt(2)))


def test_power_over_no_stratum_is_undefined():
    assert math.isnan(power_of_common_difference(np.zeros((0, 2)), np.zeros((0, 2))))
    assert math.isnan(power_of_common_difference([(0, 5), (3, 0)], [(0.1, 0.2), (0.1, 0.2)]))


def test_a_planted_common_difference_is_found_with_the_promised_power():
    generator = np.random.default_rng(8)
    d = detectable_common_difference(STRATA, SHARES)
    for planted in (d, -d):
        p_a, p_b = pair(*STRATA.T, SHARES, planted)
        yes_a = generator.binomial(STRATA[:, 0], p_a, size=(20_000, 4))
        yes_b = generator.binomial(STRATA[:, 1], p_b, size=(20_000, 4))
        assert rejected(yes_a, yes_b, STRATA) == pytest.approx(0.8, abs=0.02)


def test_a_detectable_common_difference_of_one_stratum_is_that_of_two_groups():
    wanted = detectable_difference(40, 60, 0.3)

    assert detectable_common_difference([(40, 60)], [0.3]) == pytest.approx(wanted)


def test_strata_that_tell_nothing_change_no_detectable_difference():
    sizes, p = np.vstack((STRATA, [(0, 9), (50, 50)])), np.append(SHARES, [0.5, 0.0])

    assert detectable_common_difference(sizes, p) == pytest.approx(
        detectable_common_difference(STRATA, SHARES)
    )


def test_a_stratum_without_room_counts_with_the_difference_that_fits():
    # equal groups: the rare stratum has room for 2 x .01 = .02, whichever group is higher
    sizes, p = [(200, 200), (100, 100)], [0.4, 0.01]
    mean = detectable_common_difference(sizes, p)
    d = (mean * 300 - 0.02 * 100) / 200  # weights n_a n_b / n: 100 and 50

    assert mean < d
    both = [(0.4 + d / 2, 0.4 - d / 2), (0.02, 0.0)]
    assert power_of_common_difference(sizes, both) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("sizes", "p"),
    [(np.zeros((0, 2)), []), ([(0, 5), (5, 0)], [0.3, 0.3]), ([(50, 50)], [0.0]),
     ([(1, 1), (0, 5)], [0.5, 0.5])],
    ids=["no strata", "one group each", "never", "expected below 1"],
)  # fmt: skip
def test_no_common_difference_is_detectable_without_comparison(sizes, p):
    assert math.isnan(detectable_common_difference(sizes, p))


@pytest.mark.parametrize(("n", "dof"), [(12_214, 1), (12_214, 5), (100, 2)])
def test_detectable_v_has_the_promised_power(n, dof):
    v = detectable_v(n, dof)

    assert ncx2.sf(chi2.isf(0.05, dof), dof, n * v**2) == pytest.approx(0.8, rel=1e-9)
    power = GofChisquarePower().power(v, nobs=n, alpha=0.05, n_bins=dof + 1)
    assert power == pytest.approx(0.8, rel=1e-9)


def test_detectable_v_of_two_groups_is_about_two_point_eight_over_root_n():
    # lambda = (1.95996 + .84162)^2 = 7.8489, but for the other tail
    assert detectable_v(10_000, 1) == pytest.approx(math.sqrt(7.8489) / 100, rel=1e-4)


@pytest.mark.parametrize(("n", "dof"), [(0, 1), (7, 1), (100, 0)])
def test_no_v_is_detectable_in_too_few_images(n, dof):
    assert math.isnan(detectable_v(n, dof))


def test_a_planted_v_is_found_with_the_promised_power():
    sizes, p = np.array([4936, 5000, 2278]), 0.35
    n = sizes.sum()
    v = detectable_v(int(n), 2)
    # the third group higher, mean p: V^2 = sum share (p_k - p)^2 / (p (1 - p))
    share = sizes[2] / n
    d = v * math.sqrt(p * (1 - p) / (share * (1 - share)))
    shares = np.array([p - share * d, p - share * d, p + (1 - share) * d])
    yes = np.random.default_rng(9).binomial(sizes, shares, size=(10_000, 3))
    mean = yes.sum(axis=1, keepdims=True) / n
    statistic = ((yes - sizes * mean) ** 2 / (sizes * mean * (1 - mean))).sum(axis=1)

    assert (statistic > chi2.isf(0.05, 2)).mean() == pytest.approx(0.8, abs=0.03)
