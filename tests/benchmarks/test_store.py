"""Results on disk: whole or not there, one writer at a time, no pickle."""

import errno
import json
import os

import numpy as np
import pytest

from benchmarks.errors import StoreError, StudyError
from benchmarks.store import Store
from tests.benchmarks.tiny import files_below

DONE = {"status": "done", "reason": "", "stored": []}
FAILED = {"status": "failed", "reason": "boom", "stored": []}
ARRAYS = {"test_ids": np.array(["a", "b"]), "test_labels": np.array([0, 1])}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "out")


def fails_with(error: BaseException):
    def writer(path):
        path.write_text("half of it")
        raise error

    return writer


def test_a_cell_is_a_folder_with_record_history_and_predictions(store):
    history = [{"step": 1, "ce": 0.5}, {"step": 2, "ce": 0.25, "extra": 1}]

    store.write_cell("one", DONE, history=history, predictions=ARRAYS)

    assert files_below(store.cells) == ["one/cell.json", "one/history.csv", "one/predictions.npz"]
    assert (store.path("one") / "history.csv").read_text() == "step,ce,extra\n1,0.5,\n2,0.25,1\n"
    assert store.record("one") == DONE


def test_predictions_are_read_back_without_pickle(store):
    store.write_cell("one", DONE, predictions=ARRAYS)

    with np.load(store.path("one") / "predictions.npz", allow_pickle=False) as stored:
        assert {name: stored[name].tolist() for name in stored.files} == {
            "test_ids": ["a", "b"],
            "test_labels": [0, 1],
        }
    assert store.predictions("one")["test_ids"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StoreError),
        (OSError("3 requested and 1 written"), StoreError),
        (ValueError("a writer's own bug"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["full", "short", "bug", "interrupt"],
)
def test_a_writer_that_fails_leaves_nothing(store, error, raised):
    with pytest.raises(raised):
        store.write_cell("one", DONE, predictions=ARRAYS, save_model=fails_with(error))

    assert files_below(store.root) == []
    assert store.ids() == []


def test_a_full_disk_is_said_with_the_mend(store):
    full = fails_with(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    with pytest.raises(StoreError, match="No space left on device; free space or choose another"):
        store.write_cell("one", DONE, save_model=full)


def test_a_failing_writer_leaves_the_cell_that_was_there(store):
    store.write_cell("one", DONE, predictions=ARRAYS)

    with pytest.raises(StoreError):
        store.write_cell("one", DONE, save_model=fails_with(OSError(errno.ENOSPC, "full")))

    assert store.predictions("one")["test_labels"].tolist() == [0, 1]


def test_a_failed_cell_is_replaced(store):
    store.write_cell("one", FAILED | {"traceback": "long"})
    assert not store.is_done("one")

    store.write_cell("one", DONE, predictions=ARRAYS)

    assert store.is_done("one")
    assert "traceback" not in store.record("one")


@pytest.mark.parametrize(
    ("stored", "wanted", "done"),
    [
        ([], (), True),
        ([], ("features",), False),
        (["features"], ("features",), True),
        (["features"], ("features", "model"), False),
    ],
)
def test_a_cell_is_done_when_it_holds_what_is_wanted(store, stored, wanted, done):
    store.write_cell("one", DONE | {"stored": stored})

    assert store.is_done("one", wanted) is done


def test_a_cell_that_is_not_stored_is_not_done(store):
    assert store.record("none") is None
    assert not store.is_done("none")
    assert store.ids() == []


def test_ids_are_sorted_and_leave_out_what_is_being_written(store):
    for name in ("b", "a"):
        store.write_cell(name, DONE)
    (store.cells / ".tmp-c-1").mkdir()

    assert store.ids() == ["a", "b"]


def test_a_stray_file_among_the_cells_is_no_cell(store):
    store.write_cell("a", DONE)
    (store.cells / ".DS_Store").write_text("")
    (store.cells / "notes.txt").write_text("")

    assert [name for name in store.ids() if store.record(name)] == ["a"]


def test_a_second_run_is_refused(store):
    second = Store(store.root).locked()

    with store.locked(), pytest.raises(StudyError, match="Another run is writing to"), second:
        pass


def test_a_run_may_follow_another(store):
    for _ in range(2):
        with store.locked():
            assert store.cells.is_dir()


def test_the_lock_is_free_after_an_error(store):
    with pytest.raises(KeyError), store.locked():
        raise KeyError

    with store.locked():
        pass


def test_leftovers_of_killed_runs_are_removed(store):
    left = store.cells / ".tmp-one-123"
    left.mkdir(parents=True)
    (left / "cell.json").write_text("{")

    with store.locked():
        pass

    assert not left.exists()


def test_a_file_in_the_way_of_the_folder_is_said(tmp_path):
    (tmp_path / "out").write_text("")

    run = Store(tmp_path / "out").locked()

    with pytest.raises(StoreError, match="out: (File exists|Not a directory)"), run:
        pass


def test_texts_are_replaced_in_one_step(store):
    store.write_text("study.toml", "first")
    store.write_text("study.toml", "second")

    assert files_below(store.root) == ["study.toml"]
    assert (store.root / "study.toml").read_text() == "second"


def test_a_text_that_cannot_be_written_keeps_the_old_one(store, monkeypatch):
    store.write_text("study.toml", "first")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", full)
        with pytest.raises(StoreError, match="No space left"):
            store.write_text("study.toml", "second")

    assert files_below(store.root) == ["study.toml"]
    assert (store.root / "study.toml").read_text() == "first"


def test_json_is_written_sorted_and_readable(store):
    store.write_json("plan.json", {"b": 1, "a": "größer"})

    assert (store.root / "plan.json").read_text() == '{\n "a": "größer",\n "b": 1\n}\n'
    assert store.read_json("plan.json") == {"a": "größer", "b": 1}


def test_a_folder_without_a_study_is_said(store):
    with pytest.raises(StudyError, match=r"holds no study \(plan.json is missing\)"):
        store.read_json("plan.json")


def test_a_damaged_plan_is_said_in_one_sentence(store):
    store.write_text("plan.json", '{"cells": [')

    with pytest.raises(StudyError, match=r"plan\.json is damaged .* `run` command .* writes it"):
        store.read_json("plan.json")


def test_a_damaged_record_is_said_in_one_sentence(store):
    store.write_cell("one", DONE)
    (store.path("one") / "cell.json").write_text('{"status": "do')

    with pytest.raises(StoreError, match=r"one.cell\.json is damaged"):
        store.record("one")


def test_damaged_predictions_are_said_in_one_sentence(store):
    store.write_cell("one", DONE, predictions=ARRAYS)
    whole = (store.path("one") / "predictions.npz").read_bytes()
    (store.path("one") / "predictions.npz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(StoreError, match=r"one.predictions\.npz is damaged"):
        store.predictions("one")


def test_pickled_predictions_are_refused(store):
    store.write_cell("one", DONE)
    harmful = np.array([object()], dtype=object)
    np.savez(store.path("one") / "predictions.npz", test_labels=harmful)

    with pytest.raises(StoreError, match=r"one.predictions\.npz is damaged"):
        store.predictions("one")


def test_records_hold_json_only(store):
    store.write_cell("one", DONE | {"nested": {"list": [1, 2.5, None, True]}})

    text = (store.path("one") / "cell.json").read_text()
    assert json.loads(text)["nested"] == {"list": [1, 2.5, None, True]}
