"""Frames kept for the next report."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.frame_cache import FOLDER, FrameCache, code_stamp

FRAME = pd.DataFrame(
    {"name": ["a", "b", "a"], "value": [0.1, np.nan, 1e-300], "n": [1, 2, 3], "flag": [True] * 3}
)


def test_a_frame_is_made_once_and_comes_back_equal(tmp_path):
    made = []
    cache = FrameCache(tmp_path, "code")
    for _ in range(2):
        found = cache.frame("key", lambda: made.append(1) or FRAME)
        pd.testing.assert_frame_equal(found, FRAME)

    assert len(made) == 1


def test_other_keys_and_other_code_are_made_anew(tmp_path):
    made = []
    for stamp, key in (("code", "key"), ("code", "other"), ("newer", "key")):
        FrameCache(tmp_path, stamp).frame(key, lambda: made.append(1) or FRAME)

    assert len(made) == 3


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

    pd.testing.assert_frame_equal(cache.frame("key", lambda: FRAME), FRAME)
    pd.testing.assert_frame_equal(cache.frame("key", lambda: pd.DataFrame()), FRAME)


def test_a_folder_that_cannot_be_written_gives_the_frame_all_the_same(tmp_path):
    (tmp_path / FOLDER).write_text("a file where the folder should be")

    pd.testing.assert_frame_equal(FrameCache(tmp_path, "code").frame("key", lambda: FRAME), FRAME)


def test_the_stamp_follows_the_code():
    assert code_stamp(["reports/metrics"]) == code_stamp(["reports/metrics"])
    assert code_stamp(["reports/metrics"]) != code_stamp(["reports/metrics", "reports/measure.py"])
