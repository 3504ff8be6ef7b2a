"""`check`: a finished study against a stored baseline; imports no torch."""

from __future__ import annotations

import csv
import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.errors import StoreError, StudyError
from benchmarks.frames import prediction_sets
from benchmarks.store import Store
from reports.baseline import (
    Checked,
    Difference,
    baseline_of,
    differences,
    log_losses,
    noisy_differences,
    unstored_metrics,
)
from reports.files import write_text

#: differences printed; all of them count
_SHOWN = 30
_VERSIONS = ("torch", "numpy")


def main(arguments: Namespace) -> int:
    """Prints what differs; 1 if something does and the baseline is not to be updated.

    Raises:
        EvenFaceError, ReportError: the folder or the baseline cannot be read.
    """
    store, path = Store(arguments.folder), arguments.baseline
    plan = store.read_json("plan.json")
    cells = list(_cells(store, plan))
    if not cells:
        raise StudyError(f"{store.root} has no finished cell; `run` it first.")
    versions = _versions(store, plan)
    old = _read(path, needed=not arguments.update)
    if old is None:
        found: list[Difference] = []
    elif arguments.noisy:
        found = noisy_differences(old, cells)
    else:
        found = differences(old, cells, versions)
    _print(found)
    if old is not None and (new := unstored_metrics(old)):
        print(f"Not in the baseline: {', '.join(new)}; --update stores them.")
    if arguments.update:
        content = baseline_of(cells, versions)
        try:
            write_text(path, json.dumps(content, indent=0, ensure_ascii=False) + "\n")
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}.") from None
        print(f"{path} holds {len(cells)} cells.")
        return 0
    if not found:
        print(f"{len(cells)} cells equal {path}.")
    return int(bool(found))


def _cells(store: Store, plan: dict[str, Any]) -> Iterator[Checked]:
    for cell in plan["cells"]:
        sets = prediction_sets(store, cell, plan["datasets"][cell["dataset"]])
        for one in sets:
            if one.select == plan["select"]:
                arrays = store.predictions(cell["id"])
                chances = arrays.get(f"test_log_probabilities_{one.select}")
                losses = {} if chances is None else log_losses(one, chances)
                yield Checked(one, losses | _terms(store, cell["id"]))


def _terms(store: Store, cell_id: str) -> dict[str, float]:
    """The loss terms of the end of training: they show a coefficient before a prediction flips."""
    path = store.path(cell_id) / "history.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    last = rows[-1] if rows else {}
    return {
        f"training {name}": float(value)
        for name, value in last.items()
        if name.startswith("loss_") and value
    }


def _versions(store: Store, plan: dict[str, Any]) -> dict[str, str]:
    """Of the packages that can change a prediction; the finished cells have the same."""
    for cell in plan["cells"]:
        record = store.record(cell["id"])
        if record is not None and record["status"] == "done":
            packages = record.get("provenance", {}).get("packages", {})
            # A local tag (+cpu) says how torch was built, not what it computes.
            return {name: packages.get(name, "").split("+")[0] for name in _VERSIONS}
    return {}


def _read(path: Path, *, needed: bool) -> dict[str, Any] | None:
    """The baseline; None where there is none and none is needed.

    Raises:
        StudyError: it is absent or no JSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if needed:
            raise StudyError(f"There is no baseline {path}; --update writes it.") from None
        return None
    except ValueError as error:
        raise StudyError(
            f"{path} is no baseline ({error}); remove it and --update writes it."
        ) from None
    if not isinstance(content, dict):
        raise StudyError(f"{path} is no baseline; remove it and --update writes it.")
    return content


def _print(found: Sequence[Difference]) -> None:
    if not found:
        return
    metrics = list(dict.fromkeys(one.metric.split(" | ")[0] for one in found))
    print(f"{len(found)} differences, in {', '.join(metrics)}:")
    variants = {
        place[place.find(" [") : place.rfind("]") + 1] for place in (d.place for d in found)
    }
    if len(variants) == 1:
        found = [replace(one, place=one.place.replace(min(variants), "")) for one in found]
    # The first of every metric first, so that none is cut off.
    first = {one.metric.split(" | ")[0]: one for one in reversed(found)}
    chosen = [one for one in found if first[one.metric.split(" | ")[0]] is one]
    chosen += [one for one in found if one not in chosen][: max(0, _SHOWN - len(chosen))]
    for one in chosen:
        print(f"  {one}")
    if len(found) > len(chosen):
        print(f"  and {len(found) - len(chosen)} more")
