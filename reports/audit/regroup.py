"""A tabulation with other groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from reports.audit.tabulation import Tabulation
from reports.tabular.groups import UNKNOWN
from reports.tabular.levels import AttributeSpec, places_of


def regrouped(
    tabulation: Tabulation, spec: AttributeSpec, *, known: Iterable[str] = ()
) -> Tabulation:
    """The tabulation with the groups of `spec`, whose column is the tabulation's attribute.

    Groups whose name says unknown are left out unless `spec` asks for them.

    Raises:
        ReportError: as `places_of`.
    """
    names, places = places_of(spec, tabulation.groups, known=known)
    counts = np.zeros((len(tabulation.strata), len(names), 2), dtype=np.int64)
    for group, place in enumerate(places):
        if place != UNKNOWN:
            counts[:, place] += tabulation.counts[:, group]
    return dataclasses.replace(tabulation, attribute=spec.name, groups=names, counts=counts)
