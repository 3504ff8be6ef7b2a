"""Treats the stored predictions of a trained cell with a post-processor; nothing is trained."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import registry
from benchmarks.errors import StudyError
from benchmarks.plan import Cell
from benchmarks.provenance import provenance
from benchmarks.records import card_values, head_of
from benchmarks.sources import source_files
from benchmarks.store import Store
from datasets import settings as declared
from datasets.spec import groups_of
from methods.post.base import PostProcessor, PostTask, Scored

Arrays = Mapping[str, NDArray[Any]]


def treat(cell: Cell, store: Store) -> None:
    """Fits on the validation part of each selection rule's checkpoint, decides on the test part.

    The cell stores `test_decisions_RULE`, (n, K) probabilities with which each class is decided,
    beside ids, labels and attributes, and what was fitted in `notes`.

    Raises:
        StudyError: the cell whose predictions are wanted has not ended well.
    """
    clock, cpu = time.perf_counter(), time.process_time()
    base = store.record(cell.base)
    if base is None or base["status"] != "done":
        raise StudyError(f"the predictions of {cell.base} are not there")
    arrays = store.predictions(cell.base)
    decisions: dict[str, NDArray[Any]] = {}
    notes = {}
    for rule in base["selection"]:
        processor = _fitted(cell, base, arrays, rule)
        part = _part(base, arrays, cell.description["groups"], "test", rule)
        decisions[f"test_decisions_{rule}"] = processor.decide(replace(part, labels=None))
        notes[rule] = processor.notes()
    cls = registry.post_processors()[cell.description["post"]]
    record = head_of(cell) | {
        "status": "done",
        "reason": "",
        "card": card_values(cls.card),
        "classes": base["classes"],
        "attributes": base["attributes"],
        "selection": base["selection"],
        "notes": notes,
        "ledger": {
            "cpu_seconds": time.process_time() - cpu,
            "seconds": time.perf_counter() - clock,
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        },
        "provenance": provenance(torch.device("cpu"), deterministic=True),
        "sources": {**base["sources"], **source_files(cls)},
        "stored": [],
    }
    kept = {name: arrays[name] for name in ("test_ids", "test_labels", "test_attributes")}
    store.write_cell(cell.id, record, predictions={**kept, **decisions})


def _fitted(cell: Cell, base: Mapping[str, Any], arrays: Arrays, rule: str) -> PostProcessor:
    cls = registry.post_processors()[cell.description["post"]]
    settings = declared.make(cls.Settings, cell.description["settings"], cls.card.key)
    groups = cell.description["groups"]
    num_groups = math.prod(len(levels) for name, levels in base["attributes"] if name in groups)
    processor = cls(PostTask(tuple(base["classes"]), num_groups), settings)
    processor.fit(_part(base, arrays, groups, "val", rule))
    return processor


def _part(
    base: Mapping[str, Any], arrays: Arrays, groups: list[str], part: str, rule: str
) -> Scored:
    names = [name for name, _ in base["attributes"]]
    sizes = {name: len(levels) for name, levels in base["attributes"]}
    columns = [names.index(name) for name in groups]
    codes = groups_of(arrays[f"{part}_attributes"][:, columns], [sizes[name] for name in groups])
    log_probabilities = arrays[f"{part}_log_probabilities_{rule}"].astype(np.float64)
    return Scored(log_probabilities, codes, arrays[f"{part}_labels"])
