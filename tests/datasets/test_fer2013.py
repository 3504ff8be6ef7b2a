"""FER2013 in all its packagings, and the traps of its table."""

import shutil
import time
from collections import Counter

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.fer2013 import CLASSES, Fer2013
from datasets.listing import TEST, TRAIN, VALIDATION
from datasets.pixel_table import open_pixels, read_pixel_table
from datasets.tree import Source
from tests.datasets.miniatures import fer2013
from tests.datasets.miniatures.noise import save_noise

FACES = Fer2013.Settings(tolerated=0.0)


def edited(folder, change, name="fer2013.csv"):
    path = folder / name
    lines = path.read_text().splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n")


def with_fields(lines, number, **fields):
    """Replaces fields of the line `number` (the header is line 1)."""
    names = lines[0].split(",")
    old = dict(zip(names, lines[number - 1].split(","), strict=True))
    lines[number - 1] = ",".join((old | fields)[name] for name in names)


@pytest.mark.parametrize("packaging", ["fer2013.csv", "icml_face_data.csv", "folders"])
def test_every_packaging_gives_the_same_pictures_labels_and_parts(tmp_path, packaging):
    fer2013.make(tmp_path, packaging=packaging)
    faces = Fer2013(FACES).load(tmp_path, tmp_path / "cache", 48)
    found = {
        image[..., 0].tobytes(): (CLASSES[label], part)
        for image, label, part in zip(faces.images, faces.labels, faces.parts, strict=True)
    }
    parts = {"Training": TRAIN, "PublicTest": VALIDATION, "PrivateTest": TEST}
    assert found == {
        fer2013.pixels(row).tobytes(): (fer2013.CLASSES[code], parts[usage])
        for row, code, usage in fer2013.rows()
    }


def test_a_zipped_table_gives_the_same_faces_and_fingerprint(tmp_path):
    folder = fer2013.make(tmp_path / "plain")
    (tmp_path / "zipped").mkdir()
    shutil.make_archive(str(tmp_path / "zipped" / "fer2013.csv"), "zip", folder)
    plain, zipped = (
        Fer2013().load(tmp_path / name, tmp_path / f"c{name}", 48) for name in ("plain", "zipped")
    )
    np.testing.assert_array_equal(plain.images, zipped.images)
    assert Fer2013().fingerprint(tmp_path / "plain") == Fer2013().fingerprint(tmp_path / "zipped")


def test_the_competitions_table_has_no_test_part_and_its_unlabelled_rows_are_counted(tmp_path):
    fer2013.make(tmp_path, packaging="train.csv")
    listing = Fer2013().read(tmp_path)
    assert len(listing) == 7 * 12 and listing.parts is None
    assert listing.left_out == {"without label (test.csv of the competition)": 7 * 13}


