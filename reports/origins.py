"""Where the numbers of a report come from: runs, values per seed, counts, formula.

Everything is put into one JSON value, small enough to be embedded in the page: names occur once,
numbers refer to places and runs by position.
"""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.catalogue import all_metric_cards
from reports.metrics.counts import Numbers
from reports.rows import MethodRow, method_rows
from reports.runs import Runs
from reports.seed_values import Place
from reports.specs import DatasetCard
from reports.study import StudyFrames
from reports.tables import Table

Json = dict[str, Any]
Sections = Sequence[tuple[str, Sequence[Table]]]

#: columns of the statistics that the page prints
STATISTICS = (
    "mean", "sd", "low", "high", "interval", "floor_mean", "floor_low", "floor_high", "floor_p",
    "floor_p_holm", "baseline", "difference", "difference_low", "difference_high", "difference_p",
    "difference_p_holm",
)  # fmt: skip
_DIGITS = 5
_SHAPE = re.compile(r",? ?\(S, [^)]*\)")
_PLACE = ["attribute", "group", "emotion", "metric"]


def origins_of(frames: StudyFrames, sections: Sections, runs: Iterable[Runs] = ()) -> Json:
    """What the page needs to explain the numbers in these tables.

    Args:
        frames: the study.
        sections: its tables, as `tables_of` gives them.
        runs: the predictions under the study's selection rule, for confusion counts; runs of other
            rules are passed over, and without any run the page shows no counts.

    Returns:
        `metrics`: key -> title, best direction, source, formula; `statistics`: names of the columns
        of `numbers`; `data`: data set -> classes, groups by attribute, `places` (attribute, group,
        emotion, metric), and `runs`. A run has names, seeds, cells; `values`: place -> [values,
        worst groups, best groups, reasons], each by seed; `numbers`: place -> statistics; `counts`:
        attribute -> flat (S, G, K, K) counts. Undefined is null.
    """
    shown = _shown(sections)
    tensors: dict[tuple[str, ...], Runs] = {}
    for one in runs:
        if one.select == frames.select:
            tensors[one.dataset, one.method, one.variant] = one
    data = {
        card.key: _dataset(frames, card, shown.get(card.key, []), tensors)
        for card in frames.dataset_cards
    }
    keys = {place[3] for places in shown.values() for place in places}
    return {"metrics": _metrics(keys), "statistics": list(STATISTICS), "data": data}


