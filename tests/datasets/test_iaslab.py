"""IASLab: the table that its holder writes, and parts by person or by picture."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.parts import check_split
from datasets.errors import DataError
from datasets.iaslab import CLASSES, IasLab
from datasets.spec import FaceData
from tests.datasets.miniatures.iaslab import make

BY_PICTURE = IasLab(IasLab.Settings(protocol="picture"))


def faces_of(people: int, pictures: int, by_picture: bool) -> FaceData:
    """Faces without content: people, half of them women, classes in turn."""
    size = people * pictures
    person = np.arange(size) // pictures
    ids = np.array([f"{row:04}" for row in range(size)])
    return FaceData(
        spec=IasLab().describe(),
        images=np.zeros((size, 1, 1, 3), dtype=np.uint8),
        labels=np.arange(size) % 7,
        attributes=(person % 2)[:, None],
        subjects=ids if by_picture else person.astype(np.str_),
        sample_ids=ids,
    )


def replaced(folder: Path, old: str, new: str) -> None:
    path = folder / "manifest.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_seven_expressions_are_read_and_the_two_others_are_counted(tmp_path):
    found = IasLab().read(make(tmp_path, people=3))
    assert Counter(CLASSES[code] for code in found.labels) == dict.fromkeys(CLASSES, 3)
    assert [int(n) for n in found.left_out.values()] == [3, 3]
    assert any("calm" in why for why in found.left_out)
    # neutral, sad, happy, angry, fearful, surprised, disgusted of the first person
    assert [CLASSES[code] for code in found.labels[:7]] == [
        "neutral", "sad", "happy", "angry", "fear", "surprise", "disgust",
    ]  # fmt: skip


def test_parts_by_person_share_nobody(tmp_path):
    data = IasLab()
    faces = data.load(make(tmp_path), tmp_path / "cache", 8)
    for seed in range(3):
        split = data.split(faces, seed)
        check_split(faces, split)
        # 20 people: a fifth tested, a fifth of the other 16 (four, of 3.2) held out
        sizes = [len(rows) // 7 for rows in (split.train, split.validation, split.test)]
        assert sum(sizes) == 20 and sizes[2] == 4 and sizes[1] in (3, 4)


def test_parts_by_picture_have_the_papers_sizes_and_share_the_people():
    faces = faces_of(people=48, pictures=30, by_picture=True)
    person = np.arange(1440) // 30
    tests = []
    for seed in range(2):
        split = BY_PICTURE.split(faces, seed)
        assert [len(split.train), len(split.validation), len(split.test)] == [1151, 144, 145]
        assert len(np.intersect1d(person[split.train], person[split.test])) > 40
        tests.append(split.test)
        # even in class x gender: 1440 / 14 = 103 a stratum, about 10.4 of it tested
        strata = faces.labels[split.test] * 2 + faces.attributes[split.test, 0]
        assert set(np.bincount(strata, minlength=14)) <= {10, 11}
    np.testing.assert_array_equal(tests[0], tests[1])


def test_parts_by_picture_make_every_picture_its_own_subject_and_reports_say_so(tmp_path):
    folder = make(tmp_path, people=6)
    faces = BY_PICTURE.load(folder, tmp_path / "cache", 8)
    np.testing.assert_array_equal(faces.subjects, faces.sample_ids)
    check_split(faces, BY_PICTURE.split(faces, 0))
    assert any("the same people are in training and test" in note for note in faces.notes)
    honest = IasLab().load(folder, tmp_path / "cache", 8)
    assert len(set(honest.subjects)) == 6
    assert not any("the same people" in note for note in honest.notes)


def test_parts_that_the_table_states_are_kept(tmp_path):
    parts = {"0": "train", "1": "validation", "2": "test"}
    folder = make(tmp_path, people=6, split_of=lambda row: parts[str(int(row["subject"][1:]) % 3)])
    faces = IasLab().load(folder, tmp_path / "cache", 8)
    split = IasLab().split(faces, 0)
    for rows, part in zip((split.train, split.validation, split.test), parts.values(), strict=True):
        assert set(faces.parts[rows]) == {part} and len(rows) == 2 * 7


def test_stated_parts_that_share_a_person_are_refused_by_person_and_not_by_picture(tmp_path):
    parts = {"neutral": "test", "happy": "validation"}
    folder = make(tmp_path, people=4, split_of=lambda row: parts.get(row["expression"], "train"))
    faces = IasLab().load(folder, tmp_path / "cache", 8)
    with pytest.raises(DataError, match="4 people are in both"):
        check_split(faces, IasLab().split(faces, 0))
    faces = BY_PICTURE.load(folder, tmp_path / "cache", 8)
    check_split(faces, BY_PICTURE.split(faces, 0))


def test_pictures_may_stay_in_an_archive_beside_the_table(tmp_path):
    plain = make(tmp_path / "a", people=2)
    zipped = make(tmp_path / "b", people=2, zipped=True)
    assert IasLab().fingerprint(plain) == IasLab().fingerprint(zipped)


def test_gaze_and_mouth_are_read_where_the_table_has_them(tmp_path):
    found = IasLab().read(make(tmp_path, people=1, optional=True))
    # calm and excited, the seventh and the eighth picture, are left out
    assert found.values["gaze"].tolist() == ["direct", "averted"] * 3 + ["direct"]
    assert set(found.values["mouth"]) == {"closed"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",neutral,", ",bored,", "line 2: expression must be one of neutral, .* not 'bored'"),
        (",neutral,", ",contempt,", "not 'contempt'"),
        (",female", ",woman", "line 2: gender must be one of female, male, unsure, not 'woman'"),
        ("sad,female", "sad,male", "line 3: S00 is 'male', 'female' above"),
        (",S00,", ",,", "line 2: no subject"),
        ("faces/S00_sad", "faces/S00_neutral", "line 3: image '.*' comes twice"),
        ("faces/S00_sad", "../faces/S00_sad", "line 3"),
    ],
)
def test_a_wrong_line_of_the_table_is_named(tmp_path, old, new, message):
    folder = make(tmp_path, people=2)
    replaced(folder, old, new)
    with pytest.raises(DataError, match=message):
        IasLab().read(folder)


def test_unsure_gender_stays_unsure(tmp_path):
    folder = make(tmp_path, people=2)
    path = folder / "manifest.csv"
    path.write_text(path.read_text().replace(",male", ",unsure"))
    faces = IasLab().load(folder, tmp_path / "cache", 8)
    assert set(IasLab().read(folder).values["gender"]) == {"female", "unsure"}
    assert faces.attributes[:, 0].tolist() == [0] * 7 + [-1] * 7


def test_a_table_without_a_column_is_no_manifest(tmp_path):
    folder = make(tmp_path, people=2)
    replaced(folder, "gender", "sex")
    with pytest.raises(DataError, match="manifest.csv lacks the columns gender"):
        IasLab().read(folder)
