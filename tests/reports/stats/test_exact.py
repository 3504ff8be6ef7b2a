"""Fisher, enumeration and Monte Carlo against each other and against slow loops."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from reports.stats.chi_square import pearson
from reports.stats.exact import exact_test
from tests.reports.stats.rscript import r_numbers, r_table


def draw(seed=0):
    return np.random.default_rng(seed)


def slow_p(table):
    """The conditional p in fractions: every table of the margins, one by one."""
    sizes, yes = [sum(row) for row in table], [row[1] for row in table]
    n, total = sum(sizes), sum(yes)

    # Pearson's statistic grows with sum x^2 / size while the margins stay
    def rank(labelled):
        return sum(Fraction(x * x, size) for x, size in zip(labelled, sizes, strict=True))

    ways = 0
    for labelled in product(*(range(size + 1) for size in sizes)):
        if sum(labelled) == total and rank(labelled) >= rank(yes):
            pairs = zip(sizes, labelled, strict=True)
            ways += math.prod(math.comb(size, x) for size, x in pairs)
    return float(Fraction(ways, math.comb(n, total)))


def test_enumeration_of_a_tiny_table_is_the_one_worked_out_by_hand():
    # sizes 1, 1, 2 with 2 labelled of 4: C(4, 2) = 6 ways. Observed: both of the third group.
    # X2 = 4: sum x^2 / n = 4 / 2 = 2; (1, 1, 0) gives 2 as well; (1, 0, 1) and (0, 1, 1) 1.5.
    # Ways: 1 and 1 of 6.
    got = exact_test([[1, 0], [1, 0], [0, 2]], draw())

    assert got.p == pytest.approx(2 / 6, rel=1e-12)
    assert got.statistic == pytest.approx(4)
    assert (got.n, got.min_expected, got.reason) == (4, 0.5, "enumeration")
    assert math.isnan(got.dof)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=4))
@settings(max_examples=60, deadline=None)
def test_enumeration_equals_a_loop_over_all_tables(rows):
    rows = [row for row in rows if sum(row)]
    assume(len(rows) > 2)
    assume(0 < sum(row[1] for row in rows) < sum(map(sum, rows)))

    assert exact_test(rows, draw()).p == pytest.approx(slow_p(rows), rel=1e-9)


@pytest.mark.parametrize(
    "table", [[[5, 1], [2, 7]], [[300, 4], [250, 0]], [[9, 1], [1, 9]]], ids=["a", "b", "c"]
)
def test_two_groups_get_the_p_of_fisher(table):
    got = exact_test(table, draw())

    assert got.p == pytest.approx(fisher_exact(table).pvalue, rel=1e-12)
    assert got.p == pytest.approx(r_numbers(f"fisher.test({r_table(table)})$p.value")[0], rel=1e-8)
    assert math.isnan(got.statistic)
    assert (got.reason, got.n) == ("Fisher", np.sum(table))


def test_fisher_by_hand():
    # 3 + 3, all 3 labelled in one group: 2 of C(6, 3) = 20 tables
    assert exact_test([[3, 0], [0, 3]], draw()).p == pytest.approx(0.1)


def test_an_empty_group_leaves_fisher_for_the_other_two():
    got = exact_test([[5, 1], [0, 0], [2, 7]], draw())

    assert got.reason == "Fisher"
    assert got.p == exact_test([[5, 1], [2, 7]], draw()).p


@pytest.mark.parametrize(
    "table",
    [
        [[5, 1], [3, 3], [2, 4]],
        [[50, 1], [30, 3], [20, 4]],
        [[10, 10], [30, 3], [20, 4], [4, 1]],
        [[90, 2], [80, 6], [100, 4]],
    ],
    ids=["tiny", "rare", "four groups", "larger"],
)
def test_monte_carlo_lies_within_four_standard_errors_of_enumeration(table):
    whole, drawn = exact_test(table, draw()), exact_test(table, draw(), limit=0)

    assert (whole.reason, drawn.reason) == ("enumeration", "Monte Carlo, 20,000 draws")
    assert abs(drawn.p - whole.p) < 4 * math.sqrt(whole.p * (1 - whole.p) / 20_000) + 1 / 20_000
    assert drawn.statistic == whole.statistic == pearson(table).statistic


def test_the_product_of_sizes_decides_between_enumeration_and_drawing():
    # (6 + 1)(6 + 1)(6 + 1) = 343
    table = [[5, 1], [3, 3], [2, 4]]

    assert exact_test(table, draw(), limit=343).reason == "enumeration"
    assert exact_test(table, draw(), limit=342, draws=99).reason == "Monte Carlo, 99 draws"


def test_a_drawn_p_is_never_0():
    table = [[100, 0], [0, 100], [100, 0]]

    assert exact_test(table, draw(), limit=0, draws=999).p == pytest.approx(1 / 1000)


def test_the_same_generator_gives_the_same_p_and_another_seed_another():
    table = [[50, 1], [30, 3], [20, 4]]
    first, again, other = (exact_test(table, draw(seed), limit=0).p for seed in (1, 1, 2))

    assert first == again != other


def test_ties_are_as_extreme_whatever_the_rounding():
    # six groups of 7, one labelled: every table has the same statistic
    table = [[6, 1]] + [[7, 0]] * 5

    assert exact_test(table, draw()).p == 1
    assert exact_test(table, draw(), limit=0).p == 1


def test_many_small_groups_at_the_limit_are_enumerated():
    # 19 groups of one: 2^19 = 524,288; the labelled ones can only be chosen, all equally extreme
    got = exact_test([[1, 0]] * 10 + [[0, 1]] * 9, draw())

    assert (got.p, got.reason) == (1, "enumeration")


def test_label_and_its_absence_are_alike():
    table = np.array([[50, 1], [30, 3], [20, 4]])

    assert exact_test(table, draw()).p == pytest.approx(exact_test(table[:, ::-1], draw()).p)


def test_the_order_of_groups_does_not_matter():
    table = np.array([[50, 1], [30, 3], [20, 4]])

    assert exact_test(table[[2, 0, 1]], draw()).p == pytest.approx(exact_test(table, draw()).p)


def test_a_rare_label_in_large_groups_is_drawn():
    got = exact_test([[40_000, 2], [30_000, 1], [2_000, 1]], draw())

    assert got.reason.startswith("Monte Carlo")
    # chi-square says .025; the true p is that of small counts
    assert 0.09 < got.p < 0.12


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[0, 0], [0, 0]], "no counts"),
        ([[3, 4], [0, 0]], "fewer than two groups have counts"),
        ([[3, 0], [4, 0], [1, 0]], "nobody or everybody has the label"),
        ([[0, 3], [0, 4]], "nobody or everybody has the label"),
    ],
)
def test_a_table_without_comparison_has_no_exact_p(table, reason):
    got = exact_test(table, draw())

    assert math.isnan(got.p)
    assert got.reason == reason
    assert got.n == np.sum(table)


def test_exact_p_holds_its_level_under_independence():
    # sizes 12, 8, 5, P = .2: share of p <= .05 over all 13 x 9 x 6 tables, weighted
    rejected, sizes = 0.0, (12, 8, 5)
    for labelled in product(*(range(size + 1) for size in sizes)):
        chance = math.prod(
            math.comb(size, x) * 0.2**x * 0.8 ** (size - x)
            for size, x in zip(sizes, labelled, strict=True)
        )
        if chance < 1e-7:
            continue
        table = tuple((size - x, x) for size, x in zip(sizes, labelled, strict=True))
        rejected += chance * (exact_test(table, draw()).p <= 0.05)

    assert 0.01 < rejected <= 0.05
