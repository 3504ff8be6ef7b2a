"""Action units of a side file reach the faces; what is missing is said, by group."""

import csv
import json

import numpy as np
import pytest

from benchmarks.plan import make_dataset
from datasets.action_units import content_digest
from datasets.errors import DataError
from tests.datasets.miniatures import london as london_miniature


@pytest.fixture
def sets(tmp_path):
    """A miniature of London: ten people, women and men in turn, two pictures each."""
    return london_miniature.make(tmp_path / "sets", people=10).parent


def unit_file(sets, *, skip=(), stem="units.csv"):
    """AU06 and AU12 of every London picture; those of people in `skip` have empty fields."""
    with (sets / "london/labels.csv").open() as lines:
        images = [row["image"] for row in csv.DictReader(lines)]
    path = sets.parent / stem
    rows = [
        f"/elsewhere/london/{image},0,,"
        if image.split("/")[1][:3] in skip
        else f"/elsewhere/london/{image},0,{place / 100},0.5"
        for place, image in enumerate(images)
    ]
    path.write_text("\n".join(["# range=[0,1]", "image,face,AU06,AU12", *rows]))
    return path


def london(path, **changes):
    return make_dataset("london", {"action_units": str(path), **changes})


def test_units_are_joined_by_picture_and_kept_for_the_next_call(sets, tmp_path):
    data = london(unit_file(sets))
    for _ in range(2):
        faces = data.load(sets, tmp_path / "cache", 8)
        assert faces.spec.action_units == data.describe().action_units == ("AU06", "AU12")
        assert faces.action_units.dtype == np.float32 and faces.action_units_known.all()
        np.testing.assert_allclose(faces.action_units[:, 0], np.arange(20) / 100, atol=1e-7)
    assert not any("action units" in note for note in faces.notes)


def test_missing_faces_are_known_to_be_missing_and_counted_by_group(sets, tmp_path):
    # Of five women (people 0, 2, ...) two were not found: 4 of 20 pictures, 40 % of the women's.
    faces = london(unit_file(sets, skip=("000", "002"))).load(sets, tmp_path / "cache", 8)
    assert faces.action_units_known.sum() == 16
    assert (faces.action_units[~faces.action_units_known] == 0).all()
    (note,) = (note for note in faces.notes if "action units" in note)
    assert note.startswith("4 of 20 faces have no action units; in % by gender: female 40.0, ")
    assert "male 0.0" in note


def test_a_face_without_one_of_the_units_is_not_measured(sets, tmp_path):
    path = unit_file(sets)
    path.write_text(path.read_text().replace(",0.01,0.5", ",0.01,"))
    faces = london(path).load(sets, tmp_path / "cache", 8)
    assert np.flatnonzero(~faces.action_units_known).tolist() == [1]
    assert (faces.action_units[1] == 0).all()


def test_units_are_chosen_by_name(sets, tmp_path):
    path = unit_file(sets)
    assert london(path, units="AU12").describe().action_units == ("AU12",)
    with pytest.raises(DataError, match=r"has no AU04; it has AU06, AU12"):
        london(path, units="AU04").describe()


def test_a_missing_file_is_one_sentence(sets):
    with pytest.raises(DataError, match="nowhere.csv cannot be read"):
        london(sets / "nowhere.csv").describe()


def test_another_scale_beside_the_file_is_other_data(sets, tmp_path):
    path = unit_file(sets)
    path.write_text(path.read_text().split("\n", 1)[1])
    read = []
    for top in (1, 5, 1):
        path.with_suffix(".json").write_text(json.dumps({"range": f"[0,{top}]"}))
        data, cache = london(path), tmp_path / "cache"
        read.append((data.fingerprint(sets, cache), data.load(sets, cache, 8).action_units[1, 0]))
    assert read[0] == read[2] != read[1]
    np.testing.assert_allclose([value for _, value in read], [0.01, 0.01 / 5, 0.01], rtol=1e-6)


def test_the_name_of_a_file_is_no_part_of_the_data_but_those_in_a_folder_are(sets, tmp_path):
    one, other = unit_file(sets), unit_file(sets, stem="renamed.csv")
    assert london(one).fingerprint(sets) == london(other).fingerprint(sets)
    found = []
    for folder in ("train", "test"):
        place = tmp_path / "units" / folder
        place.mkdir(parents=True)
        (place / "a.csv").write_text("face, AU06_r\n0, 1")
        found.append(content_digest(tmp_path / "units"))
        (place / "a.csv").unlink()
    assert found[0] != found[1]
