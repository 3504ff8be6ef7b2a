"""Train AffectNet-Automatic, test CFD, women and men alike within combinations of units."""

import csv
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.plan import make_dataset
from datasets.affectnet_cfd import balanced_rows
from datasets.errors import DataError
from tests.datasets.miniatures import affectnet_cfd


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return affectnet_cfd.make(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def data(root, **changes):
    files = {"action_units": str(root / "units"), "attributes": str(root / "guesses.csv")}
    return make_dataset("affectnet_cfd", {"sample": 100, **files, **changes})


def test_affectnet_trains_and_cfd_is_tested(root, cache):
    dataset = data(root)
    faces = dataset.load(root, cache, 8)
    parts = dataset.split(faces, 0)
    assert all(name.startswith("affectnet_automatic/") for name in faces.sample_ids[parts.train])
    assert all(name.startswith("cfd/") for name in faces.sample_ids[parts.test])
    assert (len(parts.train), len(parts.validation)) == (90, 10)
    assert faces.spec.classes == ("not_angry", "angry")
    assert not set(parts.validation) & set(dataset.split(faces, 1).validation) - set(range(100))


def test_women_and_men_are_alike_in_each_combination_of_the_test_part(root, cache):
    dataset = data(root)
    faces = dataset.load(root, cache, 8)
    rows = dataset.split(faces, 0).test
    units = [faces.spec.action_units.index(unit) for unit in ("AU04", "AU07")]
    codes = faces.action_units[rows][:, units] > 0.5
    counts = Counter(
        (*code, gender)
        for code, gender in zip(codes.tolist(), faces.attributes[rows, 0], strict=True)
    )
    combinations = {key[:2] for key in counts}
    assert combinations == {(False, False), (True, False)}
    for combination in combinations:
        assert counts[(*combination, 0)] == counts[(*combination, 1)] > 0
    # Posed expression follows the units here, so the label is balanced between genders, too.
    angry = [(faces.labels[rows][faces.attributes[rows, 0] == g] == 1).mean() for g in (0, 1)]
    assert angry[0] == angry[1]
    np.testing.assert_array_equal(rows, dataset.split(faces, 7).test)


def test_all_faces_are_tested_where_asked(root, cache):
    everything = data(root, test_set="all", action_units="")
    faces = everything.load(root, cache, 8)
    tested = everything.split(faces, 0).test
    assert len(tested) == sum(name.startswith("cfd/") for name in faces.sample_ids)


def test_balance_without_units_says_what_is_missing(root, cache):
    dataset = data(root, action_units="")
    faces = dataset.load(root, cache, 8)
    with pytest.raises(DataError, match=r"lacks AU04, AU05, AU07, AU23: .*test_set=all"):
        dataset.split(faces, 0)


def test_gender_is_guessed_in_training_and_known_in_the_test(root, cache):
    faces = data(root).load(root, cache, 8)
    assert [attribute.name for attribute in faces.spec.attributes] == ["gender", "race"]
    train, gender = faces.parts == "train", faces.attributes[:, 0]
    with (root / "guesses.csv").open() as lines:
        guesses = {row["image"].split("/")[-1]: row["gender"] for row in csv.DictReader(lines)}
    names = [str(name).split("/")[-1] for name in faces.sample_ids[train]]
    expected = [("female", "male").index(guesses[name]) for name in names]
    np.testing.assert_array_equal(gender[train], expected)
    studio = [str(name).split("/")[-1] for name in faces.sample_ids[~train]]
    # CFD-WF-001-003-N: the letter of gender follows that of race.
    assert [("F", "M")[code] for code in gender[~train]] == [name[5] for name in studio]
    assert any(note.startswith("Guessed, not known") for note in faces.notes)
    assert any(note.startswith("Gender is guessed in the training part") for note in faces.notes)


def test_without_guesses_there_is_no_group_to_train_with(root):
    assert data(root, attributes="").describe().default_groups == ()
    assert data(root).describe().default_groups == ("gender",)


def test_another_draw_trains_on_other_pictures(root, cache):
    trained = []
    for repeat in (0, 1):
        faces = data(root, protocol_repeat=repeat, sample=60).load(root, cache, 8)
        trained.append(set(faces.sample_ids[faces.parts == "train"].tolist()))
    assert trained[0] != trained[1] and len(trained[0]) == len(trained[1]) == 60


def test_a_unit_at_its_threshold_is_not_active(root, cache):
    faces = data(root).load(root, cache, 8)
    units = np.zeros_like(faces.action_units)
    # One half of the women at the threshold of AU06, 1.8 of 5, the others above it, as all men.
    women = np.flatnonzero((faces.parts == "test") & (faces.attributes[:, 0] == 0))
    men = np.flatnonzero((faces.parts == "test") & (faces.attributes[:, 0] == 1))
    place = faces.spec.action_units.index("AU06")
    units[women, place] = np.where(np.arange(len(women)) % 2, 1.8 / 5, 1.81 / 5)
    units[men, place] = 1.81 / 5
    known = np.ones(len(faces), dtype=bool)
    faces = replace(faces, action_units=units, action_units_known=known)
    rows = np.sort(np.concatenate([women, men]))
    kept = balanced_rows(faces, rows, {"AU06": 0.36})
    assert len(kept) == 2 * min((len(women) + 1) // 2, len(men))
    assert not set(kept) & set(women[1::2])
