"""Which stored cells are stale, and the reason a person reads."""

import pytest

from benchmarks import sources
from benchmarks.sources import changed_sources, digest, source_files
from benchmarks.staleness import changed_code, differences, stale_cells
from benchmarks.store import Store
from methods.focal import Focal

NOW = {"protocol": {"images": 6000, "crop": 0.9}, "settings": {"gamma": 2.0}, "fingerprint": "aa"}


def cell(cell_id: str, seed: int = 0, **changes):
    description = {**NOW, **changes}
    return {
        "id": cell_id, "dataset": "synthetic", "method": "focal", "seed": seed,
        "description": description,
    }  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def keep(store: Store, record: dict, **changes) -> None:
    store.write_cell(record["id"], record | {"status": "done", "sources": {}} | changes)


def test_planned_cells_are_not_stale(store):
    keep(store, cell("a"))

    assert stale_cells(store, {"cells": [cell("a")]}) == []


def test_a_stale_cell_says_which_settings_differ(store):
    keep(store, cell("old", protocol={"images": 600, "crop": 0.9}, settings={"gamma": 3.0}))

    assert stale_cells(store, {"cells": [cell("new")]}) == [
        "old: protocol.images was 600, is now 6000; settings.gamma was 3.0, is now 2.0"
    ]


def test_a_cell_of_another_seed_is_not_part_of_the_study(store):
    keep(store, cell("other", seed=7))

    assert stale_cells(store, {"cells": [cell("new")]}) == ["other: not part of this study"]


def test_changed_data_are_said_in_words_not_in_digests():
    assert differences(NOW, {**NOW, "fingerprint": "bb"}) == ["the data changed"]


def test_settings_that_came_or_went_are_absent_on_one_side():
    assert differences({"a": 1}, {"b": 2}) == [
        "a was 1, is now absent",
        "b was absent, is now 2",
    ]


def test_equal_descriptions_do_not_differ():
    assert differences(NOW, dict(NOW)) == []


def test_a_method_is_made_of_its_file_and_the_pieces_it_names():
    files = source_files(Focal)

    assert {"methods/focal.py", "methods/base.py", "methods/ops.py"} <= set(files)
    assert files["methods/focal.py"] == digest(sources.ROOT / "methods" / "focal.py")


def test_only_changed_or_missing_files_are_named():
    stored = source_files(Focal) | {"methods/ops.py": "other", "methods/gone.py": "x"}

    assert changed_sources(stored) == ["methods/gone.py", "methods/ops.py"]


def test_code_changed_since_a_cell_was_run_is_named(store):
    keep(store, cell("a"), sources={"methods/focal.py": "other"})

    assert changed_code(store, {"cells": [cell("a")]}) == {"focal": ["methods/focal.py"]}


def test_code_of_failed_and_missing_cells_is_not_compared(store):
    store.write_cell("a", cell("a") | {"status": "failed"})

    assert changed_code(store, {"cells": [cell("a"), cell("b")]}) == {}
