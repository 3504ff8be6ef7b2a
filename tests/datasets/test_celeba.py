"""CelebA and CelebA-HQ: label files, parts, and what goes wrong in practice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from datasets.celeba import CelebA
from datasets.celeba_hq import CelebAHq
from datasets.checking import check
from datasets.errors import DataError
from tests.datasets.miniatures import celeba, celeba_hq

PART_OF = {"0": "train", "1": "validation", "2": "test"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of a small set: 24 pictures, 8 a part."""
    return celeba.make(tmp_path, copies=1)


@pytest.fixture
def hq(tmp_path) -> Path:
    """The folder of a small CelebA-HQ: 12 pictures, 4 a part."""
    return celeba_hq.make(tmp_path, copies=1)


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_label_and_attributes_are_the_signs_of_three_columns(folder):
    found = CelebA().read(folder)
    # the first eight pictures count smiling, male, young from -1 -1 -1 to 1 1 1
    assert found.labels[:8].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert found.values["gender"][:8].tolist() == ["female", "female", "male", "male"] * 2
    assert found.values["age"][:8].tolist() == ["old", "young"] * 4
    assert CelebA().describe().classes == ("not_smiling", "smiling")


def test_parts_are_those_of_the_partition_file(folder):
    replaced(folder / "list_eval_partition.txt", "000003.jpg 0", "000003.jpg 2")
    found = CelebA().read(folder)
    assert found.parts[2] == "test"
    assert Counter(found.parts.tolist()) == {"train": 7, "validation": 8, "test": 9}


def test_without_the_partition_file_the_numbers_of_the_pictures_give_the_same_parts(tmp_path):
    listed = CelebA().read(celeba.make(tmp_path / "a"))
    counted = CelebA().read(celeba.make(tmp_path / "b", without=("list_eval",)))
    np.testing.assert_array_equal(counted.parts, listed.parts)
    assert len(listed.tables) == len(counted.tables) + 1


def test_all_202599_pictures_have_the_documented_parts_by_their_numbers():
    from datasets.celeba import read_parts
    from datasets.tree import Tree

    names = [f"{number:06}.jpg" for number in range(1, 202600)]
    _, parts = read_parts(Tree(Path("/none"), {}), names)
    rows = CelebA.facts.rows
    assert Counter(parts.tolist()) == {part: rows[part] for part in PART_OF.values()}


@pytest.mark.parametrize("quirks", [{"nested": True}, {"zipped": True}, {"mirror": True}])
def test_the_download_the_archive_and_the_mirror_are_the_same_set(tmp_path, quirks):
    plain = CelebA().read(celeba.make(tmp_path / "a", copies=1))
    other = CelebA().read(celeba.make(tmp_path / "b", copies=1, **quirks))
    assert other.sample_ids == plain.sample_ids and other.paths == plain.paths
    np.testing.assert_array_equal(other.labels, plain.labels)
    np.testing.assert_array_equal(other.values["age"], plain.values["age"])
    np.testing.assert_array_equal(other.parts, plain.parts)
    pictures = [[p.read() for p in one.pictures] for one in (plain, other)]
    assert pictures[0] == pictures[1]


def test_an_attribute_file_cut_after_some_rows_is_refused(folder):
    path = folder / "list_attr_celeba.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:12]) + "\n")
    with pytest.raises(DataError, match="has 10 rows, its first line says 24: the file was cut"):
        CelebA().read(folder)


def test_an_attribute_file_cut_within_a_row_is_refused_with_its_line(folder):
    path = folder / "list_attr_celeba.txt"
    path.write_text(path.read_text()[:-8])
    with pytest.raises(DataError, match=r"line 26: \d fields, not 8"):
        CelebA().read(folder)


def test_values_of_0_and_1_are_refused(folder):
    path = folder / "list_attr_celeba.txt"
    path.write_text(path.read_text().replace("-1", " 0"))
    with pytest.raises(DataError, match="000001.jpg: Smiling is -1 or 1, not '0'"):
        CelebA().read(folder)


def test_every_file_of_known_checksum_is_compared_with_it(tmp_path):
    folder = celeba.make(tmp_path, copies=1, zipped=True)
    data = CelebA(CelebA.Settings(aligned=True))
    found = check(data, folder, tmp_path / "cache")
    changed = {f.text.split()[0] for f in found.findings if "MD5 differs" in f.text}
    assert {Path(name).name for name in changed} == CelebA.facts.checksums.keys()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("list_attr_celeba", "Smiling", "Smirking", "lacks Smiling"),
        ("list_attr_celeba", "000002.jpg", "000001.jpg", "line 4: 000001.jpg comes twice"),
        ("list_attr_celeba", "000002.jpg", "../a/1.jpg", "is not the name of a picture of CelebA"),
        ("list_eval_partition", "000002.jpg 0", "000002.jpg 3", "part is 0, 1 or 2, not '3'"),
        ("list_eval_partition", "000002.jpg 0\n", "", "does not list 000002.jpg"),
        ("identity_CelebA", "000002.jpg", "000099.jpg", "does not list 000002.jpg"),
    ],
)
def test_a_wrong_label_file_is_named(folder, name, old, new, message):
    replaced(folder / f"{name}.txt", old, new)
    with pytest.raises(DataError, match=f"{message}"):
        CelebA().read(folder)


