"""From a result folder to the frames that `reports` turns into tables; imports no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.frame_cache import Columns, FrameCache, code_stamp, columns_of, frame_of, joined
from benchmarks.start_notes import start_notes
from benchmarks.store import Store
from benchmarks.workers import Workers
from reports.convention import Convention
from reports.measure import METRIC_COLUMNS, measure_alike
from reports.predictions import PredictionSet, ValidationPart, group_codes, pooled
from reports.study import CELL_COLUMNS, StudyFrames

Plan = Mapping[str, Any]

#: order of the families in tables: that in which the field's papers list them
FAMILIES = (
    "baseline", "loss", "sampling", "heads", "adversarial", "penalty", "contrastive", "robust",
    "generative", "post",
)  # fmt: skip


def study_frames(
    store: Store,
    plan: Plan,
    convention: Convention,
    *,
    rules: Collection[str] | None = None,
    workers: Workers | None = None,
) -> StudyFrames:
    """Metrics, cells and cards of the planned study, from stored predictions.

    Args:
        store: the result folder.
        plan: its `plan.json`.
        convention: smallest denominator and divisor of the spread.
        rules: selection rules whose metrics are wanted; None for all.
        workers: measure the cells that are not yet; None: this process alone.
    """
    cells = [_cell_row(store, cell) for cell in plan["cells"]]
    cells += [_not_applicable_row(skipped) for skipped in plan["not_applicable"]]
    return StudyFrames(
        metrics=_metrics(store, plan, convention, rules, workers),
        cells=pd.DataFrame(cells, columns=list(CELL_COLUMNS)),
        methods=pd.DataFrame([_method_row(card) for card in _in_table_order(plan)]),
        datasets=pd.DataFrame([_dataset_row(k, d) for k, d in plan["datasets"].items()]),
        preset=protocol_text(plan),
        select=plan["select"],
        data_notes=_data_notes(store, plan),
        confusions={
            name: dataset["confusions"]
            for name, dataset in plan["datasets"].items()
            if dataset.get("confusions")
        },
    )


def _data_notes(store: Store, plan: Plan) -> dict[str, tuple[str, ...]]:
    """What each data set's faces and initial weights ask every report to say."""
    found: dict[str, tuple[str, ...]] = {}
    for cell in plan["cells"]:
        if cell["dataset"] in found or not store.is_done(cell["id"]):
            continue
        record = store.record(cell["id"])
        # Post-processed cells hold none: they saw no picture.
        if record is not None and "data_notes" in record:
            found[cell["dataset"]] = tuple(record["data_notes"])
    for dataset, notes in start_notes(store, plan).items():
        found[dataset] = (*found.get(dataset, ()), *notes)
    return found


def protocol_text(plan: Plan) -> str:
    """The preset, and what the study changed about groups for all of its methods."""
    parts = [plan["preset"]]
    if plan["groups"]:
        parts.append(f"training groups {' x '.join(plan['groups'])}")
    if plan["unknown_groups"] != "mask":
        parts.append(f"unknown groups: {plan['unknown_groups']}")
    return ", ".join(parts)


def prediction_sets(
    store: Store, cell: Mapping[str, Any], dataset: Plan, only: str | None = None
) -> list[PredictionSet]:
    """Test predictions of one finished cell, one set per selection rule, or of one rule `only`."""
    record = store.record(cell["id"])
    if record is None or record["status"] != "done":
        return []
    rules = [rule for rule in record["selection"] if only in (None, rule)]
    others = tuple(f"_{rule}" for rule in record["selection"] if rule not in rules)
    arrays = store.predictions(cell["id"], but=others)
    return [
        PredictionSet(
            dataset=cell["dataset"],
            method=cell["method"],
            variant=cell["variant"],
            seed=str(cell["seed"]),
            select=rule,
            cell=cell["id"],
            classes=tuple(record["classes"]),
            levels={name: tuple(levels) for name, levels in record["attributes"]},
            intersections=tuple(tuple(names) for names in dataset["intersections"]),
            labels=arrays["test_labels"],
            predicted=_scores(arrays, rule).argmax(axis=1),
            attributes=arrays["test_attributes"],
            decisions=arrays.get(f"test_decisions_{rule}"),
            probabilities=_probabilities(arrays, f"test_log_probabilities_{rule}"),
            validation=_validation(arrays, rule),
            train_counts=_train_counts(record, dataset["intersections"]),
            features=_features(arrays, "test", rule),
        )
        for rule in rules
    ]


def _probabilities(arrays: Mapping[str, Any], name: str) -> Any:
    """(N, K) rows that sum to 1 in double precision; None for a post-processed cell."""
    stored = arrays.get(name)
    if stored is None:
        return None
    likely = np.exp(stored.astype(np.float64))
    return likely / likely.sum(axis=1, keepdims=True)


