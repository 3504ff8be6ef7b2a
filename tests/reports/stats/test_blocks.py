"""Ranks over data sets, against scipy, scikit-posthocs and Demsar's table."""

import numpy as np
import pytest
import scikit_posthocs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.stats.blocks import cliques, critical_difference, ranking

#: Demsar 2006, table 5(a): critical values of the two-tailed Nemenyi test
Q_05 = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}
Q_10 = {2: 1.645, 3: 2.052, 4: 2.291, 5: 2.459, 6: 2.589, 7: 2.693, 8: 2.780, 9: 2.855, 10: 2.920}

#: ranks in Demsar 2006, table 6: C4.5, +m, +cf, +m+cf on fourteen data sets
DEMSAR = [
    [4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5],
    [3, 2, 4, 1], [2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5],
    [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2],
]  # fmt: skip


@st.composite
def tables(draw):
    blocks, methods = draw(st.integers(5, 9)), draw(st.integers(3, 6))
    row = st.lists(st.integers(0, 6), min_size=methods, max_size=methods)
    return np.array(draw(st.lists(row, min_size=blocks, max_size=blocks))) / 10


def test_the_best_method_has_rank_one_and_ties_share_theirs():
    # .9 > .8 = .8: 1, 2.5, 2.5; .7 > .6 > .5: 2, 1, 3: means 1.5, 1.75, 2.75
    found = ranking([[0.9, 0.8, 0.8], [0.6, 0.7, 0.5]])

    assert found.mean_ranks == pytest.approx([1.5, 1.75, 2.75])


def test_means_that_differ_by_rounding_tie():
    assert ranking([[0.1 + 0.2, 0.3, 0.1]]).mean_ranks == pytest.approx([1.5, 1.5, 3])


@given(tables())
@settings(max_examples=60, deadline=None)
def test_friedman_equals_scipy(scores):
    found = ranking(scores)
    if found.friedman.reason:
        assert (scores == scores[:, :1]).all()
        return
    wanted = stats.friedmanchisquare(*scores.T)

    assert found.friedman.statistic == pytest.approx(wanted.statistic)
    assert found.friedman.p == pytest.approx(wanted.pvalue)
    assert found.mean_ranks.sum() == pytest.approx(scores.shape[1] * (scores.shape[1] + 1) / 2)


