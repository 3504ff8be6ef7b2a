"""AffectNet's first release: codes, lists, landmarks, the automatic part."""

import numpy as np
import pytest

from datasets.affectnet import AffectNet, AffectNetSettings
from datasets.affectnet_automatic import AffectNetAutomatic, AutomaticSettings
from datasets.affectnet_lists import CLASSES
from datasets.errors import DataError, SettingError
from datasets.joined import joined
from tests.datasets.miniatures import affectnet, affectnet_automatic

#: three pictures of each of the codes 8 to 10 in each list of the miniature
NO_EXPRESSION = {
    "no expression (code 8, none)": 6,
    "no expression (code 9, uncertain)": 6,
    "no expression (code 10, no face)": 6,
}


def _lists(root):
    return root / "AffectNet" / "Manually_Annotated_file_lists"


def _add(table, *lines):
    with table.open("a", newline="") as file:
        file.writelines(f"{line}\r\n" for line in lines)


def _read(root, **settings):
    return AffectNet(AffectNetSettings(**settings)).read(root)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        *enumerate(("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")),
    ],
)
def test_every_code_is_its_expression(tmp_path, code, name):
    affectnet.make(tmp_path, train=1, test=1)
    first = _read(tmp_path).sample_ids[0]
    (_lists(tmp_path) / "training.csv").write_text(affectnet.line(first, code))
    data = AffectNet()
    assert data.describe().classes[data.read(tmp_path).labels[0]] == name


def test_classes_stand_in_the_order_of_the_codes(tmp_path):
    affectnet.make(tmp_path)
    _add(_lists(tmp_path) / "training.csv", affectnet.line("1/a.jpg", 6))
    listing = _read(tmp_path)
    assert AffectNet().describe().classes == CLASSES
    assert CLASSES[6] == "angry" and CLASSES[3] == "surprise"
    assert listing.labels[listing.sample_ids.index("1/a.jpg")] == 6


def test_codes_that_are_no_expression_are_left_out_and_counted(tmp_path):
    affectnet.make(tmp_path)
    listing = _read(tmp_path)
    assert listing.left_out == NO_EXPRESSION
    assert np.bincount(listing.labels).tolist() == [21] * 8


def test_codes_that_are_no_expression_stay_as_not_happy_when_they_are_asked_for(tmp_path):
    affectnet.make(tmp_path)
    few = _read(tmp_path, positive="happy")
    all_ = _read(tmp_path, positive="happy", keep_other=True)
    assert np.bincount(few.labels).tolist() == [7 * 21, 21]
    assert np.bincount(all_.labels).tolist() == [7 * 21 + 18, 21]
    assert all_.left_out == {}


def test_documented_lines_of_the_manual_part_add_up():
    # 287,651 of 8 classes and 33,088 + 11,645 + 82,415 others; 500 of each of 11 codes in the test.
    lines = AffectNet().documented.lines
    train = [count for what, count in lines.items() if what.startswith("training.csv, ")]
    assert sum(train) == 414_799 and sum(train[:8]) == 287_651
    assert sum(lines.values()) - sum(train) == 5_500 and len(lines) == 22
    assert lines["training.csv, angry"] == 24_882 and lines["training.csv, no face"] == 82_415


@pytest.mark.parametrize("settings", [{}, {"positive": "happy", "keep_other": True}])
def test_lines_are_counted_before_any_is_left_out(tmp_path, settings):
    affectnet.make(tmp_path)
    first = _read(tmp_path).sample_ids[0]
    _add(_lists(tmp_path) / "training.csv", affectnet.line(first, 0))
    lines = _read(tmp_path, **settings).lines
    assert lines.keys() == AffectNet.facts.lines.keys()
    assert lines["training.csv, neutral"] == 14 + 1 and lines["training.csv, contempt"] == 14
    assert lines["training.csv, none"] == lines["validation.csv, no face"] == 3
    assert sum(lines.values()) == 8 * 14 + 1 + 8 * 7 + 2 * 9


def test_keeping_them_without_a_class_to_tell_is_refused():
    data = AffectNet(AffectNetSettings(keep_other=True))
    with pytest.raises(SettingError, match="set affectnet.positive, such as happy, too"):
        data.describe()


