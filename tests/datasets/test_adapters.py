"""What the three adapters of real pictures have in common, on miniatures."""

import dataclasses
import shutil

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.london import London
from datasets.omi import Omi
from datasets.omi_london import OmiLondon
from tests.datasets.miniatures.london import make as make_london
from tests.datasets.miniatures.omi import make as make_omi

ADAPTERS = [London, Omi, OmiLondon]
each = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda cls: cls.card.key)


@each
def test_faces_fit_their_description(sets, tmp_path, adapter):
    data = adapter()
    faces = data.load(sets, tmp_path / "cache", 6)
    spec = data.describe()
    assert spec == faces.spec and spec.name == adapter.card.key
    assert faces.images.shape == (len(faces), 6, 6, 3) and faces.images.dtype == np.uint8
    assert faces.labels.dtype == faces.attributes.dtype == np.int64
    assert set(faces.labels.tolist()) == set(range(spec.num_classes))
    sizes = [len(attribute.levels) for attribute in spec.attributes]
    assert faces.attributes.shape == (len(faces), len(sizes))
    assert (faces.attributes >= -1).all() and (faces.attributes < sizes).all()
    assert len(set(faces.sample_ids.tolist())) == len(faces)
    assert spec.action_units == () and faces.action_units is None
    assert set(spec.default_groups) <= {attribute.name for attribute in spec.attributes}


@each
def test_parts_are_disjoint_in_rows_and_subjects_and_the_same_each_time(sets, tmp_path, adapter):
    data = adapter()
    faces = data.load(sets, tmp_path / "cache", 4)
    for seed in range(7):
        split = data.split(faces, seed)
        parts = [split.train, split.validation, split.test]
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(faces)))
        people = [set(faces.subjects[rows].tolist()) for rows in parts]
        assert sum(map(len, people)) == len(set.union(*people))
        again = adapter().split(faces, seed)
        np.testing.assert_array_equal(again.train, split.train)
        np.testing.assert_array_equal(again.validation, split.validation)


@each
def test_only_data_in_folds_changes_its_test_part_with_the_seed(sets, tmp_path, adapter):
    data = adapter()
    faces = data.load(sets, tmp_path / "cache", 4)
    tests = [data.split(faces, seed).test.tolist() for seed in range(data.describe().folds + 1)]
    assert tests[-1] == tests[0]
    assert len({tuple(rows) for rows in tests}) == data.describe().folds


@each
def test_another_seed_gives_other_training_rows(sets, tmp_path, adapter):
    faces = adapter().load(sets, tmp_path / "cache", 4)
    rows = {tuple(adapter().split(faces, seed).train.tolist()) for seed in range(5)}
    assert len(rows) == 5


@each
def test_the_fingerprint_follows_labels_and_pictures_not_the_place(sets, tmp_path, adapter):
    first = adapter().fingerprint(sets)
    moved = tmp_path / "moved" / "deeper"
    shutil.copytree(sets, moved)
    assert adapter().fingerprint(tmp_path / "moved") == first
    digests = {first}
    for pattern in ("*/*.csv", "*/images/*1*.jpg"):
        for path in moved.glob(pattern):
            path.write_bytes(path.read_bytes() + b"\n")
        digests.add(adapter().fingerprint(moved))
    assert len(digests) == 3


@each
def test_stray_files_change_nothing(sets, adapter):
    before = adapter().fingerprint(sets)
    for folder in ("london", "omi"):
        (sets / folder / "images" / "._001_happy.jpg").write_bytes(b"stub")
    assert adapter().fingerprint(sets) == before


@each
def test_pictures_are_decoded_once(sets, tmp_path, adapter, monkeypatch):
    first = adapter().load(sets, tmp_path / "cache", 4)
    monkeypatch.setattr("datasets.decoding.read_face", None)
    second = adapter().load(sets, tmp_path / "cache", 4)
    np.testing.assert_array_equal(first.images, second.images)


@each
@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_too_many_bad_pictures_stop_the_load_by_name(sets, tmp_path, adapter, damage):
    victims = [sets / "london/images/003_happy.jpg", sets / "omi/images/0007.jpg"]
    for victim in victims:
        victim.unlink() if damage == "missing" else victim.write_bytes(b"\xff\xd8 no picture")
    with pytest.raises(DataError, match=r"cannot be read: .*/images/\d+(_happy)?.jpg \("):
        adapter(adapter.Settings(tolerated=0.0)).load(sets, tmp_path / "cache", 4)