def _validation(arrays: Mapping[str, Any], rule: str) -> ValidationPart | None:
    likely = _probabilities(arrays, f"val_log_probabilities_{rule}")
    if likely is None or not len(likely):
        return None
    features = _features(arrays, "val", rule)
    return ValidationPart(arrays["val_labels"], arrays["val_attributes"], likely, features=features)


def _features(arrays: Mapping[str, Any], part: str, rule: str) -> Any:
    """(N, d) stored representations, which are those of the last checkpoint; else None."""
    stored = arrays.get(f"{part}_features") if rule == "last" else None
    return None if stored is None else stored.astype(np.float64).reshape(len(stored), -1)


def _train_counts(
    record: Mapping[str, Any], intersections: Sequence[Sequence[str]]
) -> dict[str, Any] | None:
    """(K, G) training samples of each class and group, by attribute and intersection.

    None for cells stored before these were kept, and for post-processed ones.
    """
    if "train_strata" not in record:
        return None
    strata = np.array(record["train_strata"], dtype=np.int64)
    levels = {name: tuple(own) for name, own in record["attributes"]}
    classes = len(record["classes"])
    found = {}
    for name in (*levels, *(" x ".join(names) for names in intersections)):
        groups, codes = group_codes(levels, strata[:, 1:-1], name)
        known = codes >= 0
        place = strata[known, 0] * len(groups) + codes[known]
        counts = np.bincount(place, strata[known, -1], classes * len(groups))
        found[name] = counts.astype(np.int64).reshape(classes, len(groups))
    return found


def _scores(arrays: Mapping[str, Any], rule: str) -> Any:
    """Log-probabilities of a trained cell, decisions of a post-processed one."""
    decisions = arrays.get(f"test_decisions_{rule}")
    return arrays[f"test_log_probabilities_{rule}"] if decisions is None else decisions


#: fewer cells than this are not worth starting processes for
FEW_CELLS = 24

#: what the metrics of a cell are computed by
METRIC_CODE = ("reports/metrics", "reports/measure.py", "reports/predictions.py",
               "reports/catalogue.py", "reports/convention.py", "reports/stats/thresholds.py",
               "reports/stats/probe.py",
               "benchmarks/frames.py")  # fmt: skip


def _metrics(
    store: Store,
    plan: Plan,
    convention: Convention,
    rules: Collection[str] | None,
    workers: Workers | None,
) -> pd.DataFrame:
    """Metric rows of all that is finished: the same rows whatever the order of the plan."""
    cache = FrameCache(store.root, code_stamp(METRIC_CODE))
    finished = [
        _Finished(cache, store, group, dataset, convention)
        for name, dataset in plan["datasets"].items()
        for group in _groups(plan, name, dataset["folds"])
        if _all_done(store, group)
    ]
    wanted = [one.rules if rules is None else [r for r in one.rules if r in rules]
              for one in finished]  # fmt: skip
    found: list[dict[str, Columns | None]] = [
        {rule: cache.known(one.key(rule)) for rule in own}
        for one, own in zip(finished, wanted, strict=True)
    ]
    missing = [at for at, own in enumerate(found) if any(one is None for one in own.values())]
    for place, made in (workers or Workers(1)).each(
        _Finished.measured, [finished[at] for at in missing], few=FEW_CELLS
    ):
        found[missing[place]] = {rule: made[rule] for rule in wanted[missing[place]]}
    blocks = [
        (*one.order(rule), columns)
        for one, own in zip(finished, found, strict=True)
        for rule, columns in own.items()
        if columns is not None
    ]
    if not blocks:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in METRIC_COLUMNS})
    blocks.sort(key=lambda block: block[:-1])
    return frame_of(joined([block[-1] for block in blocks]))


@dataclass(frozen=True)
class _Finished:
    """A finished cell, or the finished folds of a repeat, to be measured."""

    cache: FrameCache
    store: Store
    cells: Sequence[Mapping[str, Any]]
    dataset: Plan
    convention: Convention

    @property
    def rules(self) -> list[str]:
        """The selection rules under which predictions are stored."""
        record = self.store.record(self.cells[0]["id"])
        return list(record["selection"]) if record else []

    def key(self, rule: str) -> str:
        """What decides the metrics under a rule, beside the code."""
        kept = [*_stamps(self.store, self.cells), self.convention.name, str(self.convention.min_n)]
        return "\0".join([*kept, str(self.dataset["intersections"]), rule])

    def order(self, rule: str) -> tuple[str, str, str, str, bool, int]:
        """Place in the file of all metrics: seeds as numbers, pooled repeats after them."""
        first = self.cells[0]
        dataset, method, variant = (str(first[name]) for name in ("dataset", "method", "variant"))
        return dataset, method, variant, rule, len(self.cells) > 1, int(first["seed"])

    def measured(self) -> dict[str, Columns]:
        """The metrics under each rule, kept for the next report."""
        sets = _joined_sets(self.store, self.cells, self.dataset)
        frames = measure_alike(sets, self.convention)
        found = {one.select: columns_of(frame) for one, frame in zip(sets, frames, strict=True)}
        for rule, columns in found.items():
            self.cache.keep(self.key(rule), columns)
        return found


