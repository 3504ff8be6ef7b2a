"""A result folder with a few finished cells, as `run` leaves it, without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.store import Store

CLASSES = ["sad", "happy"]
CARD = {
    "title": "A method", "family": "baseline", "source": "s", "needs": [], "optional": [],
    "reconstruction": False, "cost": 1.0,
}  # fmt: skip
LABELS = np.tile([0, 1], 20)
#: 20 women, 18 men, two unknown
GENDER = np.array([0] * 20 + [1] * 18 + [-1] * 2)


def wrong_at(*places: int) -> np.ndarray:
    """The labels with some of them wrong."""
    predicted = LABELS.copy()
    predicted[list(places)] = 1 - predicted[list(places)]
    return predicted


def make_study(
    root: Path, predicted: dict[tuple[str, int], np.ndarray], *, confidence: float = 0.9,
    loss: float = 0.5, failed: tuple[str, int] | None = None, folds: int = 1,
) -> Path:  # fmt: skip
    """A study of the methods and seeds in `predicted`, on forty faces of two classes."""
    store = Store(root)
    cells = []
    for method, seed in [*predicted, *([failed] if failed else [])]:
        head: dict[str, Any] = {
            "id": f"faces-{method}-s{seed}", "dataset": "faces", "method": method, "variant": "",
            "seed": seed, "description": {"settings": {"gamma": 2.0}},
        }  # fmt: skip
        cells.append({**head, "reads": []})
        record = {
            **head, "status": "done", "reason": "", "classes": CLASSES,
            "attributes": [["gender", ["f", "m"]]],
            "selection": {"last": {"stage": "train", "step": 9, "reads_groups": False}},
            "ledger": {"images_seen": 160}, "sources": {}, "card": {**CARD, "key": method},
            "provenance": {"device": "cpu", "packages": {"torch": "2.13.0+cpu", "numpy": "2.4.6"}},
        }  # fmt: skip
        if (method, seed) == failed:
            failure = {**record, "status": "failed", "reason": "diverged\ntraceback"}
            store.write_cell(head["id"], failure)
            continue
        chances = np.full((len(LABELS), 2), 1 - confidence)
        chances[np.arange(len(LABELS)), predicted[method, seed]] = confidence
        store.write_cell(
            head["id"],
            record,
            history=[{"stage": "train", "step": 9, "images_seen": 160, "loss_ce": loss}],
            predictions={
                "test_ids": np.array([f"{i:02}" for i in range(len(LABELS))]),
                "test_labels": LABELS,
                "test_attributes": GENDER[:, None],
                "test_log_probabilities_last": np.log(chances),
            },
        )
    dataset = {
        "title": "Faces", "classes": CLASSES, "attributes": [["gender", ["f", "m"]]],
        "intersections": [], "folds": folds,
    }  # fmt: skip
    methods = dict.fromkeys(cell["method"] for cell in cells)
    plan = {
        "cells": cells, "not_applicable": [], "preset": "default", "select": "last", "groups": [],
        "unknown_groups": "mask", "title": "faces", "datasets": {"faces": dataset},
        "methods": {key: {**CARD, "key": key} for key in methods},
    }  # fmt: skip
    store.write_json("plan.json", plan)
    return root
