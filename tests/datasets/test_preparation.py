"""Pictures decoded once: continued after a kill, once for all processes, never taken for others."""

import dataclasses
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import cache as stores
from datasets import contents, journal, pictures, preparation
from datasets.decoding import decode
from datasets.errors import DataError
from datasets.listing import Listing
from datasets.pictures import Geometry, open_picture
from datasets.preparation import BAD_TABLE, check_tolerated, prepared
from datasets.tree import Source

CHECKOUT = Path(preparation.__file__).resolve().parents[1]
SIDE = 8


def make_files(folder: Path, count: int) -> list[Source]:
    folder.mkdir()
    for n in range(count):
        noise = np.random.default_rng(n).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{n:04}.png")
    return [Source(path) for path in sorted(folder.iterdir())]


def listing_of(files: list[Source], **more) -> Listing:
    return Listing(
        (), tuple(files), tuple(source.name for source in files),
        np.zeros(len(files), dtype=np.int64), **more,
    )  # fmt: skip


@pytest.fixture
def listing(tmp_path):
    return listing_of(make_files(tmp_path / "files", 20))


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """`prepared` in tasks of four pictures."""
    monkeypatch.setattr(preparation, "_TASK", 4)

    def run(listing, geometry=None, cache=tmp_path / "cache", **more):
        digest = contents.digest(listing.pictures)
        more = {"name": "set", "workers": 1, **more}
        return prepared(listing, digest, geometry or Geometry(SIDE), cache=cache, **more)

    return run


def decoded_by_hand(listing: Listing) -> np.ndarray:
    return np.stack([np.asarray(Image.open(source.path)) for source in listing.pictures])


class Stopped(BaseException):
    """Stands for whatever ends a process."""


def stop_after(monkeypatch, tasks: int, error: BaseException) -> None:
    """Makes the decoding end with `error` once so many tasks are done."""
    done = []

    def failing(task, target):
        if len(done) == tasks:
            raise error
        done.append(task)
        return decode(task, target)

    monkeypatch.setattr(preparation, "decode", failing)


def test_pictures_come_back_as_they_are_from_a_read_only_map(listing, prepare):
    found = prepare(listing)

    assert isinstance(found.images, np.memmap) and not found.images.flags.writeable
    np.testing.assert_array_equal(found.images, decoded_by_hand(listing))
    assert (found.decoded, found.bad, found.rows.tolist()) == (20, (), list(range(20)))
    assert sorted(path.name for path in found.folder.parent.iterdir()) == [found.folder.name]


def test_the_second_call_decodes_nothing(listing, prepare, monkeypatch):
    first = prepare(listing)
    monkeypatch.setattr(preparation, "decode", None)
    again = prepare(listing)

    assert again.decoded == 0
    np.testing.assert_array_equal(again.images, first.images)


def test_worker_processes_give_the_same_bytes(listing, prepare, tmp_path):
    here = prepare(listing)
    there = prepare(listing, cache=tmp_path / "other", workers=2)

    assert there.images.tobytes() == here.images.tobytes()


