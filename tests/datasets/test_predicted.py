"""Guessed attributes are called so, carry their classifier's errors, and join by picture."""

import csv
import json

import numpy as np
import pytest

from benchmarks.plan import make_dataset
from datasets.errors import DataError
from datasets.picture_set import dealt_split
from datasets.predicted import accuracy, read_guesses
from datasets.spec import Attribute, DatasetSpec, FaceData
from tests.datasets.miniatures import london as london_miniature


@pytest.fixture
def sets(tmp_path):
    """A miniature of London: ten people, women and men in turn, two pictures each."""
    return london_miniature.make(tmp_path / "sets", people=10).parent


#: of 100 women 90 were guessed to be women, of 50 men 45 to be men
CONFUSION = [[90, 10], [5, 45]]


def guesses(sets, *, levels=("female", "male"), confusion=CONFUSION, drop=0):
    """A table that guesses London's people in turn, the first `drop` pictures left out."""
    with (sets / "london/labels.csv").open() as lines:
        images = [row["image"] for row in csv.DictReader(lines)]
    path = sets.parent / "guesses.csv"
    rows = [f"london/{image},0,{levels[n % 2]},0.8" for n, image in enumerate(images)]
    path.write_text("\n".join(["image,face,gender,gender_confidence", *rows[drop:]]))
    stated = {
        "classifier": "a network",
        "trained_on": "other faces",
        "attributes": {"gender": {"levels": list(levels), "confusion": confusion}},
    }
    path.with_suffix(".json").write_text(json.dumps(stated))
    return path


def london(path):
    return make_dataset("london", {"attributes": str(path)})


def test_a_guessed_attribute_stands_beside_the_given_ones_under_its_own_name(sets, tmp_path):
    faces = london(guesses(sets, drop=1)).load(sets, tmp_path / "cache", 8)
    names = [attribute.name for attribute in faces.spec.attributes]
    assert names[-1] == "predicted_gender" and "gender" in names
    assert faces.attributes[:, -1].tolist() == [-1, 1, *[0, 1] * 9]
    assert faces.spec.attributes[-1].confusion == ((90, 10), (5, 45))


def test_every_report_is_told_who_guessed_and_how_often_rightly(sets, tmp_path):
    # 135 of 150 guesses were right.
    faces = london(guesses(sets)).load(sets, tmp_path / "cache", 8)
    assert accuracy(faces.spec.attributes[-1]) == 0.9
    (note,) = (note for note in faces.notes if note.startswith("Guessed"))
    assert "by a network, trained on other faces" in note and "predicted_gender 90.0 %" in note


def test_the_parts_do_not_depend_on_who_guessed():
    spec = DatasetSpec(
        "faces", ("a", "b"), (Attribute("predicted_gender", ("f", "m"), ((9, 1), (1, 9))),),
        ("predicted_gender",), 64,
    )  # fmt: skip
    size = 60
    ids = np.array([f"{n}" for n in range(size)])
    parts = []
    for guess in (np.zeros(size, dtype=np.int64), np.arange(size) % 2):
        images = np.zeros((size, 2, 2, 3), dtype=np.uint8)
        faces = FaceData(spec, images, np.arange(size) // 30, guess[:, None], ids, ids)
        parts.append(dealt_split(faces, 0, validation=0.2, test=0.2).test.tolist())
    assert parts[0] == parts[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confusion": [[1, 2]]}, "a row of counts for each of 2 levels"),
        ({"confusion": [[0, 0], [1, 2]]}, "a row of counts for each of 2 levels"),
        ({"levels": ("female", "male", "other")}, "a row of counts for each of 3 levels"),
    ],
    ids=["shape", "nobody", "levels"],
)
def test_errors_that_are_not_stated_soundly_are_refused(sets, change, message):
    with pytest.raises(DataError, match=message):
        read_guesses(guesses(sets, **change))


def test_a_table_without_its_statement_is_refused(sets):
    path = guesses(sets)
    path.with_suffix(".json").unlink()
    with pytest.raises(DataError, match=r"needs guesses.json beside it"):
        london(path).describe()


def test_another_level_is_said_with_its_line(sets, tmp_path):
    path = guesses(sets)
    path.write_text(path.read_text().replace("female", "femal", 1))
    with pytest.raises(DataError, match="line 2: gender must be one of female, male, not 'femal'"):
        london(path).load(sets, tmp_path / "cache", 8)


def test_known_attributes_have_no_confusion(sets):
    spec = make_dataset("london", {}).describe()
    assert all(np.size(attribute.confusion) == 0 for attribute in spec.attributes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(",0,", ",first,", 1), "line 2: face must be a number"),
        (lambda text: text.replace(",0,", ",0.5,", 1), "line 2: face must be a whole number"),
        (lambda text: text + "\n" + text.split("\n")[1], "comes twice: keep one row"),
        (lambda text: text.replace(",gender,", ",sex,"), "lacks the columns gender"),
        (lambda text: text.replace("0.8", "0.8,1", 1), "line 2: not as many fields"),
        (lambda text: "", "is empty"),
    ],
    ids=["text", "fraction", "twice", "column", "ragged", "empty"],
)
def test_a_wrong_table_is_one_sentence(sets, tmp_path, change, message):
    path = guesses(sets)
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=message):
        london(path).load(sets, tmp_path / "cache", 8)


def test_a_table_without_rows_guesses_nothing(sets, tmp_path):
    path = guesses(sets)
    path.write_text(path.read_text().split("\n")[0])
    faces = london(path).load(sets, tmp_path / "cache", 8)
    assert (faces.attributes[:, -1] == -1).all()


def test_a_mark_at_the_start_and_carriage_returns_change_nothing(sets, tmp_path):
    path = guesses(sets)
    read = [london(path).load(sets, tmp_path / "cache", 8).attributes]
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    read.append(london(path).load(sets, tmp_path / "cache", 8).attributes)
    np.testing.assert_array_equal(*read)


def test_another_order_of_the_stated_levels_is_other_data(sets, tmp_path):
    path = guesses(sets)
    first = london(path).fingerprint(sets)
    beside = path.with_suffix(".json")
    stated = json.loads(beside.read_text())
    stated["attributes"]["gender"]["levels"].reverse()
    beside.write_text(json.dumps(stated))
    assert london(path).fingerprint(sets) != first
