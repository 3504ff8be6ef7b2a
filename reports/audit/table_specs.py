"""Which conditional tables an audit has: labels, attributes side by side, data sets below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from reports.audit.result import AuditResult
from reports.audit.tabulation import ALL

Record = dict[str, Any]
Kind = Literal["marginal", "joint", "overall"]
#: data set, label, attribute, condition
Place = tuple[str, str, str, str]
Groups = tuple[str, ...]

KINDS: tuple[Kind, ...] = ("marginal", "joint", "overall")


@dataclass(frozen=True)
class ColumnSet:
    """Groups printed side by side, and the attributes whose tests compare them.

    Several attributes share the columns where the groups of one are some of those of another
    (`race3` of `race`): fewest groups first, so that the last is the designated test.
    """

    attributes: tuple[str, ...]
    groups: Groups


@dataclass(frozen=True)
class ConditionalSpec:
    """One table of P(label | condition, group).

    Attributes:
        kind: whether its conditions are values of one unit, joint patterns of several units, or
            there are none; the last kind has a row a label, the others one label.
        stem: what its attributes are called together.
        apart: whether other data sets have a table of their own, for their groups differ.
    """

    kind: Kind
    stem: str
    labels: tuple[str, ...]
    sets: tuple[ColumnSet, ...]
    datasets: tuple[str, ...]
    apart: bool = False

    @property
    def label(self) -> str:
        """The label asked about; `label` where there are several."""
        return "label" if self.kind == "overall" else self.labels[0]

    @property
    def where(self) -> str:
        """For titles: the data sets, if others have a table of their own."""
        return f", {', '.join(self.datasets)}" if self.apart else ""


class Found:
    """The frames of a result, to be asked by place."""

    def __init__(self, result: AuditResult) -> None:
        self.shares: dict[Place, dict[str, Record]] = {}
        self.families: dict[Place, str] = {}
        for row in records_of(result, "proportions"):
            place = place_of(row)
            self.shares.setdefault(place, {})[row["group"]] = row
            self.families[place] = row["family"]
        self.cells: dict[Place, Record] = {
            place_of(row): row for row in records_of(result, "cells")
        }
        self.pairs: dict[tuple[Place, str, str], Record] = {
            (place_of(row), row["group_a"], row["group_b"]): row
            for row in records_of(result, "pairs")
        }
        self.tests: dict[tuple[Place, str], Record] = {
            (place_of(row), row["test"]): row for row in records_of(result, "tests")
        }

    def groups(self, dataset: str, attribute: str) -> Groups:
        """The groups of an attribute in a data set, in declared order."""
        return tuple(self._groups.get((dataset, attribute), ()))

    def is_variant(self, dataset: str) -> bool:
        """Whether it is a sensitivity run, `ExpW [raw thresholds]`, of another data set."""
        name, bracket, _ = dataset.rpartition(" [")
        return bool(bracket) and dataset.endswith("]") and name in self._datasets

    @cached_property
    def _datasets(self) -> set[str]:
        return {place[0] for place in self.shares}

    @cached_property
    def _groups(self) -> dict[tuple[str, str], dict[str, None]]:
        found: dict[tuple[str, str], dict[str, None]] = {}
        for (dataset, _, attribute, _), own in self.shares.items():
            found.setdefault((dataset, attribute), {}).update(dict.fromkeys(own))
        return found


def records_of(result: AuditResult, frame: str) -> list[Record]:
    """The rows of a frame as dictionaries."""
    return [
        {str(name): value for name, value in row.items()}
        for row in result[frame].to_dict("records")
    ]


def place_of(row: Mapping[str, Any]) -> Place:
    """Where a row of a frame belongs."""
    return row["dataset"], row["label"], row["attribute"], row["condition"]


def stem_of(attribute: str) -> str:
    """Name without a trailing number: `age` of `age4` and `age2`, which stand side by side."""
    return re.sub(r"[\s_-]*\d+$", "", attribute) or attribute


def conditional_specs(found: Found) -> Iterator[ConditionalSpec]:
    """Every conditional table, marginal ones first."""
    for kind in KINDS:
        # (label, stem) -> data set -> attribute -> groups
        asked: dict[tuple[str, str], dict[str, dict[str, Groups]]] = {}
        labels: dict[tuple[str, str], dict[str, None]] = {}
        for dataset, label, attribute in _asked(found, kind):
            stem = stem_of(attribute)
            key = ("", stem) if kind == "overall" else (label, stem)
            own = asked.setdefault(key, {}).setdefault(dataset, {})
            own[attribute] = found.groups(dataset, attribute)
            labels.setdefault(key, {})[label] = None
        for key, datasets in asked.items():
            parts = _alike(datasets)
            for part in parts:
                sets = _column_sets(found, {name: datasets[name] for name in part})
                names = tuple(labels[key])
                yield ConditionalSpec(kind, key[1], names, sets, part, apart=len(parts) > 1)


def kind_of(family: str) -> Kind:
    """What the conditions of a family are."""
    if family == ALL:
        return "overall"
    return "joint" if "," in family else "marginal"


def places_of(spec: ConditionalSpec, found: Found) -> list[Place]:
    """Where the conditions of a table are, in the order of the frames."""
    attributes = {name for one in spec.sets for name in one.attributes}
    return [
        place
        for place, family in found.families.items()
        if place[0] in spec.datasets
        and place[1] in spec.labels
        and place[2] in attributes
        and kind_of(family) == spec.kind
    ]


def _asked(found: Found, kind: Kind) -> dict[tuple[str, str, str], None]:
    """Data set, label, attribute with conditions of this kind; `overall` only where no other is."""
    kinds: dict[tuple[str, str, str], set[Kind]] = {}
    for place, family in found.families.items():
        kinds.setdefault(place[:3], set()).add(kind_of(family))
    return {
        key: None
        for key, own in kinds.items()
        if (own == {"overall"} if kind == "overall" else kind in own)
    }


def _alike(datasets: Mapping[str, Mapping[str, Groups]]) -> list[tuple[str, ...]]:
    """Data sets that share columns: those of each part have no groups that its widest has not."""
    size = {name: sum(map(len, own.values())) for name, own in datasets.items()}
    parts: list[list[str]] = []
    for name in sorted(datasets, key=lambda name: -size[name]):
        for part in parts:
            widest = datasets[part[0]]
            if all(set(g) <= set(widest.get(a, ())) for a, g in datasets[name].items()):
                part.append(name)
                break
        else:
            parts.append([name])
    order = list(datasets)
    return sorted(
        (tuple(sorted(part, key=order.index)) for part in parts), key=lambda p: order.index(p[0])
    )


def _column_sets(
    found: Found, datasets: Mapping[str, Mapping[str, Groups]]
) -> tuple[ColumnSet, ...]:
    widest: dict[str, Groups] = {}
    for own in datasets.values():
        for attribute, groups in own.items():
            if len(groups) > len(widest.get(attribute, ())):
                widest[attribute] = groups
    sets: list[ColumnSet] = []
    for attribute in sorted(widest, key=lambda name: -len(widest[name])):
        for index, home in enumerate(sets):
            if _nested(found, attribute, home.attributes[-1], set(datasets)):
                inner = [group for group in home.groups if group in widest[attribute]]
                rest = [group for group in home.groups if group not in inner]
                sets[index] = ColumnSet((attribute, *home.attributes), (*inner, *rest))
                break
        else:
            sets.append(ColumnSet((attribute,), widest[attribute]))
    return tuple(sets)


def _nested(found: Found, inner: str, outer: str, datasets: set[str]) -> bool:
    """Whether every group of `inner` is the same group of `outer`: equal names and equal counts."""
    met = False
    for (dataset, label, attribute, condition), own in found.shares.items():
        if attribute != inner or dataset not in datasets:
            continue
        other = found.shares.get((dataset, label, outer, condition), {})
        for group, row in own.items():
            counts = (row["n"], row["n_labelled"])
            if group not in other or counts != (other[group]["n"], other[group]["n_labelled"]):
                return False
            met = True
    return met