def test_worker_processes_import_no_torch(tmp_path):
    code = (
        "import sys, datasets.decoding, datasets.preparation; "
        "sys.exit('torch' in sys.modules or 'pandas' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False).returncode == 0


# --- what decides the pixels -------------------------------------------------------------------


def boxes(side: int) -> np.ndarray:
    return np.tile([0.0, 0.0, side, side], (20, 1))


def points(shift: float) -> np.ndarray:
    return np.tile(pictures.TEMPLATE * SIDE + shift, (20, 1, 1))


def other_opener(content: bytes) -> Image.Image:
    """A picture upside down."""
    return open_picture(content).transpose(Image.Transpose.ROTATE_180)


@pytest.mark.parametrize(
    ("geometry", "known"),
    [
        (Geometry(4), {}),
        (Geometry(SIDE, margin=0.25), {"boxes": boxes(4)}),
        (Geometry(SIDE), {"boxes": boxes(4)}),
        (Geometry(SIDE), {"boxes": boxes(5)}),
        (Geometry(SIDE, aligned=True), {"points": points(2)}),
        (Geometry(SIDE, aligned=True), {"points": points(1)}),
        (Geometry(SIDE), {"opener": other_opener}),
    ],
    ids=["pixels", "margin", "boxes", "other boxes", "aligned", "other points", "opener"],
)
def test_a_cache_of_other_settings_is_not_taken(listing, prepare, geometry, known):
    plain = prepare(listing)
    other = prepare(dataclasses.replace(listing, **known), geometry)

    assert other.decoded == 20 and other.folder != plain.folder
    assert other.images.tobytes() != plain.images.tobytes()


def test_points_that_are_not_used_make_no_second_cache(listing, prepare):
    plain = prepare(listing)

    assert prepare(dataclasses.replace(listing, points=points(0))).folder == plain.folder


@pytest.mark.parametrize(
    ("module", "name"), [(pictures, "VERSION"), (preparation, "FORMAT"), (stores, "FORMAT")]
)
def test_a_cache_of_another_version_is_not_taken(listing, prepare, monkeypatch, module, name):
    prepare(listing)
    monkeypatch.setattr(module, name, 1000)

    assert prepare(listing).decoded == 20


def test_a_changed_picture_is_decoded_again(listing, prepare):
    first = prepare(listing)
    Image.new("RGB", (SIDE, SIDE), (1, 2, 3)).save(listing.pictures[7].path)
    again = prepare(listing)

    assert again.decoded == 20
    changed = (again.images != first.images).any(axis=(1, 2, 3))
    assert np.flatnonzero(changed).tolist() == [7]


def test_a_cache_that_says_it_is_another_is_decoded_again(listing, prepare):
    # As if two caches had the same name: what it says it holds decides, not its name.
    folder = prepare(listing).folder
    meta = json.loads((folder / stores.META).read_text())
    meta["about"]["pictures"] = "0" * 64
    (folder / stores.META).write_text(json.dumps(meta))

    assert prepare(listing).decoded == 20
    assert prepare(listing).decoded == 0


# --- stopped and continued ---------------------------------------------------------------------


def test_a_stopped_preparation_continues_where_it_was(listing, prepare, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 3, Stopped())
        with pytest.raises(Stopped):
            prepare(listing)
    found = prepare(listing)

    assert found.decoded == 20 - 3 * 4
    np.testing.assert_array_equal(found.images, decoded_by_hand(listing))


def test_ctrl_c_says_how_far_it_came(listing, prepare, monkeypatch):
    stop_after(monkeypatch, 2, KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt, match="after 8 of 20 pictures; the same command"):
        prepare(listing)


def partial_of(cache: Path) -> Path:
    (folder,) = cache.glob(".partial-*")
    return folder


def _cut_line(folder: Path) -> None:
    with (folder / journal.JOURNAL).open("a") as notes:
        notes.write('{"task": 4, "b')


def _other_settings(folder: Path) -> None:
    lines = (folder / journal.JOURNAL).read_text().splitlines()
    first = json.loads(lines[0])
    first["about"]["decoder"] = -1
    (folder / journal.JOURNAL).write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")


@pytest.mark.parametrize(
    ("damage", "decoded"),
    [
        (_cut_line, 8),
        (_other_settings, 20),
        (lambda folder: (folder / journal.JOURNAL).unlink(), 20),
        (lambda folder: (folder / journal.JOURNAL).write_text("\0\0\0"), 20),
        (lambda folder: os.truncate(folder / journal.IMAGES, 300), 20),
        (lambda folder: (folder / journal.IMAGES).unlink(), 20),
        (lambda folder: (folder / "stray").mkdir(), 8),
    ],
    ids=["line cut", "other settings", "no notes", "no text", "pictures cut", "none", "stray"],
)
def test_only_what_is_noted_and_whole_is_relied_on(
    listing, prepare, monkeypatch, tmp_path, damage, decoded
):
    with monkeypatch.context() as patch:
        stop_after(patch, 3, Stopped())
        with pytest.raises(Stopped):
            prepare(listing)
    damage(partial_of(tmp_path / "cache"))
    found = prepare(listing)

    assert found.decoded == (20 - 12 if decoded == 8 else 20)
    np.testing.assert_array_equal(found.images, decoded_by_hand(listing))


SLOW = """
import signal, sys, time
from pathlib import Path
import numpy as np
from datasets import contents, journal, preparation
from datasets.listing import Listing
from datasets.pictures import Geometry, open_picture
from datasets.tree import Source

# Where the tests run in the background, Ctrl-C is ignored and so it is here.
signal.signal(signal.SIGINT, signal.default_int_handler)

def slow(content):
    time.sleep(float(sys.argv[4]))
    return open_picture(content)

if __name__ == "__main__":
    files = tuple(Source(path) for path in sorted(Path(sys.argv[1]).iterdir()))
    listing = Listing((), files, tuple(f.name for f in files), np.zeros(len(files), np.int64),
                      opener=slow)
    preparation._TASK, journal._EVERY = 4, 0.0
    print("ready", flush=True)
    found = preparation.prepared(listing, contents.digest(files), Geometry(8), name="set",
                                 cache=Path(sys.argv[2]), workers=int(sys.argv[3]))
    print(found.decoded, found.images.tobytes().hex(), flush=True)
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)

    def start(files: Path, cache: Path, workers: int, seconds: float) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(tmp_path / "slow.py"), str(files), str(cache), str(workers),
             str(seconds)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


def wait_until(holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def noted(cache: Path) -> int:
    """Tasks in the notes of the unfinished folder."""
    return sum(
        len(notes.read_text().splitlines()) - 1 for notes in cache.glob(".partial-*/journal")
    )


def test_a_killed_run_continues_and_its_workers_end(listing, tmp_path, script):
    files, cache = tmp_path / "files", tmp_path / "cache"
    run = script(files, cache, 2, 0.1)
    wait_until(lambda: noted(cache) >= 2)
    run.kill()
    run.wait()
    kept = noted(cache)
    time.sleep(0.6)
    assert noted(cache) == kept  # no worker goes on
    run.stdout.close()

    again = script(files, cache, 1, 0.0)
    out, _ = again.communicate(timeout=60)
    decoded, pixels = out.split()[1:]
    assert int(decoded) == 20 - 4 * kept < 20
    assert bytes.fromhex(pixels) == decoded_by_hand(listing).tobytes()


def test_two_processes_prepare_once(listing, tmp_path, script):
    runs = [script(tmp_path / "files", tmp_path / "cache", 1, 0.03) for _ in range(2)]
    answers = [run.communicate(timeout=60)[0].split()[1:] for run in runs]

    assert sorted(int(decoded) for decoded, _ in answers) == [0, 20]
    assert answers[0][1] == answers[1][1] == decoded_by_hand(listing).tobytes().hex()


def test_ctrl_c_on_the_terminal_stops_it_once_and_cleanly(listing, tmp_path, script):
    cache = tmp_path / "cache"
    run = script(tmp_path / "files", cache, 2, 0.1)
    wait_until(lambda: noted(cache) >= 1)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)

    assert run.returncode != 0
    assert 1 <= noted(cache) < 5


# --- bad pictures ------------------------------------------------------------------------------


@pytest.fixture
def damaged(listing):
    """The second is a text, the last is gone, the sixth is cut off."""
    paths = [source.path for source in listing.pictures]
    paths[1].write_text("not a picture")
    paths[19].unlink()
    paths[5].write_bytes(paths[5].read_bytes()[:100])
    return listing


def test_bad_pictures_are_left_out_and_listed(damaged, prepare):
    whole = [row for row in range(20) if row not in (1, 5, 19)]
    found = prepare(damaged)

    assert found.rows.tolist() == whole
    np.testing.assert_array_equal(found.images, decoded_by_hand(damaged.take(np.array(whole))))
    assert [(one.row, one.reason) for one in found.bad][::2] == [
        (1, "not a picture"), (19, "missing"),
    ]  # fmt: skip
    lines = (found.folder / BAD_TABLE).read_text().splitlines()
    assert len(lines) == 4 and lines[1] == f"{damaged.pictures[1].path},not a picture"
    assert prepare(damaged).bad == found.bad


def test_without_bad_pictures_there_is_no_table_of_them(listing, prepare):
    assert not (prepare(listing).folder / BAD_TABLE).exists()


def test_bad_pictures_found_before_a_stop_are_not_forgotten(damaged, prepare, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 3, Stopped())
        with pytest.raises(Stopped):
            prepare(damaged)

    assert [one.row for one in prepare(damaged).bad] == [1, 5, 19]


def test_a_stop_while_gaps_are_closed_decodes_again(damaged, prepare, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "_close_gaps", lambda self, kept: (_ for _ in ()).throw(
            Stopped()))  # fmt: skip
        with pytest.raises(Stopped):
            prepare(damaged)
    found = prepare(damaged)

    assert found.decoded == 20 and len(found.images) == 17


def test_a_set_without_any_whole_picture_is_prepared_and_refused(listing, prepare):
    for source in listing.pictures:
        source.path.write_text("nothing")
    found = prepare(listing)

    assert found.images.shape == (0, SIDE, SIDE, 3)
    with pytest.raises(DataError, match=r"No picture of set can be read in all: .*bad\.csv"):
        check_tolerated(listing, found, 1.0, "set")


def test_five_bad_pictures_are_named_and_the_table_for_the_others(listing, prepare):
    for source in listing.pictures[:7]:
        source.path.write_text("nothing")

    with pytest.raises(DataError) as caught:
        check_tolerated(listing, prepare(listing), 0.2, "set")
    text = str(caught.value)
    assert text.startswith("7 of 20 pictures of set cannot be read: ")
    assert text.count("(not a picture)") == 5 and "2 more in " in text
    assert "set.tolerated above 0.2" in text


def test_the_share_that_is_tolerated_is_tolerated(damaged, prepare):
    check_tolerated(damaged, prepare(damaged), 0.15, "set")  # 3 of 20
    with pytest.raises(DataError, match="3 of 20"):
        check_tolerated(damaged, prepare(damaged), 0.149, "set")


# --- disks -------------------------------------------------------------------------------------


def test_too_little_room_is_said_before_anything_is_decoded(listing, prepare, monkeypatch):
    usage = type("usage", (), {"free": 100})
    monkeypatch.setattr(preparation.shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(preparation, "decode", None)

    with pytest.raises(DataError, match="too little room: 20 pictures of 8 pixels take .*--cache"):
        prepare(listing)


def test_a_disk_that_fills_up_is_one_sentence_and_what_is_done_is_kept(
    listing, prepare, monkeypatch
):
    with monkeypatch.context() as patch:
        stop_after(patch, 3, OSError(errno.ENOSPC, "No space left on device"))
        with pytest.raises(DataError, match="^The disk is full while writing the cache"):
            prepare(listing)

    assert prepare(listing).decoded == 8


def test_a_file_system_without_locks_is_one_sentence(listing, prepare, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(preparation.fcntl, "flock", no_locks)
    with pytest.raises(DataError, match="without locks .*--cache"):
        prepare(listing)


def test_pictures_that_change_meanwhile_are_not_stored(listing, prepare, monkeypatch):
    victim = listing.pictures[0].path

    def changing(task, target):
        Image.new("RGB", (SIDE, SIDE), (task.first, 2, 3)).save(victim)
        return decode(task, target)

    with monkeypatch.context() as patch:
        patch.setattr(preparation, "decode", changing)
        with pytest.raises(DataError, match="changed while set-8-.* was prepared: run again"):
            prepare(listing)
    assert prepare(listing).decoded == 20


def test_who_asks_is_told_how_far_it_is(listing, prepare):
    told = []
    prepare(listing, progress=lambda done, total: told.append((done, total)))

    assert told == [(done, 20) for done in (0, 4, 8, 12, 16, 20)]


def test_spans_of_one_file_are_pictures_of_their_own(tmp_path, prepare):
    faces = [np.full((SIDE, SIDE, 3), level, dtype=np.uint8) for level in (10, 90, 200)]
    blocks = []
    for face in faces:
        written = io.BytesIO()
        Image.fromarray(face).save(written, "PNG")
        blocks.append(written.getvalue())
    (tmp_path / "all").write_bytes(b"".join(blocks))
    starts = np.cumsum([0, *map(len, blocks)])
    files = [
        Source(tmp_path / "all", span=(int(start), len(block)))
        for start, block in zip(starts[:-1], blocks, strict=True)
    ]
    np.testing.assert_array_equal(prepare(listing_of(files)).images, np.stack(faces))
