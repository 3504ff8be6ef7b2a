"""FairFace: three tasks, two packagings, files that went through a spreadsheet."""

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from benchmarks.errors import StudyError
from benchmarks.plan import make_plan
from benchmarks.study import Study, Variant
from datasets.errors import DataError
from datasets.fairface import FairFace
from datasets.listing import TEST, TRAIN
from tests.datasets.miniatures import fairface


def adapter(**settings):
    return FairFace(FairFace.Settings(**settings))


def edited(folder, old, new, part="train"):
    path = folder / f"fairface_label_{part}.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("label", "attributes", "groups"),
    [
        ("gender", ["race", "age"], ("race",)),
        ("race", ["gender", "age"], ("gender",)),
        ("age", ["gender", "race"], ("gender",)),
    ],
)
def test_one_attribute_is_the_class_and_the_others_are_attributes(
    tmp_path, label, attributes, groups
):
    fairface.make(tmp_path)
    data = adapter(label=label)
    listing, spec = data.read(tmp_path), data.describe()
    assert [one.name for one in spec.attributes] == attributes == list(listing.values)
    assert spec.default_groups == groups
    first, second = fairface.rows("train")[:2]
    assert (first["gender"], first["race"], first["age"]) == ("Male", "White", "0-2")
    assert (second["gender"], second["race"], second["age"]) == ("Male", "Black", "3-9")
    classes = {"gender": ["male", "male"], "race": ["white", "black"], "age": ["0_to_2", "3_to_9"]}
    assert [spec.classes[code] for code in listing.labels[:2]] == classes[label]
    for name in attributes:
        assert listing.values[name][:2].tolist() == classes[name]


def test_every_value_of_the_label_files_is_its_level(tmp_path):
    fairface.make(tmp_path)
    listing = adapter().read(tmp_path)
    written = [*fairface.rows("train"), *fairface.rows("val")]
    levels = {
        "race": {
            "White": "white", "Black": "black", "Indian": "indian", "East Asian": "east_asian",
            "Southeast Asian": "southeast_asian", "Middle Eastern": "middle_eastern",
            "Latino_Hispanic": "latino_hispanic",
        },
        "age": {
            "0-2": "0_to_2", "3-9": "3_to_9", "10-19": "10_to_19", "20-29": "20_to_29",
            "30-39": "30_to_39", "40-49": "40_to_49", "50-59": "50_to_59", "60-69": "60_to_69",
            "more than 70": "70_up",
        },
    }  # fmt: skip
    for name, known in levels.items():
        assert listing.values[name].tolist() == [known[str(row[name])] for row in written]


def test_every_level_has_its_name(tmp_path):
    fairface.make(tmp_path)
    listing = adapter().read(tmp_path)
    # 15 times each race for both genders; 210 pictures, ages in turn from the start of each part.
    assert Counter(listing.values["race"].tolist()) == dict.fromkeys(
        ("white", "black", "indian", "east_asian", "southeast_asian", "middle_eastern",
         "latino_hispanic"), 30,
    )  # fmt: skip
    # 126 = 14 * 9 and 84 = 9 * 9 + 3
    ages = Counter(listing.values["age"].tolist())
    assert ages == Counter(dict.fromkeys(adapter().describe().attributes[1].levels, 23)) + Counter(
        ("0_to_2", "3_to_9", "10_to_19")
    )


def test_merged_levels_are_those_of_chen_and_joo(tmp_path):
    fairface.make(tmp_path)
    own, merged = adapter().read(tmp_path), adapter(levels="chen").read(tmp_path)
    pairs = set(zip(own.values["age"].tolist(), merged.values["age"].tolist(), strict=True))
    assert {(band, merged_) for band, merged_ in pairs if merged_ == "under_20"} == {
        ("0_to_2", "under_20"), ("3_to_9", "under_20"), ("10_to_19", "under_20")
    }  # fmt: skip
    assert {band for band, merged_ in pairs if merged_ == "60_up"} == {"60_to_69", "70_up"}
    races = dict(zip(own.values["race"].tolist(), merged.values["race"].tolist(), strict=True))
    assert races["east_asian"] == races["southeast_asian"] == "asian"
    assert races["middle_eastern"] == "middle_eastern"


