"""The Chicago Face Database: fields of names, its three sets and two versions."""

import shutil
from collections import Counter

import pytest

from datasets.cfd import CLASSES, Cfd, CfdSettings, name_of
from datasets.errors import DataError
from tests.datasets.miniatures import cfd
from tests.datasets.miniatures.noise import save_noise


def _read(root, **settings):
    return Cfd(CfdSettings(**settings)).read(root)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        # A is Asian in front and angry at the end, F female and fear, M multiracial and male.
        ("CFD-AF-203-077-A", ("asian", "female", "AF-203", "angry")),
        ("CFD-AM-203-077-F", ("asian", "male", "AM-203", "fear")),
        ("CFD-MM-310-002-N", ("multiracial", "male", "MM-310", "neutral")),
        ("CFD-WF-001-003-HC", ("white", "female", "WF-001", "happy")),
        ("CFD-LF-249-010-HO", ("latino", "female", "LF-249", "happy")),
        ("CFD-IF-644-306-1-N", ("indian", "female", "IF-644", "neutral")),
        ("CFD-IF-644-306-2-N", ("indian", "female", "IF-644", "neutral")),
        ("CFD-XF-001-003-N", None),
        ("CFD-WF-001-003-X", None),
        ("CFD-WF-001-N", None),
        ("CFD-WF-001-a-N", None),
        ("WF-001-003-N", None),
    ],
)
def test_a_name_is_read_field_by_field(stem, expected):
    assert name_of(stem) == expected


def test_the_main_set_is_the_default_and_both_smiles_are_happy(tmp_path):
    cfd.make(tmp_path, people=2)
    listing = _read(tmp_path)
    # 4 races x 2 genders: 2 people of 5 expressions and one neutral face
    assert len(listing) == 8 * 11
    counts = Counter(CLASSES[label] for label in listing.labels)
    assert counts == {"neutral": 24, "angry": 16, "fear": 16, "happy": 32}
    assert Counter(listing.values["race"].tolist()) == dict.fromkeys(
        ("white", "black", "asian", "latino"), 22
    )
    assert len(set(listing.subjects)) == 24
    assert listing.left_out == {}


@pytest.mark.parametrize(
    ("extensions", "more", "people"), [("mr", 4, 4), ("india", 6, 4), ("all", 10, 8)]
)
def test_extensions_are_read_when_they_are_asked_for(tmp_path, extensions, more, people):
    cfd.make(tmp_path, people=2)
    main, wide = _read(tmp_path), _read(tmp_path, extensions=extensions)
    assert len(wide) - len(main) == more
    # Two replicates of one picture show one person.
    assert len(set(wide.subjects)) - len(set(main.subjects)) == people
    spec = Cfd(CfdSettings(extensions=extensions)).describe()
    assert set(wide.values["race"].tolist()) == set(spec.attribute("race").levels)


def test_extensions_that_are_not_there_are_said(tmp_path):
    folder = cfd.make(tmp_path, people=1)
    shutil.rmtree(folder / "Images" / "CFD-INDIA")
    assert len(_read(tmp_path, extensions="mr")) > len(_read(tmp_path))
    with pytest.raises(DataError, match=r"no indian faces .*choose other cfd.extensions"):
        _read(tmp_path, extensions="all")


@pytest.mark.parametrize("place", ["", "CFD Version 3.0", "CFD Version 3.0/Images"])
def test_extensions_are_found_from_any_folder_above_them(tmp_path, place):
    cfd.make(tmp_path, people=1)
    assert len(_read(tmp_path / place, extensions="all")) == 8 * 6 + 2 + 4


def test_version_2_0_3_is_read_and_workbooks_are_not_needed(tmp_path):
    folder = cfd.make(tmp_path, people=1, version="2.0.3")
    for workbook in folder.glob("*.xlsx"):
        workbook.unlink()
    listing = _read(tmp_path)
    assert len(listing) == 8 * 6
    assert listing.paths[0] == "AF-001/CFD-AF-001-101-A.jpg"


def test_names_that_do_not_follow_the_rule_are_counted(tmp_path):
    folder = cfd.make(tmp_path, people=1)
    save_noise(folder / "Images" / "CFD" / "WF-001" / "CFD-WF-001-003.jpg", 1)
    save_noise(folder / "Images" / "CFD" / "contact sheet.jpg", 2)
    listing = _read(tmp_path)
    assert len(listing) == 48
    assert listing.left_out == {"names that do not follow the rule": 2}


def test_a_folder_without_the_main_set_is_said(tmp_path):
    folder = cfd.make(tmp_path, people=1)
    shutil.rmtree(folder / "Images" / "CFD")
    with pytest.raises(DataError, match="no picture of the main set"):
        _read(tmp_path)


def test_a_person_is_in_one_part_whatever_the_expressions(tmp_path):
    cfd.make(tmp_path)
    data = Cfd()
    faces = data.load(tmp_path, tmp_path / "cache", 4)
    split = data.split(faces, 1)
    people = [
        set(faces.subjects[rows].tolist()) for rows in (split.train, split.validation, split.test)
    ]
    assert sum(map(len, people)) == len(set(faces.subjects.tolist())) == 40


def test_documented_counts_are_those_of_the_main_set():
    main = Cfd().documented
    assert main.rows == {"all": 1207} and main.subjects == 597
    wide = Cfd(CfdSettings(extensions="mr")).documented
    assert wide.rows == {} and wide.subjects == 0
    # The extensions are neutral, so the posed expressions stay as many.
    assert wide.counts == {("all", "label", "happy"): 307, ("all", "label", "angry"): 154}
