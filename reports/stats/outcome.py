"""What a test and an estimate give back."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """One test.

    Attributes:
        statistic: NaN where the test has none (exact tests) or could not be made.
        dof: degrees of freedom of the statistic; NaN where it has none.
        p: in [0, 1]; NaN where the test could not be made or does not hold.
        n: observations that the test used.
        min_expected: smallest expected count of the tables behind it; NaN where there are none.
        reason: why `p` is NaN, or what must be said beside it; empty for a plain result.
    """

    statistic: float = math.nan
    dof: float = math.nan
    p: float = math.nan
    n: int = 0
    min_expected: float = math.nan
    reason: str = ""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; all three NaN where undefined, `reason` says why."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    reason: str = ""
