"""Values of every method by place and seed, from the metric rows of a study.

A study has a million rows and its tables show some thousands of places, so the rows are sorted
once and an entry is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.study import seed_order

Ints = npt.NDArray[np.int64]
#: attribute, group, emotion, metric
Place = tuple[str, str, str, str]
_PLACE = ["attribute", "group", "emotion", "metric"]


@dataclass(frozen=True)
class Entry:
    """One seed's value of one metric; `value` is NaN where undefined."""

    seed: str
    value: float
    n: int
    reason: str


class SeedValues(Mapping[Place, list[Entry]]):
    """The entries of one method at each place, in the order of the seeds.

    Attributes:
        seeds: how many there are.
    """

    def __init__(self, places: Mapping[Place, int], starts: Ints, columns: Mapping[str, Any]):
        """
        Args:
            places: all places, numbered.
            starts: (places + 1,) where the entries of each place begin in the columns.
            columns: `seed`, `value`, `n` and `reason`, sorted by place.
        """
        self._places, self._starts, self._columns = places, starts, columns
        self._found: dict[Place, list[Entry]] = {}
        self.seeds = len(np.unique(columns["seed"][starts[0] : starts[-1]]))

    def __getitem__(self, place: Place) -> list[Entry]:
        known = self._found.get(place)
        if known is None:
            at = self._places[place]
            span = slice(self._starts[at], self._starts[at + 1])
            if span.start == span.stop:
                raise KeyError(place)
            own = (self._columns[name][span].tolist() for name in ("seed", "value", "n", "reason"))
            known = self._found[place] = [Entry(*one) for one in zip(*own, strict=True)]
        return known

    def __iter__(self) -> Iterator[Place]:
        filled = self._starts[1:] > self._starts[:-1]
        return (place for place, at in self._places.items() if filled[at])

    def __len__(self) -> int:
        return int((self._starts[1:] > self._starts[:-1]).sum())


def seed_values(frame: pd.DataFrame) -> dict[tuple[str, str], SeedValues]:
    """(method, variant) -> its values.

    Args:
        frame: metric rows of one data set and selection rule, columns `METRIC_COLUMNS`.
    """
    runs, run_of = _numbered(frame, ["method", "variant"])
    places, place_of = _numbered(frame, _PLACE)
    seeds, seed_of = _numbered(frame, ["seed"])
    # Seed 10 comes after seed 9; rows of one seed stay in the frame's order.
    by_seed = sorted(range(len(seeds)), key=lambda at: seed_order(seeds[at][0]))
    rank = np.empty(len(seeds), dtype=np.int64)
    rank[by_seed] = np.arange(len(seeds))
    block = run_of * len(places) + place_of
    order = np.argsort(block * max(len(seeds), 1) + rank[seed_of], kind="stable")
    names = np.array([seed for (seed,) in seeds], dtype=object)
    columns = {
        "seed": names[seed_of[order]],
        "value": frame["value"].to_numpy()[order],
        "n": frame["n"].to_numpy()[order],
        "reason": frame["reason"].to_numpy(dtype=object)[order],
    }
    ends = np.arange(len(runs) * len(places) + 1)
    starts = np.searchsorted(block[order], ends)
    numbered = {_four(place): at for at, place in enumerate(places)}
    width = len(places)
    return {
        (method, variant): SeedValues(numbered, starts[at * width : (at + 1) * width + 1], columns)
        for at, (method, variant) in enumerate(runs)
    }


def _four(place: tuple[str, ...]) -> Place:
    attribute, group, emotion, metric = place
    return attribute, group, emotion, metric


def _numbered(frame: pd.DataFrame, names: list[str]) -> tuple[list[tuple[str, ...]], Ints]:
    """The combinations of words that occur in these columns, and (rows,) the number of each."""
    joint = np.zeros(len(frame), dtype=np.int64)
    columns = []
    for name in names:
        column = frame[name].astype("category").cat
        columns.append((column.codes.to_numpy(), column.categories.to_numpy(dtype=object)))
        joint = joint * len(columns[-1][1]) + columns[-1][0]
    numbers, seen = pd.factorize(joint)
    first = np.zeros(len(seen), dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(frame))[::-1]
    words = (levels[codes[first]].tolist() for codes, levels in columns)
    return list(zip(*words, strict=True)), numbers
