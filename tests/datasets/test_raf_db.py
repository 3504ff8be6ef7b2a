"""RAF-DB: layouts, codes, parts, and what goes wrong in practice."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.listing import UNSURE
from datasets.raf_db import CLASSES, RafDb
from datasets.spec import FaceData
from tests.datasets.miniatures.raf_db import FEW, make, make_folders, manual, picture


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """A small set, everything unpacked; not to be changed."""
    root = tmp_path_factory.mktemp("raf")
    make(root, copies=1, strata=FEW, nested=False, zipped=())
    return root


@pytest.fixture
def small(plain, tmp_path) -> Path:
    """The folder `basic` of a copy that a test may change."""
    shutil.copytree(plain, tmp_path / "sets")
    return tmp_path / "sets" / "basic"


def raf(**settings) -> RafDb:
    return RafDb(RafDb.Settings(**settings))


def listed(folder: Path, content: str) -> None:
    (folder / "EmoLabel" / "list_patition_label.txt").write_bytes(content.encode())


def attributes_of(folder: Path, name: str) -> Path:
    return folder / "Annotation" / "manual" / f"{name}_manu_attri.txt"


@pytest.mark.parametrize("name", ["list_patition_label.txt", "list_partition_label.txt"])
def test_both_spellings_of_the_label_file_are_read(tmp_path, name):
    make(tmp_path, copies=1, strata=FEW, list_name=name, attributes=False, original=False)
    assert len(raf().read(tmp_path)) == 2 * 7 * 3  # parts x classes x strata


def test_classes_follow_the_codes_1_to_7(small):
    listed(small, "".join(f"test_000{code}.jpg {code}\n" for code in range(1, 8)))
    found = raf().read(small)
    assert [CLASSES[code] for code in found.labels] == [
        "surprise", "fear", "disgust", "happy", "sad", "angry", "neutral",
    ]  # fmt: skip


def test_codes_of_gender_race_and_age_are_named(small):
    listed(small, "train_00001.jpg 1\ntrain_00002.jpg 1\ntrain_00003.jpg 1\n")
    for number, codes in enumerate([(0, 1, 2), (1, 0, 4), (2, 2, 0)], start=1):
        attributes_of(small, f"train_0000{number}").write_text(manual(*codes))
    values = raf().read(small).values
    assert values["gender"].tolist() == ["male", "female", UNSURE]
    assert values["race"].tolist() == ["african_american", "caucasian", "asian"]
    assert values["age"].tolist() == ["20_to_39", "70_up", "0_to_3"]


def test_unsure_is_neither_female_nor_male_nor_dropped(small, tmp_path):
    found = raf().read(small)
    assert Counter(found.values["gender"].tolist()) == {"male": 14, "female": 14, UNSURE: 14}
    faces = raf().load(small, tmp_path / "cache", 8)
    gender = faces.attributes[:, 0]
    assert Counter(gender.tolist()) == {0: 14, 1: 14, -1: 14}
    assert (faces.attributes[gender == -1, 1] == 0).all()  # the race of the unsure is known


def test_a_third_column_blank_lines_a_mark_and_carriage_returns_change_nothing(small):
    before = raf().read(small)
    lines = (small / "EmoLabel/list_patition_label.txt").read_text().splitlines()
    listed(small, "\ufeff" + "".join(f"{line} 0.9\r\n\r\n" for line in lines))
    after = raf().read(small)
    assert after.sample_ids == before.sample_ids
    np.testing.assert_array_equal(after.labels, before.labels)


def test_a_set_in_a_folder_of_its_own_name_beside_junk_is_found(tmp_path):
    make(tmp_path, copies=1, strata=FEW)
    (tmp_path / "compound" / "EmoLabel").mkdir(parents=True)
    found = raf().read(tmp_path)
    assert len(found) == 42 and not any("MACOSX" in p.shown for p in found.pictures)


def test_inner_archives_and_unpacked_folders_are_the_same_set(plain, tmp_path):
    make(tmp_path, copies=1, strata=FEW, zipped=("aligned", "original", "manual", "boundingbox"))
    for version in ("aligned", "original"):
        one = raf(version=version)
        assert one.fingerprint(tmp_path) == one.fingerprint(plain)


def test_pictures_of_the_compound_part_are_not_taken(small):
    other = small.parent / "a" / "compound"
    (other / "Image" / "aligned").mkdir(parents=True)
    (other / "Image/aligned/train_00001_aligned.jpg").write_bytes(picture("compound", 9, 9))
    (other / "EmoLabel").mkdir()
    (other / "EmoLabel" / "list_patition_label.txt").write_text("train_00001.jpg 11\n")
    found = raf().read(small.parent)
    assert len(found) == 42 and not any(p.path.is_relative_to(other) for p in found.pictures)


def test_the_compound_part_alone_is_refused(small):
    listed(small, "train_00001.jpg 5\ntrain_00002.jpg 9\n")
    with pytest.raises(DataError, match=r"line 2: .* class from 1 to 7.*compound.*use basic"):
        raf().read(small)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("train_00001.jpg\n", "line 1: expected a name such as"),
        ("train_00001.jpg 0\n", "class from 1 to 7"),
        ("../../etc/passwd 3\n", "expected a name such as"),
        ("train_1.jpg 3\n", "expected a name such as"),
        ("train_00001.jpg 3\ntrain_00001.jpg 3\n", "line 2: train_00001 comes twice"),
        ("\n", "lists no picture"),
    ],
)
def test_a_wrong_line_of_the_label_file_is_named(small, content, message):
    listed(small, content)
    with pytest.raises(DataError, match=message):
        raf().read(small)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (manual(3, 0, 0), "gender is 0 to 2, not '3'"),
        (manual(0, 3, 0), "race is 0 to 2, not '3'"),
        (manual(0, 0, 5), "age is 0 to 4, not '5'"),
        (manual(0, 0, 0).replace("22.25", ""), "expected 10 numbers"),
        (manual(0, 0, 0).replace("22.25", "nan"), "expected 10 numbers"),
        ("1\n", "gender, race and age are not there"),
    ],
)
def test_a_wrong_attribute_file_is_named(small, content, message):
    attributes_of(small, "test_0004").write_text(content)
    with pytest.raises(DataError, match=f"test_0004_manu_attri.txt: {message}"):
        raf().read(small)


def test_blanks_in_place_of_tabs_read_the_same(small):
    before = raf(version="original").read(small)
    for path in (small / "Annotation" / "manual").iterdir():
        path.write_text(path.read_text().replace("\t", "  "))
    after = raf(version="original").read(small)
    np.testing.assert_array_equal(after.points, before.points)


def test_without_attribute_files_the_attributes_are_missing(tmp_path):
    make(tmp_path, copies=1, strata=FEW, attributes=False)
    faces = raf().load(tmp_path, tmp_path / "cache", 8)
    assert len(faces) == 42 and (faces.attributes == -1).all()


@pytest.mark.parametrize("archive", ["Image/aligned.zip", "Annotation/manual.zip"])
def test_an_archive_that_was_cut_is_named_and_not_taken_for_missing(tmp_path, archive):
    folder = make(tmp_path, copies=1)
    path = folder / archive
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        DataError, match=f"{archive} cannot be read .*: copy it again, or remove it"
    ):
        RafDb().read(tmp_path)


def test_archives_of_the_compound_part_may_be_broken(tmp_path):
    make(tmp_path, copies=1, nested=False, attributes=False)
    broken = tmp_path / "basic" / "compound" / "Annotation" / "manual.zip"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"PK")
    assert len(RafDb().read(tmp_path)) > 90


def test_one_missing_attribute_file_leaves_one_picture_without(small):
    attributes_of(small, "train_00002").unlink()
    values = raf().read(small).values
    for name in ("gender", "race", "age"):
        assert np.flatnonzero(values[name] == "").tolist() == [1]


def test_points_and_boxes_belong_to_the_original_pictures_only(small):
    aligned, original = raf().read(small), raf(version="original").read(small)
    assert aligned.points is None and aligned.boxes is None
    assert original.points.shape == (42, 5, 2)
    assert original.points[0].tolist() == [[14.5, 10], [22.25, 10.5], [18, 15], [15, 20],
                                           [21.5, 20.5]]  # fmt: skip
    assert original.boxes[0].tolist() == [8.5, 2, 28.5, 26]
    assert original.pictures[0].name == "train_00001.jpg"
    assert aligned.pictures[0].name == "train_00001_aligned.jpg"


def test_faces_of_the_original_pictures_are_cut_by_boxes_or_turned_by_points(small, tmp_path):
    cache = tmp_path / "cache"
    by_box = raf(version="original").load(small, cache, 16)
    by_points = raf(version="original", aligned=True).load(small, cache, 16)
    shutil.rmtree(small / "Annotation" / "boundingbox")
    middle = raf(version="original").load(small, cache, 16)
    pictures = [by_box.images, by_points.images, middle.images]
    assert len({np.ascontiguousarray(images).tobytes() for images in pictures}) == 3


def test_a_set_without_the_wanted_pictures_says_which(tmp_path):
    make(tmp_path, copies=1, strata=FEW, original=False)
    with pytest.raises(DataError, match="none of RAF-DB's original pictures: copy Image/original"):
        raf(version="original").read(tmp_path)


def test_a_missing_picture_is_named_as_missing(small, tmp_path):
    (small / "Image" / "aligned" / "train_00003_aligned.jpg").unlink()
    faces = raf(tolerated=0.03).load(small, tmp_path / "cache", 8)
    assert len(faces) == 41 and "train_00003" not in faces.sample_ids
    with pytest.raises(DataError, match=r"train_00003_aligned.jpg \(missing\)"):
        raf().load(small, tmp_path / "cache", 8)


@pytest.mark.parametrize("test_folder", ["test", "valid"])
def test_the_copies_with_a_folder_a_class_are_read_without_attributes(tmp_path, test_folder):
    make_folders(tmp_path, test_folder=test_folder)
    found = raf().read(tmp_path)
    assert Counter(found.parts.tolist()) == {"train": 21, "test": 21}
    assert Counter(found.labels.tolist()) == dict.fromkeys(range(7), 6)
    assert found.values == {}


def test_test_pictures_in_the_training_folder_and_enlarged_copies_are_left_out(tmp_path):
    folder = make_folders(tmp_path)
    shutil.copy(folder / "test/4/test_0010_aligned.jpg", folder / "train/4")
    shutil.copy(folder / "test/4/test_0010_aligned.jpg", folder / "train/4/aug_0_test_0010.jpg")
    found = raf().read(tmp_path)
    assert len(found) == 42 and sorted(found.left_out.values()) == [1, 1]
    assert len(set(found.sample_ids)) == 42


def test_a_picture_moved_to_another_class_folder_is_another_set(tmp_path):
    folder = make_folders(tmp_path)
    before = raf().fingerprint(tmp_path)
    shutil.move(folder / "train/4/train_00010_aligned.jpg", folder / "train/5")
    assert raf().fingerprint(tmp_path) != before


def test_a_picture_in_two_class_folders_is_named(tmp_path):
    folder = make_folders(tmp_path)
    shutil.copy(folder / "train/4/train_00010_aligned.jpg", folder / "train/5")
    with pytest.raises(DataError, match="train_00010 is there twice"):
        raf().read(tmp_path)


def test_copies_with_a_folder_a_class_are_read_in_an_archive(tmp_path):
    folder = make_folders(tmp_path / "set")
    shutil.make_archive(str(tmp_path / "packed" / "rafdb"), "zip", folder.parent)
    assert raf().fingerprint(tmp_path / "packed") == raf().fingerprint(folder)


def full_size() -> FaceData:
    """All 15,339 rows with the documented classes; genders and races go round."""
    counts = RafDb.facts.counts
    classes = [
        np.repeat(np.arange(7), [counts[part, "label", name] for name in CLASSES])
        for part in ("train", "test")
    ]
    labels = np.concatenate(classes)
    size = len(labels)
    ids = np.array([f"{row}" for row in range(size)])
    return FaceData(
        spec=RafDb().describe(),
        images=np.zeros((size, 1, 1, 3), dtype=np.uint8),
        labels=labels,
        attributes=np.stack([np.arange(size) % 3 - 1, np.arange(size) % 5 % 3, labels % 5], axis=1),
        subjects=ids,
        sample_ids=ids,
        parts=np.repeat(["train", "test"], list(map(len, classes))),
    )


def test_a_fifth_of_the_training_part_is_2455_pictures_as_in_suresh_and_ong():
    faces = full_size()
    split = raf().split(faces, seed=3)
    assert [len(split.train), len(split.validation), len(split.test)] == [9816, 2455, 3068]
    # even in class: each class within one picture a stratum (at most 9 strata a class) of a fifth
    train = np.bincount(faces.labels[faces.parts == "train"])
    held = np.bincount(faces.labels[split.validation])
    assert (np.abs(held - train / 5) < 9).all()


def test_the_official_split_has_no_validation_part_and_reports_say_so(plain):
    data = raf(protocol="rizvi")
    split = data.split(full_size(), seed=0)
    assert [len(split.train), len(split.validation), len(split.test)] == [12271, 0, 3068]
    (note,) = data.read(plain).notes
    assert "no validation part" in note and raf().read(plain).notes == ()


def test_the_documented_figures_add_up():
    facts = RafDb.facts
    for part in ("train", "test"):
        assert sum(n for key, n in facts.counts.items() if key[0] == part) == facts.rows[part]
    assert facts.rows["train"] + facts.rows["test"] == facts.rows["all"]
