"""Frames kept for the next report."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.frame_cache import (
    FOLDER,
    FrameCache,
    Words,
    code_stamp,
    columns_of,
    frame_of,
    joined,
)

FRAME = pd.DataFrame(
    {"name": ["a", "b", "a"], "value": [0.1, np.nan, 1e-300], "n": [1, 2, 3], "flag": [True] * 3}
)
WORDS = pd.CategoricalDtype(pd.Index(["a", "b"], dtype=object))
KEPT = FRAME.astype({"name": WORDS})


def test_a_frame_is_made_once_and_comes_back_equal(tmp_path):
    made = []
    cache = FrameCache(tmp_path, "code")
    for _ in range(2):
        found = cache.frame("key", lambda: made.append(1) or FRAME)
        pd.testing.assert_frame_equal(found, KEPT)

    assert len(made) == 1


def test_other_keys_and_other_code_are_made_anew(tmp_path):
    made = []
    for stamp, key in (("code", "key"), ("code", "other"), ("newer", "key")):
        FrameCache(tmp_path, stamp).frame(key, lambda: made.append(1) or FRAME)

    assert len(made) == 3


def test_words_are_categories_in_alphabetical_order_whatever_order_they_came_in():
    frame = frame_of({"name": Words(np.array([0, 1, 0], np.int32), ["z", "b"])})

    assert frame["name"].cat.categories.tolist() == ["b", "z"]
    assert frame["name"].tolist() == ["z", "b", "z"]


def test_joined_columns_are_the_rows_of_all_with_one_set_of_words():
    other = pd.DataFrame(
        {"name": ["c", "a"], "value": [1.0, 2.0], "n": [4, 5], "flag": [False] * 2}
    )

    found = frame_of(joined([columns_of(FRAME), columns_of(other)]))

    assert found["name"].tolist() == ["a", "b", "a", "c", "a"]
    assert found["name"].cat.categories.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(found["value"], [0.1, np.nan, 1e-300, 1.0, 2.0])
    assert found["n"].tolist() == [1, 2, 3, 4, 5]
    assert found["flag"].tolist() == [True] * 3 + [False] * 2


def test_an_empty_frame_keeps_its_columns(tmp_path):
    empty = pd.DataFrame(columns=["name", "value"])
    for _ in range(2):
        assert list(FrameCache(tmp_path, "code").frame("key", lambda: empty).columns) == [
            "name", "value",
        ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK damaged", b"no archive at all"])
def test_a_damaged_file_is_made_anew(tmp_path, content):
    cache = FrameCache(tmp_path, "code")
    cache.frame("key", lambda: FRAME)
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_bytes(content)

    pd.testing.assert_frame_equal(cache.frame("key", lambda: FRAME), KEPT)
    pd.testing.assert_frame_equal(cache.frame("key", lambda: pd.DataFrame()), KEPT)


def test_a_folder_that_cannot_be_written_gives_the_frame_all_the_same(tmp_path):
    (tmp_path / FOLDER).write_text("a file where the folder should be")

    pd.testing.assert_frame_equal(FrameCache(tmp_path, "code").frame("key", lambda: FRAME), KEPT)


def test_the_stamp_follows_the_code():
    assert code_stamp(["reports/metrics"]) == code_stamp(["reports/metrics"])
    assert code_stamp(["reports/metrics"]) != code_stamp(["reports/metrics", "reports/measure.py"])
