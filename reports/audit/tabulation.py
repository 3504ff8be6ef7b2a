"""Counts of label x group within strata of equal facial movement: what most tests start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reports.errors import ReportError

Counted = Literal["image", "vote"]
ALL = "all"


@dataclass(frozen=True, eq=False)
class Tabulation:
    """One question (data set, label, attribute) asked within one family of strata.

    Attributes:
        dataset, label, attribute: names.
        units: what tells the strata apart: action units (`AU06`) or named conditions; empty for the
            whole data set as one stratum.
        strata: H names, `AU06=0,AU12=1`; `all` where there are no units.
        groups: G names.
        counts: (H, G, 2) images (or votes) without and with the label.
        counted: whether `counts` counts images or votes.
    """

    dataset: str
    label: str
    attribute: str
    units: tuple[str, ...]
    strata: tuple[str, ...]
    groups: tuple[str, ...]
    counts: NDArray[np.int64]
    counted: Counted = "image"

    def __post_init__(self) -> None:
        expected = (len(self.strata), len(self.groups), 2)
        if self.counts.shape != expected:
            raise ReportError(
                f"counts of {self.label} by {self.attribute} have shape {self.counts.shape}, "
                f"not {expected}"
            )

    @property
    def family(self) -> str:
        """Name of the family of strata: its units with commas, `all` without any."""
        return ",".join(self.units) or ALL
