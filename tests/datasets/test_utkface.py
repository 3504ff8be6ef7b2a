"""UTKFace: names with all fields, odd ones, and those that lack one."""

import shutil
import zipfile
from collections import Counter

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.utkface import UtkFace
from tests.datasets.miniatures import utkface
from tests.datasets.miniatures.noise import save_noise


def adapter(**settings):
    return UtkFace(UtkFace.Settings(**settings))


def facts_of(listing, spec, start):
    """Class and attributes of the picture whose name begins so."""
    (row,) = [row for row, name in enumerate(listing.sample_ids) if name.startswith(start)]
    return spec.classes[listing.labels[row]], *(str(v[row]) for v in listing.values.values())


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("gender", ("female", "indian", "60_up")),
        ("race", ("indian", "female", "60_up")),
        ("age", ("60_up", "female", "indian")),
    ],
)
def test_names_are_read_as_age_gender_race(tmp_path, label, expected):
    folder = utkface.make(tmp_path, faces=10)
    save_noise(folder / "116_1_3_20170117175041574.jpg.chip.jpg", 1)
    data = adapter(label=label)
    assert facts_of(data.read(tmp_path), data.describe(), "116_1_3") == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("19_0_0", ("male", "white", "under_20")),
        ("20_1_1", ("female", "black", "20_to_39")),
        ("39_0_2", ("male", "asian", "20_to_39")),
        ("40_1_3", ("female", "indian", "40_to_59")),
        ("59_0_4", ("male", "other", "40_to_59")),
        ("60_1_0", ("female", "white", "60_up")),
    ],
)
def test_codes_and_edges_of_the_bands_of_age(tmp_path, start, expected):
    save_noise(tmp_path / "UTKFace" / f"{start}_20170117175041574.jpg.chip.jpg", 1)
    data = adapter()
    assert facts_of(data.read(tmp_path), data.describe(), start) == expected


def test_names_that_lack_a_field_are_left_out_and_odd_ones_are_read(tmp_path):
    utkface.make(tmp_path, faces=10)
    data = adapter()
    listing = data.read(tmp_path)
    assert listing.left_out == {"names that lack a field": 4}
    assert len(listing) == 12
    assert facts_of(listing, data.describe(), "55_0_0") == ("male", "white", "40_to_59")
    assert facts_of(listing, data.describe(), "24_0_1") == ("male", "black", "20_to_39")


def test_the_faulty_name_that_is_also_seen_with_another_field_is_left_out_too(tmp_path):
    folder = utkface.make(tmp_path, faces=10)
    save_noise(folder / "61_3_20170109150557335.jpg.chip.jpg", 1)
    assert adapter().read(tmp_path).left_out == {"names that lack a field": 5}


@pytest.mark.parametrize(
    "name",
    [
        "117_0_0_20170117175041574.jpg.chip.jpg",
        "20_2_0_20170117175041574.jpg.chip.jpg",
        "20_0_5_20170117175041574.jpg.chip.jpg",
        "20_0_0_1_20170117175041574.jpg.chip.jpg",
        "20_0_x_20170117175041574.jpg.chip.jpg",
        "contact_sheet.jpg",
    ],
)
def test_a_name_of_another_kind_is_an_error_that_names_it(tmp_path, name):
    folder = utkface.make(tmp_path, faces=10)
    save_noise(folder / name, 1)
    with pytest.raises(DataError, match="is not named as a picture of UTKFace, AGE_GENDER_RACE_DA"):
        adapter().read(tmp_path)


def test_copies_beside_the_set_are_not_read(tmp_path):
    utkface.make(tmp_path / "archive", faces=10)
    expected = adapter().read(tmp_path).sample_ids
    utkface.make(tmp_path / "archive" / "utkface_aligned_cropped", faces=20)
    save_noise(tmp_path / "archive" / "crop_part1" / "9_1_2_20161219204347420.jpg.chip.jpg", 1)
    assert adapter().read(tmp_path).sample_ids == expected


def test_the_folder_itself_may_be_the_root(tmp_path):
    folder = utkface.make(tmp_path, faces=10)
    inside, above = adapter().read(folder), adapter().read(tmp_path)
    assert inside.sample_ids == above.sample_ids and inside.pictures == above.pictures


@pytest.mark.parametrize("inner", ["UTKFace/", ""])
def test_an_archive_of_the_folder_is_read_where_it_lies(tmp_path, inner):
    folder = utkface.make(tmp_path / "plain", faces=10)
    with zipfile.ZipFile(tmp_path / "UTKFace.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"{inner}{path.name}")
    plain = adapter().fingerprint(tmp_path / "plain")
    shutil.rmtree(tmp_path / "plain")
    assert adapter().fingerprint(tmp_path) == plain


def test_parts_are_dealt_even_in_class_and_race(tmp_path):
    utkface.make(tmp_path)
    data = adapter()
    faces = data.load(tmp_path, tmp_path / "cache", 8)
    split = data.split(faces, 0)
    for rows in (split.train, split.validation, split.test):
        counts = Counter(zip(faces.labels[rows], faces.attributes[rows, 0], strict=True))
        assert len(counts) == 10 and max(counts.values()) - min(counts.values()) <= 2
    assert abs(len(split.test) - 302 / 5) <= 1
    np.testing.assert_array_equal(split.test, data.split(faces, 1).test)
