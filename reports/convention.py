"""Conventions that differ between papers and good practice, bundled so that none is set alone."""

from __future__ import annotations

from dataclasses import dataclass

from reports.errors import ReportError


@dataclass(frozen=True)
class Convention:
    """How numbers are counted and printed.

    `min_n` is the smallest denominator a rate may have (samples, at least 1); `ddof` is that of the
    printed standard deviation over seeds (0 or 1).
    """

    name: str
    min_n: int
    ddof: int

    def __post_init__(self) -> None:
        if self.min_n < 1:
            raise ReportError(f"convention {self.name}: min_n is {self.min_n}, give 1 or more")
        if self.ddof not in (0, 1):
            raise ReportError(f"convention {self.name}: ddof is {self.ddof}, give 0 or 1")


STRICT = Convention("strict", min_n=10, ddof=1)
PAPER = Convention("paper", min_n=1, ddof=0)


def convention_named(name: str) -> Convention:
    """The convention called `strict` (default of the suite) or `paper`.

    Raises:
        ReportError: no convention has this name.
    """
    for convention in (STRICT, PAPER):
        if convention.name == name:
            return convention
    raise ReportError(f"no convention is called {name!r}; give strict or paper")
