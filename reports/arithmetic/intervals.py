"""Exact intervals of the numbers that print as given digits, and arithmetic on them.

A printed number stands for every number that rounds to it: 94.2 for [94.15, 94.25]. Both ends
belong to the interval, because it is not known how ties were rounded. Fractions keep the arithmetic
exact: a check is never decided by a rounding error of our own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, ends included."""

    low: Fraction
    high: Fraction

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval) -> Interval:
        """The product of two intervals without negative numbers."""
        return Interval(self.low * other.low, self.high * other.high)

    def __truediv__(self, other: Interval) -> Interval:
        """The quotient of intervals without negative numbers; the divisor is above 0."""
        return Interval(self.low / other.high, self.high / other.low)

    def meets(self, other: Interval) -> bool:
        """Whether some number lies in both."""
        return self.low <= other.high and other.low <= self.high

    def text(self, decimals: int) -> str:
        """Both ends, rounded outwards, so that nothing possible is left out: [97.79, 98.06]."""
        scale = 10**decimals
        low = Fraction(math.floor(self.low * scale), scale)
        high = Fraction(math.ceil(self.high * scale), scale)
        return f"[{float(low):.{decimals}f}, {float(high):.{decimals}f}]"


def exactly(number: int | Fraction) -> Interval:
    """The interval of one number that is not rounded."""
    return Interval(Fraction(number), Fraction(number))


def decimals_of(text: str) -> int:
    """Digits after the point of a printed number."""
    return len(text.partition(".")[2])


def printed(text: str, decimals: int | None = None) -> Interval:
    """Every number that prints as this text.

    Args:
        text: a printed number, "94.2".
        decimals: digits that were kept, where fewer than printed: a "71.0" that stands for a
            rounded 71 has 0.
    """
    half = Fraction(1, 2 * 10 ** (decimals_of(text) if decimals is None else decimals))
    middle = Fraction(Decimal(text))
    return Interval(middle - half, middle + half)


def kept_decimals(column: Sequence[str], *, least: int = 4) -> int | None:
    """Digits that a column of printed numbers seems to have kept; None where as many as printed.

    Numbers with one decimal of which all end in 0 were whole numbers before: chance gives that to
    one in ten, to four in a row one in 10,000. Shorter columns are taken at their word.
    """
    digits = max((decimals_of(text) for text in column), default=0)
    for fewer in range(digits):
        whole = all(Fraction(Decimal(text)) * 10**fewer % 1 == 0 for text in column)
        if len(column) >= least and whole:
            return fewer
    return None


def total(parts: Iterable[Interval]) -> Interval:
    """The sum; 0 of no parts."""
    return sum(parts, start=exactly(0))


def hull(parts: Sequence[Interval]) -> Interval:
    """The smallest interval that holds all parts: where a mean with any weights lies."""
    return Interval(min(part.low for part in parts), max(part.high for part in parts))


def worst_over_best(parts: Sequence[Interval]) -> Interval:
    """The ratio of the smallest and the largest of some numbers, each anywhere in its interval.

    Which is smallest may change inside the intervals, hence minima and maxima of both ends.
    """
    lowest = Interval(min(part.low for part in parts), min(part.high for part in parts))
    highest = Interval(max(part.low for part in parts), max(part.high for part in parts))
    ratio = lowest / highest
    return Interval(ratio.low, min(ratio.high, Fraction(1)))


def weighted_mean(parts: Sequence[Interval], weights: Sequence[int]) -> Interval:
    """The mean with known weights, at least one of them positive."""
    pairs = zip(parts, weights, strict=True)
    return total(part * exactly(weight) for part, weight in pairs) / exactly(sum(weights))
