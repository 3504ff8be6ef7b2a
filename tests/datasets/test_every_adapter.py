"""What every adapter of a picture set owes, on a miniature of its genuine layout."""

from __future__ import annotations

import dataclasses
import importlib
import io
import os
import pickle
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from benchmarks import registry
from datasets.errors import DataError
from datasets.listing import UNSURE
from datasets.picture_set import PictureSet, PictureSettings
from datasets.settings import make
from datasets.tree import Source

PIXELS = 6
MINIATURES = {path.stem for path in (Path(__file__).parent / "miniatures").glob("*.py")}
KEYS = [
    key
    for key, cls in registry.datasets().items()
    if issubclass(cls, PictureSet) and key in MINIATURES
]


def test_every_picture_set_has_a_miniature():
    ours = {
        key
        for key, cls in registry.datasets().items()
        if issubclass(cls, PictureSet) and cls.__module__.startswith("datasets.")
    }

    assert ours == set(KEYS)


class Made:
    """A miniature below `root`, with its adapter."""

    def __init__(self, key: str, root: Path, cache: Path) -> None:
        self.key = key
        self.root = root
        self.cache = cache
        self.cls = registry.datasets()[key]
        module: ModuleType = importlib.import_module(f"tests.datasets.miniatures.{key}")
        module.make(root)
        # A miniature may need settings to be read: `folder` a description.
        self.changes = module.settings(root) if hasattr(module, "settings") else {}

    def dataset(self, **changes: object) -> PictureSet:
        return self.cls(make(self.cls.Settings, {**self.changes, **changes}, self.key))

    def load(self, root: Path | None = None, **changes: object):
        return self.dataset(**changes).load(root or self.root, self.cache, PIXELS)


@pytest.fixture(scope="module", params=KEYS)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return Made(request.param, folder / "root", folder / "cache")


@pytest.fixture
def copy(made, tmp_path):
    """The miniature's files once more, to be changed."""
    # Links are quicker than copies; `rewrite` puts new files in their places.
    shutil.copytree(made.root, tmp_path / "copy", copy_function=os.link)
    return tmp_path / "copy"


def rewrite(sources: list[Source], change) -> None:
    """Puts `change(content)` in the place of each file, in archives and archives in them, too."""
    by_file: dict[Path, list[tuple[str, ...]]] = {}
    for source in sources:
        by_file.setdefault(source.path, []).append(source.members)
    for path, members in by_file.items():
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(change(content) if members == [()] else _in(content, members, change))


def _in(content: bytes, members: list[tuple[str, ...]], change) -> bytes:
    inner: dict[str, list[tuple[str, ...]]] = {}
    for names in members:
        inner.setdefault(names[0], []).append(names[1:])
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for entry in old.infolist():
            kept = old.read(entry)
            deeper = inner.get(entry.filename)
            if deeper is not None:
                kept = change(kept) if deeper == [()] else _in(kept, deeper, change)
            new.writestr(entry, kept)
    return written.getvalue()