def test_carriage_returns_and_a_mark_change_nothing(folder):
    before = CelebA().read(folder)
    for name in ("list_attr_celeba.txt", "list_eval_partition.txt"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    after = CelebA().read(folder)
    assert after.sample_ids == before.sample_ids
    np.testing.assert_array_equal(after.labels, before.labels)


def test_people_are_known_from_the_identity_file_or_not_at_all(folder):
    assert CelebA().read(folder).subjects[:4] == ("1", "1", "2", "2")
    (folder / "identity_CelebA.txt").unlink()
    assert CelebA().read(folder).subjects is None


def test_boxes_of_the_uncropped_pictures_are_not_used(folder):
    assert (folder / "list_bbox_celeba.txt").is_file()
    assert CelebA().read(folder).boxes is None


@pytest.mark.parametrize("mirror", [False, True])
def test_the_points_are_read_when_faces_are_aligned(tmp_path, mirror):
    folder = celeba.make(tmp_path, copies=1, mirror=mirror)
    assert CelebA().read(folder).points is None
    points = CelebA(CelebA.Settings(aligned=True)).read(folder).points
    assert points.shape == (24, 5, 2)
    assert points[7].tolist() == [[5, 6], [12, 6], [9, 10], [6, 14], [11, 14]]


def test_without_pictures_the_message_says_what_to_copy(folder):
    for path in (folder / "img_align_celeba").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="copy img_align_celeba.zip"):
        CelebA().read(folder)


def test_the_official_validation_part_serves_every_seed(folder, tmp_path):
    faces = CelebA().load(folder, tmp_path / "cache", 12)
    parts = [CelebA().split(faces, seed) for seed in (0, 1)]
    for split in parts:
        assert [faces.parts[rows[0]] for rows in (split.train, split.validation, split.test)] == [
            "train", "validation", "test",
        ]  # fmt: skip
        assert len(split.train) == len(split.validation) == len(split.test) == 8


def test_the_documented_parts_add_up():
    for facts in (CelebA.facts, CelebAHq.facts):
        assert sum(facts.rows[part] for part in PART_OF.values()) == facts.rows["all"]


def test_parts_of_the_hq_set_follow_the_file_name_not_the_index_one_below(hq):
    found = CelebAHq().read(hq)
    part = dict(zip(found.sample_ids, found.parts.tolist(), strict=True))
    # The last of each part, and the first after: an index one below would move the latter.
    assert part["162770"] == "train" and part["182637"] == "validation" and part["202599"] == "test"
    mapping = (hq / "CelebA-HQ-to-CelebA-mapping.txt").read_text()
    assert "162769     162770.jpg" in mapping
    replaced(hq / "CelebA-HQ-to-CelebA-mapping.txt", "162769     162770.jpg",
             "162770     162771.jpg")  # fmt: skip
    found = CelebAHq().read(hq)
    assert dict(zip(found.sample_ids, found.parts.tolist(), strict=True))["162771"] == "validation"


def test_both_namings_of_the_hq_pictures_are_the_same_samples(tmp_path):
    own = CelebAHq().read(celeba_hq.make(tmp_path / "a", copies=1))
    original = CelebAHq().read(celeba_hq.make(tmp_path / "b", copies=1, original_names=True))
    assert own.sample_ids == original.sample_ids
    assert own.pictures[0].name == "0.jpg" and original.pictures[0].name == "162770.jpg"
    assert [p.read() for p in own.pictures] == [p.read() for p in original.pictures]


def test_a_table_with_celebas_own_names_needs_no_mapping(tmp_path):
    folder = celeba_hq.make(tmp_path, copies=1, original_names=True)
    table = folder / "CelebAMask-HQ-attribute-anno.txt"
    before = CelebAHq().read(folder)
    for line in (folder / "CelebA-HQ-to-CelebA-mapping.txt").read_text().splitlines()[1:]:
        index, _, original = line.split()
        replaced(table, f"\n{index}.jpg ", f"\n{original} ")
    (folder / "CelebA-HQ-to-CelebA-mapping.txt").unlink()
    after = CelebAHq().read(folder)
    assert after.sample_ids == before.sample_ids
    np.testing.assert_array_equal(after.parts, before.parts)


def test_partition_and_identity_of_celeba_are_read_beside_the_hq_set(tmp_path):
    folder = celeba_hq.make(tmp_path, copies=1, partition=True, identity=True)
    found = CelebAHq().read(folder)
    assert Counter(found.parts.tolist()) == {"train": 4, "validation": 4, "test": 4}
    assert len(set(found.subjects)) == 6
    replaced(folder / "list_eval_partition.txt", "162770.jpg 0", "162770.jpg 1")
    assert CelebAHq().read(folder).parts[0] == "validation"


def test_masks_are_no_pictures(hq):
    assert all("CelebA-HQ-img" in str(p.path) for p in CelebAHq().read(hq).pictures)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1       162768     162769.jpg\n", "", "does not list 1.jpg"),
        ("162769.jpg", "162770.jpg", "gives one picture of CelebA twice"),
        ("162769.jpg", "../../16.jpg", "is not the name of a picture of CelebA"),
        ("1       162768", "../x    162768", "line 3: expected a number"),
    ],
)
def test_a_wrong_mapping_is_named(hq, old, new, message):
    replaced(hq / "CelebA-HQ-to-CelebA-mapping.txt", old, new)
    with pytest.raises(DataError, match=message):
        CelebAHq().read(hq)


def test_without_the_mapping_the_hq_set_is_incomplete(hq):
    (hq / "CelebA-HQ-to-CelebA-mapping.txt").unlink()
    with pytest.raises(DataError, match="lacks CelebA-HQ-to-CelebA-mapping.txt"):
        CelebAHq().read(hq)
