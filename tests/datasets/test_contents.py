"""What identifies pictures: the same wherever they lie, another where one changed, quick again."""

import json
import os
import time
import zipfile
import zlib

import pytest

from datasets import contents
from datasets.contents import MISSING, checksums, digest
from datasets.errors import DataError
from datasets.tree import Source, open_tree

OLD = time.time_ns() - 3600 * 10**9


@pytest.fixture
def files(tmp_path):
    """Ten files in two folders, unchanged for an hour."""
    paths = [tmp_path / "set" / f"{n % 2}" / f"{n}.jpg" for n in range(10)]
    for n, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, bytes([n]) * (n + 1))
    return [Source(path) for path in paths]


def write(path, content, when=OLD):
    path.write_bytes(content)
    os.utime(path, ns=(when, when))


def test_size_and_crc_32_of_each_file(files):
    found = checksums(files)

    assert found == [(n + 1, zlib.crc32(bytes([n]) * (n + 1))) for n in range(10)]


def test_a_missing_file_is_told_from_an_empty_one(files):
    files[3].path.unlink()
    files[4].path.write_bytes(b"")

    assert checksums(files)[3:5] == [MISSING, (0, 0)]


def test_the_digest_follows_name_content_and_order(files):
    prints = {digest(files), digest(files[::-1]), digest(files[:9])}
    write(files[2].path, b"xyz")
    prints.add(digest(files))
    files[2].path.rename(files[2].path.with_name("other.jpg"))
    prints.add(digest([*files[:2], Source(files[2].path.with_name("other.jpg")), *files[3:]]))

    assert len(prints) == 5


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_has_the_digest_of_its_folder_and_no_member_is_read(
    files, tmp_path, method, monkeypatch
):
    (tmp_path / "packed").mkdir()
    with zipfile.ZipFile(tmp_path / "packed" / "set.zip", "w", method) as archive:
        for source in files:
            archive.write(source.path, source.path.relative_to(tmp_path))
    tree = open_tree(tmp_path / "packed", "set", ("set/0",))
    members = [tree.files[f"set/{n % 2}/{n}.jpg"] for n in range(10)]
    monkeypatch.setattr("datasets.archives.read_member", None)

    assert digest(members) == digest(files)


def test_the_second_call_reads_no_file(files, tmp_path):
    first = digest(files, tmp_path / "cache")
    # Other content of the same size and time of change: who reads it would notice.
    for n, source in enumerate(files):
        write(source.path, b"?" * (n + 1))

    assert digest(files, tmp_path / "cache") == first
    assert digest(files) != first


@pytest.mark.parametrize(
    ("content", "when"), [(b"longer than before", OLD), (bytes([2]) * 3 + b"", OLD + 1)],
    ids=["size", "time"],
)  # fmt: skip
def test_a_file_of_another_size_or_time_is_read_again(files, tmp_path, content, when):
    digest(files, tmp_path / "cache")
    write(files[2].path, b"abc" if when != OLD else content, when)

    assert digest(files, tmp_path / "cache") == digest(files)


def test_a_file_that_has_just_changed_is_not_trusted_the_next_time(files, tmp_path):
    write(files[2].path, b"one", time.time_ns())
    digest(files, tmp_path / "cache")
    now = files[2].path.stat().st_mtime_ns
    write(files[2].path, b"two", now)  # within the same tick of the clock

    assert digest(files, tmp_path / "cache") == digest(files)


@pytest.mark.parametrize(
    "content", ["", "[1, 2]", '{"format": 2}', '{"format": 0, "folder": "", "files": {}}']
)
def test_a_damaged_index_is_made_anew(files, tmp_path, content):
    first = digest(files, tmp_path / "cache")
    (index,) = (tmp_path / "cache").iterdir()
    index.write_text(content)

    assert digest(files, tmp_path / "cache") == first
    assert json.loads(index.read_text())["format"] == contents.FORMAT


def test_the_index_keeps_files_that_this_call_did_not_ask_for(files, tmp_path):
    digest(files, tmp_path / "cache")
    (index,) = (tmp_path / "cache").iterdir()
    write(files[9].path, b"new")
    digest([files[0], files[9]], tmp_path / "cache")

    assert len(json.loads(index.read_text())["files"]) == 10


def test_a_cache_below_a_file_is_one_sentence(files, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(DataError, match="cannot be written .*--cache"):
        digest(files, tmp_path / "file")


def test_a_stretch_has_its_own_size_and_place(files):
    whole = files[9]
    first, second = (Source(whole.path, span=(start, 4)) for start in (0, 4))

    (size, checksum), other = checksums([first, second])
    assert size == 4 and (size, checksum) == other == (4, checksums([whole])[0][1])
    assert digest([first]) != digest([second])


def test_who_asks_is_told_how_far_the_reading_is(files, monkeypatch):
    monkeypatch.setattr(contents, "_BATCH", 4)
    told = []
    digest(files, None, lambda done, total: told.append((done, total)))

    assert told == [(4, 10), (8, 10), (10, 10)]