def zipped(folder: Path, target: Path) -> Path:
    """A folder that holds nothing but `folder` as one archive."""
    target.mkdir(parents=True)
    with zipfile.ZipFile(target / "whole.zip", "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return target


def other_picture(content: bytes) -> bytes:
    """Another picture of the same size, or other grey levels where pictures lie in a table."""
    try:
        picture = Image.open(io.BytesIO(content))
    except OSError:
        return content.replace(b"1", b"2", 1)
    written = io.BytesIO()
    Image.new("RGB", picture.size, (10, 200, 90)).save(written, "PNG")
    return written.getvalue()


def test_faces_fit_their_description(made):
    data, faces = made.dataset(), made.load()
    spec = data.describe()

    assert spec == faces.spec and spec.name == made.key == made.cls.card.key
    assert faces.images.shape == (len(faces), PIXELS, PIXELS, 3)
    assert faces.images.dtype == np.uint8
    assert faces.labels.dtype == faces.attributes.dtype == np.int64
    assert set(faces.labels.tolist()) == set(range(spec.num_classes))
    sizes = [len(attribute.levels) for attribute in spec.attributes]
    assert faces.attributes.shape == (len(faces), len(sizes))
    assert (faces.attributes >= -1).all() and (faces.attributes < sizes).all()
    assert len(set(faces.sample_ids.tolist())) == len(faces)
    assert set(spec.default_groups) <= {attribute.name for attribute in spec.attributes}
    assert issubclass(made.cls.Settings, PictureSettings)


def test_unsure_and_missing_values_are_unknown_groups_and_no_others(made):
    data, faces = made.dataset(), made.load()
    listing, found = data.prepare(made.root, made.cache, PIXELS)
    kept = listing.take(found.rows)
    nothing = np.full(len(kept), "")

    for column, attribute in enumerate(data.describe().attributes):
        values = kept.values.get(attribute.name, nothing)
        unknown = (values == "") | (values == UNSURE)
        np.testing.assert_array_equal(faces.attributes[:, column] == -1, unknown)
        assert UNSURE not in attribute.levels


def test_parts_are_disjoint_in_rows_and_subjects_and_the_same_each_time(made):
    data, faces = made.dataset(), made.load()
    tests = []
    for seed in range(6):
        split = data.split(faces, seed)
        parts = [split.train, split.validation, split.test]
        assert all(len(rows) for rows in parts)
        rows = np.concatenate(parts)
        assert len(set(rows.tolist())) == len(rows) and set(rows.tolist()) <= set(range(len(faces)))
        people = [set(faces.subjects[rows].tolist()) for rows in parts]
        assert sum(map(len, people)) == len(set.union(*people))
        np.testing.assert_array_equal(made.dataset().split(faces, seed).train, split.train)
        tests.append(tuple(split.test.tolist()))

    folds = data.describe().folds
    assert len(set(tests)) == folds and tests[folds] == tests[0]


def test_the_set_is_the_same_when_moved(made, copy, tmp_path):
    deeper = tmp_path / "moved" / "deeper"
    deeper.parent.mkdir()
    copy.rename(deeper)

    before = made.dataset().fingerprint(made.root, made.cache)
    assert made.dataset().fingerprint(deeper.parent) == before


def test_the_set_is_the_same_as_one_archive(made, tmp_path):
    faces, listing = made.load(), made.dataset().listing(made.root)
    packed = zipped(made.root, tmp_path / "zip")

    before = made.dataset().fingerprint(made.root, made.cache)
    assert made.dataset().fingerprint(packed) == before
    again = made.dataset().load(packed, tmp_path / "cache", PIXELS)
    for name in ("images", "labels", "attributes", "sample_ids", "subjects"):
        np.testing.assert_array_equal(getattr(again, name), getattr(faces, name))
    if faces.parts is not None:
        np.testing.assert_array_equal(again.parts, faces.parts)
    assert endings(made.dataset().listing(packed)) == endings(listing)


def endings(listing) -> list[str]:
    """What side files that name a picture and its folder go by."""
    return ["/".join(path.split("/")[-2:]) for path in listing.paths]


def test_a_side_file_can_tell_every_row_from_the_others(made):
    listing = made.dataset().listing(made.root)
    faces = np.zeros(len(listing), dtype=int) if listing.faces is None else listing.faces
    rows = set(zip(listing.paths, faces.tolist(), strict=True))

    assert len(rows) == len(listing)


def test_the_fingerprint_follows_the_pictures(made, copy):
    before = made.dataset().fingerprint(copy)
    listing = made.dataset().listing(copy)
    rewrite([dataclasses.replace(listing.pictures[0], span=None)], other_picture)

    assert made.dataset().fingerprint(copy) != before


def test_the_fingerprint_follows_the_label_files(made, copy):
    before = made.dataset().fingerprint(copy)
    tables = made.dataset().listing(copy).tables
    if not tables:
        pytest.skip("its labels are names of files")
    rewrite([tables[0]], lambda content: content + b"\n")

    try:
        assert made.dataset().fingerprint(copy) != before
    except DataError as error:  # Some label files may have no blank line.
        assert tables[0].name in str(error)


def test_settings_and_the_adapters_version_count_in_the_fingerprint(made):
    class Newer(made.cls):
        version = made.cls.version + 1

    prints = {
        made.dataset().fingerprint(made.root, made.cache),
        made.dataset(margin=0.25).fingerprint(made.root, made.cache),
        Newer(made.dataset().settings).fingerprint(made.root, made.cache),
    }

    assert len(prints) == 3


def test_stray_files_of_other_systems_change_nothing(made, copy):
    before = made.dataset().fingerprint(copy)
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "Thumbs.db").write_bytes(b"stray")
        (folder / ".DS_Store").write_bytes(b"stray")
        for path in [path for path in folder.iterdir() if path.is_file()][:3]:
            path.with_name(f"._{path.name}").write_bytes(b"stray")
    shutil.copytree(made.root, copy / "__MACOSX", copy_function=os.link)

    assert made.dataset().fingerprint(copy) == before


