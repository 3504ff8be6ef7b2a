"""Corrections of p for the number of tests made."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """Holm's p of a family of tests, in the order and shape given.

    Rejecting where it is at most 5 % makes a false rejection anywhere in the family in at most 5 %
    of families, however the tests depend on each other. NaN stays NaN and does not count.

    Source: metrics.md 10.10; Holm 1979.
    """
    values = np.array(p, dtype=np.float64)
    made = ~np.isnan(values)
    tested = values[made]
    order = np.argsort(tested, kind="stable")
    # statsmodels gives the same numbers but collects garbage at each call (40 ms)
    steps = tested[order] * np.arange(len(tested), 0, -1)
    corrected = np.empty_like(tested)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    values[made] = corrected
    return values


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Benjamini and Hochberg's p (false-discovery rate), in the order and shape given.

    Of the tests with a value of at most 5 %, 5 % are expected to be false; for exploration. NaN
    stays NaN and does not count.

    Source: metrics.md 10.10; Benjamini and Hochberg 1995.
    """
    # Holm's correction is in every report; statsmodels, which it does not need, is slow to import.
    from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

    values = np.array(p, dtype=np.float64)
    made = ~np.isnan(values)
    if made.any():
        values[made] = multipletests(values[made], method="fdr_bh")[1]
    return values
