"""The guides to data sets say what is so: their examples run, their lists are whole."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ROOT
from datasets import folder_config
from datasets.checking import check
from datasets.listing import Listing
from tests.docs.test_guides import python_block, saved

GUIDE = ROOT / "docs" / "add-a-dataset.md"
DATASETS = ROOT / "docs" / "datasets.md"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """The guide's adapter, and the root of its miniature."""
    folder = tmp_path_factory.mktemp("studio")
    (folder / "root").mkdir()
    with saved("studio_faces", python_block(GUIDE), folder) as adapter:
        with saved("miniature", python_block(GUIDE, 1), folder) as miniature:
            miniature.make(folder / "root")
        yield adapter.StudioFaces(), folder


def test_the_guides_adapter_reads_what_its_miniature_says(studio):
    data, folder = studio
    listing = data.read(folder / "root")
    assert data.card.key == "studio_faces"
    assert len(listing) == 120 and len(set(listing.subjects)) == 20
    row = listing.sample_ids.index("p13_sad_2.png")
    assert data.describe().classes[listing.labels[row]] == "sad"
    # Person 13 is the 14th: a man of 33 years; person 19 gave no age.
    assert (listing.values["gender"][row], listing.values["age"][row]) == ("male", "30_up")
    assert listing.values["age"][listing.sample_ids.index("p19_sad_1.png")] == ""


def test_a_check_finds_nothing_wrong_with_the_guides_miniature(studio):
    data, folder = studio
    checked = check(data, folder / "root", folder / "cache")
    assert checked.people == 20 and not checked.is_wrong


def test_the_guides_set_is_parted_by_person(studio):
    data, folder = studio
    faces = data.load(folder / "root", folder / "cache", 8)
    split = data.split(faces, 0)
    people = [set(faces.subjects[rows]) for rows in (split.train, split.validation, split.test)]
    assert sum(map(len, people)) == len(set.union(*people)) == 20
    np.testing.assert_array_equal(split.test, data.split(faces, 1).test)


def test_the_guides_adapter_says_which_name_is_wrong(studio, tmp_path):
    data, _ = studio
    with saved("miniature", python_block(GUIDE, 1), tmp_path) as miniature:
        made = miniature.make(tmp_path)
    (made / "pictures" / "p1_happy_1.png").rename(made / "pictures" / "p1_glad_1.png")
    with pytest.raises(Exception, match="p1_glad_1.png is not named PERSON_EXPRESSION_TAKE"):
        data.read(tmp_path)


def test_the_guide_names_every_field_of_a_listing():
    text = GUIDE.read_text(encoding="utf-8")
    assert {f.name for f in dataclasses.fields(Listing) if f"`{f.name}`" not in text} == set()


def toml_block(page: Path) -> str:
    return re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[0]


def test_the_example_of_a_description_is_one(tmp_path):
    (tmp_path / "faces.toml").write_text(toml_block(DATASETS))
    config = folder_config.read_config(tmp_path / "faces.toml")
    assert config.attributes["age"].levels == ("under_20", "20_to_39", "40_up")
    assert config.box == ("x0", "y0", "x1", "y1") and config.split is not None


def test_the_example_of_a_description_or_its_comments_name_every_key():
    text = toml_block(DATASETS)
    results = (folder_config.Role, folder_config.FolderConfig)
    keys = {
        field.name
        for cls in vars(folder_config).values()
        if dataclasses.is_dataclass(cls) and cls.__module__ == folder_config.__name__
        if cls not in results
        for field in dataclasses.fields(cls)
    }
    assert len(keys) > 20 and {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()