@pytest.mark.parametrize(
    ("adapter", "missing"), [(London, "london"), (Omi, "omi"), (OmiLondon, "london")]
)
def test_a_missing_set_is_named(sets, tmp_path, adapter, missing):
    shutil.rmtree(sets / missing)
    for action in (adapter().fingerprint, lambda root: adapter().load(root, tmp_path / "c", 4)):
        with pytest.raises(DataError, match=f"Data set {missing} was not found: no "):
            action(sets)


def test_london_needs_five_people(tmp_path):
    make_london(tmp_path / "few", people=4)
    faces = London().load(tmp_path / "few", tmp_path / "cache", 4)
    with pytest.raises(DataError, match="4 people, too few for 5 folds"):
        London().split(faces, 0)


def test_attributes_of_london_are_coded_as_declared(sets, tmp_path):
    faces = London().load(sets, tmp_path / "cache", 4)
    people = faces.attributes[::2]
    # ages none, 25, 30, 35, 40, ...; ethnicities in the order of the levels
    assert people[:6].tolist() == [
        [0, 0, 0, -1],
        [1, 1, 1, 1],
        [0, 1, 2, 1],
        [1, 1, 3, 2],
        [0, 1, 4, 2],
        [1, 0, 0, 2],
    ]
    assert faces.labels[:4].tolist() == [0, 1, 0, 1]


def test_attributes_of_omi_are_coded_as_declared(sets, tmp_path):
    faces = Omi().load(sets, tmp_path / "cache", 4)
    assert faces.attributes[:3].tolist() == [[0, 0, 0, 0], [-1, 1, 1, 1], [1, 0, 2, 0]]
    assert faces.labels.tolist() == [0] * 100 + [1] * 100


def test_a_rating_that_equals_the_median_is_not_happy(tmp_path):
    make_omi(tmp_path, faces=5)
    assert Omi().load(tmp_path, tmp_path / "cache", 4).labels.tolist() == [0, 0, 0, 1, 1]


def test_the_cuts_of_gender_are_settings_that_count_in_the_fingerprint(sets, tmp_path):
    wide = Omi(Omi.Settings(female_below=50.0, male_above=50.0))
    faces = Omi(dataclasses.replace(wide.settings, male_above=95.0)).load(sets, tmp_path, 4)
    assert set(faces.attributes[:, 0].tolist()) == {0, -1}  # 50 is below no 50, 90 above no 95
    assert wide.fingerprint(sets) != Omi().fingerprint(sets)


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "C:\\x.jpg", "images/../../a"])
@pytest.mark.parametrize(("adapter", "table"), [(London, "london/labels"), (Omi, "omi/ratings")])
def test_a_picture_outside_the_folder_is_refused_with_its_line(sets, adapter, table, name):
    path = sets / f"{table}.csv"
    header, first, *rest = path.read_text().splitlines()
    hostile = ",".join([name, *first.split(",")[1:]])
    path.write_text("\n".join([header, first, hostile, *rest]) + "\n")
    with pytest.raises(DataError, match="csv, line 3: image must name a file below"):
        adapter().read(sets)


def test_omi_london_trains_on_one_set_and_tests_on_the_other(sets, tmp_path):
    data = OmiLondon()
    faces = data.load(sets, tmp_path / "cache", 4)
    split = data.split(faces, 0)
    fronts = {
        part: {name.split("/")[0] for name in faces.sample_ids[getattr(split, part)].tolist()}
        for part in ("train", "validation", "test")
    }
    assert fronts == {"train": {"omi"}, "validation": {"omi"}, "test": {"london"}}
    london = London().load(sets, tmp_path / "cache", 4)
    np.testing.assert_array_equal(faces.images[split.test], london.images)
    np.testing.assert_array_equal(faces.labels[split.test], london.labels)
    np.testing.assert_array_equal(faces.attributes[split.test], london.attributes)
    assert (faces.attributes[split.train, 2:] == -1).all()
    assert set(faces.attributes[split.train, 1].tolist()) == {0, 1}
