"""Conditions as the axis of a figure names them: values below the bars, their units below those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reports.audit.tabulation import ALL


@dataclass(frozen=True)
class Condition:
    """One condition of one family of strata.

    Attributes:
        family: units with commas, or `all`.
        name: as in the frames, `AU06=0,AU12=1`.
        values: of the units, as printed below the bars.
    """

    family: str
    name: str
    values: str

    @property
    def units(self) -> str:
        """What the values are of, as printed below them; empty for the whole data set."""
        if self.family == ALL:
            return ""
        return f"({self.family.replace(',', ', ')})" if "," in self.family else self.family


def condition_of(family: str, name: str) -> Condition:
    """The condition `name` of a family of strata."""
    if family == ALL:
        return Condition(family, name, "all")
    units = family.split(",")
    if len(units) == 1:
        return Condition(family, name, name.removeprefix(f"{family}="))
    values = [part.partition("=")[2] for part in name.split(",")]
    short = len(units) > 2 and all(len(value) == 1 for value in values)
    return Condition(family, name, "".join(values) if short else f"({', '.join(values)})")


def figure_families(conditions: Sequence[Condition]) -> dict[str, list[Condition]]:
    """Conditions of one label and attribute by the figure that shows them, `all` left out.

    Single units that are absent or present share a figure; joint patterns and conditions in words
    have one each.
    """
    figures: dict[str, list[Condition]] = {}
    for family, members in groupby(conditions, key=lambda condition: condition.family):
        if family == ALL:
            continue
        listed = list(members)
        binary = "," not in family and all(c.values in ("0", "1") for c in listed)
        figures.setdefault("marginal" if binary else family, []).extend(listed)
    return figures


def chunks(conditions: Sequence[Condition], most: int) -> list[list[Condition]]:
    """Conditions in runs of at most `most`, those of one family together where they fit.

    Runs are about equally long.
    """
    found: list[list[Condition]] = [[]]
    pieces = -(-len(conditions) // most)
    even = -(-len(conditions) // pieces) if pieces else most
    for family, members in groupby(conditions, key=lambda condition: condition.family):
        listed = list(members)
        # The whole data set joins the last run: it needs something to be compared with.
        room = most if family == ALL else even
        if found[-1] and len(found[-1]) + len(listed) > room:
            found.append([])
        for condition in listed:
            if len(found[-1]) == most:
                found.append([])
            found[-1].append(condition)
    return found
