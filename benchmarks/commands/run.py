"""`run`: plans a study, runs its missing cells and writes the report."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks import registry
from benchmarks.asked_datasets import assignment
from benchmarks.assembly import load_cell_data, protocol_of
from benchmarks.backbones import check_backbone, download_weights
from benchmarks.commands.report import report_store
from benchmarks.devices import chosen_device
from benchmarks.durations import duration
from benchmarks.errors import StudyError
from benchmarks.executors.local import run_local
from benchmarks.parts import check_batch_size
from benchmarks.paths import shown
from benchmarks.plan import (
    Cell,
    Plan,
    changes_of,
    make_dataset,
    make_plan,
    resolve,
    resolve_protocol,
)
from benchmarks.preparing import prepare_cells
from benchmarks.progress import Progress
from benchmarks.records import attribute_pairs, card_values
from benchmarks.runner import Outcome, RunOptions
from benchmarks.store import Store
from benchmarks.study import Study, Variant
from benchmarks.study_file import read_study, write_study


def main(arguments: Namespace) -> int:
    """Runs or continues a study.

    Returns:
        0 when every cell is done, 1 when some failed.

    Raises:
        EvenFaceError: anything that the user can mend.
    """
    if arguments.executor != "local":
        raise StudyError(
            f"The executor '{arguments.executor}' is not built yet; use --executor local, with "
            "--workers for several processes on this machine."
        )
    study = _with_download(study_from(arguments), arguments)
    out = arguments.out or Path("results") / study.title
    options = _options(arguments, study, out)
    plan = make_plan(study, arguments.data_root, arguments.cache.resolve())
    _refuse_empty(plan)
    _check_backbones(plan)
    # Before anything is written: the data may tell that the study cannot be run.
    _prepare_data(plan, options)
    store = Store(out)
    with store.locked():
        store.write_text("study.toml", write_study(resolve(study)))
        store.write_json("plan.json", plan_record(study, plan))
        outcomes = _run_missing(plan, store, options, arguments)
        written = None if arguments.no_report else report_store(store)
    return _say_end(outcomes, written)


def study_from(arguments: Namespace) -> Study:
    """The study of the file, if one is named, with what the command line adds."""
    values = read_study(arguments.study) if arguments.study else {}
    for key in (
        "methods", "datasets", "seeds", "preset", "select", "groups", "unknown_groups", "post",
    ):  # fmt: skip
        given = getattr(arguments, key)
        if given is not None:
            values[key] = given
    for key in ("store_features", "store_models"):
        values[key] = values.get(key, False) or getattr(arguments, key)
    changes = dict(values.get("set", {}))
    changes |= dict(assignment(text) for text in arguments.set)
    for option in ("image_size", "backbone", "precision", "weights"):
        if getattr(arguments, option) is not None:
            name = {"image_size": "pixels"}.get(option, option)
            changes[f"protocol.{name}"] = getattr(arguments, option)
    variants = [*values.get("variants", ()), *(_variant(text) for text in arguments.variant)]
    return Study(**{**values, "set": changes, "variants": tuple(variants)})


def _variant(text: str) -> Variant:
    """`ce:synthetic.train_labels=truth` as a variant; several settings are separated by blanks."""
    methods, colon, changes = text.partition(":")
    if not colon:
        raise StudyError(f"A variant is written METHODS:KEY.name=value ..., not '{text}'.")
    return Variant(tuple(methods.split(",")), dict(assignment(part) for part in changes.split()))


def _with_download(study: Study, arguments: Namespace) -> Study:
    """The study with the file of timm's weights, if they were asked for."""
    if not arguments.pretrained:
        return study
    if study.set.get("protocol.weights"):
        raise StudyError("--pretrained and --weights are two starts; give one of them.")
    name = resolve_protocol(study.preset, study.set).backbone
    path = download_weights(name, arguments.cache / "weights")
    changes = {"protocol.weights": str(path), "protocol.weights_form": "timm"}
    return replace(study, set={**study.set, **changes})


def _check_backbones(plan: Plan) -> None:
    """Raises BackboneError, before anything is written, for a network that cannot be made."""
    protocols = {protocol_of(cell) for cell in plan.trained}
    for name, weights, form in sorted({(p.backbone, p.weights, p.weights_form) for p in protocols}):
        start = check_backbone(name, weights, form)
        if start:
            print(f"{name} starts from {start}; methods with networks of their own do not")


def _options(arguments: Namespace, study: Study, out: Path) -> RunOptions:
    return RunOptions(
        out=out.resolve(),
        data_root=arguments.data_root.resolve() if arguments.data_root else None,
        cache=arguments.cache.resolve(),
        device=chosen_device(arguments.device).type,
        deterministic=not arguments.fast,
        store_features=study.store_features,
        store_models=study.store_models,
    )