def test_the_validation_part_is_the_test_part(tmp_path):
    affectnet.make(tmp_path)
    data = AffectNet()
    faces = data.load(tmp_path, tmp_path / "cache", 4)
    split = data.split(faces, 0)
    assert len(split.test) == 8 * 7
    # Pictures of the miniature's second list have the numbers from 5000 on.
    numbers = [int(name.split("/")[1].split(".")[0], 16) for name in faces.sample_ids.tolist()]
    assert {numbers[row] >= 5000 for row in split.test.tolist()} == {True}
    assert {numbers[row] >= 5000 for row in split.train.tolist()} == {False}


def test_a_mark_at_the_start_of_a_list_reads_the_same(tmp_path):
    affectnet.make(tmp_path, header=False)
    before = _read(tmp_path)
    for name in ("training.csv", "validation.csv"):
        table = _lists(tmp_path) / name
        table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    after = _read(tmp_path)
    assert after.sample_ids == before.sample_ids
    np.testing.assert_array_equal(after.labels, before.labels)


def test_a_list_without_header_reads_the_same(tmp_path):
    affectnet.make(tmp_path / "with")
    affectnet.make(tmp_path / "without", header=False)
    assert _read(tmp_path / "with").sample_ids == _read(tmp_path / "without").sample_ids


def test_columns_in_another_order_and_a_mark_at_the_start_do_no_harm(tmp_path):
    affectnet.make(tmp_path)
    table = _lists(tmp_path) / "training.csv"
    before = _read(tmp_path)
    rows = [line.split(",") for line in table.read_text().splitlines()]
    turned = "\n".join(",".join(reversed(row)) for row in rows)
    table.write_bytes(b"\xef\xbb\xbf" + turned.encode())
    after = _read(tmp_path)
    assert after.sample_ids == before.sample_ids
    np.testing.assert_array_equal(after.boxes, before.boxes)


def test_a_missing_column_is_named(tmp_path):
    affectnet.make(tmp_path)
    table = _lists(tmp_path) / "training.csv"
    table.write_text(table.read_text().replace("expression", "emotion", 1))
    with pytest.raises(DataError, match=r"training.csv lacks the columns expression: copy"):
        _read(tmp_path)


def test_boxes_are_corner_and_size_and_may_be_unknown(tmp_path):
    affectnet.make(tmp_path)
    table = _lists(tmp_path) / "training.csv"
    _add(table, affectnet.line("1/a.jpg", 0, box="5,7,10,20"))
    _add(table, affectnet.line("1/b.jpg", 0, box="NULL,NULL,NULL,NULL"))
    listing = _read(tmp_path)
    boxes = dict(zip(listing.sample_ids, listing.boxes.tolist(), strict=True))
    assert boxes["1/a.jpg"] == [5, 7, 15, 27]
    assert np.isnan(boxes["1/b.jpg"]).all()


def test_five_points_are_means_of_the_landmarks(tmp_path):
    affectnet.make(tmp_path)
    _add(_lists(tmp_path) / "training.csv", affectnet.line("1/a.jpg", 0, landmarks="NULL"))
    listing = _read(tmp_path, aligned=True)
    # Landmark k lies at (k / 4, k / 5); eyes are 36 to 41 (mean 38.5) and 42 to 47 (44.5), the tip
    # of the nose is 30, the corners of the mouth are 48 and 54.
    expected = [(k / 4, k / 5) for k in (38.5, 44.5, 30, 48, 54)]
    np.testing.assert_allclose(listing.points[0], expected)
    assert np.isnan(listing.points[listing.sample_ids.index("1/a.jpg")]).all()
    assert _read(tmp_path).points is None


def test_pictures_of_odd_formats_are_read(tmp_path):
    affectnet.make(tmp_path)
    faces = AffectNet(AffectNetSettings(tolerated=0.0)).load(tmp_path, tmp_path / "cache", 4)
    suffixes = {name.rsplit(".", 1)[1] for name in faces.sample_ids.tolist()}
    assert suffixes == {"jpg", "JPG", "png", "tif", "bmp"}


def test_a_picture_in_both_lists_is_tested_only(tmp_path):
    affectnet.make(tmp_path)
    tested = next(name for name in _read(tmp_path).sample_ids if "/001388" in name)  # number 5000
    _add(_lists(tmp_path) / "training.csv", affectnet.line(tested, 4))
    listing = _read(tmp_path)
    row = listing.sample_ids.index(tested)
    assert (listing.parts[row], listing.labels[row]) == ("test", 0)
    assert listing.left_out["listed for training and for the test (kept for the test)"] == 1


