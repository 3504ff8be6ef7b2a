"""The small real data sets beside the project, read with roles said and with roles guessed."""

import csv

import numpy as np
import pytest

from reports.audit.counts_file import read_counts
from reports.audit.reading import read_observations
from reports.audit.roles import Roles
from reports.audit.tabulate import marginal, pooled, tabulated
from reports.tabular.levels import parse_attributes


@pytest.fixture(scope="module")
def counts(shared_data):
    return shared_data / "auc_fer_counts" / "counts.csv"


def test_every_cell_of_the_published_counts_is_in_its_place(counts):
    cells = {
        (t.dataset, t.label, t.attribute, stratum, group): t.counts[h, g]
        for data in read_counts(counts, Roles())
        for t in data.tabulations
        for h, stratum in enumerate(t.strata)
        for g, group in enumerate(t.groups)
    }
    with counts.open(newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert len(rows) == 316
    for row in rows:
        found = cells.pop((row["dataset"], row["label"], row["attribute"], row["au"], row["group"]))
        n, labelled = int(row["n"]), int(row["n_labelled"])
        assert found.tolist() == [n - labelled, labelled]
    assert not any(cell.any() for cell in cells.values())


def test_every_question_of_the_published_counts_has_its_shape(counts):
    groups = {"gender": 2, "age4": 4, "age2": 2}
    for data in read_counts(counts, Roles()):
        for table in data.tabulations:
            races = 3 if data.name == "RAF-DB" else 6
            assert len(table.groups) == groups.get(table.attribute, races)
            assert len(table.strata) == (4 if table.label == "happy" else 2)


def test_every_family_of_a_data_set_counts_all_its_images(counts):
    # sizes after OpenFace, README of the counts
    sizes = {"ExpW": 85355, "RAF-DB": 12214, "AffectNet-Manual": 35694,
             "AffectNet-Automatic": 42284, "KDEF": 974, "CFD": 1207}  # fmt: skip
    found = read_counts(counts, Roles())

    assert [data.name for data in found] == list(sizes)
    for data in found:
        for table in data.tabulations:
            # RAF-DB's two age groups are two of its four
            if (data.name, table.attribute) != ("RAF-DB", "age2"):
                assert table.counts.sum() == sizes[data.name]


def test_marginals_of_the_published_counts_agree_between_attributes(counts):
    for data in read_counts(counts, Roles(positives=("happy",))):
        whole = [t for t in data.tabulations if t.attribute != "age2"]
        for unit in ("AU06", "AU12"):
            sums = [marginal(t, unit).counts.sum(axis=1) for t in whole]
            for other in sums[1:]:
                np.testing.assert_array_equal(sums[0], other)
        for t in whole:
            np.testing.assert_array_equal(
                pooled(t).counts[0], marginal(t, "AU06").counts.sum(axis=0)
            )


def test_derived_attributes_give_the_groups_of_the_published_tests(counts):
    specs = parse_attributes(["race3=race:Asian|Black|White"])
    named = {data.name: data for data in read_counts(counts, Roles(attributes=specs))}

    assert named["ExpW"].tabulations[0].groups == ("Asian", "Black", "White")
    assert "Indian, Latino-Hispanic, Middle Eastern" in named["ExpW"].notes[0]
    assert named["CFD"].tabulations == ()


def test_the_true_two_age_groups_of_rafdb_follow_from_the_four(counts):
    text = "age2=age4:less than 19&20-39|40-69&more than 70&40-59&more than 60"
    found = read_counts(counts, Roles(attributes=parse_attributes([text])))
    rafdb = next(data for data in found if data.name == "RAF-DB")

    # README of the counts: 10,010 faces up to 39, 2,204 from 40 on
    assert rafdb.tabulations[0].counts.sum(axis=(0, 2)).tolist() == [10010, 2204]


OBVIOUS = Roles(
    votes=tuple(
        f"votes_{name}" for name in ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
    ),
    attributes=parse_attributes(["sex", "race"]),
    conditions=("intended",),
    cluster="actor",
)


@pytest.mark.parametrize("roles", [OBVIOUS, Roles()], ids=["said", "guessed"])
def test_cremad_gives_the_shares_of_its_readme(shared_data, roles):
    (data,) = read_observations(shared_data / "cremad" / "face_votes.csv.gz", roles)
    sex = data.groupings[0]

    assert len(data) == 7442
    assert data.votes.sum() == 71654
    assert len(np.unique(data.clusters)) == 91
    assert sex.levels == ("Female", "Male")
    # one actor is of unknown race
    race = next(grouping for grouping in data.groupings if grouping.name == "race")
    assert race.levels == ("African American", "Asian", "Caucasian")
    assert len(np.unique(data.clusters[race.codes < 0])) == 1
    shares = {"happiness": (0.908, 0.849), "anger": (0.588, 0.550), "sadness": (0.384, 0.265),
              "fear": (0.513, 0.370), "disgust": (0.540, 0.548)}  # fmt: skip
    for emotion, expected in shares.items():
        table = tabulated(data, emotion, sex, ["intended"])
        no, yes = table.counts[table.strata.index(f"intended={emotion}")].T
        assert table.counted == "vote"
        assert yes / (yes + no) == pytest.approx(expected, abs=0.0005)


def test_guessing_leaves_out_the_ages_of_cremads_actors(shared_data):
    (data,) = read_observations(shared_data / "cremad" / "face_votes.csv.gz", Roles())

    assert [grouping.name for grouping in data.groupings] == ["sex", "race", "ethnicity"]
    assert any("`age` is left out" in note for note in data.notes)


def test_ages_of_cremads_actors_are_grouped_by_bands(shared_data):
    roles = Roles(attributes=parse_attributes(["age2=age:<=39|>=40"]))
    (data,) = read_observations(shared_data / "cremad" / "face_votes.csv.gz", roles)

    assert data.groupings[0].levels == ("<=39", ">=40")
    assert (data.groupings[0].codes >= 0).all()


def test_ferplus_is_read_as_votes_without_any_attribute(shared_data):
    (data,) = read_observations(shared_data / "ferplus" / "votes.csv.gz", Roles())

    assert len(data) == 35887
    assert data.classes == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust",
                            "fear", "contempt", "unknown", "not_a_face")  # fmt: skip
    # README: votes add to 10, once to 9
    assert np.bincount(data.votes)[[9, 10]].tolist() == [1, 35886]
    assert data.groupings == ()


def test_counts_of_fer_demographics_are_weights_of_nineteen_data_sets(shared_data):
    roles = Roles(predicted_attributes=("gender", "race", "age"))
    found = read_observations(shared_data / "fer_demographics" / "counts.csv.gz", roles)
    sizes = {data.name: int(data.weights.sum()) for data in found}

    assert len(found) == 19
    assert sum(sizes.values()) == 507825
    assert (sizes["expw"], sizes["kdef"], sizes["raf-db2"]) == (83208, 4889, 15126)
    ages = next(data for data in found if data.name == "expw").groupings[2]
    assert ages.levels[:3] == ("0-2", "3-9", "10-19")
    assert all(grouping.predicted for data in found for grouping in data.groupings)
    kdef = next(data for data in found if data.name == "kdef")
    counts = pooled(tabulated(kdef, "happy", kdef.groupings[0], [])).counts[0].sum(axis=1)
    # README: 65.7 % of KDEF's pictures are called Female
    assert counts[0] / counts.sum() == pytest.approx(0.657, abs=0.0005)
