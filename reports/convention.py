"""Conventions that differ between papers and good practice, bundled so that none is set alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from reports.errors import ReportError


@dataclass(frozen=True)
class Convention:
    """How numbers are counted and printed.

    `min_n` is the smallest denominator a rate may have (samples, at least 1); `ddof` is that of the
    printed standard deviation over seeds (0 or 1).

    The rest is for the annotation-bias audit: `sparse_rule` says which tables of counts may have a
    chi-square test (`cochran`: 2 x 2 tables with all expected counts at least 5, larger ones with
    none below 1 and at most a fifth below 5; `all5`: all at least 5), `exact` whether a table that
    may not gets an exact p instead of a dash, `small_p` what a p below .0005 prints as, and
    `error_bar` what the bars of a proportion are.
    """

    name: str
    min_n: int
    ddof: int
    sparse_rule: Literal["cochran", "all5"] = "cochran"
    exact: bool = True
    small_p: str = "<0.001"
    error_bar: Literal["wilson", "standard_error"] = "wilson"

    @property
    def overall(self) -> Convention:
        """The convention for numbers over all samples, which ask for one sample only."""
        return replace(self, min_n=1)

    def __post_init__(self) -> None:
        if self.min_n < 1:
            raise ReportError(f"convention {self.name}: min_n is {self.min_n}, give 1 or more")
        if self.ddof not in (0, 1):
            raise ReportError(f"convention {self.name}: ddof is {self.ddof}, give 0 or 1")


STRICT = Convention("strict", min_n=10, ddof=1)
PAPER = Convention(
    "paper",
    min_n=1,
    ddof=0,
    sparse_rule="all5",
    exact=False,
    small_p="0.000",
    error_bar="standard_error",
)


def convention_named(name: str) -> Convention:
    """The convention called `strict` (default of the suite) or `paper`.

    Raises:
        ReportError: no convention has this name.
    """
    for convention in (STRICT, PAPER):
        if convention.name == name:
            return convention
    raise ReportError(f"no convention is called {name!r}; give strict or paper")
