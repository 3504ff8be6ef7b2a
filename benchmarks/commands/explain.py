"""`explain`: what lies behind one number of a study, or one cell; imports no torch."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import StudyError
from benchmarks.frames import prediction_sets
from benchmarks.paths import shown
from benchmarks.store import Store
from benchmarks.study import SELECTION_RULES, check_choice
from datasets.settings import nearest
from reports.convention import Convention, convention_named
from reports.explain import Place, explained, text_of
from reports.formats.markdown import plain_table
from reports.measure import measure
from reports.predictions import PredictionSet, pooled

#: metrics shown of a cell: overall, and of every attribute with the emotion they are shown for
_OVERALL = ("acc", "mca")
_BY_ATTRIBUTE = {
    "fs_acc": "all",
    "fs_mca": "all",
    "disc": "max",
    "eod": "max",
    "wga_stratum": "all",
}

Plan = Mapping[str, Any]


def main(arguments: Namespace) -> int:
    """Prints the explanation.

    Raises:
        EvenFaceError, ReportError: the folder has no such cell or number.
    """
    store = Store(arguments.folder)
    plan = store.read_json("plan.json")
    convention = convention_named(arguments.convention)
    if arguments.cell:
        if arguments.metric or arguments.method:
            raise StudyError("Give a cell, or --method and --metric of a number, not both.")
        print(_cell_text(store, plan, _cell(store, plan, arguments.cell), convention))
        return 0
    if not arguments.method or not arguments.metric:
        raise StudyError("Say which number: --method NAME --metric NAME, or give the id of a cell.")
    if arguments.select is not None:
        check_choice("select", arguments.select, SELECTION_RULES)
    dataset = _one_of("dataset", arguments.dataset, list(plan["datasets"]))
    cells = _cells(plan, dataset, arguments)
    rule = arguments.select or plan["select"]
    sets = list(_sets(store, plan["datasets"][dataset], cells, rule))
    missing = [line for cell in cells for line in _missing(store, cell)]
    if not sets:
        raise StudyError(f"{arguments.method} has no finished run on {dataset}: {missing[0]}.")
    place = Place(arguments.metric, arguments.attribute, arguments.group, arguments.emotion)
    folders = {cell["id"]: shown(store.path(cell["id"]), Path.cwd()) for cell in cells}
    print(text_of(explained(sets, place, convention), folders))
    for line in missing:
        print(f"Not counted: {line}")
    return 0


def _one_of(what: str, name: str, known: Sequence[str]) -> str:
    """The name, or the only one there is.

    Raises:
        StudyError: it is unknown, or not said while there are several.
    """
    if name in known:
        return name
    if not name and len(known) == 1:
        return known[0]
    if not name:
        raise StudyError(f"The folder has several; give --{what} out of {', '.join(known)}.")
    near = nearest(name, known)
    hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known)}."
    raise StudyError(f"The folder has no {what} '{name}'; {hint}")


def _cells(plan: Plan, dataset: str, arguments: Namespace) -> list[Mapping[str, Any]]:
    here = [cell for cell in plan["cells"] if cell["dataset"] == dataset]
    method = _one_of("method", arguments.method, list(dict.fromkeys(c["method"] for c in here)))
    mine = [cell for cell in here if cell["method"] == method]
    variants = list(dict.fromkeys(cell["variant"] for cell in mine))
    wanted = arguments.variant
    if not wanted and "" not in variants:
        wanted = _one_of("variant", "", variants)
    elif wanted:
        wanted = _one_of("variant", wanted, variants)
    found = [cell for cell in mine if cell["variant"] == wanted]
    return sorted(found, key=lambda cell: int(cell["seed"]))


def _sets(store: Store, dataset: Plan, cells: Sequence[Plan], rule: str) -> Iterator[PredictionSet]:
    """One set a run; the folds of a repeat pooled, repeats that lack one left out."""
    folds = dataset["folds"]
    found = [
        (int(cell["seed"]), one)
        for cell in cells
        for one in prediction_sets(store, cell, dataset)
        if one.select == rule
    ]
    if folds == 1:
        yield from (one for _, one in found)
        return
    for repeat, members in groupby(found, key=lambda pair: pair[0] // folds):
        sets = [one for _, one in members]
        if len(sets) == folds:
            yield pooled(sets, f"{repeat * folds}-{repeat * folds + folds - 1}")


def _missing(store: Store, cell: Plan) -> Iterator[str]:
    record = store.record(cell["id"])
    if record is None:
        yield f"seed {cell['seed']} is not run yet"
    elif record["status"] != "done":
        reason = record["reason"].strip().split("\n")[0]
        yield f"seed {cell['seed']} {record['status']}: {reason}"


def _cell(store: Store, plan: Plan, begin: str) -> Mapping[str, Any]:
    """The one planned cell whose id begins so.

    Raises:
        StudyError: none does, or several do.
    """
    found = [cell for cell in plan["cells"] if cell["id"].startswith(begin)]
    exact = [cell for cell in found if cell["id"] == begin]
    if len(exact or found) == 1:
        return (exact or found)[0]  # type: ignore[no-any-return]
    ids = [cell["id"] for cell in (found or plan["cells"])]
    if found:
        raise StudyError(f"{len(found)} cells begin with '{begin}', as {ids[0]} and {ids[1]}.")
    near = nearest(begin, ids)
    hint = f"did you mean '{near}'?" if near else f"one is {ids[0]}." if ids else "it has none."
    raise StudyError(f"{store.root} plans no cell '{begin}'; {hint}")


def _cell_text(store: Store, plan: Plan, cell: Plan, convention: Convention) -> str:
    record = store.record(cell["id"])
    facts = {
        "data set": cell["dataset"], "method": cell["method"], "variant": cell["variant"],
        "seed": str(cell["seed"]), "folder": shown(store.path(cell["id"]), Path.cwd()),
        "status": "not run yet" if record is None else record["status"],
    }  # fmt: skip
    if record is not None:
        facts |= _facts(record)
    parts = [f"# {cell['id']}", _list(facts)]
    settings = cell["description"].get("settings", {})
    if settings:
        parts += ["Settings", _list({name: str(value) for name, value in settings.items()})]
    sets = prediction_sets(store, cell, plan["datasets"][cell["dataset"]])
    if sets:
        frames = {one.select: measure(one, convention) for one in sets}
        parts += [f"Metrics in percent, convention {convention.name}", _metrics_table(frames)]
    return "\n\n".join(parts) + "\n"


def _facts(record: Mapping[str, Any]) -> dict[str, str]:
    facts = {"reason": record["reason"].strip().split("\n")[0]} if record["reason"] else {}
    for rule, chosen in record.get("selection", {}).items():
        facts[f"checkpoint of {rule}"] = f"stage {chosen['stage']}, step {chosen['step']}"
    ledger, made = record.get("ledger", {}), record.get("provenance", {})
    for name in ("images_seen", "parameters", "train_seconds"):
        if name in ledger:
            facts[name.replace("_", " ")] = f"{ledger[name]:.6g}"
    packages = made.get("packages", {})
    made = {name: value for name, value in made.items() if name != "packages"}
    return facts | {name: str(value) for name, value in {**made, **packages}.items()}


def _list(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)


def _metrics_table(frames: Mapping[str, pd.DataFrame]) -> str:
    first = next(iter(frames.values()))
    places = [("all", "all", metric) for metric in _OVERALL]
    for attribute in dict.fromkeys(first["attribute"]):
        if attribute != "all":
            places += [(attribute, e, metric) for metric, e in _BY_ATTRIBUTE.items()]
    lines = []
    for attribute, emotion, metric in places:
        name = metric if emotion == "all" else f"{metric} ({emotion})"
        line = [f"{name}{'' if attribute == 'all' else f' by {attribute}'}"]
        for frame in frames.values():
            hit = frame[
                (frame["attribute"] == attribute) & (frame["group"] == "all")
                & (frame["emotion"] == emotion) & (frame["metric"] == metric)
            ]  # fmt: skip
            value = float(hit["value"].iloc[0]) if len(hit) else math.nan
            line.append("-" if math.isnan(value) else f"{100 * value:.2f}")
        lines.append(line)
    return plain_table(["metric", *frames], lines)
