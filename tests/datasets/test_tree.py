"""Folders and archives alike: what is found, read in place, and said of what cannot be read."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from datasets import archives
from datasets.errors import DataError
from datasets.tree import Source, Tree, open_tree

FILES = {"labels.csv": b"image,label\n", "a/1.jpg": b"one", "a/2.jpg": b"two" * 500, "b/1.jpg": b""}


def write(folder: Path, files=FILES) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def packed(files=FILES, method=zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def opened(root: Path, *markers: str) -> Tree:
    return open_tree(root, "set", markers or ("labels.csv",))


def contents_of(tree: Tree) -> dict[str, bytes]:
    return {path: source.read() for path, source in tree.files.items()}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_reads_as_its_folder(tmp_path, method):
    folder = opened(write(tmp_path / "folder" / "set"))
    (tmp_path / "zip").mkdir()
    backwards = dict(reversed(FILES.items()))
    (tmp_path / "zip" / "Set.ZIP").write_bytes(packed(backwards, method))
    archive = opened(tmp_path / "zip")

    assert contents_of(folder) == contents_of(archive) == FILES
    assert list(folder.files) == list(archive.files)
    assert [s.name for s in folder.files.values()] == [s.name for s in archive.files.values()]


@pytest.mark.parametrize("outer", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("inner", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_in_an_archive_is_read_however_both_are_packed(tmp_path, outer, inner):
    pictures = packed({"a/1.jpg": b"one", "a/2.jpg": b"two" * 500}, inner)
    whole = packed({"labels.csv": b"image\n", "Image/a.zip": pictures, "z": b"last"}, outer)
    (tmp_path / "set.zip").write_bytes(b"some bytes in front" + whole)
    tree = opened(tmp_path)

    assert tree.files["Image/a.zip/a/1.jpg"].read() == b"one"
    assert tree.below("a", (".jpg",))["2.jpg"].read() == b"two" * 500
    assert tree.files["z"].read() == b"last"
    assert tree.files["Image/a.zip/a/1.jpg"].shown == f"{tmp_path}/set.zip!Image/a.zip!a/1.jpg"


def test_an_archive_in_a_folder_is_entered_unless_it_lies_unpacked_beside(tmp_path):
    write(tmp_path, {"labels.csv": b"", "a.zip": packed({"1.jpg": b"in the archive"})})
    assert "a.zip/1.jpg" in opened(tmp_path).files

    write(tmp_path, {"a/1.jpg": b"unpacked"})
    tree = opened(tmp_path)
    assert "a.zip/1.jpg" not in tree.files
    assert tree.below("a")["1.jpg"].read() == b"unpacked"


def test_an_archive_that_was_written_again_is_read_again(tmp_path):
    for content in (b"before", b"after it"):
        (tmp_path / "set.zip").write_bytes(packed({"labels.csv": b"", "1.jpg": content}))
        assert opened(tmp_path).files["1.jpg"].read() == content


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stretches_of_a_member_are_read_in_any_order(tmp_path, method, monkeypatch):
    monkeypatch.setattr(archives, "_STEP", 512)
    content = np.random.default_rng(0).integers(0, 64, 20_000, dtype=np.uint8).tobytes()
    (tmp_path / "set.zip").write_bytes(packed({"labels.csv": b"", "all": content}, method))
    source = opened(tmp_path).files["all"]
    spans = [(0, 10), (700, 1300), (2000, 1), (5000, 9000), (100, 300), (19_990, 50), (0, 20_000)]

    for start, length in spans:
        stretch = Source(source.path, source.members, (start, length), source.member)
        assert stretch.read() == content[start : start + length]


def test_stretches_in_ascending_order_unpack_a_member_once(tmp_path, monkeypatch):
    content = np.random.default_rng(0).integers(0, 256, 400_000, dtype=np.uint8).tobytes()
    (tmp_path / "set.zip").write_bytes(packed({"labels.csv": b"", "all": content}))
    source = opened(tmp_path).files["all"]
    seen = []
    inner = archives._Inflating._packed

    def counting(self):
        seen.append(inner(self))
        return seen[-1]

    monkeypatch.setattr(archives, "_STEP", 10_000)
    monkeypatch.setattr(archives._Inflating, "_packed", counting)
    for start in range(0, 400_000, 4_000):
        stretch = Source(source.path, source.members, (start, 4_000), source.member)
        assert stretch.read() == content[start : start + 4_000]

    assert sum(map(len, seen)) == source.member.packed


def test_names_of_windows_archives_have_slashes(tmp_path):
    (tmp_path / "set.zip").write_bytes(packed({"labels.csv": b"", "a\\b\\1.jpg": b"one"}))
    (source,) = opened(tmp_path).below("b").values()

    assert source.read() == b"one" and source.name == "1.jpg"


@pytest.mark.parametrize("ending", ["LABELS.csv", "labels.csv"])
def test_case_of_names_does_not_matter(tmp_path, ending):
    write(tmp_path / "x", {"Anno/Labels.CSV": b"found", "IMAGES/1.JPG": b"one"})
    tree = opened(tmp_path, f"anno/{ending}")

    assert tree.need(f"anno/{ending}").read() == b"found"
    assert list(tree.below("images", (".jpg",))) == ["1.JPG"]


def test_of_several_files_of_a_name_the_nearest_to_the_root_is_found(tmp_path):
    write(tmp_path, {"labels.csv": b"", "z/list.txt": b"near", "a/b/list.txt": b"far"})

    assert opened(tmp_path).need("list.txt").read() == b"near"
    assert opened(tmp_path).need("b/list.txt").read() == b"far"
    assert opened(tmp_path).find("c/list.txt") is None


def test_junk_of_other_systems_is_no_file_of_the_set(tmp_path):
    junk = dict.fromkeys(
        ("__MACOSX/a/._1.jpg", "a/._1.jpg", "a/Thumbs.db", ".DS_Store", "__MACOSX/labels.csv"), b""
    )
    write(tmp_path / "folder", FILES | junk)
    (tmp_path / "zip").mkdir()
    (tmp_path / "zip" / "set.zip").write_bytes(packed(FILES | junk))

    assert set(opened(tmp_path / "folder").files) == set(FILES)
    assert set(opened(tmp_path / "zip").files) == set(FILES)


def test_links_to_folders_are_followed_and_circles_are_not(tmp_path):
    write(tmp_path / "elsewhere", {"1.jpg": b"one"})
    folder = write(tmp_path / "root" / "set", {"labels.csv": b"", "own/2.jpg": b"two"})
    (folder / "a").symlink_to(tmp_path / "elsewhere")
    (folder / "own" / "back").symlink_to(folder)
    (folder / "itself").symlink_to("itself")
    (folder / "nowhere").symlink_to("not there")

    assert set(opened(tmp_path / "root").files) == {"labels.csv", "a/1.jpg", "own/2.jpg"}


def test_pipes_are_not_read(tmp_path):
    write(tmp_path, {"labels.csv": b""})
    os.mkfifo(tmp_path / "1.jpg")

    assert set(opened(tmp_path).files) == {"labels.csv"}


def test_what_cannot_be_read_is_named_by_who_misses_a_file(tmp_path):
    write(tmp_path, {"labels.csv": b"", "a.zip": packed({"list.txt": b""})[:-30]})
    tree = opened(tmp_path)

    assert list(tree.unread) == ["a.zip"]
    with pytest.raises(DataError, match=r"lacks list.txt \(a.zip cannot be read: not a whole zip"):
        tree.need("list.txt")


def test_a_damaged_archive_is_named_where_no_set_is_found(tmp_path):
    (tmp_path / "set.zip").write_bytes(packed()[:-30])

    with pytest.raises(DataError, match=r"\(set.zip cannot be read: not a whole zip archive"):
        opened(tmp_path)


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    write(tmp_path, {"labels.csv": b"", "a/list.txt": b""})
    scan = os.scandir

    # The rights themselves are no test: they do not bind root.
    def forbidden(path):
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(DataError, match=r"lacks list.txt \(a cannot be read: Permission denied\)"):
        opened(tmp_path).need("list.txt")


def test_an_archive_of_another_set_is_not_unpacked_to_look_into_it(tmp_path, monkeypatch):
    inner = packed({"labels.csv": b"other"})
    (tmp_path / "a.zip").write_bytes(packed({"pictures.zip": inner}))
    (tmp_path / "b.zip").write_bytes(packed())
    monkeypatch.setattr(archives, "_unpacked", None)

    assert opened(tmp_path).root.name == "b.zip"


def test_text_has_no_mark_at_its_start_and_bad_text_is_named(tmp_path):
    write(tmp_path, {"good": "\ufeffläuft".encode(), "bad": b"\xff\xfe\x00"})

    assert Source(tmp_path / "good").text() == "läuft"
    with pytest.raises(DataError, match="bad cannot be read as text"):
        Source(tmp_path / "bad").text()


def test_a_place_without_a_file_is_missing_in_folders_and_archives(tmp_path):
    write(tmp_path / "folder")
    (tmp_path / "zip").mkdir()
    (tmp_path / "zip" / "set.zip").write_bytes(packed())
    for root in ("folder", "zip"):
        with pytest.raises(FileNotFoundError):
            opened(tmp_path / root).place("a/9.jpg").read()


def test_finding_files_does_not_look_at_all_of_them(tmp_path):
    files = {f"{n % 97}/{n}.jpg": Source(tmp_path) for n in range(20_000)}
    tree = Tree(tmp_path, files)
    looked = []

    class Counted(dict):
        def __getitem__(self, key):
            looked.append(key)
            return super().__getitem__(key)

        def __iter__(self):
            looked.append("all")
            return super().__iter__()

    tree = Tree(tmp_path, Counted(files))
    for n in range(0, 20_000, 10):
        assert tree.find(f"{n}.jpg") is not None
    assert looked.count("all") == 1
