"""AffectNet's later release: arrays without dimensions, two parts with the same numbers."""

import shutil

import numpy as np
import pytest

from datasets.affectnet_npy import AffectNetNpy
from datasets.binary import BinarySettings
from datasets.errors import DataError
from tests.datasets.miniatures import affectnet_npy


def test_numbers_that_repeat_across_parts_are_different_samples(tmp_path):
    affectnet_npy.make(tmp_path, train=2, test=1)
    listing = AffectNetNpy().read(tmp_path)
    assert listing.sample_ids[:2] == ("train/0", "train/1") and listing.sample_ids[-1] == "test/7"
    assert listing.parts.tolist() == ["train"] * 16 + ["test"] * 8
    assert listing.paths[16] == "val_set/images/0.jpg"
    contents = {source.read() for source in listing.pictures}
    assert len(contents) == 24


@pytest.mark.parametrize(
    "value",
    [np.array("5"), np.array(5), np.array(5.0), np.array([5]), np.array(b"5"), np.uint8(5)],
    ids=["text", "integer", "float", "one_long", "bytes", "byte"],
)
def test_an_expression_may_be_stored_as_text_or_as_any_number(tmp_path, value):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    np.save(folder / "train_set" / "annotations" / "0_exp.npy", value)
    assert AffectNetNpy().read(tmp_path).labels[0] == 5


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array(8), "must hold one expression from 0 to 7, not '8'"),
        (np.array(-1), "not '-1'"),
        (np.array(1.5), "not '1.5'"),
        (np.array("happy"), "not 'happy'"),
        (np.array([1, 2]), "not '1 2'"),
        (np.array({"code": 1}, dtype=object), "holds Python objects"),
    ],
    ids=["eight", "negative", "half", "word", "two", "object"],
)
def test_what_is_no_expression_is_said_with_its_file(tmp_path, value, message):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    np.save(folder / "val_set" / "annotations" / "3_exp.npy", value)
    with pytest.raises(DataError, match=rf"val_set/annotations/3_exp.npy .*{message}"):
        AffectNetNpy().read(tmp_path)


def test_a_file_that_is_no_array_is_said(tmp_path):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    path = folder / "train_set" / "annotations" / "3_exp.npy"
    for content in (b"", b"5", path.read_bytes()[:-1]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"3_exp.npy cannot be read as numbers"):
            AffectNetNpy().read(tmp_path)


def test_pictures_without_an_expression_are_counted(tmp_path):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    (folder / "train_set" / "annotations" / "2_exp.npy").unlink()
    listing = AffectNetNpy().read(tmp_path)
    assert listing.left_out["pictures without an expression file"] == 1
    assert "train/2" not in listing.sample_ids and len(listing) == 15


def test_five_points_come_from_the_landmarks_where_there_are_any(tmp_path):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    (folder / "train_set" / "annotations" / "1_lnd.npy").unlink()
    listing = AffectNetNpy(BinarySettings(aligned=True)).read(tmp_path)
    # Landmark k lies at (k / 4, k / 5); see the first release for the places.
    expected = [(k / 4, k / 5) for k in (38.5, 44.5, 30, 48, 54)]
    np.testing.assert_allclose(listing.points[0], expected)
    assert np.isnan(listing.points[1]).all()


def test_counts_are_documented_for_both_forms_of_the_test_part(tmp_path, monkeypatch):
    documented = AffectNetNpy.facts.lines
    train = [count for what, count in documented.items() if what.startswith("train_set, ")]
    test = [count for what, count in documented.items() if what.startswith("val_set, ")]
    assert (sum(train), sum(test), documented["val_set of later copies"]) == (287_651, 4_000, 3_999)

    affectnet_npy.make(tmp_path, train=2, test=1)
    counted = AffectNetNpy(BinarySettings(positive="happy")).read(tmp_path).lines
    assert counted == {
        what: 2 if what.startswith("train") else 1 for what in documented if "later" not in what
    }
    monkeypatch.setattr("datasets.affectnet_npy.LATER_TEST_COUNT", 8)
    counted = AffectNetNpy().read(tmp_path).lines
    assert counted["val_set of later copies"] == 8 and len(counted) == 8 + 1


def test_landmarks_may_be_stored_column_by_column(tmp_path):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    place = folder / "train_set" / "annotations" / "0_lnd.npy"
    settings = BinarySettings(aligned=True)
    before = AffectNetNpy(settings).read(tmp_path).points[0]
    np.save(place, np.asfortranarray(np.load(place).astype(float).reshape(68, 2)))
    np.testing.assert_array_equal(AffectNetNpy(settings).read(tmp_path).points[0], before)


def test_a_part_that_is_not_unpacked_is_said(tmp_path):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    (folder / "val_set").rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="no val_set/annotations/0_exp.npy"):
        AffectNetNpy().read(tmp_path)


def test_each_part_may_be_an_archive(tmp_path):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    before = AffectNetNpy().fingerprint(tmp_path)
    for part in ("train_set", "val_set"):
        shutil.make_archive(str(folder / part), "zip", folder, part)
        shutil.rmtree(folder / part)
    assert AffectNetNpy().fingerprint(tmp_path) == before


def test_a_changed_expression_changes_the_fingerprint(tmp_path):
    folder = affectnet_npy.make(tmp_path, train=1, test=1)
    before = AffectNetNpy().fingerprint(tmp_path)
    affectnet_npy.annotate(folder / "val_set", 7, 0, as_text=False)
    assert AffectNetNpy().fingerprint(tmp_path) != before


def test_one_expression_against_all_others_is_a_setting(tmp_path):
    affectnet_npy.make(tmp_path, train=2, test=1)
    listing = AffectNetNpy(BinarySettings(positive="happy")).read(tmp_path)
    assert np.bincount(listing.labels).tolist() == [21, 3]
