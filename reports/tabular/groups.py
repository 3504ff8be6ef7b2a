"""The group of each row of a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Grouping:
    """A column of levels: a protected attribute, or a condition given by name instead of by AUs.

    Attributes:
        name: of the attribute.
        levels: in the order in which codes count them.
        codes: (N,) places in `levels`; -1 where unknown or left out.
        predicted: the levels are guesses of a classifier.
        confusion: (G, G) P(predicted j | true i) of that classifier, rows sum to 1; None unknown.
    """

    name: str
    levels: tuple[str, ...]
    codes: Codes
    predicted: bool = False
    confusion: Floats | None = None
