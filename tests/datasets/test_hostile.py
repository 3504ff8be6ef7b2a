"""Files made to do harm: nothing outside the cache is written, nothing outside the set is read."""

import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import ROOT
from datasets import archives
from datasets.errors import DataError
from datasets.london import London
from datasets.preparation import Prepared
from datasets.tree import LARGEST_PICTURE, open_tree
from tests.datasets.miniatures import london

MARK = {"labels.csv": b""}


def archive_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return bytearray(written.getvalue())


def tree_of(folder: Path, content: bytes):
    (folder / "set.zip").write_bytes(content)
    return open_tree(folder, "set", tuple(MARK))


def in_directory(content: bytearray, name: str, offset: int, layout: str, value: int) -> bytearray:
    """The archive with a number changed in the directory's entry of a member."""
    place = content.rindex(name.encode()) - 46
    assert content[place : place + 4] == b"PK\x01\x02"
    struct.pack_into(layout, content, place + offset, value)
    return content


def everything_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/../../x.jpg", "..\\..\\x.jpg", "C:\\x.jpg",
             "C:/x.jpg"]
)  # fmt: skip
def test_members_whose_names_leave_the_archive_are_passed_over(tmp_path, name):
    tree = tree_of(tmp_path, archive_of(MARK | {name: b"evil", "good.jpg": b"good"}))

    assert set(tree.files) == {"labels.csv", "good.jpg"}


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "images/../../secret.jpg", "/etc/passwd", "..\\secret.jpg"]
)
def test_a_label_file_that_climbs_out_of_its_folder_is_refused_by_line(tmp_path, name):
    folder = london.make(tmp_path / "sets")
    table = next(folder.rglob("labels.csv"))
    picture = next((tmp_path / "sets").rglob("*.jpg"))
    (picture.parents[2] / "secret.jpg").write_bytes(picture.read_bytes())
    lines = table.read_text().splitlines()
    cells = lines[3].split(",")
    lines[3] = ",".join([name, *cells[1:]])
    table.write_text("\n".join(lines) + "\n")

    with pytest.raises(DataError, match=r"line 4: image must name a file below"):
        London().load(tmp_path / "sets", tmp_path / "cache", 4)


def test_nothing_but_the_cache_is_written(tmp_path):
    london.make(tmp_path / "sets")
    evil = archive_of({"../../escaped.txt": b"x", "/tmp/escaped.txt": b"x", "a.jpg": b"x"})
    (tmp_path / "sets" / "evil.zip").write_bytes(evil)
    before = everything_below(tmp_path)
    London().load(tmp_path / "sets", tmp_path / "cache", 4)
    after = everything_below(tmp_path)

    new = {name for name in after if name not in before or after[name] != before[name]}
    assert new and all(name.startswith("cache/") for name in new)
    assert not Path("/tmp/escaped.txt").exists()


# --- archives ----------------------------------------------------------------------------------


def test_a_picture_that_unpacks_to_more_than_any_picture_is_refused_unread(tmp_path):
    zeros = archive_of(MARK | {"bomb.jpg": b"\0" * (LARGEST_PICTURE + 1)})
    assert len(zeros) < LARGEST_PICTURE / 900  # about a thousand to one
    source = tree_of(tmp_path, zeros).files["bomb.jpg"]

    with pytest.raises(OSError, match="too large"):
        source.read(LARGEST_PICTURE)


def test_a_table_that_shrank_a_thousandfold_is_refused_unread(tmp_path):
    (tmp_path / "set.zip").write_bytes(archive_of({"labels.csv": b"\0" * (32 << 20)}))
    tree = open_tree(tmp_path, "set", ("labels.csv",))

    with pytest.raises(DataError, match="zip bomb"):
        tree.need("labels.csv").text()


def test_a_member_larger_than_it_says_is_unpacked_no_further_than_it_says(tmp_path):
    content = archive_of(MARK | {"liar.jpg": b"\0" * (50 << 20)})
    tree = tree_of(tmp_path, in_directory(content, "liar.jpg", 24, "<I", 1000))
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from datasets.tree import open_tree\n"
        "source = open_tree(Path(sys.argv[1]), 'set', ('labels.csv',)).files['liar.jpg']\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    source.read()\n"
        "except OSError as error:\n    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    ).stdout.splitlines()  # fmt: skip

    assert out[0] == "damaged in its archive (size or checksum differ)"
    assert int(out[1]) < 5_000  # KiB; all of it would take 51,200
    assert tree.files["liar.jpg"].member.size == 1000


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [(16, "<I", 1), (20, "<I", 5), (20, "<I", 0xFFFFFFF0), (24, "<I", 2), (42, "<I", 7),
     (42, "<I", 0x7FFFFFF0)],
    ids=["checksum", "packed less", "packed more", "size", "another place", "beyond the end"],
)  # fmt: skip
def test_a_directory_that_lies_makes_a_bad_picture(tmp_path, offset, layout, value):
    content = archive_of(MARK | {"liar.jpg": bytes(range(256)) * 4})
    try:
        tree = tree_of(tmp_path, in_directory(content, "liar.jpg", offset, layout, value))
    except DataError:
        return  # zipfile itself found the archive to be no whole one.

    with pytest.raises(OSError, match=r"damaged|too large"):
        tree.files["liar.jpg"].read()


