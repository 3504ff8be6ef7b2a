"""What the user may choose of an audit."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports.audit.action_units import Thresholds
from reports.convention import STRICT, Convention

Condition = Literal["auto", "marginal", "joint"]
Family = Literal["table", "call"]

#: a difference is called found when its corrected p is below this
ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True)
class AuditOptions:
    """Choices of one call.

    Attributes:
        condition: strata of the tables: `joint` patterns of all action units, `marginal` (each unit
            alone), or `auto`: joint where there are at most four units and every pattern of every
            data set has counts for a chi-square test, else marginal.
        thresholds: presence thresholds that the user set; the others have their defaults.
        convention: `strict` or `paper`.
        family: tests corrected together: those of one `table` (label x attribute) or of the `call`.
        seed: of Monte-Carlo p, permutations and bootstraps.
    """

    condition: Condition = "auto"
    thresholds: Thresholds = Thresholds()
    convention: Convention = STRICT
    family: Family = "table"
    seed: int = 0

    def generator(self, *names: str) -> np.random.Generator:
        """The random numbers of one purpose: they depend on the names, not on what ran before."""
        key = zlib.crc32("\0".join(names).encode())
        return np.random.default_rng([self.seed, key])
