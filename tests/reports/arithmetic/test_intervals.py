"""Exact intervals of printed numbers."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.arithmetic.intervals import (
    Interval,
    exactly,
    hull,
    kept_decimals,
    printed,
    weighted_mean,
    worst_over_best,
)
from reports.arithmetic.spreads import largest_deviation, sizes_that_fit

RATES = st.lists(st.integers(1, 9999).map(lambda n: Fraction(n, 100)), min_size=2, max_size=6)


def as_printed(number, decimals=1):
    text = Decimal(number.numerator) / Decimal(number.denominator)
    return str(text.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def test_a_printed_number_stands_for_all_that_round_to_it():
    assert printed("94.2") == Interval(Fraction("94.15"), Fraction("94.25"))
    assert printed("76") == Interval(Fraction("75.5"), Fraction("76.5"))
    assert printed("-0.061") == Interval(Fraction("-0.0615"), Fraction("-0.0605"))


def test_the_ratio_of_the_worst_and_the_best_by_hand():
    # 75.45 / 77.15 = 0.977965, 75.55 / 77.05 = 0.980532
    ratio = worst_over_best([printed("76.15"), printed("77.1"), printed("75.5")])

    assert ratio.text(4) == "[0.9779, 0.9806]"
    assert ratio.low == Fraction("75.45") / Fraction("77.15")


def test_a_ratio_of_numbers_that_may_be_equal_reaches_one_and_not_more():
    assert worst_over_best([printed("80.0"), printed("80.0")]).high == 1


@given(RATES)
def test_the_true_ratio_always_lies_in_the_interval_of_the_printed_rates(rates):
    texts = [as_printed(rate) for rate in rates]
    if min(Decimal(text) for text in texts) < 1:
        return
    ratio = min(rates) / max(rates)

    assert worst_over_best([printed(text) for text in texts]).meets(exactly(ratio))


@given(RATES, st.data())
def test_a_weighted_mean_lies_in_the_hull_of_its_printed_parts(rates, data):
    sizes = data.draw(st.lists(st.integers(1, 99), min_size=len(rates), max_size=len(rates)))
    parts = [printed(as_printed(rate)) for rate in rates]
    truth = sum(n * rate for n, rate in zip(sizes, rates, strict=True)) / sum(sizes)

    assert hull(parts).meets(exactly(truth))
    assert weighted_mean(parts, sizes).meets(exactly(truth))


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_a_printed_difference_fits_the_printed_terms(first, second):
    one, other = Fraction(first, 10_000), Fraction(second, 10_000)
    difference = printed(as_printed(one, 3)) - printed(as_printed(other, 3))

    assert difference.meets(printed(as_printed(one - other, 3)))


@pytest.mark.parametrize(
    ("column", "kept"),
    [
        (["71.0", "75.0", "73.0", "76.0"], 0),
        (["71.0", "75.0", "73.0", "76.1"], None),
        (["71.0", "75.0"], None),
        (["0.250", "0.310", "0.120", "0.990"], 2),
        (["71", "75", "73", "76"], None),
        ([], None),
    ],
)
def test_columns_of_padded_numbers_are_seen_through(column, kept):
    assert kept_decimals(column) == kept


def test_the_largest_deviation_is_that_of_the_most_uneven_scores():
    # One score of 0.09 and four of 0: mean .018, variance .2 * .8 * .09^2, deviation 0.036.
    assert largest_deviation(0.018, 5, 0) == pytest.approx(0.036)
    # Half at 0 and half at 1.
    assert largest_deviation(0.5, 4, 0) == pytest.approx(0.5)
    assert largest_deviation(0.5, 4, 1) == pytest.approx((1 / 3) ** 0.5)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_no_scores_vary_more_than_the_largest_deviation(scores):
    mean = sum(scores) / len(scores)
    spread = (sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5

    assert spread <= largest_deviation(min(mean, 1.0), len(scores), 0) + 1e-7


def test_sizes_of_a_group_are_found_from_means_of_whole_answers():
    # 5 runs of 3 samples: multiples of 1/15 = 6.67 %; 46.7 = 7/15 and 93.3 = 14/15.
    sizes = sizes_that_fit(["46.7", "93.3"], runs=5, largest=12)

    assert 3 in sizes
    assert 1 not in sizes and 2 not in sizes and 4 not in sizes
