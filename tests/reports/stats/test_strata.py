"""Pooled tests and effects over strata: by hand, against statsmodels, R and slow loops."""

import math
from csv import DictReader
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.contingency_tables import StratifiedTable

from reports.errors import ReportError
from reports.stats.strata import (
    cochran_mantel_haenszel,
    common_difference,
    common_odds_ratio,
    equal_odds,
    informative,
    share_used,
    used,
)
from tests.reports.stats.rscript import r_numbers

POOLED = (cochran_mantel_haenszel, equal_odds)
#: two strata, two groups: (without, with)
SMALL = np.array([[[10, 20], [15, 5]], [[6, 4], [18, 2]]])


def tables(strata=5, groups=2, low=0, high=30):
    return arrays(np.int64, (strata, groups, 2), elements=st.integers(low, high))


def in_statsmodels(counts):
    """First group's labelled images as the first cell."""
    return StratifiedTable(np.moveaxis(counts[:, :, ::-1], 0, 2).astype(float))


def in_r(counts):
    """R's array of group x label (with, without) x stratum."""
    strata, groups, _ = counts.shape
    numbers = ",".join(str(int(n)) for n in counts[:, :, ::-1].transpose(0, 2, 1).ravel())
    return f"array(c({numbers}), c({groups}, 2, {strata}))"


def drawn(seed, strata, groups, low=3, high=40):
    return np.random.default_rng(seed).integers(low, high, (strata, groups, 2))


# --- which strata count


def test_strata_without_two_groups_or_without_both_labels_carry_nothing():
    counts = np.array(
        [
            [[0, 0], [0, 0], [0, 0]],  # empty
            [[3, 4], [0, 0], [0, 0]],  # one group
            [[3, 0], [5, 0], [0, 0]],  # nobody labelled
            [[0, 3], [0, 1], [0, 2]],  # everybody labelled
            [[3, 1], [0, 0], [2, 2]],  # a group absent, two left
        ]
    )

    assert informative(counts).tolist() == [False, False, False, False, True]
    assert used(counts) == (1, 8)


def test_counts_of_another_shape_are_refused():
    with pytest.raises(ReportError, match=r"give them as \(strata, groups, 2\)"):
        cochran_mantel_haenszel(np.zeros((2, 2), int))
    with pytest.raises(ReportError, match=r"give them as \(strata, 2, 2\)"):
        common_odds_ratio(np.zeros((2, 3, 2), int))


# --- Cochran-Mantel-Haenszel


def test_cochran_mantel_haenszel_of_two_strata_by_hand():
    # stratum 1: N 50, n_a 30, m 25: expected 30*25/50 = 15, var 30*20*25*25/(50^2*49) = 3.0612245
    # stratum 2: N 30, n_a 10, m 6: expected 2, var 10*20*6*24/(30^2*29) = 1.1034483
    # (20+4-15-2)^2 / 4.1646728 = 49 / 4.1646728
    found = cochran_mantel_haenszel(SMALL)

    assert found.statistic == pytest.approx(49 / (375000 / 122500 + 28800 / 26100), rel=1e-12)
    assert (found.dof, found.n, found.reason) == (1, 80, "")
    assert found.min_expected == 2  # stratum 2: 10 * 6 / 30


@given(tables())
def test_cochran_mantel_haenszel_of_two_groups_equals_statsmodels(counts):
    kept = counts[informative(counts)]
    found = cochran_mantel_haenszel(counts)
    if not len(kept):
        assert math.isnan(found.p)
        assert found.reason
        return
    theirs = in_statsmodels(kept).test_null_odds(correction=False)

    assert found.statistic == pytest.approx(theirs.statistic, rel=1e-8, abs=1e-12)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(("strata", "groups"), [(1, 2), (7, 2), (5, 3), (4, 6)])
def test_cochran_mantel_haenszel_equals_r(strata, groups):
    counts = drawn(strata, max(strata, 2), groups)
    code = f"{{m <- mantelhaen.test({in_r(counts)}, correct=FALSE);"
    statistic, dof, p = r_numbers(code + "c(m$statistic, m$parameter, m$p.value)}")
    found = cochran_mantel_haenszel(counts)

    assert found.statistic == pytest.approx(statistic, rel=1e-8)
    assert found.dof == dof
    assert found.p == pytest.approx(p, rel=1e-8)


@given(tables(strata=1, groups=4, high=15))
def test_one_stratum_gives_pearsons_statistic_times_n_less_one_over_n(counts):
    found = cochran_mantel_haenszel(counts)
    table = counts[0][counts[0].sum(1) > 0].astype(float)
    if not informative(counts)[0]:
        assert math.isnan(found.p)
        return
    n = table.sum()
    expected = np.outer(table.sum(1), table.sum(0)) / n
    pearson = ((table - expected) ** 2 / expected).sum()

    assert found.statistic == pytest.approx((n - 1) / n * pearson, rel=1e-9, abs=1e-12)
    assert found.dof == len(table) - 1