def test_an_encrypted_member_says_what_to_do(tmp_path):
    content = in_directory(archive_of(MARK | {"secret.jpg": b"x"}), "secret.jpg", 8, "<H", 1)

    with pytest.raises(OSError, match="encrypted: unpack the archive with its password"):
        tree_of(tmp_path, content).files["secret.jpg"].read()


def test_a_member_packed_in_another_way_says_what_to_do(tmp_path):
    content = in_directory(archive_of(MARK | {"odd.jpg": b"x"}), "odd.jpg", 10, "<H", 9)

    with pytest.raises(OSError, match=r"not read here \(9\): unpack it"):
        tree_of(tmp_path, content).files["odd.jpg"].read()


@pytest.mark.parametrize("where", ["front", "middle", "end"])
def test_a_damaged_archive_breaks_its_own_members_only(tmp_path, where):
    noise = np.random.default_rng(0).integers(0, 256, (3, 3000), dtype=np.uint8)
    files = {f"{n}.jpg": noise[n].tobytes() for n in range(3)}
    content = archive_of(MARK | files, zipfile.ZIP_STORED)
    place = {"front": 200, "middle": 4000, "end": 7500}[where]
    content[place : place + 50] = b"\0" * 50
    tree = tree_of(tmp_path, content)

    readable = []
    for name in files:
        try:
            readable.append(tree.files[name].read() == files[name])
        except OSError as error:
            assert "damaged" in str(error)
    assert readable == [True, True]


def test_archives_in_archives_in_archives_are_not_entered(tmp_path):
    deepest = bytes(archive_of({"a.jpg": b"a"}))
    inner = bytes(archive_of({"deepest.zip": deepest}))
    tree = tree_of(tmp_path, archive_of(MARK | {"inner.zip": inner}))

    assert "inner.zip/deepest.zip" in tree.files
    assert "inner.zip/deepest.zip/a.jpg" not in tree.files


def test_an_inner_archive_too_large_to_unpack_into_memory_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_INNER", 1000)
    inner = bytes(archive_of({"list.txt": bytes(range(256)) * 8}, zipfile.ZIP_STORED))
    tree = tree_of(tmp_path, archive_of(MARK | {"inner.zip": inner}))

    with pytest.raises(DataError, match=r"inner.zip cannot be read: .*unpack the outer one"):
        tree.need("list.txt")


# --- pictures ----------------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png_bomb() -> bytes:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    zeros = zlib.compress(b"\0" * (10 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zeros)


def text_bomb() -> bytes:
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    text = chunk(b"zTXt", b"key\0\0" + zlib.compress(b"x" * (100 << 20), 9))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 52))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + pixels + chunk(b"IEND", b"")


def whole_jpeg() -> bytes:
    written = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(written, "JPEG")
    return written.getvalue()


BAD = {
    "empty": b"",
    "text": b"this is a text named .jpg\n" * 40,
    "page": b"<html><body>404</body></html>",
    "cut jpeg": whole_jpeg()[:-700],
    "jpeg of nothing": b"\xff\xd8\xff\xd9",
    "png bomb": png_bomb(),
    "text bomb": text_bomb(),
    "script": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\nshowpage\n%%EOF\n",
    "archive": bytes(archive_of({"a.jpg": whole_jpeg()})),
    "zeros": b"\0" * 5000,
}


def test_every_bad_picture_is_a_listed_file_and_the_others_are_read(tmp_path):
    folder = london.make(tmp_path / "sets")
    victims = sorted(folder.rglob("*.jpg"))[: len(BAD)]
    for victim, content in zip(victims, BAD.values(), strict=True):
        victim.write_bytes(content)
    data = London(London.Settings(tolerated=0.9))
    listing, found = data.prepare(tmp_path / "sets", tmp_path / "cache", 4)

    assert isinstance(found, Prepared)
    bad = {listing.pictures[one.row].path: one.reason for one in found.bad}
    assert set(bad) == set(victims)
    assert all(bad.values()) and not any("0x" in reason for reason in bad.values())
    assert len(found.images) == len(listing) - len(BAD)
    assert len((found.folder / "bad.csv").read_text().splitlines()) == len(BAD) + 1


def test_a_folder_in_the_place_of_a_picture_is_a_listed_file(tmp_path):
    folder = london.make(tmp_path / "sets")
    victim = next(iter(sorted(folder.rglob("*.jpg"))))
    victim.unlink()
    os.mkdir(victim)  # noqa: PTH102
    data = London(London.Settings(tolerated=0.9))

    _, found = data.prepare(tmp_path / "sets", tmp_path / "cache", 4)
    assert len(found.bad) == 1
