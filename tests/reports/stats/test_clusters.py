from functools import partial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from reports.errors import ReportError
from reports.stats.chi_square import pearson
from reports.stats.clusters import (
    cluster_permutation,
    cluster_wald,
    clustered_difference,
    clustered_proportions,
)


def permutation(*columns, seed=0, draws=999, strata=None):
    return cluster_permutation(
        *columns, generator=np.random.default_rng(seed), draws=draws, strata=strata
    )


TESTS = pytest.mark.parametrize("test", [cluster_wald, permutation], ids=["wald", "permutation"])


def actors(sizes, *, strata=1, shift=0.0, seed=0, spread=0.7):
    """Images of actors who differ from each other: yes, votes, groups, actors, strata."""
    generator = np.random.default_rng(seed)
    total = sum(sizes)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    logit = generator.normal(0, spread, (total, 1)) + generator.normal(0, 0.5, strata)
    logit = logit + generator.normal(0, spread, (total, strata)) + shift * groups[:, None]
    votes = generator.integers(20, 50, (total, strata))
    yes = generator.binomial(votes, 1 / (1 + np.exp(-logit)))
    actor = np.repeat(np.arange(total), strata)
    stratum = np.tile(np.arange(strata), total)
    return yes.ravel(), votes.ravel(), np.repeat(groups, strata), actor, stratum


def single_votes(yes, votes):
    """0/1 of each vote, and the image it belongs to."""
    image = np.repeat(np.arange(len(votes)), votes)
    place = np.concatenate([np.arange(n) for n in votes])
    return (place < yes[image]).astype(float), image


# --- proportions and differences


def test_a_proportion_and_its_error_by_hand():
    # clusters 3 of 4, 1 of 4, 2 of 2: share 6/10; excess 3-2.4, 1-2.4, 2-1.2 = .6 -1.4 .8
    # squares .36 + 1.96 + .64 = 2.96; variance 3/2 * 2.96 / 10^2 = .0444
    # logit: ln 1.5; half width t(.975, 2) * sqrt(.0444) / (.6 * .4)
    (found,) = clustered_proportions(
        np.array([3, 1, 2]), np.array([4, 4, 2]), np.zeros(3, int), np.arange(3), 1
    )
    reach = 4.302652729911275 * np.sqrt(0.0444) / 0.24

    assert found.value == pytest.approx(0.6)
    assert found.low == pytest.approx(1 / (1 + np.exp(reach) / 1.5))
    assert found.high == pytest.approx(1 / (1 + np.exp(-reach) / 1.5))


def test_the_error_of_a_proportion_is_that_of_statsmodels():
    yes, votes, groups, actor, _ = actors((30,), strata=3)
    vote, image = single_votes(yes, votes)
    fit = sm.OLS(vote, np.ones((len(vote), 1))).fit(
        cov_type="cluster", cov_kwds={"groups": actor[image], "use_correction": False}
    )
    (found,) = clustered_proportions(yes, votes, groups, actor, 1)
    share = found.value
    width = np.log(found.high / (1 - found.high)) - np.log(found.low / (1 - found.low))
    error = width * share * (1 - share) / (2 * stats.t.ppf(0.975, 29))

    assert share == pytest.approx(fit.params[0], abs=1e-12)
    assert error == pytest.approx(fit.bse[0] * np.sqrt(30 / 29), abs=1e-12)


@pytest.mark.parametrize("share", [0, 1])
def test_clusters_that_all_agree_count_as_one_vote_each(share):
    votes = np.full(8, 10)

    (found,) = clustered_proportions(share * votes, votes, np.zeros(8, int), np.arange(8), 1)

    low, high = proportion_confint(share * 8, 8, method="beta")
    assert (found.value, found.low, found.high) == pytest.approx((share, low, high), abs=1e-12)
    assert "clusters do not differ" in found.reason


def test_groups_without_two_clusters_are_undefined():
    votes = np.full(4, 5)

    found = clustered_proportions(
        votes // 2, votes, np.array([0, 0, 1, 1]), np.array([1, 2, 3, 3]), 3
    )

    assert [e.reason for e in found][1:] == ["one cluster only", "nobody in this group"]
    assert np.isnan([found[1].value, found[1].low, found[2].value, found[2].high]).all()