def test_the_training_table_of_another_set_is_not_taken_for_it(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train.csv").write_text("file,label\na.jpg,1\n")
    with pytest.raises(DataError, match="Data set fer2013 was not found: no fer2013.csv or"):
        Fer2013().read(tmp_path)


def test_pictures_of_another_size_are_of_another_set(tmp_path):
    folder = fer2013.make(tmp_path, packaging="folders")
    save_noise(folder / "train" / "happy" / "Training_0.png", 1, side=64)
    with pytest.raises(DataError, match="64 x 64 pixels, not 48 x 48: of another data set"):
        Fer2013(FACES).load(tmp_path, tmp_path / "cache", 16)


def test_names_decide_the_part_and_folders_where_names_say_nothing(tmp_path):
    folder = fer2013.make(tmp_path, packaging="folders")
    strays = [path for path in sorted(folder.glob("test/happy/*")) if "Private" in path.name]
    strays[0].rename(folder / "train" / "happy" / strays[0].name)
    strays[1].rename(folder / "test" / "happy" / "im0.png")
    listing = Fer2013().read(tmp_path)
    parts = dict(zip(listing.sample_ids, listing.parts.tolist(), strict=True))
    assert parts[f"train/happy/{strays[0].name}"] == TEST
    assert parts["test/happy/im0.png"] == TEST
    assert Counter(parts.values()) == {TRAIN: 84, VALIDATION: 42, TEST: 49}


def test_a_folder_that_is_no_class_is_an_error_and_a_picture_in_none_is_counted(tmp_path):
    folder = fer2013.make(tmp_path, packaging="folders")
    (folder / "train" / "happy").rename(folder / "train" / "happiness")
    shutil.copy(next(folder.glob("train/sad/*")), folder / "train" / "sheet.png")
    listing = Fer2013().read(tmp_path)
    assert listing.left_out == {"pictures that lie in no folder of a class": 1}
    assert Counter(listing.labels.tolist()) == dict.fromkeys(range(7), 25)
    (folder / "train" / "happiness").rename(folder / "train" / "joy")
    with pytest.raises(DataError, match="'joy' is no class of FER2013, which are angry"):
        Fer2013().read(tmp_path)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (" ".join(["7"] * 2303), "2303 grey values, not 2304"),
        (" ".join(["0"] * 2304), "blank"),
        (" ".join(["1", "256"] * 1152), "a grey value outside 0 to 255"),
        (" ".join(["1", "x"] * 1152), "invalid literal"),
        ("", "0 grey values"),
    ],
)
def test_a_line_without_a_picture_is_listed_and_tolerated(tmp_path, values, reason):
    folder = fer2013.make(tmp_path)
    edited(folder, lambda lines: with_fields(lines, 4, pixels=values))
    faces = Fer2013().load(tmp_path, tmp_path / "cache", 16)
    assert len(faces) == 174 and "00002" not in faces.sample_ids.tolist()
    with pytest.raises(DataError, match=rf"1 of 175 pictures .*fer2013.csv at byte \d+ \({reason}"):
        Fer2013(FACES).load(tmp_path, tmp_path / "cache", 16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emotion": "7"}, "line 5: emotion must be a number from 0 to 6"),
        ({"emotion": ""}, "line 5: emotion must be a number from 0 to 6"),
        ({"Usage": "Test"}, "line 5: Usage must be one of Training, PublicTest, PrivateTest, not"),
        ({"Usage": "Training,1"}, "line 5: not as many fields as the header has"),
    ],
)
def test_a_wrong_value_is_said_with_its_line(tmp_path, change, message):
    folder = fer2013.make(tmp_path)
    edited(folder, lambda lines: with_fields(lines, 5, **change))
    with pytest.raises(DataError, match=message):
        Fer2013().read(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"), [("emotion,pixels,Usage\n", "has no rows"), ("", "not found")]
)
def test_an_empty_table_is_said(tmp_path, text, message):
    (tmp_path / "fer2013.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        Fer2013().read(tmp_path)


def test_marks_line_ends_quotes_and_blocks_change_nothing(tmp_path, monkeypatch):
    folder = fer2013.make(tmp_path)
    text = (folder / "fer2013.csv").read_text()
    plain = read_pixel_table(Source(folder / "fer2013.csv"))
    head, *rows = text.splitlines()
    quoted = [",".join(f'"{field}"' for field in row.split(",")) for row in rows]
    (folder / "odd.csv").write_bytes(("\ufeff" + "\r\n".join([head, *quoted])).encode())
    # A block that ends between any two characters: 997 is prime and shorter than a line.
    monkeypatch.setattr("datasets.pixel_table._BLOCK", 997)
    odd = read_pixel_table(Source(folder / "odd.csv"))
    assert (odd.emotions, odd.usages) == (plain.emotions, plain.usages)
    for one, other in zip(plain.pictures, odd.pictures, strict=True):
        assert open_pixels(one.read()).tobytes() == open_pixels(other.read()).tobytes()


def test_one_picture_of_a_large_table_reads_one_line(tmp_path):
    path = tmp_path / "fer2013.csv"
    row = f"3,{' '.join(['70', '80'] * 1152)},Training\n"
    path.write_text("emotion,pixels,Usage\n" + row * 4000)
    table = read_pixel_table(Source(path))
    assert table.pictures[-1].span == (21 + 3999 * len(row) + 2, 2304 * 3 - 1)
    start = time.process_time()
    for picture in table.pictures[-100:]:
        open_pixels(picture.read())
    # Reading the file of 28 MB a hundred times would take more than a second.
    assert time.process_time() - start < 0.5
