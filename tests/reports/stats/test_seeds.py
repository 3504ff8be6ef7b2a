"""Statistics over seeds, against scipy and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from reports.stats.seeds import (
    cliffs_delta,
    exchange_p,
    majority_p,
    mcnemar,
    over_seeds,
    paired_t_p,
    seed_difference,
    seed_interval,
    sign_flip_test,
    signed_rank_p,
    smallest_sign_flip_p,
    spread_p,
    t_p,
    t_reach,
    two_source_p,
)

NAN = np.nan
#: percent, with ties and gaps
SCORES = st.lists(st.integers(0, 20).map(lambda n: n / 20), min_size=1, max_size=8)


def table(seed, *shape, gaps=0.0):
    generator = np.random.default_rng(seed)
    values = generator.normal(0.8, 0.1, shape)
    return np.where(generator.random(shape) < gaps, NAN, values)


def test_undefined_seeds_are_left_out_of_mean_and_spread():
    # columns: 1 and 3 -> mean 2, sd sqrt(2); only 5; nothing
    mean, sd, seeds = over_seeds([[1, NAN, NAN], [3, 5, NAN]])

    assert mean == pytest.approx([2, 5, NAN], nan_ok=True)
    assert sd == pytest.approx([math.sqrt(2), NAN, NAN], nan_ok=True)
    assert seeds.tolist() == [2, 1, 0]


@pytest.mark.parametrize("ddof", [0, 1])
def test_mean_and_spread_equal_numpy(ddof):
    values = table(1, 6, 4, 3)
    mean, sd, seeds = over_seeds(values, ddof)

    assert mean == pytest.approx(values.mean(axis=0))
    assert sd == pytest.approx(values.std(axis=0, ddof=ddof))
    assert (seeds == 6).all()


@pytest.mark.parametrize("value", [0.1, 0.7, 1 / 3, 0.0, 1.0])
@pytest.mark.parametrize("seeds", [2, 3, 5, 7])
def test_equal_values_have_no_spread_of_rounding_errors(value, seeds):
    assert over_seeds([value] * seeds)[1] == 0
    # .3 - .2 and .8 - .7 differ in the last bits
    assert over_seeds(np.subtract([0.3, 0.8], [0.2, 0.7]))[1] == 0


def test_without_sampling_error_the_interval_is_that_of_student():
    # mean .8, sd .1 / sqrt(5) x 2.776: 1.2416 x sd
    values = [0.7, 0.75, 0.8, 0.85, 0.9]
    found = seed_interval(values)

    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)
    assert found.high - found.mean == pytest.approx(1.2416 * np.std(values, ddof=1), rel=1e-4)
    assert found.dof == pytest.approx(4)


def test_sampling_error_adds_to_the_seed_error_with_satterthwaites_degrees_of_freedom():
    # two seeds .4, .6: sd^2 / 2 = .02 / 2 = .01; se_test^2 = .03: se = .2,
    # dof = .04^2 / (.01^2 / 1) = 16
    found = seed_interval([0.4, 0.6], math.sqrt(0.03))

    assert found.se == pytest.approx(0.2)
    assert found.dof == pytest.approx(16)
    assert found.high == pytest.approx(0.5 + 0.2 * stats.t.ppf(0.975, 16))


def test_one_seed_has_the_sampling_error_only():
    found = seed_interval([0.6], 0.1)

    assert (found.mean, found.se, found.dof, found.seeds) == (0.6, 0.1, np.inf, 1)
    assert found.high == pytest.approx(0.6 + 1.959964 * 0.1)


@pytest.mark.parametrize("values", [[0.6], [0.6, 0.6], [1.0] * 5, [0.1] * 7], ids=str)
def test_no_spread_at_all_is_no_certainty(values):
    found = seed_interval(values)

    assert found.se == 0
    assert np.isnan([found.low, found.high]).all()


def test_what_is_undefined_has_no_interval():
    found = seed_interval([[NAN, 0.5, 0.5], [NAN, 0.6, NAN]], [0.1, NAN, 0.1])

    assert np.isnan(found.mean).tolist() == [True, False, False]
    for part in (found.se, found.low, found.high, found.dof):
        assert np.isnan(part).tolist() == [True, True, False]


@pytest.mark.parametrize("ratio", [0, 0.25, 0.5, 1, 2, 4], ids=lambda ratio: f"ratio {ratio}")
def test_the_interval_covers_93_to_97_percent_with_five_seeds(ratio):
    # normal runs of sd 1 on a test set that shifts all by ratio / sqrt(5)
    generator = np.random.default_rng(11)
    studies, sampling = 20_000, ratio / math.sqrt(5)
    shift = generator.normal(0, sampling, studies) if ratio else np.zeros(studies)
    found = seed_interval(shift + generator.normal(size=(5, studies)), np.full(studies, sampling))

    assert 0.93 < np.mean((found.low <= 0) & (found.high >= 0)) < 0.97


@pytest.mark.parametrize(("images", "hardness", "quality"), [(30, 4, 0.5), (473, 2, 0.3)])
def test_the_interval_covers_rates_of_runs_on_images_of_different_hardness(
    images, hardness, quality
):
    # an image is right with expit(1.8 + image + run); the truth is the mean over both
    generator = np.random.default_rng(12)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    spread = math.hypot(hardness, quality)
    truth = (weights / weights.sum()) @ (1 / (1 + np.exp(-1.8 - spread * nodes)))
    inside = []
    for _ in range(3_000):
        logit = 1.8 + generator.normal(0, hardness, images)
        logit = logit + generator.normal(0, quality, (5, 1))
        right = generator.random((5, images)) < 1 / (1 + np.exp(-logit))
        # what resampling images with the seeds fixed comes to
        sampling = right.mean(axis=0).std() / math.sqrt(images)
        found = seed_interval(right.mean(axis=1), sampling)
        inside.append(found.low <= truth <= found.high)

    assert 0.93 <= np.mean(inside) <= 0.98


def test_p_of_a_t_statistic_is_that_of_scipy():
    # 2 / 1 with 4 degrees of freedom; 1.96 / 1 with infinitely many
    assert t_p([2.0, -1.959964], [1, 1], [4, np.inf]) == pytest.approx(
        [2 * stats.t.sf(2, 4), 0.05], abs=1e-7
    )
    assert np.isnan(t_p([1.0, 1.0, NAN], [0.0, NAN, 1.0], [4, 4, 4])).all()


def test_the_interval_excludes_zero_just_where_p_is_below_five_percent():
    generator = np.random.default_rng(2)
    difference, se = generator.normal(0, 2, 500), generator.uniform(0.5, 2, 500)
    dof = generator.uniform(1, 20, 500)
    excluded = np.abs(difference) > t_reach(se, dof)

    assert np.array_equal(excluded, t_p(difference, se, dof) < 0.05)
    assert 0 < excluded.sum() < 500


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 30])
def test_without_sampling_error_p_is_students(seeds):
    values = np.random.default_rng(22).normal(0.3, 1, (seeds, 50))
    wanted = stats.ttest_1samp(values, 0).pvalue

    assert two_source_p(seed_interval(values)) == pytest.approx(wanted, rel=1e-6)


def test_without_seed_error_p_is_the_normal_one():
    assert two_source_p(seed_interval([0.1], 0.05)) == pytest.approx(2 * stats.norm.sf(2))
    assert two_source_p(seed_interval([0.1, 0.1], 0.05)) == pytest.approx(2 * stats.norm.sf(2))
    assert np.isnan(two_source_p(seed_interval([0.1, 0.1])))
    assert np.isnan(two_source_p(seed_interval([NAN, NAN], 0.1)))


@pytest.mark.parametrize(("dof", "seed", "sampling"), [(1, 0.3, 1), (2, 1, 0.7), (4, 1, 1)])
def test_p_of_two_sources_is_that_of_a_sum_of_student_and_normal(dof, seed, sampling):
    # |seed t + sampling z| reaches the mean with the probability of the convolution of the two
    mean = 2.5
    both = integrate.quad(
        lambda t: 2 * stats.norm.sf((mean - seed * t) / sampling) * stats.t.pdf(t, dof),
        -np.inf, np.inf, epsabs=1e-10,
    )[0]  # fmt: skip
    d = np.array(
        [-1.0, 1.0] if dof == 1 else stats.norm.ppf((np.arange(dof + 1) + 0.5) / (dof + 1))
    )
    values = mean + (d - d.mean()) / d.std(ddof=1) * seed * math.sqrt(dof + 1)

    assert two_source_p(seed_interval(values, sampling)) == pytest.approx(both, rel=1e-5)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("ratio", [0.25, 0.5, 1], ids=lambda ratio: f"ratio {ratio}")
def test_p_of_two_sources_holds_its_level_far_below_five_percent(seeds, ratio):
    # normal runs of sd 1 on a test set that shifts all by ratio / sqrt(S)
    generator = np.random.default_rng(23)
    studies, sampling = 40_000, ratio / math.sqrt(seeds)
    values = sampling * generator.normal(size=studies) + generator.normal(size=(seeds, studies))
    found = seed_interval(values, np.full(studies, sampling))
    for level in (0.05, 0.05 / 9, 0.05 / 45):
        error = math.sqrt(level / studies)
        assert np.mean(two_source_p(found) <= level) <= level + 3.3 * error
    satterthwaite = t_p(found.mean, found.se, found.dof)
    if seeds < 5:
        assert np.mean(satterthwaite <= 0.05 / 45) > 2 * 0.05 / 45


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_paired_t_equals_scipy(seeds):
    a, b = table(3, seeds, 4, 2), table(4, seeds, 4, 2)

    assert paired_t_p(a, b) == pytest.approx(stats.ttest_rel(a, b, axis=0).pvalue, rel=1e-10)


def test_paired_t_leaves_out_pairs_that_lack_a_side():
    a, b = table(5, 8, gaps=0.3), table(6, 8, gaps=0.3)
    both = ~np.isnan(a) & ~np.isnan(b)

    assert 2 < both.sum() < 8
    assert paired_t_p(a, b) == pytest.approx(stats.ttest_rel(a[both], b[both]).pvalue, rel=1e-10)


@pytest.mark.parametrize(
    ("a", "b"),
    [([0.8], [0.7]), ([0.8, NAN], [0.7, 0.7]), ([0.3, 0.8], [0.2, 0.7]), ([0.5] * 3, [0.5] * 3)],
    ids=["one pair", "one whole pair", "all differ alike", "all equal"],
)
def test_paired_t_says_nothing_without_spread(a, b):
    assert np.isnan(paired_t_p(a, b))


def test_the_smallest_p_of_five_seeds_is_one_sixteenth():
    # of 2^5 sign patterns the observed and its opposite are as extreme: 2 / 32
    assert smallest_sign_flip_p(5) == 0.0625
    assert sign_flip_test([0.9, 0.8, 0.7, 0.9, 0.8], [0.5] * 5).p == 0.0625
    assert signed_rank_p([0.9, 0.8, 0.7, 0.9, 0.8], [0.5] * 5) == 0.0625
    assert math.isnan(smallest_sign_flip_p(0))


def test_sign_flips_are_counted_by_hand():
    # |sum| of +-.1 +-.2 +-.4: .7 .5 .3 .1, each twice; observed .1 + .2 - .4 = -.1: all 8 reach it;
    # observed .4 + .2 - .1 = .5: four of eight
    assert sign_flip_test([0.1, 0.2, -0.4], [0, 0, 0]).p == 1
    found = sign_flip_test([-0.1, 0.2, 0.4], [0, 0, 0])
    assert found.p == 0.5
    assert found.statistic == pytest.approx(0.5 / 3)


@given(SCORES, st.data())
@settings(max_examples=60, deadline=None)
def test_sign_flips_equal_scipys_permutations(a, data):
    b = data.draw(st.lists(st.integers(0, 20).map(lambda n: n / 20), min_size=len(a), max_size=8))
    b = b[: len(a)]
    if len(a) < 2:
        return
    # thousandths as whole numbers, lest scipy takes rounding for a difference
    d = np.round(np.subtract(a, b) * 20)
    wanted = stats.permutation_test(
        (d,), lambda d, axis: np.abs(d.sum(axis)), permutation_type="samples",
        alternative="greater", n_resamples=np.inf, vectorized=True,
    )  # fmt: skip

    assert sign_flip_test(a, b).p == pytest.approx(wanted.pvalue)


@pytest.mark.parametrize("seeds", [3, 5, 9, 12])
def test_signed_ranks_equal_scipys_exact_test(seeds):
    a, b = table(7, seeds, 4, 3), table(8, seeds, 4, 3)

    assert signed_rank_p(a, b) == pytest.approx(stats.wilcoxon(a, b, axis=0, method="exact").pvalue)


def test_signed_ranks_share_ranks_of_ties_and_leave_out_equal_pairs():
    # differences .1 .1 -.2 (0): ranks 1.5 1.5 -3, sum 0: every pattern is as extreme
    assert signed_rank_p([0.4, 0.9, 0.5, 0.6], [0.3, 0.8, 0.7, 0.6]) == 1
    # .1 .1 .2 and nothing: ranks 1.5 1.5 3, two of eight patterns as extreme
    assert signed_rank_p([0.4, 0.9, 0.9, NAN], [0.3, 0.8, 0.7, 0.6]) == 0.25


def test_tests_of_signs_need_pairs_and_at_most_twenty():
    assert sign_flip_test([NAN], [0.5]).reason == "no two runs to compare"
    assert np.isnan(signed_rank_p([NAN, 0.5], [0.5, 0.5]))
    assert "t test" in sign_flip_test(np.arange(1.0, 22), np.zeros(21)).reason
    assert np.isnan(signed_rank_p(np.arange(1.0, 22), np.zeros(21)))
    assert sign_flip_test(np.arange(1.0, 21), np.zeros(20)).p == pytest.approx(2.0**-19)


def test_unpaired_runs_add_their_errors():
    # variances of the means .02 / 2 = .01 and .02 / 2 = .01, of the test set .02: se = .2, dof 1
    found = seed_difference([0.8, 1.0], [0.4, 0.6], math.sqrt(0.02), paired=False)

    assert found.mean == pytest.approx(0.4)
    assert (found.se, found.dof) == (pytest.approx(0.2), 1)
    # paired, both differences are .4: only the test set is left
    assert seed_difference([0.8, 1.0], [0.4, 0.6], 0.1, paired=True).se == pytest.approx(0.1)


def test_cliffs_delta_counts_pairs():
    # pairs of (1, 3) and (2, 3): 1<2, 1<3, 3>2, 3=3: (1 - 2) / 4
    assert cliffs_delta([1, 3], [2, 3]) == -0.25
    # .1 + .2 exceeds .3 by rounding only
    assert cliffs_delta([0.1 + 0.2], [0.3]) == 0
    assert np.isnan(cliffs_delta([NAN], [1.0]))


@given(SCORES, SCORES)
@settings(max_examples=60, deadline=None)
def test_cliffs_delta_is_the_mann_whitney_statistic_on_another_scale(a, b):
    u = stats.mannwhitneyu(a, b, method="asymptotic").statistic if len({*a, *b}) > 1 else None
    wanted = 0 if u is None else 2 * u / (len(a) * len(b)) - 1

    assert cliffs_delta(a, b) == pytest.approx(wanted)
    assert cliffs_delta(b, a) == pytest.approx(-wanted)


def test_cliffs_delta_of_columns_is_that_of_each():
    a, b = table(9, 5, 3, gaps=0.2), table(10, 4, 3, gaps=0.2)
    found = cliffs_delta(a, b)

    for column in range(3):
        first, second = (x[~np.isnan(x[:, column]), column] for x in (a, b))
        assert found[column] == cliffs_delta(first, second)


@pytest.mark.parametrize(("first", "second"), [(5, 5), (5, 4), (3, 6), (2, 3), (12, 7)])
def test_spread_equals_scipys_levene_with_medians(first, second):
    a, b = table(13, first, 6), 3 * table(14, second, 6)
    wanted = [stats.levene(x, y, center="median").pvalue for x, y in zip(a.T, b.T, strict=True)]

    assert spread_p(a, b) == pytest.approx(wanted, rel=1e-9)


def test_spread_leaves_out_undefined_seeds():
    a, b = table(15, 7, gaps=0.2), table(16, 8, gaps=0.2)
    first, second = a[~np.isnan(a)], b[~np.isnan(b)]

    assert len(first) < 7
    assert len(second) < 8
    wanted = stats.levene(first, second, center="median").pvalue
    assert spread_p(a, b) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0.5] * 5, [0.5] * 5),
        ([0.7] * 5, [0.3] * 4),
        ([0.1, 0.3], [0.2, 0.9]),
        ([0.5], [0.1, 0.3, 0.4]),
        ([NAN, NAN], [0.1, 0.3]),
        ([NAN, NAN, 0.5], [0.1, 0.3, 0.4]),
    ],
    ids=["all equal", "constant sides", "two a side", "one seed", "no seed", "one defined"],
)
def test_spread_says_nothing_where_nothing_varies_about_the_medians(a, b):
    assert np.isnan(spread_p(a, b))


def test_a_side_without_spread_may_differ_from_one_with():
    a, b = [0.5] * 5, [0.1, 0.3, 0.5, 0.8, 0.9]

    wanted = stats.levene(a, b, center="median").pvalue
    assert spread_p(a, b) == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(4))
def test_mcnemar_equals_statsmodels(seed):
    generator = np.random.default_rng(seed)
    a, b = generator.random(60) < 0.8, generator.random(60) < 0.6
    counts = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    found = mcnemar(a, b)

    assert found.p == pytest.approx(statsmodels_mcnemar(counts, exact=True).pvalue)
    assert found.statistic == a.sum() - b.sum()
    assert found.n == 60


def test_mcnemar_by_hand():
    # three discordant samples, all for a: 2 x (1/2)^3
    assert mcnemar([1, 1, 1, 0], [0, 0, 0, 0]).p == pytest.approx(0.25)
    assert mcnemar([1, 0], [1, 0]).reason == "both methods are right on the same samples"


def test_most_of_dependent_tests_must_be_significant():
    # five: 5 / 3 times the third smallest; two: the larger; one: itself
    assert majority_p([0.5, 0.01, 0.03, 0.9, 0.02]) == pytest.approx(0.05)
    assert majority_p([0.01, 0.04]) == pytest.approx(0.04)
    assert majority_p([0.04]) == pytest.approx(0.04)
    assert majority_p([0.9, 0.8, 0.7]) == 1
    # a test without p counts as 1: of three the second smallest, 3 / 2 times .04
    assert majority_p([0.01, 0.04, NAN]) == pytest.approx(0.06)
    assert math.isnan(majority_p([NAN, NAN]))


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0], ids=lambda shared: f"shared {shared}")
def test_most_of_five_tests_reject_a_true_hypothesis_in_at_most_5_percent(shared):
    generator = np.random.default_rng(21)
    own, common = generator.normal(size=(4_000, 5)), generator.normal(size=(4_000, 1))
    z = math.sqrt(shared) * common + math.sqrt(1 - shared) * own
    p = [majority_p(2 * stats.norm.sf(np.abs(one))) for one in z]

    # 4,000 studies: a standard error of .34 %
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * 0.0034


def test_exchange_p_counts_draws_as_far_from_zero():
    # |-.2| and |.3| reach .2, and .2 less a rounding error does too: (1 + 3) / (5 + 1)
    draws = [-0.2, 0.3, 0.1, 0.0, np.nextafter(0.2, 0), NAN]
    assert exchange_p(0.2, draws) == pytest.approx(4 / 6)
    assert exchange_p(-0.2, draws) == pytest.approx(4 / 6)
    assert math.isnan(exchange_p(NAN, draws))
    assert math.isnan(exchange_p(0.2, [NAN]))