def test_the_difference_turns_round_with_the_pair():
    columns = actors((12, 9), shift=0.5)[:4]

    there, back = (clustered_difference(*columns, pair) for pair in ((0, 1), (1, 0)))

    assert (there.value, there.low, there.high) == pytest.approx(
        (-back.value, -back.high, -back.low)
    )


def test_the_difference_of_separate_clusters_joins_the_intervals_as_newcombe_does():
    columns = actors((12, 9), shift=0.5)[:4]
    a, b = clustered_proportions(*columns, 2)

    found = clustered_difference(*columns, (0, 1))

    assert found.low == pytest.approx(found.value - np.hypot(a.value - a.low, b.high - b.value))
    assert found.high == pytest.approx(found.value + np.hypot(a.high - a.value, b.value - b.low))


def test_groups_that_share_clusters_are_compared_within_them():
    yes, votes, _, actor, half = actors((40,), strata=2, spread=1.5)
    yes = np.repeat(yes[::2], 2)  # both halves of an actor alike
    votes = np.repeat(votes[::2], 2)

    paired = clustered_difference(yes, votes, half, actor, (0, 1))
    apart = clustered_difference(yes, votes, half, np.arange(80), (0, 1))

    assert paired.value == apart.value == 0
    assert paired.high - paired.low < 0.05 < apart.high - apart.low


