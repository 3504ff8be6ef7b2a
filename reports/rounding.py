"""Rounding as people do it: half away from zero on the shortest decimal form of a number."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: float, decimals: int = 1, *, scale: int = 1, sign: bool = False) -> str:
    """Text of `value * scale` with so many decimals.

    Plain formatting is erratic at ties (96.25 prints as 96.2, 2.675 as 2.67) because it rounds the
    binary number; the shortest decimal that reads back as the same number is what a person means.

    Args:
        value: a finite number.
        decimals: digits after the point, at least 0.
        scale: whole-number factor applied exactly, 100 for percent.
        sign: write "+" before a positive result.

    Returns:
        Digits with a point; never "-0.0".
    """
    step = Decimal(1).scaleb(-decimals)
    number = (Decimal(repr(float(value))) * scale).quantize(step, rounding=ROUND_HALF_UP)
    if number == 0:
        return str(abs(number))
    return f"+{number}" if sign and number > 0 else str(number)
