"""What one check of printed numbers found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.arithmetic.intervals import Interval
from reports.published.values import CITATIONS, PublishedValue, table_name

Verdict = Literal["consistent", "inconsistent", "undecidable", "not computed"]


@dataclass(frozen=True)
class Finding:
    """A printed number, what the paper's own numbers imply for it, and whether the two fit.

    Attributes:
        source, table: key of the paper, number of the table there (empty: its text).
        place: what the number is, in words.
        check: the kind of check, in words.
        verdict: `consistent`: some numbers that print as these fulfil the relation; `inconsistent`:
            none do; `undecidable`: the paper does not print what is needed; `not computed`: a
            remark with a source, not a calculation.
        printed: the printed number or statement.
        low, high: ends of the implied interval in the unit of the printed number; NaN where there
            is none.
        implied: the interval as text.
        shown_by: the numbers that show it, a sentence.
        known: number in the list of known inconsistencies, 0 of a finding that is not in it.
        about: the printed number's own record, where the finding is about one.
    """

    source: str
    table: str
    place: str
    check: str
    verdict: Verdict
    printed: str
    shown_by: str
    low: float = math.nan
    high: float = math.nan
    implied: str = ""
    known: int = 0
    about: PublishedValue | None = None

    @property
    def cited(self) -> str:
        """Paper and table."""
        where = table_name(self.table) if self.table else "text"
        return f"{CITATIONS[self.source]}, {where}"

    @property
    def is_computed(self) -> bool:
        return self.verdict != "not computed"


@dataclass(frozen=True)
class Check:
    """What all findings of one kind of check on one table share."""

    source: str
    table: str
    check: str

    def interval(
        self,
        place: str,
        printed_number: str,
        possible: Interval,
        implied: Interval,
        *,
        shown_by: str,
        known: int = 0,
        decimals: int = 2,
        scale: int = 1,
        about: PublishedValue | None = None,
    ) -> Finding:
        """A finding on a number that must lie in an interval; `known` counts if it does not.

        Args:
            place: what the number is.
            printed_number: as printed.
            possible: the numbers that print so.
            implied: the numbers that the paper's other numbers allow.
            shown_by: the calculation.
            known: number in the list of known inconsistencies.
            decimals: digits of the implied interval as text.
            scale: factor from the intervals to the printed unit, 100 for percent.
            about: the record of the printed number.
        """
        fits = possible.meets(implied)
        shown = Interval(implied.low * scale, implied.high * scale)
        return Finding(
            self.source,
            self.table,
            place,
            self.check,
            "consistent" if fits else "inconsistent",
            printed_number,
            shown_by,
            float(shown.low),
            float(shown.high),
            shown.text(decimals),
            0 if fits else known,
            about,
        )

    def statement(
        self, place: str, verdict: Verdict, printed_text: str, shown_by: str, known: int = 0
    ) -> Finding:
        """A finding without an interval; `known` counts unless it is consistent."""
        return Finding(
            self.source,
            self.table,
            place,
            self.check,
            verdict,
            printed_text,
            shown_by,
            known=0 if verdict == "consistent" else known,
        )


def where(records: Iterable[PublishedValue], **fields: str) -> list[PublishedValue]:
    """The records that have all these field values."""
    wanted = fields.items()
    return [one for one in records if all(getattr(one, key) == text for key, text in wanted)]


def listed(records: Sequence[PublishedValue]) -> str:
    """The printed numbers with their groups: "Male 74.2, Female 74.4"."""
    return ", ".join(f"{one.group} {one.value}" for one in records)
