"""KDEF: what names say, and the faults of the distribution."""

import shutil

import numpy as np
import pytest
from PIL import Image

from datasets.blank import SPREAD, spread
from datasets.errors import DataError, SettingError
from datasets.kdef import CLASSES, Kdef, KdefSettings
from tests.datasets.miniatures import kdef
from tests.datasets.miniatures.noise import save_noise


def _read(root, **settings):
    return Kdef(KdefSettings(**settings)).read(root)


def test_label_gender_and_person_are_those_of_the_name(tmp_path):
    kdef.make(tmp_path, people=2)
    listing = _read(tmp_path)
    row = listing.sample_ids.index("BM02SUS")
    assert CLASSES[listing.labels[row]] == "surprise"
    assert listing.values["gender"][row] == "male"
    assert listing.subjects[row] == "M02"
    assert listing.paths[row] == "BM02/BM02SUS.JPG"
    assert len(listing) == 2 * 2 * 2 * 7 and np.bincount(listing.labels).tolist() == [8] * 7


def test_both_sittings_of_a_person_are_in_one_part(tmp_path):
    kdef.make(tmp_path)
    data = Kdef()
    faces = data.load(tmp_path, tmp_path / "cache", 4)
    assert len(set(faces.subjects.tolist())) == 16 and len(faces) == 16 * 2 * 7
    for seed in range(3):
        split = data.split(faces, seed)
        parts = [split.train, split.validation, split.test]
        people = [set(faces.subjects[rows].tolist()) for rows in parts]
        assert sum(map(len, people)) == 16
        assert all(len(rows) == 14 * len(own) for rows, own in zip(parts, people, strict=True))


def test_every_code_of_a_name_is_its_expression(tmp_path):
    kdef.make(tmp_path, people=1)
    listing = _read(tmp_path)
    classes = Kdef().describe().classes
    assert {name[4:6]: classes[label] for name, label in zip(
        listing.sample_ids, listing.labels.tolist(), strict=True
    )} == {
        "AF": "fear", "AN": "angry", "DI": "disgust", "HA": "happy", "NE": "neutral", "SA": "sad",
        "SU": "surprise",
    }  # fmt: skip


@pytest.mark.parametrize(("views", "count"), [("frontal", 1), ("half", 3), ("all", 5)])
def test_the_views_asked_for_are_read(tmp_path, views, count):
    kdef.make(tmp_path, people=1, views=("FL", "HL", "S", "HR", "FR"))
    listing = _read(tmp_path, views=views)
    assert len(listing) == 2 * 2 * 7 * count
    if count == 1:
        assert {name[6:] for name in listing.sample_ids} == {"S"}


def test_two_names_without_all_fields_are_mended_and_others_are_counted(tmp_path):
    folder = kdef.make(tmp_path, people=1)
    # AF31V must be AF31SAHL; read loosely it would be another view of another expression.
    for number, name in enumerate(("AF31/AF31V.JPG", "AM31/AM31H.JPG", "AF01/AF01XXS.JPG")):
        save_noise(folder / name, number)
    save_noise(folder / "AF01" / "XAF01AFS.JPG", 7)
    save_noise(folder / "AF01" / "AF01AFSX.JPG", 9)
    save_noise(folder / "AF36" / "AF36AFS.JPG", 8)
    listing = _read(tmp_path, views="half")
    sad, surprised = (listing.sample_ids.index(name) for name in ("AF31SAHL", "AM31SUHR"))
    assert listing.pictures[sad].name == "AF31V.JPG"
    assert [CLASSES[listing.labels[row]] for row in (sad, surprised)] == ["sad", "surprise"]
    assert listing.subjects[surprised] == "M31"
    assert listing.left_out == {"names that do not follow the rule": 4}
    assert len(_read(tmp_path)) == 28


def test_averaged_faces_are_not_read(tmp_path):
    folder = kdef.make(tmp_path, people=1)
    before = _read(tmp_path).sample_ids
    save_noise(folder / "AKDEF" / "AF09AFS.JPG", 3)
    assert _read(tmp_path).sample_ids == before


@pytest.mark.parametrize("suffix", [".JPG", ".jpg", ".Jpeg"])
def test_the_case_of_the_suffix_does_not_matter(tmp_path, suffix):
    kdef.make(tmp_path, people=1, suffix=suffix)
    assert len(_read(tmp_path)) == 28


def test_a_copy_of_a_picture_counts_once(tmp_path):
    folder = kdef.make(tmp_path, people=1)
    (folder / "copy").mkdir()
    shutil.copy(folder / "AF01" / "AF01AFS.JPG", folder / "copy" / "af01afs.jpg")
    listing = _read(tmp_path)
    assert len(listing) == 28 and listing.left_out == {"copies of the same name": 1}


def test_black_placeholders_are_listed_as_bad_and_left_out(tmp_path):
    kdef.make(tmp_path, people=2, placeholders=("AF01AFS", "BM02SUS"))
    with pytest.raises(DataError, match=r"2 of 56 .*AF01AFS.JPG \(blank.*BM02SUS.JPG \(blank"):
        Kdef().load(tmp_path, tmp_path / "cache", 4)
    faces = Kdef(KdefSettings(tolerated=0.1)).load(tmp_path, tmp_path / "cache", 4)
    assert len(faces) == 54
    assert not {"AF01AFS", "BM02SUS"} & set(faces.sample_ids.tolist())


def test_a_dark_photograph_is_no_placeholder(tmp_path):
    # Grey 3 and 7 in turn: the mean is 5, the deviation 2.
    dark = np.tile(np.array([3, 7], dtype=np.uint8), (8, 4))
    assert spread(Image.fromarray(dark).convert("RGB")) == pytest.approx(2.0)
    kdef.black(tmp_path / "black.jpg")
    with Image.open(tmp_path / "black.jpg") as picture:
        assert spread(picture) < SPREAD < 2.0


def test_one_expression_against_all_others_is_a_setting(tmp_path):
    kdef.make(tmp_path, people=1)
    data = Kdef(KdefSettings(positive="happy"))
    assert data.describe().classes == ("not_happy", "happy")
    assert np.bincount(data.read(tmp_path).labels).tolist() == [24, 4]


def test_a_folder_without_readable_names_is_said(tmp_path):
    save_noise(tmp_path / "KDEF" / "AF01" / "1.jpg", 0)
    with pytest.raises(DataError, match="no picture with a name such as AF01NES.JPG"):
        _read(tmp_path)


def test_a_class_that_nobody_posed_is_refused_before_a_file_is_read(tmp_path):
    data = Kdef(KdefSettings(positive="contempt"))
    with pytest.raises(SettingError, match="kdef.positive must be one of fear"):
        data.listing(tmp_path)


@pytest.mark.parametrize(("views", "count"), [("frontal", 980), ("half", 2940), ("all", 4900)])
def test_documented_counts_follow_the_views(views, count):
    facts = Kdef(KdefSettings(views=views, positive="happy")).documented
    assert facts.rows == {"all": count} and facts.subjects == 70
    assert facts.counts["all", "label", "happy"] == count // 7
    assert facts.counts["all", "label", "not_happy"] == count - count // 7
    assert facts.counts["all", "gender", "female"] == count // 2