@given(tables(groups=3, high=12), st.permutations(range(3)), st.permutations(range(5)))
def test_order_of_groups_and_strata_does_not_matter(counts, groups, strata):
    mixed = counts[strata][:, groups]
    for test in POOLED:
        first, second = test(counts), test(mixed)

        assert first.statistic == pytest.approx(second.statistic, rel=1e-6, abs=1e-7, nan_ok=True)
        assert first.reason == second.reason


@given(tables(groups=3, high=12))
def test_swapping_the_labels_does_not_matter(counts):
    for test in POOLED:
        first, second = test(counts), test(counts[:, :, ::-1])

        assert first.statistic == pytest.approx(second.statistic, rel=1e-6, abs=1e-7, nan_ok=True)


def test_a_copy_of_every_stratum_doubles_the_statistic():
    counts = drawn(3, 4, 3)
    once, twice = (cochran_mantel_haenszel(c) for c in (counts, np.concatenate([counts] * 2)))

    assert twice.statistic == pytest.approx(2 * once.statistic, rel=1e-12)
    assert twice.dof == once.dof


def test_strata_and_groups_that_carry_nothing_change_nothing():
    counts = drawn(4, 3, 2)
    wider = np.zeros((5, 3, 2), int)
    wider[:3, [0, 2]] = counts
    wider[3, 1] = (5, 7)  # one group alone
    wider[4] = [[3, 0], [4, 0], [2, 0]]  # one label
    for test in POOLED:
        assert test(wider) == test(counts)


def test_groups_that_never_share_a_stratum_are_tested_apart():
    pair, other = drawn(5, 2, 2), drawn(6, 3, 2)
    counts = np.zeros((5, 4, 2), int)
    counts[:2, :2], counts[2:, 2:] = pair, other
    found = cochran_mantel_haenszel(counts)
    alone = [cochran_mantel_haenszel(c) for c in (pair, other)]

    assert found.statistic == pytest.approx(sum(a.statistic for a in alone), rel=1e-12)
    assert found.dof == 2
    assert found.reason == "groups that never share a stratum are not compared"


def test_few_images_are_told_beside_the_p():
    # 4 images a group: expected sum 2, bounds 0 and 4
    found = cochran_mantel_haenszel(np.array([[[2, 2], [2, 2]]]))

    assert found.p == 1
    assert found.reason == "few images: p is rough"


@pytest.mark.parametrize(
    "counts",
    [np.zeros((0, 2, 2), int), np.zeros((3, 4, 2), int), np.array([[[5, 3], [0, 0]]])],
    ids=["no strata", "no images", "one group"],
)
def test_nothing_to_compare_gives_a_reason(counts):
    for test in POOLED:
        found = test(counts)

        assert math.isnan(found.statistic)
        assert math.isnan(found.p)
        assert found.reason == "no stratum has both two groups and both labels"


def test_the_published_counts_pool_as_statsmodels_says(shared_data):
    with (shared_data / "auc_fer_counts" / "counts.csv").open() as file:
        rows = [r for r in DictReader(file) if r["attribute"] == "gender" and r["label"] == "happy"]
    for dataset in {r["dataset"] for r in rows}:
        cells = {(r["au"], r["group"]): r for r in rows if r["dataset"] == dataset}
        strata = sorted({au for au, _ in cells})
        labelled, sizes = (
            np.array([[int(cells[au, g][key]) for g in ("male", "female")] for au in strata])
            for key in ("n_labelled", "n")
        )
        counts = np.stack([sizes - labelled, labelled], axis=2)
        theirs = in_statsmodels(counts[informative(counts)])

        found = cochran_mantel_haenszel(counts)
        assert found.statistic == pytest.approx(theirs.test_null_odds().statistic, rel=1e-8)
        assert common_odds_ratio(counts).value == pytest.approx(theirs.oddsratio_pooled, rel=1e-8)
        assert equal_odds(counts).statistic == pytest.approx(
            theirs.test_equal_odds(adjust=True).statistic, rel=1e-6
        )


# --- common odds ratio


def test_common_odds_ratio_by_hand():
    # with_a * without_b / N: 20*15/50 + 4*18/30 = 8.4; other way: 10*5/50 + 6*2/30 = 1.4
    assert common_odds_ratio(SMALL).value == pytest.approx(8.4 / 1.4, rel=1e-14)


@given(tables(low=1))
def test_common_odds_ratio_and_interval_equal_statsmodels(counts):
    found, theirs = common_odds_ratio(counts), in_statsmodels(counts)

    assert found.value == pytest.approx(theirs.oddsratio_pooled, rel=1e-9)
    assert (found.low, found.high) == pytest.approx(theirs.oddsratio_pooled_confint(), rel=1e-9)


