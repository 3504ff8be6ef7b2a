"""Runs one cell from its description to its stored predictions; picklable for any executor."""

from __future__ import annotations

import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.assembly import build_method, load_cell_data, make_pictures, protocol_of
from benchmarks.errors import StoreError
from benchmarks.parts import CellData, Part
from benchmarks.pictures import Pictures
from benchmarks.plan import Cell
from benchmarks.post_processing import treat
from benchmarks.prediction import INFERENCE_BATCH, predict
from benchmarks.protocol import Protocol
from benchmarks.provenance import provenance
from benchmarks.records import attribute_pairs, card_values, head_of, training_strata
from benchmarks.selection import READS_GROUPS, RULES
from benchmarks.sources import source_files
from benchmarks.store import Store
from benchmarks.trainer import Checkpoint, Trainer, Training
from datasets.errors import DataError
from methods.base import Method


@dataclass(frozen=True)
class RunOptions:
    """Where and how cells run; nothing here is part of a cell's identity."""

    out: Path
    data_root: Path | None
    cache: Path
    device: str = "cpu"
    deterministic: bool = True
    store_features: bool = False
    store_models: bool = False

    @property
    def wanted(self) -> tuple[str, ...]:
        """What a finished cell must hold beside its predictions."""
        pairs = (("features", self.store_features), ("model", self.store_models))
        return tuple(name for name, on in pairs if on)


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: `done` or `failed`, with the last line of the error."""

    cell: Cell
    status: str
    seconds: float
    reason: str = ""


def run_cell(cell: Cell, options: RunOptions) -> Outcome:
    """Trains, selects, predicts and stores one cell.

    A failure inside the cell is stored with its traceback and returned, so that the study goes on.

    Raises:
        StoreError, DataError: the whole study cannot go on.
    """
    started = time.perf_counter()
    store = Store(options.out)
    try:
        if cell.base:
            treat(cell, store)
        else:
            _run(cell, options, store)
    except (StoreError, DataError):
        raise
    except Exception as error:  # the one wide net: around a cell, so that the others go on
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        store_failure(cell, store, reason, traceback.format_exc())
        return Outcome(cell, "failed", time.perf_counter() - started, reason)
    return Outcome(cell, "done", time.perf_counter() - started)


def store_failure(cell: Cell, store: Store, reason: str, trace: str) -> None:
    """Stores a cell as failed, so that the tables show it and the reason is kept.

    A cell that is already done, and was run again for its features or weights, stays as it is.
    """
    if store.is_done(cell.id):
        return
    record = {"status": "failed", "reason": reason, "traceback": trace, "stored": []}
    store.write_cell(cell.id, head_of(cell) | record)


def _run(cell: Cell, options: RunOptions, store: Store) -> None:
    clock, cpu = time.perf_counter(), time.process_time()
    device = torch.device(options.device)
    data = load_cell_data(cell, options.data_root, options.cache)
    protocol = protocol_of(cell)
    pictures = make_pictures(data, protocol, device)
    method = build_method(cell, data, protocol).to(device)
    if protocol.channels_last:
        method = method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    training = Trainer(method, data, pictures, protocol, cell.seed).run()
    trained = time.perf_counter()
    arrays = _predictions(method, data, pictures, protocol, training)
    if options.store_features:
        arrays |= _features(method, data, pictures, training)
    record = head_of(cell) | {
        "status": "done",
        "reason": "",
        "card": card_values(method.card),
        **_told(method, data),
        "selection": _selection(training),
        "ledger": {
            "train_size": len(data.train),
            "images_seen": training.images_seen,
            "distinct_images": training.distinct_images,
            "steps": training.steps,
            "trunk_updates": training.trunk_updates,
            "parameters": sum(p.numel() for p in method.parameters()),
            "cpu_seconds": time.process_time() - cpu,
            "train_seconds": trained - clock,
            "seconds": time.perf_counter() - clock,
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        },
        "provenance": provenance(device, deterministic=options.deterministic),
        "sources": source_files(type(method)),
        "stored": list(options.wanted),
    }
    save = _model_saver(training.checkpoints["last"]) if options.store_models else None
    store.write_cell(cell.id, record, history=training.history, predictions=arrays, save_model=save)


def _predictions(
    method: Method, data: CellData, pictures: Pictures, protocol: Protocol, training: Training
) -> dict[str, NDArray[Any]]:
    """Ids, labels, attributes of validation and test part, and each rule's log-probabilities."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, part in (("val", data.validation), ("test", data.test)):
        arrays |= _truth(name, data, part)
    tested: dict[int, NDArray[np.float32]] = {}
    for rule in RULES:
        checkpoint = training.checkpoints[rule]
        if id(checkpoint) not in tested:
            method.load_state_dict(checkpoint.state)
            tested[id(checkpoint)] = predict(method, data, data.test, pictures, protocol)
        arrays[f"val_log_probabilities_{rule}"] = checkpoint.validation
        arrays[f"test_log_probabilities_{rule}"] = tested[id(checkpoint)]
    return arrays


def _truth(name: str, data: CellData, part: Part) -> dict[str, NDArray[Any]]:
    faces = data.faces
    return {
        f"{name}_ids": faces.sample_ids[part.rows],
        f"{name}_labels": faces.labels[part.rows],
        f"{name}_attributes": faces.attributes[part.rows],
    }


def _features(
    method: Method, data: CellData, pictures: Pictures, training: Training
) -> dict[str, NDArray[Any]]:
    """(n, d) float16 trunk outputs of the last checkpoint on validation (if any) and test part."""
    method.load_state_dict(training.checkpoints["last"].state)
    method.eval()
    arrays: dict[str, NDArray[Any]] = {}
    with torch.inference_mode():
        parts = {"val": data.validation, "test": data.test}
        for name, part in ((name, part) for name, part in parts.items() if len(part)):
            blocks = [
                method.features(pictures.read(part.rows[start : start + INFERENCE_BATCH])).cpu()
                for start in range(0, len(part), INFERENCE_BATCH)
            ]
            arrays[f"{name}_features"] = torch.cat(blocks).numpy().astype(np.float16)
    return arrays


def _told(method: Method, data: CellData) -> dict[str, Any]:
    """What reports must know of the data, and the files that the method's networks started from.

    Of a method that has networks of its own there is no such file.
    """
    starts = {getattr(module, "initial_weights", "") for module in method.modules()}
    return {
        "classes": list(data.faces.spec.classes),
        "attributes": attribute_pairs(data.faces.spec),
        "train_strata": training_strata(data.train.labels, data.faces.attributes[data.train.rows]),
        "data_notes": list(data.faces.notes),
        "initial_weights": sorted(str(one) for one in starts if one),
    }


def _selection(training: Training) -> dict[str, Any]:
    return {
        rule: {
            "stage": checkpoint.stage,
            "step": checkpoint.step,
            "reads_groups": rule in READS_GROUPS,
        }
        for rule, checkpoint in training.checkpoints.items()
    }


def _model_saver(checkpoint: Checkpoint) -> Callable[[Path], None]:
    from safetensors.torch import save

    # Written by us, not by the library: a full disk is then an OSError like any other.
    content = save({name: value.contiguous() for name, value in checkpoint.state.items()})
    return lambda path: _write_bytes(path, content)


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
