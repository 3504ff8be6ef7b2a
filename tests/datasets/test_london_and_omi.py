"""What the adapters of London and OMI say of them, on miniatures; see test_every_adapter.py."""

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
def test_another_seed_gives_other_training_rows(sets, tmp_path, adapter):
    faces = adapter().load(sets, tmp_path / "cache", 4)
    rows = {tuple(adapter().split(faces, seed).train.tolist()) for seed in range(5)}
    assert len(rows) == 5


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