@given(tables(low=1))
def test_swapping_the_groups_inverts_the_odds_ratio_and_negates_the_difference(counts):
    other = counts[:, ::-1]
    ratio, inverse = common_odds_ratio(counts), common_odds_ratio(other)
    difference, negative = common_difference(counts), common_difference(other)

    assert ratio.low == pytest.approx(1 / inverse.high, rel=1e-9)
    assert difference.value == pytest.approx(-negative.value, abs=1e-12)
    assert difference.low == pytest.approx(-negative.high, abs=1e-12)


def test_an_odds_ratio_of_zero_or_infinity_is_undefined():
    found = common_odds_ratio(np.array([[[5, 5], [3, 0]], [[0, 4], [2, 2]]]))

    assert math.isnan(found.value)
    assert found.reason == "in every stratum a group has nobody with or nobody without the label"


# --- common difference


def test_common_difference_by_hand():
    # weights 30*20/50 = 12 and 10*20/30 = 6.6667; differences 2/3 - 1/4 and 2/5 - 1/10
    weights = np.array([12, 200 / 30])
    value = weights @ [2 / 3 - 1 / 4, 4 / 10 - 2 / 20] / weights.sum()

    assert common_difference(SMALL).value == pytest.approx(value, rel=1e-14)


def test_interval_of_the_common_difference_by_hand():
    # Sato for one stratum (10, 20), (15, 5): X 20, Y 5, n1 30, n0 20, N 50, difference 5/12;
    # P = (900*5 - 400*20 + 600*(20 - 30)/2) / 2500 = -2.6; Q = (20*15 + 5*10) / 100 = 3.5
    # variance (5/12 * -2.6 + 3.5) / 12^2 = 0.0167824
    found = common_difference(SMALL[:1])
    half = 1.959963984540054 * math.sqrt((3.5 - 2.6 * 5 / 12) / 144)

    assert found.value == pytest.approx(5 / 12, rel=1e-14)
    assert (found.low, found.high) == pytest.approx((5 / 12 - half, 5 / 12 + half), rel=1e-12)


def test_the_difference_leaves_out_strata_that_lack_a_group_and_keeps_those_of_one_label():
    counts = np.array([[[10, 20], [15, 5]], [[8, 2], [0, 0]], [[10, 0], [10, 0]]])
    # weights 12 and 5, differences 5/12 and 0

    assert common_difference(counts).value == pytest.approx(12 * (5 / 12) / 17, rel=1e-14)
    assert share_used(counts) == pytest.approx(70 / 80)


@pytest.mark.parametrize(("size", "strata"), [(1, 200), (40, 4)], ids=["pairs", "large strata"])
def test_the_interval_covers_a_true_difference(size, strata):
    draw = np.random.default_rng(size)
    sizes = np.tile([size, 2 * size], (strata, 1))
    base = draw.uniform(0.1, 0.6, (strata, 1))
    covered = 0
    for _ in range(1000):
        labelled = draw.binomial(sizes, base + [[0.2, 0.0]])
        found = common_difference(np.stack([sizes - labelled, labelled], axis=2))
        covered += found.low <= 0.2 <= found.high

    # 95 % less or more 3.3 standard errors of 0.69 %
    assert 0.927 <= covered / 1000 <= 0.973


def test_a_difference_without_spread_has_no_interval():
    found = common_difference(np.array([[[0, 5], [4, 0]]]))

    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.reason.startswith("no interval")


def test_groups_that_never_meet_have_no_common_difference():
    counts = np.array([[[3, 4], [0, 0]], [[0, 0], [3, 4]]])

    assert math.isnan(common_difference(counts).value)
    assert common_difference(counts).reason == "no stratum has images of both groups"
    assert share_used(counts) == 0
    assert math.isnan(share_used(counts[:0]))


# --- equal odds ratios


@given(tables(low=1, high=40))
def test_equal_odds_of_two_groups_equals_statsmodels(counts):
    # statsmodels divides by 1 - ratio, so near 1 it has few digits
    ratio = common_odds_ratio(counts).value
    if abs(ratio - 1) < 1e-3:
        return
    found, theirs = equal_odds(counts), in_statsmodels(counts).test_equal_odds(adjust=True)

    assert found.statistic == pytest.approx(theirs.statistic, rel=1e-8, abs=1e-8)
    assert found.dof == len(counts) - 1
    if not found.reason:
        assert found.p == pytest.approx(theirs.pvalue, rel=1e-7, abs=1e-10)


def test_equal_odds_are_tested_at_a_common_odds_ratio_of_one():
    # mirror images, so the common ratio is 1 and expected counts are n m / N: 30 * 35 / 70 = 15 of
    # the first group and 20 of the second with the label, as many without; excess 5 and -5
    counts = np.array([[[10, 20], [25, 15]], [[20, 10], [15, 25]]])
    variance = 1 / (2 / 15 + 2 / 20)
    found = equal_odds(counts)

    assert common_odds_ratio(counts).value == pytest.approx(1)
    assert found.statistic == pytest.approx(2 * 25 / variance, rel=1e-12)