def test_a_picture_listed_twice_counts_once_and_not_at_all_with_two_labels(tmp_path):
    affectnet.make(tmp_path)
    first, second = _read(tmp_path).sample_ids[:2]
    table = _lists(tmp_path) / "training.csv"
    _add(table, affectnet.line(first, 0), affectnet.line(second, 5))
    listing = _read(tmp_path)
    assert listing.left_out == NO_EXPRESSION | {"repeated": 1, "repeated with different labels": 2}
    assert listing.sample_ids[0] == first and second not in listing.sample_ids


def test_a_picture_that_is_listed_and_missing_is_named_by_the_load(tmp_path):
    folder = affectnet.make(tmp_path)
    for name in (folder / affectnet.IMAGES / "1").iterdir():
        name.unlink()
    with pytest.raises(DataError, match=r"Manually_Annotated_Images/1/\w+.\w+ \(missing\)"):
        AffectNet().load(tmp_path, tmp_path / "cache", 4)


@pytest.mark.parametrize(
    "line",
    [
        affectnet.line("1/a.jpg", 11),
        affectnet.line("1/a.jpg", -1),
        affectnet.line("1/a.jpg", 0, box="x,1,2,3"),
        affectnet.line("../../secret.jpg", 0),
        affectnet.line("/etc/passwd", 0),
        affectnet.line("..\\secret.jpg", 0),
        "1/a.jpg,1,2,3",
    ],
    ids=["code", "negative", "box", "climbs", "absolute", "backslash", "short"],
)
def test_a_line_that_does_not_belong_is_said_with_its_number(tmp_path, line):
    affectnet.make(tmp_path, train=1, test=1)
    _add(_lists(tmp_path) / "training.csv", line)
    # One line of header, 8 of expressions, 9 of the other codes.
    with pytest.raises(DataError, match=r"training.csv, line 19: not a picture below its folder"):
        _read(tmp_path)


def test_pictures_that_are_not_unpacked_are_said(tmp_path):
    affectnet.make(tmp_path)
    (tmp_path / "AffectNet" / affectnet.IMAGES).rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="no pictures in Manually_Annotated_Images"):
        _read(tmp_path)


@pytest.mark.parametrize(
    "lists",
    [
        "Automatically_annotated_file_list",
        "Automatically_Annotated_file_lists",
        "automatically_annotated_file_list",
    ],
)
def test_the_folder_of_the_automatic_list_has_many_spellings(tmp_path, lists):
    affectnet_automatic.make(tmp_path, count=2, lists=lists)
    assert len(AffectNetAutomatic().read(tmp_path)) == 16


def test_labels_of_the_automatic_part_are_called_predictions_in_every_report(tmp_path):
    affectnet_automatic.make(tmp_path)
    faces = AffectNetAutomatic().load(tmp_path, tmp_path / "cache", 4)
    assert any("predictions of a network" in note for note in faces.notes)


def test_what_must_be_said_of_one_set_is_said_of_two_joined(tmp_path):
    affectnet.make(tmp_path)
    affectnet_automatic.make(tmp_path)
    automatic = AffectNetAutomatic().read(tmp_path)
    both = joined(("automatic", automatic), ("manual", _read(tmp_path)))
    assert both.notes == automatic.notes != ()


def test_both_parts_in_one_folder_are_told_apart(tmp_path):
    affectnet.make(tmp_path)
    affectnet_automatic.make(tmp_path)
    assert len(_read(tmp_path)) == 8 * 21
    assert len(AffectNetAutomatic().read(tmp_path)) == 8 * 30


def test_a_draw_of_the_automatic_part_keeps_other_codes_as_chen_and_joo_did(tmp_path):
    affectnet_automatic.make(tmp_path)
    settings = AutomaticSettings(protocol="chen", sample=200, positive="angry", keep_other=True)
    data = AffectNetAutomatic(settings)
    faces = data.load(tmp_path, tmp_path / "cache", 4)
    split = data.split(faces, 0)
    assert [len(rows) for rows in (split.train, split.validation, split.test)] == [160, 20, 20]
    assert faces.spec.classes == ("not_angry", "angry")
    # 249 pictures can be drawn, 9 of them of codes 8 to 10: a draw of all keeps these.
    whole = AutomaticSettings(protocol="chen", sample=249, positive="angry", keep_other=True)
    assert np.bincount(AffectNetAutomatic(whole).read(tmp_path).labels).tolist() == [219, 30]