def json_text(origins: Json) -> str:
    """Compact JSON that may stand within a script element: no `<`, no line that ends one."""
    text = json.dumps(origins, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _shown(sections: Sections) -> dict[str, list[Place]]:
    """Data set -> places that its tables have a column of, each once, in order."""
    found: dict[str, dict[Place, None]] = {}
    for _, tables in sections:
        for table in tables:
            places = [_four(column.place) for column in table.columns if any(column.place[3:])]
            for key in dict.fromkeys(row.run[0] for _, row in table.rows() if row.run):
                found.setdefault(key, {}).update(dict.fromkeys(places))
    return {key: list(places) for key, places in found.items()}


def _four(place: tuple[str, ...]) -> Place:
    attribute, group, emotion, metric = place
    return attribute, group, emotion, metric


def _metrics(keys: set[str]) -> dict[str, Json]:
    return {
        card.key: {
            "title": card.title,
            "best": card.direction,
            "source": card.source,
            "formula": formula_text(card.compute),
        }
        for card in all_metric_cards()
        if card.key in keys
    }


def formula_text(function: object) -> str:
    """What a metric is, in words: the first paragraph of its docstring, without array shapes."""
    text = inspect.getdoc(function) or ""
    return _SHAPE.sub("", " ".join(text.split("\n\n")[0].split()))


def _dataset(
    frames: StudyFrames,
    card: DatasetCard,
    places: Sequence[Place],
    tensors: Mapping[tuple[str, ...], Runs],
) -> Json:
    rows = [row for row in method_rows(frames, card) if row.done]
    at = {place: index for index, place in enumerate(places)}
    details = _details(frames, card, at)
    numbers = _numbers(frames, card, at)
    attributes = dict.fromkeys(place[0] for place in places if place[0] != "all")
    groups = {name: members for name, members in card.attributes().items() if name in attributes}
    return {
        "title": card.title,
        "classes": card.classes,
        "groups": {"all": ["all"], **groups},
        "places": places,
        "runs": [
            _run(row, details.get(row.run[1:], {}), numbers.get(row.run[1:], {}),
                 tensors.get(row.run), list(groups))
            for row in rows
        ],
    }  # fmt: skip


def _run(
    row: MethodRow,
    details: dict[str, dict[int, tuple[Any, ...]]],
    numbers: dict[int, list[Any]],
    runs: Runs | None,
    attributes: Sequence[str],
) -> Json:
    """One method: `details` is seed -> place -> (value, worst, best, reason, cell)."""
    seeds = list(details)
    places = dict.fromkeys(place for found in details.values() for place in found)
    values = {place: _by_seed([details[seed].get(place) for seed in seeds]) for place in places}
    cells = [next(iter(found.values()))[4] for found in details.values()]
    counts = _counts(runs, attributes, seeds) if runs is not None else {}
    return {
        "label": row.label, "method": row.run[1], "variant": row.run[2], "seeds": seeds,
        "cells": cells, "values": values, "numbers": numbers, "counts": counts,
    }  # fmt: skip


def _by_seed(found: Sequence[tuple[Any, ...] | None]) -> list[Any]:
    """Values, worst groups, best groups, reasons; what is empty at the end is left out."""
    columns = [
        [None if one is None else one[part] for one in found] if part == 0
        else ["" if one is None else one[part] for one in found]
        for part in range(4)
    ]  # fmt: skip
    while len(columns) > 1 and not any(columns[-1]):
        columns.pop()
    # Seeds mostly agree on the groups and the reason: one word then stands for all.
    return [columns[0], *(part[0] if len(set(part)) == 1 else part for part in columns[1:])]


def _counts(runs: Runs, attributes: Sequence[str], seeds: Sequence[str]) -> dict[str, list[float]]:
    """Attribute -> counts in the order of the seeds; nothing where a seed's predictions lack."""
    if not set(seeds) <= set(runs.seeds):
        return {}
    order = [runs.seeds.index(seed) for seed in seeds]
    found: dict[str, Numbers] = {}
    for name in attributes:
        if name in runs.attribute_names():
            counts = runs.counts(name)
            found[name], found["all"] = counts.tensor, counts.overall
    return {name: _plain(tensor[order]) for name, tensor in found.items()}


def _plain(tensor: Numbers) -> list[float]:
    flat = np.round(tensor.ravel(), 2).tolist()
    return [int(number) if number == int(number) else number for number in flat]


def _mine(frame: pd.DataFrame, frames: StudyFrames, card: DatasetCard) -> pd.DataFrame:
    return frame[(frame["dataset"] == card.key) & (frame["select"] == frames.select)]


def _details(
    frames: StudyFrames, card: DatasetCard, at: Mapping[Place, int]
) -> dict[tuple[str, ...], dict[str, dict[int, tuple[Any, ...]]]]:
    """(method, variant) -> seed -> place -> (value, worst, best, reason, cell)."""
    mine = _mine(frames.metrics, frames, card)
    mine = mine[mine["metric"].isin({place[3] for place in at})]
    if card.folds > 1:
        mine = mine[mine["seed"].str.contains("-", regex=False)]
    wanted = ["value", "worst_group", "best_group", "reason", "cell"]
    found: dict[tuple[str, ...], dict[str, dict[int, tuple[Any, ...]]]] = {}
    columns = [mine[name].tolist() for name in ("method", "variant", "seed", *_PLACE, *wanted)]
    for method, variant, seed, *rest in zip(*columns, strict=True):
        place = at.get(tuple(rest[:4]))
        if place is not None:
            value, *words = rest[4:]
            seeds = found.setdefault((method, variant), {})
            seeds.setdefault(seed, {})[place] = (_short(value), *words)
    return found


def _numbers(
    frames: StudyFrames, card: DatasetCard, at: Mapping[Place, int]
) -> dict[tuple[str, ...], dict[int, list[Any]]]:
    """(method, variant) -> place -> the statistics, those at the end that are null left out."""
    if frames.statistics is None:
        return {}
    mine = _mine(frames.statistics, frames, card)
    mine = mine[mine["metric"].isin({place[3] for place in at})]
    found: dict[tuple[str, ...], dict[int, list[Any]]] = {}
    columns = [mine[name].tolist() for name in ("method", "variant", *_PLACE, *STATISTICS)]
    for method, variant, *rest in zip(*columns, strict=True):
        place = at.get(tuple(rest[:4]))
        if place is None:
            continue
        numbers = [_short(number) for number in rest[4:]]
        while numbers and numbers[-1] is None:
            numbers.pop()
        found.setdefault((method, variant), {})[place] = numbers
    return found


def _short(value: Any) -> Any:
    """A number with few digits; None for what is undefined or empty; words as they are."""
    if isinstance(value, str):
        return value or None
    if value is None or not math.isfinite(value):
        return None
    rounded = round(float(value), _DIGITS)
    return int(rounded) if rounded == int(rounded) else rounded