def _groups(plan: Plan, name: str, folds: int) -> list[list[Mapping[str, Any]]]:
    """The cells of a data set one by one, then those of each whole repeat of its folds.

    Together the folds of a repeat test every picture exactly once.
    """
    cells = [cell for cell in plan["cells"] if cell["dataset"] == name]
    single = [[cell] for cell in cells]
    if folds == 1:
        return single
    found: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
    for cell in cells:
        key = (cell["method"], cell["variant"], cell["seed"] // folds)
        found.setdefault(key, []).append(cell)
    whole = [group for group in found.values() if len(group) == folds]
    return [*single, *(sorted(group, key=lambda cell: int(cell["seed"])) for group in whole)]


def finished_sets(store: Store, plan: Plan, rule: str) -> list[PredictionSet]:
    """Test predictions under one rule of all that is finished.

    A data set with folds gives one set for each whole repeat.
    """
    return [
        one
        for dataset, group in _finished(store, plan)
        for one in _joined_sets(store, group, dataset, rule)
    ]


def finished_stamps(store: Store, plan: Plan) -> list[str]:
    """What tells the finished cells of a study from any others, without reading them."""
    stamps = [stamp for _, group in _finished(store, plan) for stamp in _stamps(store, group)]
    return [str(plan["datasets"]), *stamps]


def _finished(store: Store, plan: Plan) -> list[tuple[Plan, list[Mapping[str, Any]]]]:
    return [
        (dataset, group)
        for name, dataset in plan["datasets"].items()
        for group in _groups(plan, name, dataset["folds"])
        if len(group) == dataset["folds"] and _all_done(store, group)
    ]


def _all_done(store: Store, cells: Sequence[Mapping[str, Any]]) -> bool:
    return all(store.is_done(cell["id"]) for cell in cells)


def _joined_sets(
    store: Store, cells: Sequence[Mapping[str, Any]], dataset: Plan, only: str | None = None
) -> list[PredictionSet]:
    """One set for each selection rule, or of one rule `only`, folds of a repeat pooled."""
    sets = [prediction_sets(store, cell, dataset, only) for cell in cells]
    label = f"{cells[0]['seed']}-{cells[-1]['seed']}"
    return [pooled(own, label) if len(own) > 1 else own[0] for own in zip(*sets, strict=True)]


def _stamps(store: Store, cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids with the time of writing: a cell of the same id can have been stored anew."""
    return [f"{cell['id']} {store.written(cell['id'])}" for cell in cells]


def _cell_row(store: Store, cell: Mapping[str, Any]) -> tuple[Any, ...]:
    record = store.record(cell["id"])
    status, reason = ("pending", "not run yet") if record is None else (
        record["status"], record["reason"]
    )  # fmt: skip
    return (*_place(cell), status, reason, cell["id"])


def _not_applicable_row(skipped: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*_place(skipped), "not_applicable", skipped["reason"], "")


def _place(planned: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("dataset", "method", "variant", "seed")
    reads = planned["reads"]
    # A method fitted to the groups of the validation part has used group labels too.
    fitted = "train_groups" in reads or "val_groups" in reads
    return (*(str(planned[n]) for n in names), fitted, "test_groups" in reads)


def _in_table_order(plan: Plan) -> list[Mapping[str, Any]]:
    """Cards by family, in the order in which the field's papers list them, then by key."""
    cards = plan["methods"].values()
    return sorted(cards, key=lambda card: (family_rank(card["family"]), card["key"]))


def family_rank(family: str) -> int:
    """Place of a family in tables; one that is not known comes last."""
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)


def _method_row(card: Mapping[str, Any]) -> dict[str, Any]:
    reads = {*card["needs"], *card["optional"]}
    return {
        "method": card["key"],
        "title": card["title"],
        "family": card["family"],
        "source": card["source"],
        "action_units": "action_units" in reads,
        "reconstruction": card["reconstruction"],
        "cost": card["cost"],
    }


def _dataset_row(key: str, dataset: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dataset": key,
        "title": dataset["title"],
        "classes": tuple(dataset["classes"]),
        "levels": {name: tuple(levels) for name, levels in dataset["attributes"]},
        "intersections": tuple(tuple(names) for names in dataset["intersections"]),
        "folds": dataset["folds"],
    }
