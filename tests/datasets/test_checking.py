"""`data check` finds what would make results wrong, and says it once."""

import dataclasses
import hashlib

import numpy as np
import pytest
from PIL import Image

from datasets.checking import check
from datasets.listing import Listing, texts
from datasets.picture_set import Facts, PictureSet
from datasets.spec import Attribute, DatasetSpec, Split, dataset
from datasets.tables import Table
from datasets.tree import open_tree

CLASSES = ("neutral", "happy")
GENDER = Attribute("gender", ("female", "male"))


@dataset(title="Portraits", licence="none", source="this test", key="portraits")
class Portraits(PictureSet):
    """`list.csv` with image, label, gender, person, part."""

    facts = Facts(request="the author of the test", tree=("list.csv", "images/*.png"))

    def own_spec(self):
        return DatasetSpec("portraits", CLASSES, (GENDER,), ("gender",), 64)

    def read(self, root):
        tree = open_tree(root, "portraits", ("list.csv",))
        table = Table.read(tree.need("list.csv"))
        return Listing(
            tables=(table.source,),
            pictures=tuple(tree.need(f"images/{name}") for name in table.texts("image")),
            sample_ids=tuple(table.distinct("id")),
            labels=table.codes("label", CLASSES, may_miss=False),
            values={"gender": texts(table.texts("gender"))},
            subjects=tuple(table.texts("person")),
            parts=texts(table.texts("part")),
            left_out={"without a face": 2},
        )


