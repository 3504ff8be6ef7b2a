"""Cells that hold a number with its interval, or a p-value with its code."""

from __future__ import annotations

import math

from reports.convention import Convention
from reports.tables import EXACT, Cell, Unit, in_unit

#: upper ends (inclusive) of the significance codes
CODES = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))
CODES_EXPLAINED = (
    "Codes belong to the p before them: *** p \u2264 .001, ** p \u2264 .01, * p \u2264 .05, "
    ". p \u2264 .1."
)
# Beyond this a number is printed with an exponent.
_LARGE = 1e6


def code_of(p: float) -> str:
    """Significance code of an unrounded p; empty above .1 and for NaN.

    Source: metrics.md 10.4.
    """
    return next((code for limit, code in CODES if p <= limit), "")


def number_cell(value: float, unit: Unit, *, reason: str = "", bold: bool = False) -> Cell:
    """The number in the digits of its unit; '-' with the reason where it is NaN."""
    return interval_cell(value, math.nan, math.nan, unit, reason=reason, bold=bold)


def interval_cell(
    value: float, low: float, high: float, unit: Unit, *, reason: str = "", bold: bool = False
) -> Cell:
    """The number followed by its interval in brackets; without the interval where it is NaN."""
    if math.isnan(value):
        return Cell("undefined", unit=unit, reason=reason)
    text = _printed(value, unit)
    if not math.isnan(low) and not math.isnan(high):
        text += f" [{_printed(low, unit)}, {_printed(high, unit)}]"
    if math.isinf(value):
        return Cell("text", text=text)
    return Cell("value", mean=float(value), unit=unit, text=text, bold=bold)


def p_cell(
    p: float, convention: Convention, *, reason: str = "", exact: bool = False, caveat: str = ""
) -> Cell:
    """The p with its code, and a dagger if it is exact or the footnote of its caveat.

    '-' with the reason where it is NaN.
    """
    if math.isnan(p):
        return Cell("undefined", unit="p", reason=reason)
    text = convention.small_p if p < 0.0005 else in_unit(p, "p")
    note = EXACT if exact else caveat
    return Cell("value", mean=float(p), unit="p", text=text, code=code_of(p), reason=note)


def _printed(value: float, unit: Unit) -> str:
    if math.isinf(value):
        return "-inf" if value < 0 else "inf"
    if abs(value) >= _LARGE and unit != "count":
        return f"{value:.1e}"
    return in_unit(value, unit)