def test_the_owners_validation_part_is_the_test_part(tmp_path):
    fairface.make(tmp_path)
    listing = adapter().read(tmp_path)
    assert Counter(listing.parts.tolist()) == {TRAIN: 126, TEST: 84}
    tested = listing.take(np.flatnonzero(listing.parts == TEST))
    assert {name.partition("/")[0] for name in tested.sample_ids} == {"val"}


def test_dates_that_a_spreadsheet_made_are_read_as_the_bands_they_were(tmp_path):
    plain = adapter().read(fairface.make(tmp_path))
    edited(tmp_path / "fairface", ",3-9,", ",03-Sep,")
    edited(tmp_path / "fairface", ",10-19,", ",Oct-19,")
    edited(tmp_path / "fairface", ",True", ",TRUE")
    damaged = adapter().read(tmp_path)
    assert damaged.values["age"].tolist() == plain.values["age"].tolist()


@pytest.mark.parametrize("packaging", ["025", "125"])
def test_zipped_pictures_are_found_in_either_packaging(tmp_path, packaging):
    fairface.make(tmp_path, packagings=(packaging,))
    listing = adapter().read(tmp_path)
    assert all(picture.members for picture in listing.pictures)
    side = Image.open(io.BytesIO(listing.pictures[0].read())).size
    assert side == ((24, 24) if packaging == "125" else (16, 16))


def test_of_two_packagings_one_must_be_chosen(tmp_path):
    fairface.make(tmp_path, packagings=("025", "125"))
    with pytest.raises(DataError, match=r"say which by fairface.padding=0.25 or 1.25"):
        adapter().read(tmp_path)
    for padding, mark in (("0.25", "margin025"), ("1.25", "margin125")):
        listing = adapter(padding=padding).read(tmp_path)
        assert {mark in picture.path.name for picture in listing.pictures} == {True}


def test_a_packaging_that_is_not_there_is_not_replaced_by_the_other(tmp_path):
    fairface.make(tmp_path, packagings=("025",))
    with pytest.raises(DataError, match="has pictures in fairface-img-margin025"):
        adapter(padding="1.25").read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",3-9,", ",3 to 9,", "csv, line 3: age must be one of 0-2, 3-9"),
        (
            ",Female,White,",
            ",female,White,",
            "line 9: gender must be one of Female, Male, not 'fem",
        ),
        ("East Asian", "Asian", "race must be one of White, Black, Indian"),
        ("train/2.jpg", "../2.jpg", "line 3: file must name a file below"),
        ("train/2.jpg", "train/1.jpg", "line 3: file 'train/1.jpg' comes twice"),
        ("file,age", "path,age", "Data set fairface was not found|lacks the columns file"),
    ],
)
def test_a_wrong_value_is_said_with_its_line(tmp_path, old, new, message):
    edited(fairface.make(tmp_path), old, new)
    with pytest.raises(DataError, match=message):
        adapter().read(tmp_path)


def test_missing_pictures_are_told_from_where_they_belong(tmp_path):
    folder = fairface.make(tmp_path)
    for path in [*folder.glob("*/*.jpg")]:
        path.unlink()
    with pytest.raises(DataError, match=r"210 of 210 .*fairface/train/1.jpg \(missing\)"):
        adapter().load(tmp_path, tmp_path / "cache", 16)


def test_variants_of_one_study_may_not_change_the_class(tmp_path):
    fairface.make(tmp_path)
    study = Study(
        methods=("ce",), datasets=("fairface",), seeds=(0,),
        variants=(Variant(("ce",), {"fairface.label": "race"}),),
    )  # fmt: skip
    with pytest.raises(StudyError, match="must leave the classes and groups of fairface as they"):
        make_plan(study, tmp_path)
    merged = Study(
        methods=("ce",), datasets=("fairface",), seeds=(0,), set={"fairface.levels": "chen"}
    )
    plain = Study(methods=("ce",), datasets=("fairface",), seeds=(0,))
    (one,), (other,) = (make_plan(study, tmp_path).cells for study in (plain, merged))
    assert one.id != other.id
