"""What a report shows of the stored cells beside their predictions: curves and provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from benchmarks.store import Store
from reports.study_figures.training import HISTORY

Plan = Mapping[str, Any]

#: columns of history.csv that are no curves
_PLACES = ("stage", "step", "images_seen")


def histories(store: Store, plan: Plan) -> pd.DataFrame:
    """Training curves of all stored cells, one row a value; columns `HISTORY`."""
    rows = [row for cell in plan["cells"] for row in _curves(store, cell)]
    return pd.DataFrame(rows, columns=list(HISTORY))


def _curves(store: Store, cell: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    path = store.path(cell["id"]) / "history.csv"
    if not path.is_file():
        return
    frame = pd.read_csv(path)
    place = (cell["dataset"], cell["method"], cell["variant"], str(cell["seed"]))
    for name in (column for column in frame.columns if column not in _PLACES):
        for images, value in zip(frame["images_seen"], frame[name], strict=True):
            if pd.notna(value):
                yield (*place, int(images), name, float(value))


def provenance(store: Store, plan: Plan) -> dict[str, str]:
    """What the stored cells were computed with, name -> text; several values are all named."""
    found: dict[str, dict[str, None]] = {}
    seconds = 0.0
    for cell in plan["cells"]:
        record = store.record(cell["id"])
        if record is None or record["status"] != "done" or "provenance" not in record:
            continue
        seconds += float(record.get("ledger", {}).get("cpu_seconds", 0))
        known = dict(record["provenance"])
        packages = known.pop("packages", {})
        for name, value in {**known, **packages}.items():
            found.setdefault(str(name), {})[str(value)] = None
    texts = {name: ", ".join(values) for name, values in found.items()}
    return {**texts, "training": f"{seconds / 60:.0f} core-minutes"} if texts else {}