def test_a_difference_to_a_group_of_one_cluster_is_undefined():
    votes = np.full(3, 5)

    found = clustered_difference(votes // 2, votes, np.array([0, 0, 1]), np.arange(3), (0, 1))

    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.reason == "one cluster only"


def test_intervals_cover_the_truth_with_seven_clusters():
    covered = []
    for seed in range(400):
        columns = actors((7, 30), seed=seed)[:4]
        # without strata effects drawn anew the mean of a symmetric logit distribution is 1/2
        centred = clustered_difference(*columns, (0, 1))
        covered.append(centred.low <= 0 <= centred.high)

    # 95 % and three standard errors (1.1 %)
    assert 0.917 < np.mean(covered) < 0.983


# --- the Wald test


def test_one_vote_a_cluster_gives_nearly_the_test_of_pearson():
    # a difference d has the unpooled variance sum p(1-p)/(n-1) here, the pooled p(1-p)(1/n+1/m)
    # there; both by hand from 40 of 100 and 30 of 60
    yes = np.repeat([1, 0, 1, 0], [40, 60, 30, 30])
    groups = np.repeat([0, 1], [100, 60])

    found = cluster_wald(yes, np.ones(160, int), groups, np.arange(160), 2)

    unpooled = 0.4 * 0.6 / 99 + 0.5 * 0.5 / 59
    pooled = 70 / 160 * 90 / 160 * (1 / 100 + 1 / 60)
    assert found.statistic == pytest.approx(0.1**2 / unpooled, rel=1e-12)
    table = pearson([[60, 40], [30, 30]])
    assert found.statistic * unpooled == pytest.approx(table.statistic * pooled, rel=1e-12)
    assert found.p == pytest.approx(table.p, abs=0.01)
    assert (found.dof, found.n) == (1, 160)
    assert found.p == pytest.approx(stats.f.sf(found.statistic, 1, 158), rel=1e-12)


@pytest.mark.parametrize("strata", [1, 4])
@pytest.mark.parametrize("sizes", [(15, 15), (12, 12, 12)], ids=["two groups", "three groups"])
def test_the_statistic_comes_from_the_covariance_of_statsmodels(sizes, strata):
    yes, votes, groups, actor, stratum = actors(sizes, strata=strata, shift=0.2)
    vote, image = single_votes(yes, votes)
    dummies = pd.get_dummies(groups[image], dtype=float).to_numpy()[:, 1:]
    intercepts = pd.get_dummies(stratum[image], dtype=float).to_numpy()
    fit = sm.OLS(vote, np.hstack([dummies, intercepts])).fit(
        cov_type="cluster", cov_kwds={"groups": actor[image], "use_correction": False}
    )
    free, m = len(sizes) - 1, sizes[0]
    beta, covariance = fit.params[:free], fit.cov_params()[:free, :free] * m / (m - 1)

    found = cluster_wald(yes, votes, groups, actor, len(sizes), strata=stratum)

    wald = beta @ np.linalg.solve(covariance, beta) / free
    assert found.statistic == pytest.approx(wald, rel=1e-8)
    assert found.p == pytest.approx(stats.f.sf(wald, free, sum(sizes) - len(sizes)), rel=1e-8)
    assert found.dof == free


def test_groups_within_clusters_are_tested_by_statsmodels_covariance_too():
    yes, votes, _, actor, _ = actors((30,), strata=4)
    groups = np.tile([0, 1, 0, 1], 30)
    vote, image = single_votes(yes, votes)
    fit = sm.OLS(vote, sm.add_constant(groups[image].astype(float))).fit(
        cov_type="cluster", cov_kwds={"groups": actor[image], "use_correction": False}
    )

    found = cluster_wald(yes, votes, groups, actor, 2)

    assert found.statistic == pytest.approx(fit.tvalues[1] ** 2 * 29 / 30, rel=1e-8)
    assert found.p == pytest.approx(stats.f.sf(found.statistic, 1, 28), rel=1e-8)


@TESTS
def test_names_of_groups_clusters_and_strata_and_the_order_of_rows_do_not_matter(test):
    yes, votes, groups, actor, stratum = actors((9, 8, 7), strata=3, seed=4)
    order = np.random.default_rng(0).permutation(len(yes))
    plain = test(yes, votes, groups, actor, 3, strata=stratum)

    other = test(
        yes[order],
        votes[order],
        np.array([2, 0, 1])[groups][order],
        1000 - 3 * actor[order],
        3,
        strata=7 - stratum[order],
    )

    assert other.statistic == pytest.approx(plain.statistic, rel=1e-9)
    assert other.p == pytest.approx(plain.p, abs=0.05)


@TESTS
def test_rows_with_anything_unknown_change_nothing(test):
    yes, votes, groups, actor, stratum = actors((9, 8), strata=3)
    plain = test(yes, votes, groups, actor, 2, strata=stratum)
    add = partial(np.append, values=[1, 1, 1, 0])
    more = test(
        add(yes),
        np.append(votes, [5, 5, 5, 0]),
        np.append(groups, [-1, 0, 0, 0]),
        np.append(actor, [0, -1, 0, 0]),
        2,
        strata=np.append(stratum, [0, 0, -1, 0]),
    )

    assert more == plain


@TESTS
def test_a_difference_only_between_strata_is_no_difference_between_groups(test):
    # everybody has 1/4 in stratum 0 and 3/4 in stratum 1; group 1 has more of stratum 1
    generator = np.random.default_rng(1)
    groups = np.repeat([0, 1], 30 * 10)
    actor = np.repeat(np.arange(60), 10)
    stratum = (generator.random(600) < np.where(groups == 1, 0.8, 0.2)).astype(int)
    votes = np.full(600, 8)
    yes = generator.binomial(8, np.where(stratum == 1, 0.75, 0.25))

    assert test(yes, votes, groups, actor, 2).p < 0.01
    assert test(yes, votes, groups, actor, 2, strata=stratum).p > 0.05


def test_few_clusters_are_named():
    yes, votes, groups, actor, _ = actors((15, 9, 7))

    assert cluster_wald(yes, votes, groups, actor, 3).reason == "clusters per group: 15, 9, 7"


@TESTS
def test_a_group_of_one_cluster_is_left_out_and_said_so(test):
    yes, votes, groups, actor, _ = actors((15, 12, 1))

    found = test(yes, votes, groups, actor, 3)

    assert found.reason == "groups with one cluster are left out"
    assert found.p == test(yes[:27], votes[:27], groups[:27], actor[:27], 2).p
    assert (found.n, found.dof) == (27, 1)


def test_strata_of_one_group_do_not_count():
    yes, votes, groups, actor, stratum = actors((12, 12), strata=2)
    only = (stratum == 1) & (groups == 1)
    kept = ~only

    found = cluster_wald(yes[kept], votes[kept], groups[kept], actor[kept], 2, strata=stratum[kept])

    both = stratum == 0
    assert found == cluster_wald(yes[both], votes[both], groups[both], actor[both], 2)


@TESTS
@pytest.mark.parametrize("share", [0, 1])
def test_a_label_that_never_or_always_occurs_is_not_testable(test, share):
    votes = np.full(8, 5)

    found = test(share * votes, votes, np.arange(8) % 2, np.arange(8), 2)

    assert np.isnan([found.p, found.statistic]).all()
    assert found.reason == "nobody or everybody has the label"


@TESTS
@pytest.mark.parametrize(
    ("rows", "groups"),
    [(0, []), (1, [0]), (4, [0, 0, 0, 0]), (4, [-1, -1, -1, -1]), (4, [0, 0, 0, 1])],
    ids=["nothing", "one row", "one group", "all unknown", "one cluster of the other"],
)
def test_fewer_than_two_groups_are_not_testable(test, rows, groups):
    votes = np.full(rows, 5)

    found = test(votes // 2, votes, np.array(groups, int), np.arange(rows), 2)

    assert np.isnan(found.p)
    assert found.reason == "fewer than two groups with two clusters"


@TESTS
def test_groups_in_different_strata_are_not_testable(test):
    yes, votes, groups, actor, _ = actors((5, 5))

    found = test(yes, votes, groups, actor, 2, strata=groups)

    assert np.isnan(found.p)
    assert found.reason == "the groups do not meet in any stratum"


@TESTS
def test_a_group_that_meets_no_other_is_left_out(test):
    yes, votes, groups, actor, _ = actors((12, 12, 12))

    found = test(yes, votes, groups, actor, 3, strata=(groups == 2).astype(int))

    assert "meet no other group" in found.reason
    assert (found.dof, found.n) == (1, 24)


@TESTS
def test_groups_that_meet_only_in_separate_pairs_are_not_testable_as_one(test):
    yes, votes, groups, actor, _ = actors((5, 5, 5, 5))

    found = test(yes, votes, groups, actor, 4, strata=groups // 2)

    assert np.isnan(found.p)
    assert found.reason == "the groups do not meet in any stratum"


def test_without_variation_within_groups_only_the_permutation_has_a_p():
    votes = np.full(12, 5)
    groups = np.repeat([0, 1], 6)

    wald = cluster_wald(votes * groups, votes, groups, np.arange(12), 2)
    dealt = permutation(votes * groups, votes, groups, np.arange(12), 2, draws=9999)

    assert np.isnan(wald.p)
    assert wald.reason == "no variation within groups"
    # 2 of the 924 deals are as extreme
    assert dealt.p == pytest.approx(2 / 924, abs=0.0015)


def test_two_clusters_with_both_groups_are_too_few_for_the_wald_test():
    yes, votes, groups = np.array([1, 2, 3, 1]), np.full(4, 5), np.array([0, 1, 0, 1])

    assert cluster_wald(yes, votes, groups, np.array([0, 0, 1, 1]), 2).reason == "too few clusters"


def test_more_yes_votes_than_votes_are_refused():
    with pytest.raises(ReportError, match="more votes for the label"):
        clustered_proportions(np.array([3]), np.array([2]), np.zeros(1, int), np.zeros(1, int), 1)


IMAGES = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.integers(-1, 2), st.integers(-1, 4),
        st.integers(-1, 1),
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip


@TESTS
@given(IMAGES)
def test_any_data_give_a_p_or_the_reason_why_there_is_none(test, images):
    first, second, groups, actor, stratum = (np.array(c) for c in zip(*images, strict=True))
    yes, votes = np.minimum(first, second), second
    kwargs = {} if test is cluster_wald else {"draws": 19}

    found = test(yes, votes, groups, actor, 3, strata=stratum, **kwargs)

    assert 0 <= found.p <= 1 or (np.isnan(found.p) and found.reason)
    for estimate in clustered_proportions(yes, votes, groups, actor, 3):
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1 or estimate.reason
    apart = clustered_difference(yes, votes, groups, actor, (0, 1))
    assert -1 <= apart.low <= apart.value <= apart.high <= 1 or np.isnan(apart.value)


# --- the permutation test


def test_the_permutation_p_is_the_share_of_all_deals():
    yes, votes, groups, actor, _ = actors((4, 4), seed=3)
    observed = cluster_wald(yes, votes, groups, actor, 2).statistic
    reached = []
    for code in range(256):
        deal = np.array([code >> place & 1 for place in range(8)])
        if deal.sum() == 4:
            reached.append(
                cluster_wald(yes, votes, deal, actor, 2).statistic >= observed * (1 - 1e-9)
            )

    found = permutation(yes, votes, groups, actor, 2, draws=9999)

    assert len(reached) == 70
    # four standard errors of 9,999 draws
    assert found.p == pytest.approx(np.mean(reached), abs=0.02)


@given(st.integers(1, 30))
def test_the_permutation_p_is_never_below_one_in_draws_and_one(draws):
    columns = actors((10, 10), shift=5.0)[:4]

    assert permutation(*columns, 2, draws=draws).p >= 1 / (draws + 1)


@pytest.mark.parametrize("strata", [1, 3])
def test_both_tests_have_the_same_statistic(strata):
    yes, votes, groups, actor, stratum = actors((10, 6, 5), strata=strata)

    wald = cluster_wald(yes, votes, groups, actor, 3, strata=stratum)
    dealt = permutation(yes, votes, groups, actor, 3, strata=stratum)

    assert dealt.statistic == pytest.approx(wald.statistic, rel=1e-12)
    assert dealt.n == wald.n


def test_groups_that_vary_within_clusters_are_not_dealt():
    yes, votes, _, actor, half = actors((20,), strata=2)

    found = permutation(yes, votes, half, actor, 2)

    assert np.isnan(found.p)
    assert found.reason == "groups vary within clusters"


def test_the_permutation_is_the_same_for_the_same_generator():
    columns = actors((10, 10))[:4]

    assert permutation(*columns, 2, seed=5) == permutation(*columns, 2, seed=5)


def test_very_many_clusters_get_fewer_draws_and_a_word_about_it():
    yes, votes, groups, actor, _ = actors((10_500, 10_500))

    found = permutation(yes, votes, groups, actor, 2, draws=1500)

    assert found.reason == "999 draws"
    assert found.p == pytest.approx(cluster_wald(yes, votes, groups, actor, 2).p, abs=0.07)


def rejections(test, sizes, *, shift=0.0, times=300):
    found = [
        test(*actors(sizes, strata=2, seed=seed, shift=shift)[:4], len(sizes)).p < 0.05
        for seed in range(times)
    ]
    return np.mean(found)


@pytest.mark.parametrize("sizes", [(48, 43), (61, 22, 7), (5, 5)], ids=str)
def test_the_permutation_test_holds_its_level(sizes):
    # 5 % and three standard errors (1.26 %) of 300 data sets
    assert rejections(partial(permutation, draws=199), sizes) <= 0.088


def test_the_wald_test_holds_its_level_for_two_groups_of_forty():
    assert 0.012 <= rejections(cluster_wald, (48, 43)) <= 0.088


@TESTS
def test_a_planted_difference_is_found(test):
    test = partial(permutation, draws=199) if test is permutation else test

    assert rejections(test, (48, 43), shift=0.8, times=60) > 0.9


# --- real votes


def test_women_of_cremad_are_seen_happier_at_the_same_intention(shared_data):
    path = shared_data / "cremad" / "face_votes.csv.gz"
    if not path.is_file():
        pytest.skip("../shared/data/cremad is not here")
    table = pd.read_csv(path)
    table = table[table.intended == "happiness"]
    votes = table.filter(like="votes_").to_numpy()
    columns = (
        table.votes_happiness.to_numpy(),
        votes.sum(axis=1),
        (table.sex == "Male").to_numpy().astype(int),
        table.actor.to_numpy(),
    )

    women, men = clustered_proportions(*columns, 2)

    assert (women.value, men.value) == pytest.approx((0.908, 0.849), abs=5e-4)
    assert clustered_difference(*columns, (0, 1)).low > 0
    assert cluster_wald(*columns, 2).p == pytest.approx(permutation(*columns, 2).p, abs=0.02)


def test_a_rare_label_in_a_small_group_has_no_p_of_the_wald_test():
    # 200 people with 3 pictures each, 20 of them in the small group; 12 people show the label once:
    # 12 * 20 / 200 = 1.2 of them are expected in the small group.
    clusters = np.repeat(np.arange(200), 3)
    groups = (clusters < 20).astype(np.int64)
    yes = np.zeros(600, np.int64)
    yes[np.arange(12) * 48] = 1
    rare = cluster_wald(yes, np.ones(600, np.int64), groups, clusters, 2)
    common = cluster_wald((np.arange(600) % 2), np.ones(600, np.int64), groups, clusters, 2)

    assert np.isnan(rare.p) and "too few clusters with the label" in rare.reason
    assert 0 <= common.p <= 1