def test_strong_differences_keep_their_p_where_one_minus_cdf_would_be_zero():
    counts = np.array([[[150, 350], [350, 150]], [[350, 150], [150, 350]]])
    for test in (equal_odds, lambda c: cochran_mantel_haenszel(c[:1])):
        assert 0 < test(counts).p < 1e-30


@pytest.mark.parametrize(("strata", "groups"), [(3, 3), (5, 4)])
def test_equal_odds_of_many_groups_equal_rs_likelihood_ratio(strata, groups):
    counts = drawn(strata, strata, groups, low=20, high=90)
    counts[0, 1] = 0  # a combination without images
    cells = list(product(range(strata), range(groups)))
    cells = [(h, k) for h, k in cells if counts[h, k].sum()]
    columns = {
        "y": [counts[h, k, 1] for h, k in cells],
        "n": [counts[h, k, 0] for h, k in cells],
        "h": [h for h, _ in cells],
        "k": [k for _, k in cells],
    }
    vectors = ";".join(f"{c}=c({','.join(map(str, v))})" for c, v in columns.items())
    code = (
        f"{{{vectors}; m=glm(cbind(y,n)~factor(h)+factor(k),binomial,epsilon=1e-14);"
        "c(m$deviance, m$df.residual, pchisq(m$deviance, m$df.residual, lower.tail=FALSE))}"
    )
    statistic, dof, p = r_numbers(code)
    found = equal_odds(counts)

    assert found.statistic == pytest.approx(statistic, rel=1e-8)
    assert found.dof == dof
    assert found.p == pytest.approx(p, rel=1e-8)


def test_a_group_that_never_has_the_label_does_not_count_among_the_degrees_of_freedom():
    counts = drawn(8, 4, 3, low=20, high=60)
    rest = equal_odds(np.delete(counts, 1, axis=1))
    counts[:, 1, 1] = 0
    found = equal_odds(counts)

    # the group fits perfectly at a chance of 0: only the other two can disagree, over 4 strata
    assert found.dof == rest.dof == 3
    assert found.p == pytest.approx(rest.p, abs=0.02)  # likelihood ratio beside Breslow-Day
    assert "only have one label" in found.reason


def test_zeros_that_leave_no_freedom_give_a_reason():
    # each group meets the third in one stratum only, so any odds ratios fit
    counts = np.zeros((2, 3, 2), int)
    counts[0, :2], counts[1, 1:] = 20, 20
    found = equal_odds(counts)

    assert math.isnan(found.p)
    assert found.reason == "fewer than two strata can be compared"


def test_one_informative_stratum_cannot_differ_from_others():
    found = equal_odds(SMALL[:1])

    assert math.isnan(found.p)
    assert found.reason == "fewer than two strata carry information"


def test_a_missing_common_odds_ratio_leaves_equality_untested():
    found = equal_odds(np.array([[[0, 5], [2, 3]], [[2, 3], [5, 0]]]))

    assert math.isnan(found.statistic)
    assert "nobody with or nobody without" in found.reason


@pytest.mark.parametrize("groups", [2, 3])
def test_small_expected_counts_have_a_statistic_and_no_p(groups):
    found = equal_odds(drawn(9, 30, groups, low=1, high=4))

    assert found.statistic > 0
    assert math.isnan(found.p)
    assert found.reason == "expected counts are too small"


@pytest.mark.parametrize(("groups", "size", "chance"), [(2, 30, 0.3), (3, 60, 0.3)])
def test_equal_odds_and_the_pooled_test_hold_their_level(groups, size, chance):
    draw = np.random.default_rng(groups)
    sizes = draw.integers(size, 2 * size, (6, groups))
    rejected = np.zeros((1000, 2))
    for row in rejected:
        labelled = draw.binomial(sizes, chance)
        counts = np.stack([sizes - labelled, labelled], axis=2)
        row[:] = [test(counts).p < 0.05 for test in POOLED]

    # 5 % and 3.3 standard errors of 0.69 %
    assert (rejected.mean(0) > 0.027).all()
    assert (rejected.mean(0) < 0.073).all()


@given(tables(strata=4, groups=3, high=3))
def test_any_counts_give_a_p_or_a_reason_and_never_a_warning(counts):
    for test in POOLED:
        found = test(counts)

        assert 0 <= found.p <= 1 or found.reason
        assert math.isnan(found.statistic) or found.statistic >= 0
    for estimate in (common_odds_ratio, common_difference):
        found = estimate(counts[:, :2])

        assert found.low <= found.value <= found.high or found.reason
