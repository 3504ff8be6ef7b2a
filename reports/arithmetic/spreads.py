"""Standard deviations and means that bounded scores of a few runs can have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from reports.arithmetic.finding import Check, Finding, Verdict, where
from reports.arithmetic.intervals import printed
from reports.arithmetic.ratios import PERCENT
from reports.published.values import PublishedValue

Records = Sequence[PublishedValue]
RUNS = 5
#: test images of IASLab, and men among them if the test part has the mix of the training part
TEST_IMAGES, ESTIMATED_MEN = 145, 52


def largest_deviation(mean: float, runs: int, ddof: int) -> float:
    """The largest standard deviation of `runs` scores in [0, 1] with this mean.

    Scores between 0 and 1 have a variance of at most m (1 - m), and scores of at least 0 one of at
    most m^2 (n - 1): all but one are 0. Both with ddof 0.

    Args:
        mean: in [0, 1].
        runs: at least 2.
        ddof: 0 or 1.
    """
    variance = min(mean * (1 - mean), mean**2 * (runs - 1), (1 - mean) ** 2 * (runs - 1))
    return math.sqrt(variance * runs / (runs - ddof))


def possible_deviations(records: Records) -> Iterator[Finding]:
    """Every printed deviation against the largest that five scores in [0, 1] can have."""
    for one in records:
        if not one.std or one.unit not in ("percent", "fraction"):
            continue
        scale = PERCENT if one.unit == "percent" else 1
        value, spread = printed(one.value), printed(one.std)
        ends = (max(float(value.low) / scale, 0.0), min(float(value.high) / scale, 1.0))
        least = max(float(spread.low) / scale, 0.0)
        # The bound rises towards 1/2 from both sides.
        middle = min(max(0.5, ends[0]), ends[1])
        bounds = [max(largest_deviation(m, RUNS, ddof) for m in (*ends, middle)) for ddof in (0, 1)]
        verdict: Verdict = "consistent"
        if least > bounds[0]:
            verdict = "inconsistent" if least > bounds[1] else "undecidable"
        text = f"largest for {RUNS} scores from 0 to 1 with this mean: " + ", ".join(
            f"{bound * scale:.{3 if scale == 1 else 1}f} (ddof {ddof})"
            for ddof, bound in enumerate(bounds)
        )
        if verdict == "undecidable":
            text += (
                "; a deviation of signed differences, or half the width of an interval, would fit"
            )
        yield Check(one.source, one.table, "deviation of bounded scores").statement(
            f"{one.dataset}, {one.method}, {one.attribute}, {one.group}, {one.emotion}",
            verdict,
            f"{one.value} ({one.std})",
            text,
            known=21 if one.source == "chen2021_supp" else 0,
        )


def sizes_that_fit(values: Sequence[str], runs: int, largest: int) -> list[int]:
    """Group sizes n for which every printed percentage is a mean over runs of shares of n.

    The sum over runs of correct answers is a whole number, so a mean is a multiple of 1 / (n runs).
    """
    fits = []
    for size in range(1, largest + 1):
        step = Fraction(PERCENT, size * runs)
        if all(_has_multiple(text, step) for text in values):
            fits.append(size)
    return fits


def _has_multiple(text: str, step: Fraction) -> bool:
    one = printed(text)
    return math.floor(one.high / step) >= math.ceil(one.low / step)


def granularity(records: Records) -> Iterator[Finding]:
    """Suresh and Ong, Table II, IASLab: numbers of men and women in the test part that fit.

    The sizes are not printed, so nothing is inconsistent; the accuracies tell them.
    """
    cells = where(records, source="suresh2022", table="II", dataset="IASLab", metric="accuracy")
    men = [one.value for one in where(cells, group="Male")]
    women = [one.value for one in where(cells, group="Female")]
    of_women = sizes_that_fit(women, RUNS, TEST_IMAGES)
    pairs = [
        (size, TEST_IMAGES - size)
        for size in sizes_that_fit(men, RUNS, TEST_IMAGES)
        if TEST_IMAGES - size in of_women
    ]
    fit = " or ".join(f"{first} men and {second} women" for first, second in pairs) or "no sizes"
    yield Check("suresh2022", "II", "means of few answers").statement(
        f"IASLab, sizes of the groups among {TEST_IMAGES} test images",
        "undecidable",
        "not printed",
        f"only {fit} allow all twelve accuracies as means over {RUNS} runs; the mix of the "
        f"training part, {ESTIMATED_MEN} men, {'does' if _fits(pairs) else 'does not'}",
    )


def _fits(pairs: Sequence[tuple[int, int]]) -> bool:
    return any(men == ESTIMATED_MEN for men, _ in pairs)
