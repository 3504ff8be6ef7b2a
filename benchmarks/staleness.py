"""Which stored cells the study no longer asks for, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.sources import changed_sources
from benchmarks.store import Store


def stale_cells(store: Store, plan: Mapping[str, Any]) -> list[str]:
    """One sentence for each stored cell that is not in the plan, sorted by cell.

    A cell of a planned data set, method and seed says which settings differ; any other is not part
    of the study.
    """
    planned = {cell["id"] for cell in plan["cells"]}
    by_key: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for cell in plan["cells"]:
        by_key.setdefault((cell["dataset"], cell["method"], cell["seed"]), cell["description"])
    lines = []
    for cell_id in store.ids():
        if cell_id in planned:
            continue
        record = store.record(cell_id)
        if record is None:
            continue
        now = by_key.get((record["dataset"], record["method"], record["seed"]))
        if now is None:
            lines.append(f"{cell_id}: not part of this study")
        else:
            lines.append(f"{cell_id}: {'; '.join(differences(record['description'], now))}")
    return lines


def changed_code(store: Store, plan: Mapping[str, Any]) -> dict[str, list[str]]:
    """Method -> source files that changed since its cells of this study were run."""
    changed: dict[str, list[str]] = {}
    for cell in plan["cells"]:
        record = store.record(cell["id"])
        if record is None or record["status"] != "done" or cell["method"] in changed:
            continue
        files = changed_sources(record["sources"])
        if files:
            changed[cell["method"]] = files
    return changed


def differences(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`protocol.images was 600, is now 6000` for each value that differs."""
    before, after = dict(_leaves(stored)), dict(_leaves(now))
    names = [n for n in sorted(before.keys() | after.keys()) if before.get(n) != after.get(n)]
    # A digest tells a person nothing.
    said = ["the data changed"] if "fingerprint" in names else []
    return said + [
        f"{name} was {before.get(name, 'absent')}, is now {after.get(name, 'absent')}"
        for name in names
        if name != "fingerprint"
    ]


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
