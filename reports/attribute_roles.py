"""Which of a study's attributes fill the papers' columns for gender, race, age and intersections.

Data sets name attributes differently (race, ethnicity, tone), so names decide nothing but age: a
table by gender takes attributes of two groups, one by race those of more than two, one by age those
called age, whatever their number of groups; where a paper crosses attributes, the study's own
intersections stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reports.specs import DatasetCard

Levels = Mapping[str, tuple[str, ...]]
_AGE = re.compile(r"(^|_)age(_|$)", re.IGNORECASE)


def ages(dataset: DatasetCard) -> Levels:
    """Attributes called age, with their groups."""
    return {name: groups for name, groups in dataset.levels.items() if _AGE.search(name)}


def single(dataset: DatasetCard) -> Levels:
    """Attributes of at least two groups that are no age (gender, race, ...)."""
    found = ages(dataset)
    return {
        name: groups
        for name, groups in dataset.levels.items()
        if name not in found and len(groups) >= 2
    }


def crossed(dataset: DatasetCard) -> Levels:
    """The intersections ("gender x tone")."""
    return {
        name: groups for name, groups in dataset.attributes().items() if name not in dataset.levels
    }