@given(tables())
@settings(max_examples=60, deadline=None)
def test_iman_davenport_is_the_analysis_of_variance_of_the_ranks(scores):
    found = ranking(scores).iman_davenport
    blocks, k = scores.shape
    ranks = stats.rankdata(-scores, axis=1)
    # two-way layout, blocks have equal means: F = MS between / MS error
    between = blocks * ((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum() / (k - 1)
    error = ((ranks - ranks.mean(axis=0)) ** 2).sum() / ((k - 1) * (blocks - 1))
    if found.reason:
        assert error == pytest.approx(0)
        return

    assert found.statistic == pytest.approx(between / error)
    assert found.p == pytest.approx(stats.f.sf(between / error, k - 1, (k - 1) * (blocks - 1)))


def test_demsars_example_is_reproduced_but_for_the_ties_that_he_does_not_correct():
    found = ranking(-np.array(DEMSAR))

    assert found.mean_ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    # sums 44, 28, 40.5, 27.5: 12 x 5116.5 / (14 x 4 x 5) - 3 x 14 x 5 = 9.2786, he prints 9.28;
    # three pairs and one four tie: 1 - (3 x 6 + 60) / (14 x 4 x 15) = .907143
    assert found.friedman.statistic == pytest.approx(9.278571 / 0.907143, rel=1e-6)
    # he prints 3.69 = 13 x 9.28 / (42 - 9.28); with the correction 13 x 10.2284 / (42 - 10.2284)
    assert found.iman_davenport.statistic == pytest.approx(4.18513, abs=1e-4)
    # he prints 1.25: too much to part any two of these four
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    order = np.argsort(found.mean_ranks)
    assert cliques(found.mean_ranks, critical_difference(4, 14)) == [tuple(order)]


@pytest.mark.parametrize("blocks", [0, 1, 4])
def test_fewer_than_five_data_sets_give_ranks_and_the_sentence(blocks):
    found = ranking(np.tile([0.9, 0.8, 0.7], (blocks, 1)))

    for test in (found.friedman, found.iman_davenport):
        assert test.reason == "too few data sets for a rank test"
        assert np.isnan([test.statistic, test.p]).all()
        assert test.n == blocks
    if blocks:
        assert found.mean_ranks == pytest.approx([1, 2, 3])
    else:
        assert np.isnan(found.mean_ranks).all()
    assert np.isnan(critical_difference(3, blocks))


def test_a_data_set_that_lacks_a_method_is_left_out():
    scores = np.random.default_rng(1).random((7, 4))
    gappy = np.vstack([scores, [0.1, 0.2, np.nan, 0.3]])

    assert ranking(gappy).friedman == ranking(scores).friedman


def test_two_methods_have_ranks_but_no_test():
    found = ranking(np.tile([0.9, 0.8], (6, 1)))

    assert found.mean_ranks == pytest.approx([1, 2])
    assert found.friedman.reason == "fewer than three methods"


def test_methods_that_always_tie_cannot_be_tested():
    assert ranking(np.full((6, 3), 0.5)).friedman.reason == "all methods tie on every data set"


def test_data_sets_that_all_rank_alike_give_no_p_of_zero():
    found = ranking(np.tile([0.9, 0.8, 0.7], (6, 1)))

    assert found.friedman.p == pytest.approx(stats.chi2.sf(12, 2))
    assert np.isnan(found.iman_davenport.p)
    assert "infinite" in found.iman_davenport.reason


@pytest.mark.parametrize(("alpha", "q"), [(0.05, Q_05), (0.10, Q_10)], ids=["05", "10"])
def test_critical_differences_are_those_of_demsars_table(alpha, q):
    for k, value in q.items():
        # his table has three decimals, the last of some a unit off
        scale = np.sqrt(k * (k + 1) / (6 * 30))
        assert critical_difference(k, 30, alpha) == pytest.approx(value * scale, abs=1.1e-3 * scale)


def test_methods_differ_critically_just_where_scikit_posthocs_finds_p_below_alpha():
    generator = np.random.default_rng(5)
    scores = generator.random((12, 5)) + [0, 0.1, 0.3, 0.5, 0.6]
    ranks = ranking(scores).mean_ranks
    p = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    apart = np.abs(ranks[:, None] - ranks) >= critical_difference(5, 12)

    assert np.array_equal(apart, p <= 0.05)
    assert 0 < apart.sum() < 20


def test_groups_within_the_critical_difference_overlap_and_are_maximal():
    # ranks 1, 1.8, 2.5, 4, 4.2 and 1: 1 to 1.8; 1.8 to 2.5; 4 to 4.2
    assert cliques([2.5, 1, 4, 1.8, 4.2], 1) == [(1, 3), (3, 0), (2, 4)]
    assert cliques([2.5, 1, 4, 1.8, 4.2], 1.6) == [(1, 3, 0), (0, 2), (2, 4)]
    assert cliques([2.5, 1, 4, 1.8, 4.2], 9) == [(1, 3, 0, 2, 4)]


def test_methods_exactly_a_critical_difference_apart_differ():
    assert cliques([1, 2, 3], 1) == []


@pytest.mark.parametrize("ranks", [[], [1], [np.nan, np.nan]], ids=str)
def test_without_two_ranked_methods_there_is_no_group(ranks):
    assert cliques(ranks, 1) == []
    assert cliques([1, 1.5], np.nan) == []


@given(st.lists(st.integers(2, 40), max_size=9), st.integers(1, 20))
def test_groups_join_just_the_pairs_that_do_not_differ(numbers, difference):
    ranks = np.array(numbers, dtype=float)
    groups = [set(group) for group in cliques(ranks, difference)]

    for a in range(len(ranks)):
        for b in range(a):
            together = any({a, b} <= group for group in groups)
            assert together == (abs(ranks[a] - ranks[b]) < difference)
    assert not any(one < other for one in groups for other in groups)