@pytest.fixture
def root(tmp_path):
    """Twelve pictures of twelve people, eight of them for training, even in class and gender."""
    folder = tmp_path / "portraits"
    (folder / "images").mkdir(parents=True)
    draw = np.random.default_rng(0)
    rows = []
    for place in range(12):
        pixels = Image.fromarray(draw.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        pixels.resize((48, 48), Image.Resampling.BICUBIC).save(folder / f"images/{place:02}.png")
        gender = GENDER.levels[place // 2 % 2]
        part = "train" if place < 8 else "test"
        rows.append([f"{place:02}.png", f"{place}", CLASSES[place % 2], gender, f"p{place}", part])
    write(folder, rows)
    return folder


def write(folder, rows):
    lines = ["image,id,label,gender,person,part", *(",".join(row) for row in rows)]
    (folder / "list.csv").write_text("\n".join(lines))


def rows_of(folder):
    return [line.split(",") for line in (folder / "list.csv").read_text().splitlines()[1:]]


def checked(root, tmp_path, **facts):
    data = Portraits()
    data.facts = dataclasses.replace(Portraits.facts, **facts)
    return check(data, root, tmp_path / "cache")


def texts_of(found, level):
    return [finding.text for finding in found.findings if finding.level == level]


def test_a_sound_set_is_right_and_its_counts_are_there(root, tmp_path):
    found = checked(root, tmp_path)
    assert not found.is_wrong and texts_of(found, "warning") == []
    assert (found.pictures, found.people) == (12, 12)
    counts = {(c.part, c.label, c.attribute, c.value): c.found for c in found.counts}
    assert counts["train", "", "", ""] == 8 and counts["all", "", "", ""] == 12
    assert counts["test", "happy", "", ""] == 2 and counts["all", "", "gender", "female"] == 6
    assert counts["train", "happy", "gender", "male"] == 2
    assert any("2 without a face" in text for text in texts_of(found, "note"))


def test_counts_that_differ_from_the_documented_ones_are_named(root, tmp_path):
    facts = {
        "rows": {"train": 8, "test": 5},
        "counts": {("all", "gender", "female"): 6, ("train", "label", "happy"): 7},
        "origin": "the page",
    }
    (finding,) = checked(root, tmp_path, **facts).findings[:1]
    assert finding.level == "error" and "documented ones (the page)" in finding.text
    assert sorted(finding.details) == [
        "test: 4, documented 5", "train happy: 4, documented 7",
    ]  # fmt: skip


def test_lines_of_label_files_that_differ_from_the_documented_ones_are_named(
    root, tmp_path, monkeypatch
):
    listing = Portraits().read(root)
    counted = dataclasses.replace(listing, lines={"list.csv": 12, "list.csv, sad": 3, "else": 1})
    monkeypatch.setattr(Portraits, "read", lambda self, root: counted)
    facts = {"lines": {"list.csv": 12, "list.csv, sad": 4, "other packaging": 9}}
    (finding,) = checked(root, tmp_path, **facts).findings[:1]
    assert finding.level == "error"
    assert finding.details == ("list.csv, sad: 3 rows, documented 4",)


def test_a_documented_group_that_is_absent_is_named(root, tmp_path):
    found = checked(root, tmp_path, counts={("all", "gender", "unsure"): 3})
    assert found.findings[0].details == ("all gender unsure: 0, documented 3",)


def test_a_label_file_that_was_changed_is_an_error(root, tmp_path):
    right = hashlib.md5((root / "list.csv").read_bytes()).hexdigest()
    assert not checked(root, tmp_path, checksums={"list.csv": right}).is_wrong
    (root / "list.csv").write_text((root / "list.csv").read_text() + "\n")
    (text,) = texts_of(checked(root, tmp_path, checksums={"list.csv": right}), "error")
    assert "MD5" in text


def test_a_test_picture_in_the_training_part_is_an_error_even_mirrored(root, tmp_path):
    Image.open(root / "images/09.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(
        root / "images/02.png"
    )
    found = checked(root, tmp_path)
    (text,) = texts_of(found, "error")
    assert "look the same, perhaps mirrored, in test and training part" in text
    assert found.findings[0].details == ("2 = 9",)


def test_a_repeated_file_in_one_part_is_a_warning_that_counts_other_labels(root, tmp_path):
    (root / "images/03.png").write_bytes((root / "images/02.png").read_bytes())
    found = checked(root, tmp_path)
    assert not found.is_wrong
    same, alike = texts_of(found, "warning")
    assert "1 pair of files of the same content, in one part, 1 of them with different" in same
    assert "look the same" in alike


def test_a_repeated_file_in_training_and_validation_part_is_a_warning_of_its_own(root, tmp_path):
    rows = rows_of(root)
    rows[3][5] = "validation"
    write(root, rows)
    (root / "images/03.png").write_bytes((root / "images/02.png").read_bytes())
    found = checked(root, tmp_path)
    assert not found.is_wrong
    same = next(text for text in texts_of(found, "warning") if "same content" in text)
    assert same.startswith("1 pair of files of the same content, in training and validation part")


def test_no_row_left_out_is_no_finding(root, tmp_path, monkeypatch):
    listing = Portraits().read(root)
    nothing = dataclasses.replace(listing, left_out={"without a face": 0})
    monkeypatch.setattr(Portraits, "read", lambda self, root: nothing)
    assert not any("no samples" in text for text in texts_of(checked(root, tmp_path), "note"))


def test_a_set_that_is_too_small_to_be_parted_is_an_error_among_the_others(root, tmp_path):
    class Small(Portraits):
        def read(self, root):
            return dataclasses.replace(super().read(root), parts=None).take(np.arange(2))

    found = check(Small(), root, tmp_path / "cache")
    assert texts_of(found, "error") == ["Data set portraits has too few pictures for three parts."]
    assert found.pictures == 2


@pytest.mark.parametrize("folds", [1, 3])
def test_copies_of_different_people_on_both_sides_of_a_dealt_test_part_are_an_error(
    root, tmp_path, folds
):
    class Dealt(Portraits):
        def own_spec(self):
            return dataclasses.replace(super().own_spec(), folds=folds)

        def read(self, root):
            return dataclasses.replace(super().read(root), parts=None)

        def split(self, faces, seed):
            tested = np.arange(len(faces)) % 4 == seed
            rest = np.flatnonzero(~tested)
            return Split(rest[2:], rest[:2], np.flatnonzero(tested))

    def levels(first, second):
        (root / f"images/{second}.png").write_bytes((root / f"images/{first}.png").read_bytes())
        found = check(Dealt(), root, tmp_path / "cache")
        return {f.level for f in found.findings if "same content" in f.text}

    assert levels("04", "00") == {"warning"}  # 0 and 4 are tested together
    assert levels("03", "07") == {"warning"}  # 3 and 7 are never tested
    assert levels("02", "06") == {"warning"}  # 2 and 6 are tested together, or never
    assert levels("01", "05") == {"warning"}
    # 1 is tested with 5 by seed 1 of three, never by the only test part; 8 by seed 0.
    assert levels("01", "08") == {"error", "warning"}


def test_a_person_in_both_parts_is_an_error(root, tmp_path):
    rows = rows_of(root)
    rows[11][4] = rows[0][4]
    write(root, rows)
    (text,) = texts_of(checked(root, tmp_path), "error")
    assert text == "In test and training part: 1 person."
    found = checked(root, tmp_path, subjects=12)
    assert "11 people, documented 12." in texts_of(found, "error")


def test_bad_pictures_are_listed_and_above_the_tolerated_share_an_error(root, tmp_path):
    (root / "images/05.png").write_bytes(b"no picture")
    found = checked(root, tmp_path)
    (text,) = texts_of(found, "error")
    assert text.startswith("1 of 12 pictures cannot be used (8.3 %)")
    assert "05.png" in found.findings[0].details[0]
    data = Portraits(dataclasses.replace(Portraits.Settings(), tolerated=0.1))
    assert not check(data, root, tmp_path / "cache").is_wrong


def test_unsure_and_missing_values_and_absent_classes_are_told(root, tmp_path):
    rows = rows_of(root)
    rows[0][3], rows[1][3] = "unsure", ""
    for row in rows[8:]:
        row[2] = "neutral"
    write(root, rows)
    found = checked(root, tmp_path)
    assert "gender: 1 unsure, 1 missing; in no group." in texts_of(found, "note")
    assert "No picture of happy in the part test." in texts_of(found, "warning")


def test_a_set_that_is_not_there_says_what_is_expected_and_where_to_ask(tmp_path):
    found = checked(tmp_path, tmp_path)
    assert found.is_wrong and found.pictures == 0
    (finding,) = found.findings
    assert "Data set portraits was not found" in finding.text
    assert "images/*.png" in finding.details
    assert "To be had: the author of the test" in finding.details
