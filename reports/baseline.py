"""A study's predictions and metrics as a stored baseline, and what differs from it (metrics.md 13).

Three tiers. A: the metrics of the frozen predictions, computed again, equal the stored ones. B: few
predictions flip, and the log loss of each class and the terms of the training loss stay. C, for
noisy comparisons: the means over seeds are equivalent.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from reports.comparison import HEADLINES
from reports.convention import STRICT
from reports.errors import ReportError
from reports.measure import measure
from reports.predictions import PredictionSet, ValidationPart
from reports.stats.tolerance import (
    MARGIN_FAIRNESS,
    MARGIN_PERFORMANCE,
    equal_exact,
    equivalence,
    flipped_share,
)

FORMAT = 1
#: share of flipped predictions and change of a loss that pass, with the versions of the baseline
#: and with others
FLIPS, FLIPS_ELSEWHERE = 0.0, 0.005
LOSS, LOSS_ELSEWHERE = 5e-4, 1e-2
#: frozen probabilities are whole numbers of this share
_DIGITS = 10_000
_PERFORMANCE = ("acc", "mca")


@dataclass(frozen=True, eq=False)
class Checked:
    """Predictions of one cell with what their probabilities say.

    Attributes:
        predictions: of the test part.
        losses: what training came to, by name: log losses (`log_losses`) and loss terms.
    """

    predictions: PredictionSet
    losses: Mapping[str, float]


@dataclass(frozen=True)
class Difference:
    """One number that is not what it was."""

    tier: str
    metric: str
    place: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.tier}: {self.metric}, {self.place}: {self.old} -> {self.new}"


def log_losses(one: PredictionSet, log_probabilities: np.ndarray) -> dict[str, float]:
    """`log_loss | CLASS`, or `all`: mean of -log p(true class) of the samples, where it has some.

    Args:
        one: the labels.
        log_probabilities: (N, K).
    """
    loss = -log_probabilities[np.arange(len(one.labels)), one.labels].astype(np.float64)
    parts = {"all": np.ones(len(loss), dtype=bool)}
    parts |= {name: one.labels == code for code, name in enumerate(one.classes)}
    return {
        f"log_loss | {name}": float(loss[rows].mean()) for name, rows in parts.items() if rows.any()
    }


def baseline_of(cells: Sequence[Checked], versions: Mapping[str, str]) -> dict[str, Any]:
    """The baseline of cells as JSON values.

    Args:
        cells: one a run, all under one selection rule.
        versions: of the packages that trained them.
    """
    parts: dict[str, Any] = {}
    drawn: dict[str, Any] = {}
    frozen: dict[str, Any] = {}
    for cell in cells:
        one = cell.predictions
        if one.dataset not in parts:
            parts[one.dataset] = _part(one)
            made = _drawn(one)
            values = _part(made) | _frozen_values(made)
            # Of the predictions as they are stored, so that tier A starts from the same digits.
            drawn[one.dataset] = values | {"metrics": _metrics(_frozen(values, values))}
        frozen[_key(one)] = _frozen_values(_bare(one)) | {"losses": dict(cell.losses)}
    return {
        "format": FORMAT, "versions": dict(versions), "datasets": parts, "drawn": drawn,
        "cells": frozen,
    }  # fmt: skip


def differences(
    baseline: Mapping[str, Any], cells: Sequence[Checked], versions: Mapping[str, str]
) -> list[Difference]:
    """Tiers A and B: what of the baseline does not hold, in its order.

    Raises:
        ReportError: the baseline is not one of this format.
    """
    _check_format(baseline)
    same = baseline["versions"] == dict(versions)
    found = {_key(cell.predictions): cell for cell in cells}
    result: list[Difference] = []
    for name, values in baseline["drawn"].items():
        now = _metrics(_frozen(values, values))
        result += _moved("A (metric code)", f"drawn predictions of {name}", values["metrics"], now)
    for key, stored in baseline["cells"].items():
        dataset = baseline["datasets"][key.split(" ")[0]]
        if key not in found:
            result.append(Difference("run", "predictions", key, "stored", "no finished cell"))
            continue
        result += _tier_b(key, dataset, stored, found[key], same=same)
    result += [
        Difference("run", "predictions", key, "not stored", "new cell")
        for key in found
        if key not in baseline["cells"]
    ]
    return result


def unstored_metrics(baseline: Mapping[str, Any]) -> list[str]:
    """Metrics that are computed now and that the baseline does not hold.

    Raises:
        ReportError: the baseline is not one of this format.
    """
    _check_format(baseline)
    parts = baseline["drawn"].values()
    old = {place.split(" | ")[0] for part in parts for place in part["metrics"]}
    new = {place.split(" | ")[0] for part in parts for place in _metrics(_frozen(part, part))}
    return sorted(new - old)


def noisy_differences(baseline: Mapping[str, Any], cells: Sequence[Checked]) -> list[Difference]:
    """Tier C: headline metrics whose means over seeds are not equivalent to the baseline's.

    Only methods with two seeds or more on both sides and defined values can be compared.

    Raises:
        ReportError: the baseline is not one of this format.
    """
    _check_format(baseline)
    old = _by_method(
        {
            key: _metrics(_frozen(baseline["datasets"][key.split(" ")[0]], cell))
            for key, cell in baseline["cells"].items()
        }
    )
    new = _by_method({_key(one.predictions): _metrics(_bare(one.predictions)) for one in cells})
    pairs = {place: (new[place], old[place]) for place in old if place in new}
    pairs = {place: pair for place, pair in pairs.items() if min(map(len, pair)) >= 2}
    result = []
    for (method, metric), (after, before) in pairs.items():
        margin = MARGIN_PERFORMANCE if metric.split(" | ")[0] in _PERFORMANCE else MARGIN_FAIRNESS
        found = equivalence(after, before, margin, checks=len(pairs))
        failed = found.verdict == "different" or (
            found.verdict == "inconclusive" and (found.alarm or abs(found.difference) > margin)
        )
        if failed:
            means = (f"{np.mean(values):.4f}" for values in (before, after))
            result.append(Difference(f"C ({found.verdict})", metric, method, *means))
    return result


def _tier_b(
    key: str, dataset: Mapping[str, Any], stored: Mapping[str, Any], cell: Checked, *, same: bool
) -> Iterator[Difference]:
    one = cell.predictions
    part = _part(one)
    for name in part:
        if part[name] != dataset[name]:
            yield Difference("B (test part)", name, key, "stored", "other values")
            return
    share = flipped_share(one.predicted, _codes(stored["predicted"]))
    if share > (FLIPS if same else FLIPS_ELSEWHERE):
        yield Difference("B (training)", "flipped predictions", key, "0 %", f"{100 * share:.2f} %")
        before, after = _frozen(dataset, stored), _bare(one)
        yield from _moved("B (training)", key, _metrics(before), _metrics(after))
    limit = LOSS if same else LOSS_ELSEWHERE
    for name, old in stored["losses"].items():
        new = cell.losses.get(name, math.nan)
        if not abs(new - old) <= limit:
            yield Difference("B (training)", name, key, f"{old:.6f}", f"{new:.6f}")


def _moved(
    tier: str, key: str, old: Mapping[str, float | None], new: Mapping[str, float | None]
) -> Iterator[Difference]:
    for place, before in old.items():
        if place not in new:
            yield Difference(tier, place, key, _shown(before), "not computed")
        elif not equal_exact(_number(new[place]), _number(before)):
            yield Difference(tier, place, key, _shown(before), _shown(new[place]))


def _by_method(cells: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], list[float]]:
    """(run without its seed, headline place) -> the defined values of the seeds."""
    found: dict[tuple[str, str], list[float]] = {}
    for key, metrics in cells.items():
        for place, value in metrics.items():
            metric, attribute, group, emotion = place.split(" | ")[:4]
            overall = metric in _PERFORMANCE and attribute != "all"
            if HEADLINES.get(metric) == emotion and group == "all" and not overall:
                values = found.setdefault((key.rpartition(" seed ")[0], place), [])
                values += [] if value is None else [value]
    return found


def _metrics(one: PredictionSet) -> dict[str, float | None]:
    """Place -> value under the strict convention, None where undefined."""
    frame: pd.DataFrame = measure(one, STRICT)
    names = ("metric", "attribute", "group", "emotion", "value")
    rows: Iterator[tuple[Hashable, ...]] = zip(
        *(frame[name].tolist() for name in names), strict=True
    )
    return {
        " | ".join(map(str, place)): None if value != value else value  # type: ignore[misc]
        for *place, value in rows
    }


def _key(one: PredictionSet) -> str:
    variant = f" [{one.variant}]" if one.variant else ""
    return f"{one.dataset} {one.method}{variant} seed {one.seed}"


def _part(one: PredictionSet) -> dict[str, Any]:
    return {
        "classes": list(one.classes),
        "levels": [[name, list(levels)] for name, levels in one.levels.items()],
        "intersections": [list(names) for names in one.intersections],
        "labels": _text(one.labels),
        "attributes": [_text(column) for column in one.attributes.T],
    }


def _frozen_values(one: PredictionSet) -> dict[str, Any]:
    """What the metrics of one cell are computed from, short of its validation part."""
    values: dict[str, Any] = {"predicted": _text(one.predicted)}
    if one.probabilities is not None:
        values["probabilities"] = _text(np.rint(one.probabilities * _DIGITS).astype(np.int64))
    if one.strata is not None:
        values["strata"] = _text(one.strata)
    if one.train_counts is not None:
        values["train_counts"] = {
            name: counts.tolist() for name, counts in one.train_counts.items()
        }
    return values


def _frozen(part: Mapping[str, Any], stored: Mapping[str, Any]) -> PredictionSet:
    labels = _codes(part["labels"])
    columns = [_codes(column) for column in part["attributes"]]
    further: dict[str, Any] = {}
    if "probabilities" in stored:
        chances = _codes(stored["probabilities"]).reshape(len(labels), -1).astype(np.float64)
        further["probabilities"] = chances / chances.sum(axis=1, keepdims=True)
    if "strata" in stored:
        further["strata"] = _codes(stored["strata"])
    if "train_counts" in stored:
        further["train_counts"] = {
            name: np.array(counts, dtype=np.int64)
            for name, counts in stored["train_counts"].items()
        }
        # Metrics that choose a threshold need a validation part: half of the samples will do.
        half = slice(0, len(labels) // 2)
        further["validation"] = ValidationPart(
            labels[half], np.stack(columns, axis=1)[half], further["probabilities"][half]
        )
    return PredictionSet(
        dataset="stored", method="stored", variant="", seed="0", select="stored", cell="",
        classes=tuple(part["classes"]),
        levels={name: tuple(levels) for name, levels in part["levels"]},
        intersections=tuple(tuple(names) for names in part["intersections"]),
        labels=labels,
        predicted=_codes(stored["predicted"]),
        attributes=np.stack(columns, axis=1)
        if columns
        else np.empty((len(labels), 0), dtype=np.int64),
        **further,
    )  # fmt: skip


def _drawn(one: PredictionSet) -> PredictionSet:
    """Made-up predictions of the same samples: a briefly trained network may predict one class."""
    generator = np.random.default_rng(0)
    size, num_classes = len(one.labels), len(one.classes)
    attributes = np.where(generator.random(one.attributes.shape) < 0.05, -1, one.attributes)
    # Other shares of right predictions in every group, so that no comparison is at its limit.
    skill = 0.8 - 0.1 * np.maximum(attributes, 0).sum(axis=1)
    wrong = generator.random(size) > skill
    predicted = np.where(wrong, generator.integers(0, num_classes, size), one.labels)
    raw = generator.gamma(1.0, size=(size, num_classes))
    raw[np.arange(size), predicted] += 3.0
    bare = replace(_bare(one), attributes=attributes, predicted=predicted)
    counts = {
        name: generator.integers(5, 100, (num_classes, len(bare.groups(name)[0])))
        for name in bare.attribute_names()
    }
    return replace(
        bare, probabilities=raw / raw.sum(axis=1, keepdims=True), train_counts=counts,
        strata=generator.integers(0, 3, size),
    )  # fmt: skip


def _bare(one: PredictionSet) -> PredictionSet:
    """The decided classes alone: a flip moves their metrics, the last digit does not."""
    return replace(
        one, decisions=None, probabilities=None, validation=None, train_counts=None, strata=None,
        folds=None,
    )  # fmt: skip


def _check_format(baseline: Mapping[str, Any]) -> None:
    if baseline.get("format") != FORMAT:
        raise ReportError(
            f"the baseline has format {baseline.get('format')}, not {FORMAT}; --update writes it"
        )


def _text(codes: np.ndarray) -> str:
    return " ".join(map(str, codes.ravel().tolist()))


def _codes(text: str) -> np.ndarray:
    return np.array(text.split(), dtype=np.int64)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"
