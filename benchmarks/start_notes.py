"""What a report must say of a study whose networks start from trained weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.store import Store


def start_notes(store: Store, plan: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Data set -> which methods started from which file, and which have networks of their own.

    Empty for a study of random initial weights; only finished cells are read.
    """
    found: dict[str, dict[str, dict[str, None]]] = {}
    for cell in plan["cells"]:
        # Post-processed cells have no protocol: they train nothing.
        if not cell["description"].get("protocol", {}).get("weights"):
            continue
        record = store.record(cell["id"])
        if record is not None and record["status"] == "done":
            for start in record["initial_weights"] or [""]:
                methods = found.setdefault(cell["dataset"], {}).setdefault(start, {})
                methods[cell["method"]] = None
    return {
        dataset: tuple(_sentence(start, list(methods)) for start, methods in starts.items())
        for dataset, starts in found.items()
    }


def _sentence(start: str, methods: list[str]) -> str:
    names = ", ".join(methods)
    if start:
        return f"Networks of {names} start from {start}."
    return f"Networks of {names} are their own and start from random weights."