def _refuse_empty(plan: Plan) -> None:
    if plan.cells:
        return
    reasons = {f"{n.method} on {n.dataset}: {n.reason}" for n in plan.not_applicable}
    raise StudyError(f"Nothing can be run: {'; '.join(sorted(reasons))}.")


def _prepare_data(plan: Plan, options: RunOptions) -> None:
    """Fills the cache before workers start, and checks what only the data can tell."""
    prepare_cells(plan.trained, options.data_root, options.cache)
    seen = set()
    for cell in plan.trained:
        key = (cell.description["fingerprint"], cell.seed, protocol_of(cell))
        if key in seen:
            continue
        seen.add(key)
        data = load_cell_data(cell, options.data_root, options.cache)
        check_batch_size(data, protocol_of(cell).batch_size)


def plan_record(study: Study, plan: Plan) -> dict[str, Any]:
    """What `report` needs to know of the study without importing a method."""
    used = {c.method for c in plan.cells} | {n.method for n in plan.not_applicable}
    names = {c.dataset for c in plan.cells} | {n.dataset for n in plan.not_applicable}
    return {
        "title": study.title,
        "preset": study.preset,
        "groups": list(study.groups),
        "unknown_groups": study.unknown_groups,
        "select": study.select,
        "cells": [_cell_record(cell) for cell in plan.cells],
        "not_applicable": [asdict(skipped) for skipped in plan.not_applicable],
        "methods": {name: _card_record(name) for name in sorted(used)},
        "datasets": {name: _dataset_record(name, study) for name in sorted(names)},
    }


def _cell_record(cell: Cell) -> dict[str, Any]:
    keys = ("id", "dataset", "method", "variant", "seed", "reads", "description")
    return {key: getattr(cell, key) for key in keys}


def _card_record(name: str) -> dict[str, Any]:
    """The card of a method, or of a method with a post-processor, `METHOD+POST`."""
    key, _, post = name.partition("+")
    method = card_values(registry.methods()[key].card)
    if not post:
        return method
    own = card_values(registry.post_processors()[post].card)
    joined = {
        "key": name,
        "title": f"{method['title']} + {own['title']}",
        "source": f"{method['source']}; {own['source']}",
        "needs": sorted({*method["needs"], *own["needs"]}),
        "aliases": [],
        "reconstruction": method["reconstruction"] or own["reconstruction"],
    }
    return method | joined | {"family": own["family"]}


def _dataset_record(name: str, study: Study) -> dict[str, Any]:
    dataset = make_dataset(name, changes_of(name, study.set))
    spec = dataset.describe()
    groups = study.groups or spec.default_groups
    return {
        "title": dataset.about.title,
        "classes": list(spec.classes),
        "attributes": attribute_pairs(spec),
        "confusions": {a.name: a.confusion for a in spec.attributes if a.confusion},
        "intersections": [list(groups)] if len(groups) > 1 else [],
        "folds": spec.folds,
    }


def _run_missing(
    plan: Plan, store: Store, options: RunOptions, arguments: Namespace
) -> list[Outcome]:
    missing = [cell for cell in plan.cells if not is_finished(cell, store, options)]
    stored = len(plan.cells) - len(missing)
    print(
        f"{len(plan.cells)} cells, {stored} already done, {len(plan.not_applicable)} not "
        f"applicable; results go to {shown(options.out, Path.cwd())}",
        flush=True,
    )
    if not missing:
        return []
    workers = arguments.workers or max(1, (os.cpu_count() or 1) // arguments.threads)
    started = time.monotonic()
    progress = Progress(missing, workers)
    outcomes: list[Outcome] = []
    try:
        # What treats stored predictions waits until all of them are there.
        for chosen in (plan.trained, plan.treated):
            left = [cell for cell in chosen if cell in missing]
            outcomes += run_local(
                left, options, progress, workers=workers, threads=arguments.threads
            )
    except KeyboardInterrupt:
        done = sum(is_finished(cell, store, options) for cell in plan.cells)
        raise KeyboardInterrupt(
            f": {done} of {len(plan.cells)} cells are stored; "
            "the same command continues with the others"
        ) from None
    finally:
        progress.close()
    seconds = time.monotonic() - started
    print(f"{len(outcomes)} cells in {seconds:.0f} s on {workers} workers ({duration(seconds)})")
    return outcomes


def is_finished(cell: Cell, store: Store, options: RunOptions) -> bool:
    """Whether the cell is stored with all that is wanted of it."""
    return store.is_done(cell.id, () if cell.base else options.wanted)


def _say_end(outcomes: list[Outcome], written: list[Path] | None) -> int:
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    for outcome in failed:
        print(f"failed: {outcome.cell.id}: {outcome.reason}")
    if failed:
        print("Tracebacks are in the cells' cell.json; the same command tries them again.")
    if written is not None:
        tables = next((path for path in written if path.name == "tables.md"), None)
        print(f"Report: {shown(tables, Path.cwd()) if tables else 'nothing to report'}")
    return 1 if failed else 0