def test_pictures_are_decoded_once(made, monkeypatch):
    first = made.load()
    monkeypatch.setattr("datasets.decoding.read_face", None)

    np.testing.assert_array_equal(made.load().images, first.images)


def test_the_opener_reaches_worker_processes(made):
    opener = made.dataset().listing(made.root).opener

    assert pickle.loads(pickle.dumps(opener)) is opener


def test_a_missing_set_is_one_sentence_that_says_what_was_looked_for(made, tmp_path):
    for root in (None, tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError) as caught:
            made.dataset().fingerprint(root)
        text = str(caught.value)
        assert text.endswith(".") and "\n" not in text
        assert "--data-root" in text


def test_unreadable_pictures_stop_the_load_or_are_left_out_as_tolerated(made, copy, tmp_path):
    listing = made.dataset().listing(copy)
    if any(source.span for source in listing.pictures):
        pytest.skip("its pictures are rows of a table: tests/datasets/test_fer2013.py")
    # At most 1 % of the pictures may be unreadable, unless more is tolerated.
    victims = _shown_once(listing)[: 2 + len(listing) // 50]
    rewrite([listing.pictures[row] for row in victims], lambda content: b"not a picture")

    with pytest.raises(DataError, match=rf"of {made.key} cannot be read: .*not a picture.*tolerat"):
        made.dataset().load(copy, tmp_path / "cache", PIXELS)
    faces = made.dataset(tolerated=0.5).load(copy, tmp_path / "cache", PIXELS)
    lost = {listing.sample_ids[row] for row in victims}
    assert set(listing.sample_ids) - set(faces.sample_ids.tolist()) >= lost
    assert any("unreadable" in note for note in faces.notes)


def test_a_part_without_a_readable_picture_is_an_error_whatever_is_tolerated(made, copy, tmp_path):
    listing = made.dataset().listing(copy)
    if any(source.span for source in listing.pictures):
        pytest.skip("its pictures are rows of a table: tests/datasets/test_fer2013.py")
    parts = np.full(len(listing), "all") if listing.parts is None else listing.parts
    last = sorted(set(parts.tolist()))[-1]
    victims = [listing.pictures[row] for row in np.flatnonzero(parts == last)]
    rewrite(list(dict.fromkeys(victims)), lambda content: b"not a picture")

    with pytest.raises(DataError, match=rf"No picture of {made.key} can be read in .*{last}"):
        made.dataset(tolerated=1.0).load(copy, tmp_path / "cache", PIXELS)


def test_documented_figures_agree_with_each_other(made):
    facts = made.dataset().documented
    labels: Counter[str] = Counter()
    for (part, column, value), count in facts.counts.items():
        if column == "label":
            assert value in made.dataset().describe().classes, value
            labels[part] += count

    assert facts.request and facts.tree
    for part, total in labels.items():
        named = {v for p, column, v in facts.counts if (p, column) == (part, "label")}
        if part in facts.rows and named == set(made.dataset().describe().classes):
            assert total == facts.rows[part]


def _shown_once(listing) -> list[int]:
    """Rows whose picture shows no other row's face."""
    shown = Counter((source.path, source.members) for source in listing.pictures)
    return [
        row
        for row, source in enumerate(listing.pictures)
        if shown[source.path, source.members] == 1
    ]
