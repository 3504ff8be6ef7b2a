"""From a result folder to the frames of the report."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.frames import prediction_sets, protocol_text, study_frames
from benchmarks.store import Store
from reports.convention import PAPER

CARD = {
    "key": "ce", "title": "Cross entropy", "family": "baseline", "source": "s", "needs": [],
    "optional": [], "reconstruction": False, "cost": 1.0,
}  # fmt: skip


def planned(seed: int) -> dict:
    return {
        "id": f"cell{seed}", "dataset": "faces", "method": "ce", "variant": "", "seed": seed,
        "description": {}, "reads": [],
    }  # fmt: skip


def make_plan(seeds, folds: int = 1, not_applicable=()) -> dict:
    dataset = {
        "title": "Faces", "classes": ["no", "yes"], "attributes": [["gender", ["f", "m"]]],
        "intersections": [], "folds": folds,
    }  # fmt: skip
    return {
        "preset": "default",
        "groups": [],
        "unknown_groups": "mask", "select": "last", "cells": [planned(seed) for seed in seeds],
        "not_applicable": list(not_applicable), "methods": {"ce": CARD},
        "datasets": {"faces": dataset},
    }  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def keep(store: Store, seed: int, correct: int) -> None:
    """A finished cell of four test samples, the first `correct` of them right; best_acc: all."""
    record = {
        "status": "done", "reason": "", "classes": ["no", "yes"],
        "attributes": [["gender", ["f", "m"]]], "selection": {"last": {}, "best_acc": {}},
    }  # fmt: skip
    labels = np.array([0, 0, 1, 1])
    predicted = np.where(np.arange(4) < correct, labels, 1 - labels)
    arrays = {
        "test_labels": labels,
        "test_attributes": np.array([[0], [1], [0], [-1]]),
        "test_log_probabilities_last": np.log(np.eye(2)[predicted] + 0.01),
        "test_log_probabilities_best_acc": np.log(np.eye(2)[labels] + 0.01),
    }
    store.write_cell(f"cell{seed}", record, predictions=arrays)


def accuracies(frames, select: str = "last") -> dict[str, float]:
    rows = frames.metrics
    chosen = rows[
        (rows["metric"] == "acc") & (rows["attribute"] == "all") & (rows["select"] == select)
    ]
    return dict(zip(chosen["seed"], chosen["value"], strict=True))


def test_accuracy_of_each_seed_by_hand(store):
    keep(store, 0, 3)
    keep(store, 1, 2)

    frames = study_frames(store, make_plan([0, 1]), PAPER)

    assert accuracies(frames) == {"0": 0.75, "1": 0.5}


def test_each_selection_rule_has_its_own_predictions(store):
    keep(store, 0, 3)

    frames = study_frames(store, make_plan([0]), PAPER)

    assert accuracies(frames, "best_acc") == {"0": 1.0}


def test_whole_repeats_of_folds_are_pooled(store):
    for seed, correct in enumerate((4, 2)):
        keep(store, seed, correct)

    frames = study_frames(store, make_plan([0, 1], folds=2), PAPER)

    # (4 + 2) right of 8
    assert accuracies(frames) == {"0": 1.0, "1": 0.5, "0-1": 0.75}


def test_an_incomplete_repeat_is_not_pooled(store):
    for seed in (0, 1, 2):
        keep(store, seed, 4)

    frames = study_frames(store, make_plan([0, 1, 2, 3], folds=2), PAPER)

    assert list(accuracies(frames)) == ["0", "1", "2", "0-1"]


def test_folds_of_two_repeats_are_not_mixed(store):
    for seed in (1, 2):
        keep(store, seed, 4)

    frames = study_frames(store, make_plan([1, 2], folds=2), PAPER)

    assert list(accuracies(frames)) == ["1", "2"]


def test_rows_do_not_depend_on_the_order_of_the_plan(store):
    for seed in range(11):
        keep(store, seed, seed % 5)

    first = study_frames(store, make_plan(range(11)), PAPER)
    second = study_frames(store, make_plan(reversed(range(11))), PAPER)

    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    assert list(accuracies(first)) == [str(seed) for seed in range(11)]


def test_cells_are_done_failed_pending_or_not_applicable(store):
    keep(store, 0, 4)
    store.write_cell("cell1", {"status": "failed", "reason": "ValueError: no"})
    skipped = {
        "dataset": "faces", "method": "ce", "variant": "", "seed": 3, "reason": "no units",
        "reads": [],
    }  # fmt: skip

    cells = study_frames(store, make_plan([0, 1, 2], not_applicable=[skipped]), PAPER).cells

    assert cells[["seed", "status", "reason"]].values.tolist() == [
        ["0", "done", ""],
        ["1", "failed", "ValueError: no"],
        ["2", "pending", "not run yet"],
        ["3", "not_applicable", "no units"],
    ]


def test_a_study_without_results_has_no_metric_rows(store):
    frames = study_frames(store, make_plan([0]), PAPER)

    assert len(frames.metrics) == 0


def test_a_failed_cell_has_no_predictions(store):
    store.write_cell("cell0", {"status": "failed", "reason": "x"})

    plan = make_plan([0])

    assert prediction_sets(store, plan["cells"][0], plan["datasets"]["faces"]) == []


def test_methods_are_in_the_order_of_their_families(store):
    plan = make_plan([0])
    plan["methods"] = {
        "a_post": CARD | {"key": "a_post", "family": "post"},
        "b_loss": CARD | {"key": "b_loss", "family": "loss", "needs": ["train_groups"]},
        "ce": CARD,
        "c_new": CARD | {"key": "c_new", "family": "unheard of"},
    }

    frame = study_frames(store, plan, PAPER).methods

    assert frame["method"].tolist() == ["ce", "b_loss", "a_post", "c_new"]
    assert frame["family"].tolist() == ["baseline", "loss", "post", "unheard of"]


@pytest.mark.parametrize(
    ("reads", "training", "test"),
    [
        ([], False, False),
        (["train_groups"], True, False),
        (["val_groups"], True, False),
        (["test_groups", "val_groups"], True, True),
        (["action_units"], False, False),
    ],
)
def test_a_method_fitted_to_the_groups_of_the_validation_part_uses_group_labels(
    store, reads, training, test
):
    plan = make_plan([0])
    plan["cells"][0]["reads"] = reads

    cells = study_frames(store, plan, PAPER).cells

    assert cells[["train_groups", "test_groups"]].values.tolist() == [[training, test]]


def test_what_a_study_changes_about_groups_stands_beside_the_preset():
    changed = {"preset": "chen", "groups": ["gender", "age"], "unknown_groups": "drop"}

    assert protocol_text(changed) == "chen, training groups gender x age, unknown groups: drop"
    assert protocol_text({"preset": "chen", "groups": [], "unknown_groups": "mask"}) == "chen"
