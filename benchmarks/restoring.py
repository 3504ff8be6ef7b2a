"""From a stored cell back to its data and its trained method."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks import registry
from benchmarks.assembly import build_method, load_cell_data, make_pictures, protocol_of
from benchmarks.errors import StoreError, StudyError
from benchmarks.identity import settings_from
from benchmarks.parts import CellData
from benchmarks.pictures import Pictures
from benchmarks.plan import Cell
from benchmarks.protocol import Protocol
from benchmarks.store import Store
from datasets.settings import nearest
from methods.base import Method


@dataclass(frozen=True)
class RestoredCell:
    """A finished cell as it was when its predictions were stored.

    Attributes:
        cell: what was run.
        method: in evaluation mode, with the weights of the last checkpoint.
        pictures: reader of the cell's pictures.
    """

    cell: Cell
    data: CellData
    protocol: Protocol
    pictures: Pictures
    method: Method


def check_restorable(store: Store, cell_id: str) -> None:
    """Raises StudyError unless the cell is done and stored with its weights."""
    record = store.record(cell_id)
    if record is None:
        near = nearest(cell_id, store.ids())
        hint = f" Did you mean '{near}'?" if near else ""
        raise StudyError(f"{store.root} holds no cell '{cell_id}'.{hint}")
    if record["status"] != "done":
        raise StudyError(f"Cell {cell_id} failed ({record['reason']}); run the study again.")
    if record["method"] not in registry.methods():
        raise StudyError(
            f"Cell {cell_id} is of '{record['method']}', which is no method that trains here; name "
            "a cell of a trained method."
        )
    if "model" not in record["stored"]:
        raise StudyError(
            f"Cell {cell_id} was stored without its weights; the study's `run` command with "
            "--store-models adds them."
        )


def restore(
    store: Store, cell_id: str, data_root: Path | None, cache: Path, device: torch.device
) -> RestoredCell:
    """Data and trained method of a cell.

    Raises:
        StudyError: the cell is not there, failed, has no weights, or was run with other code.
        StoreError: its weights are damaged.
        DataError: its data is not below `data_root`.
    """
    check_restorable(store, cell_id)
    record = store.record(cell_id)
    assert record is not None
    cell = cell_of(record)
    _check_data(cell, data_root, cache)
    data = load_cell_data(cell, data_root, cache)
    protocol = protocol_of(cell)
    method = build_method(cell, data, protocol)
    _load_state(method, store.path(cell_id) / "model.safetensors", cell_id)
    method = method.to(device).eval()
    if protocol.channels_last:
        method = method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return RestoredCell(cell, data, protocol, make_pictures(data, protocol, device), method)


def cell_of(record: dict[str, Any]) -> Cell:
    """The cell of a `cell.json`; its cost is not stored and does not matter any more."""
    keys = ("id", "dataset", "method", "variant", "seed", "description")
    return Cell(**{key: record[key] for key in keys}, cost=1.0, reads=())


def _check_data(cell: Cell, data_root: Path | None, cache: Path) -> None:
    cls = registry.datasets()[cell.dataset]
    dataset = cls(settings_from(cls, cell.description["dataset_settings"]))
    if dataset.fingerprint(data_root, cache) != cell.description["fingerprint"]:
        raise StudyError(
            f"The data of {cell.dataset} is not what cell {cell.id} was trained on; run the study "
            "again."
        )


def _load_state(method: Method, path: Path, cell_id: str) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise StoreError(
            f"{path} is damaged ({error}); remove the folder of the cell and run again."
        ) from None
    try:
        method.load_state_dict(state)
    except RuntimeError:
        raise StudyError(
            f"The weights of cell {cell_id} do not fit {method.card.key} as it is now: the code "
            "has changed since; remove the folder of the cell and run again."
        ) from None
