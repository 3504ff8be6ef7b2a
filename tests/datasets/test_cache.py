"""The picture cache: whole or not there, rebuilt when in doubt, one sentence when it cannot be."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from datasets import cache as module
from datasets.cache import META, read_or_build
from datasets.errors import DataError


class Builder:
    """Counts its calls; the arrays carry the number of the call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.calls += 1
        images = np.full((5, 4, 4, 3), self.calls, dtype=np.uint8)
        return {"images": images, "names": np.array(["a", "bcd"]), "none": np.zeros((0, 2))}


def test_the_second_call_maps_what_the_first_built(tmp_path):
    builder = Builder()
    first = read_or_build(tmp_path / "deep" / "cache", "key", builder)
    second = read_or_build(tmp_path / "deep" / "cache", "key", builder)
    assert builder.calls == 1
    assert isinstance(second["images"], np.memmap) and not second["images"].flags.writeable
    for name in ("images", "names", "none"):
        np.testing.assert_array_equal(first[name], second[name])
        assert first[name].dtype == second[name].dtype
    assert [path.name for path in (tmp_path / "deep" / "cache").iterdir()] == ["key"]


def _other_format(folder: Path) -> None:
    meta = json.loads((folder / META).read_text())
    (folder / META).write_text(json.dumps({**meta, "format": -1}))


def _cut(name: str, size: int):
    return lambda folder: os.truncate(folder / name, size)


def _replaced_by_a_file(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("not a folder")


DAMAGE = {
    "other format": _other_format,
    "no meta": lambda folder: (folder / META).unlink(),
    "meta cut": _cut(META, 20),
    "meta empty": _cut(META, 0),
    "meta of another kind": lambda folder: (folder / META).write_text("[1]"),
    "array missing": lambda folder: (folder / "images.npy").unlink(),
    "array cut": _cut("images.npy", 200),
    "header cut": _cut("images.npy", 50),
    "array empty": _cut("images.npy", 0),
    "wrong shape": lambda folder: np.save(folder / "images.npy", np.zeros((4, 4), np.uint8)),
    "wrong dtype": lambda folder: np.save(folder / "images.npy", np.zeros((5, 4, 4, 3), np.int8)),
    "a file in its place": _replaced_by_a_file,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_cache_that_is_not_whole_is_rebuilt(tmp_path, damage):
    builder = Builder()
    read_or_build(tmp_path, "key", builder)
    damage(tmp_path / "key")
    arrays = read_or_build(tmp_path, "key", builder)
    assert builder.calls == 2
    assert (arrays["images"] == 2).all()
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_the_builder_who_comes_second_takes_what_the_first_stored(tmp_path):
    def slow() -> dict[str, np.ndarray]:
        read_or_build(tmp_path, "key", Builder())
        return {"images": np.zeros(3)}

    assert read_or_build(tmp_path, "key", slow)["images"].shape == (5, 4, 4, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


RACE = """
import sys, numpy as np
from pathlib import Path
from datasets.cache import read_or_build
for key in "abc":
    arrays = read_or_build(Path(sys.argv[1]), key, lambda: {"x": np.full(20_000, int(sys.argv[2]))})
    assert len(set(arrays["x"].tolist())) == 1
"""


def test_processes_that_build_at_once_do_each_other_no_harm(tmp_path):
    checkout = Path(module.__file__).resolve().parents[1]
    commands = [[sys.executable, "-c", RACE, str(tmp_path), str(n)] for n in range(3)]
    workers = [subprocess.Popen(command, cwd=checkout) for command in commands]
    assert [worker.wait(60) for worker in workers] == [0] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_old_leavings_are_removed_and_young_ones_left_to_their_builder(tmp_path):
    for name, age in ((".tmp-key-1-1", 2 * 24 * 3600), (".tmp-key-1-2", 60)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "images.npy").write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    read_or_build(tmp_path, "key", Builder())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".tmp-key-1-2", "key"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, None], ids=["full", "quota", "short"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch, code):
    def full(path, array, **_):
        Path(path).write_bytes(b"half")
        raise OSError(code, "x") if code else OSError("100 requested and 7 written")

    monkeypatch.setattr(module.np, "save", full)
    with pytest.raises(DataError, match="^The disk is full while writing the cache .*key: .*\\.$"):
        read_or_build(tmp_path, "key", Builder())
    assert list(tmp_path.iterdir()) == []


def test_a_cache_below_a_file_is_one_sentence_and_builds_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    builder = Builder()
    with pytest.raises(DataError, match="cannot be used"):
        read_or_build(tmp_path / "file", "key", builder)
    assert builder.calls == 0


def test_a_folder_that_forbids_writing_is_said_before_anything_is_built(tmp_path, monkeypatch):
    # The rights themselves are no test: they do not bind root.
    def forbidden(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", forbidden)
    builder = Builder()
    with pytest.raises(DataError, match="Permission denied"):
        read_or_build(tmp_path / "cache", "key", builder)
    assert builder.calls == 0


def test_a_build_that_fails_leaves_nothing(tmp_path):
    def broken() -> dict[str, np.ndarray]:
        raise DataError("no pictures")

    with pytest.raises(DataError, match="no pictures"):
        read_or_build(tmp_path, "key", broken)
    assert list(tmp_path.iterdir()) == []
