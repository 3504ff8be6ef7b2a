"""Action units as OpenFace, py-feat, JAA-Net and the project's own form write them."""

import gzip
import json

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.side_table import BLOCK
from datasets.unit_files import file_units, files_read, read_units

MARKS = ", ".join(f"{axis}_{mark}" for axis in "xy" for mark in range(68))


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def openface(path, rows, *, front="face, confidence"):
    """FaceLandmarkImg's table: a blank after each comma of the header, landmarks, both kinds."""
    header = f"{front}, {MARKS}, X_0, AU06_r, AU12_r, AU07_r, AU06_c, AU12_c, AU07_c, AU28_c"
    return write(path, header, *rows)


def landmarks(left, top, size):
    x = [left + size * mark / 67 for mark in range(68)]
    y = [top + size * mark / 67 for mark in range(68)]
    return ", ".join(f"{value:.1f}" for value in [*x, *y])


def test_a_folder_of_openface_files_is_named_after_its_pictures(tmp_path):
    openface(tmp_path / "a.csv", [f"0, 0.9, {landmarks(3, 5, 10)}, 7, 5.0, 2.5, 1.0, 1, 0, 1, 0"])
    openface(tmp_path / "deep/b.csv", [])
    found = read_units(tmp_path)
    assert found.units == ("AU06", "AU12", "AU07") == file_units(tmp_path)
    assert found.rows.paths == ["a"] and found.rows.faces.tolist() == [0]
    # Intensities are divided by 5; the box is the extent of the landmarks x and y, not X.
    np.testing.assert_allclose(found.values, [[1.0, 0.5, 0.2]])
    np.testing.assert_allclose(found.rows.boxes, [[3, 5, 13, 15]])


def test_presence_and_the_papers_mixture_take_the_other_columns(tmp_path):
    openface(tmp_path / "a.csv", [f"0, 0.9, {landmarks(0, 0, 9)}, 7, 5.0, 2.5, 1.0, 1, 0, 1, 0"])
    presence = read_units(tmp_path, "presence")
    assert presence.units == ("AU06", "AU12", "AU07", "AU28")
    np.testing.assert_array_equal(presence.values, [[1, 0, 1, 0]])
    chen = read_units(tmp_path, "chen")
    assert chen.units == ("AU06", "AU12", "AU07")
    np.testing.assert_allclose(chen.values, [[1.0, 0.5, 1.0]])


def test_a_sequence_without_names_is_refused_with_the_command_that_keeps_them(tmp_path):
    header = "frame, timestamp, confidence, success, AU06_r, AU06_c"
    path = write(tmp_path / "units.csv", header, "1, 0.0, 0.98, 1, 0.5, 1")
    with pytest.raises(DataError, match="does not say which picture .* FaceLandmarkImg -fdir"):
        read_units(path)


def test_a_failed_frame_is_missing_not_zero(tmp_path):
    path = write(tmp_path / "u.csv", "image,success,AU06_r", "a.jpg,1,0", "b.jpg,0,0")
    np.testing.assert_array_equal(read_units(path).values, [[0.0], [np.nan]])


def test_a_file_of_one_kind_only_says_so(tmp_path):
    path = write(tmp_path / "u.csv", "image,AU06_c", "a.jpg,1")
    with pytest.raises(DataError, match="no intensity .* choose the other kind"):
        read_units(path)


def test_a_pyfeat_table_names_pictures_in_its_last_columns(tmp_path):
    header = "FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,AU01,AU12,anger,input"
    lines = ["1,2,30,40,0.99,0.25,1.0,0.1,/data/p/a.jpg", ",,,,,,,,/data/p/b.jpg"]
    found = read_units(write(tmp_path / "fex.csv", header, *lines))
    assert found.units == ("AU01", "AU12") and found.rows.paths[1] == "/data/p/b.jpg"
    np.testing.assert_array_equal(found.values, [[0.25, 1.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(found.rows.boxes[0], [1, 2, 31, 42])


def test_jaa_net_needs_the_list_of_pictures(tmp_path):
    path = write(tmp_path / "aus.csv", ",".join(["0.5"] * 12), ",".join(["0.25"] * 12))
    with pytest.raises(DataError, match=r"numbers without a header: .* aus.json"):
        read_units(path)
    write(tmp_path / "list.txt", "imgs/a.jpg", "imgs/b.jpg")
    write(tmp_path / "aus.json", json.dumps({"extractor": "JAA-Net", "pictures": "list.txt"}))
    found = read_units(path)
    assert found.units[:3] == ("AU01", "AU02", "AU04") and len(found.units) == 12
    assert found.rows.paths == ["imgs/a.jpg", "imgs/b.jpg"]
    np.testing.assert_array_equal(found.values[:, 0], [0.5, 0.25])


@pytest.mark.parametrize("mark", ["\t", ",", " "])
def test_the_numbers_that_jaa_net_saves_are_read_as_it_parts_them(tmp_path, mark):
    # Its evaluation saves fmt='%f' with tabulators; numpy alone would part by blanks.
    np.savetxt(tmp_path / "aus.txt", [[0.5] * 8, [0.25] * 8], fmt="%f", delimiter=mark)
    write(tmp_path / "path.txt", "SN002/0.jpg", "SN 002/1.jpg")
    write(tmp_path / "aus.json", json.dumps({"pictures": "path.txt"}))
    found = read_units(tmp_path / "aus.txt")
    assert found.units[-2:] == ("AU25", "AU26") and found.rows.paths[1] == "SN 002/1.jpg"
    np.testing.assert_array_equal(found.values[:, 7], [0.5, 0.25])


def test_the_list_of_pictures_lies_beside_the_numbers_and_is_as_long(tmp_path):
    path = write(tmp_path / "aus.csv", ",".join(["0.5"] * 12))
    write(tmp_path / "aus.json", json.dumps({"pictures": "../list.txt"}))
    with pytest.raises(DataError, match=r"must name a file below .* not '../list.txt'"):
        read_units(path)
    write(tmp_path / "aus.json", json.dumps({"pictures": "list.txt"}))
    write(tmp_path / "list.txt", "a.jpg", "b.jpg")
    with pytest.raises(DataError, match="names 2 pictures, .* has 1 rows"):
        read_units(path)


def test_the_order_in_which_openface_found_faces_is_no_number_of_the_set(tmp_path):
    row = f"0, 0.9, {landmarks(3, 5, 10)}, 7, 5.0, 2.5, 1.0, 1, 0, 1, 0"
    openface(tmp_path / "units/a.csv", [row])
    own = write(tmp_path / "u.csv", "# range=[0,1]", "image,face,AU06", "a.jpg,0,1")
    assert not read_units(tmp_path / "units").rows.numbered_by_set
    assert read_units(own).rows.numbered_by_set


def test_a_mark_at_the_start_and_carriage_returns_change_nothing(tmp_path):
    lines = ["# range=[0,5]", "image,AU06", "a.jpg,2.5", "", "b.jpg,5"]
    for end in ("\n", "\r\n", "\r"):
        path = tmp_path / "u.csv"
        path.write_bytes(b"\xef\xbb\xbf" + end.join(lines).encode())
        np.testing.assert_array_equal(read_units(path).values, [[0.5], [1.0]])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("u.csv", "image,AU06\näö.jpg,1".encode("latin-1")),
        ("u.csv", "image,AU06\na.jpg,1".encode("utf-16")),
        ("u.csv.gz", b"image,AU06"),
        ("u.csv.gz", gzip.compress(b"# range=[0,1]\nimage,AU06" + b"\na.jpg,1" * 99)[:-12]),
        ("u.csv.gz", gzip.compress(b"image,AU06\na.jpg,1")[:10] + b"\xff" * 20),
    ],
    ids=["latin-1", "utf-16", "no archive", "cut archive", "damaged archive"],
)
def test_a_file_that_is_no_text_is_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} cannot be read as text"):
        read_units(tmp_path / name)


def test_a_table_without_rows_has_no_faces(tmp_path):
    found = read_units(write(tmp_path / "u.csv", "# range=[0,1]", "image,AU06"))
    assert found.values.shape == (0, 1) and found.rows.boxes.shape == (0, 4)


def test_tables_longer_than_a_block_keep_every_row(tmp_path):
    size = BLOCK + 3
    lines = [f"{row}.jpg,{row / size}" for row in range(size)]
    found = read_units(write(tmp_path / "u.csv", "# range=[0,1]", "image,AU06", *lines))
    np.testing.assert_allclose(found.values[:, 0], np.arange(size) / size)
    assert found.rows.paths[-1] == f"{size - 1}.jpg"


def test_whatever_decides_the_numbers_is_among_the_files_read(tmp_path):
    path = write(tmp_path / "aus.csv", ",".join(["0.5"] * 12))
    beside = write(tmp_path / "aus.json", json.dumps({"pictures": "list.txt"}))
    assert files_read(path) == [path, beside, tmp_path / "list.txt"]
    bare = write(tmp_path / "u.csv", "# range=[0,1]", "image,AU06")
    assert files_read(bare) == [bare]


def test_the_own_form_states_its_scale_in_front_or_beside(tmp_path):
    header, line = "image,face,confidence,AU06,x,y,w,h", "a.jpg,1,0.9,2.5,1,2,3,4"
    bare = write(tmp_path / "bare.csv", header, line)
    with pytest.raises(DataError, match=r"does not state its scale: begin it with"):
        read_units(bare)
    write(tmp_path / "bare.json", json.dumps({"kind": "intensity", "range": "[0, 5]"}))
    stated = write(tmp_path / "stated.csv", "# kind=intensity range=[0,5]", header, line)
    for path in (bare, stated):
        found = read_units(path)
        np.testing.assert_array_equal(found.values, [[0.5]])
        assert found.rows.faces.tolist() == [1]
        np.testing.assert_array_equal(found.rows.boxes, [[1, 2, 4, 6]])
    packed = tmp_path / "stated.csv.gz"
    packed.write_bytes(gzip.compress(stated.read_bytes()))
    np.testing.assert_array_equal(read_units(packed).values, [[0.5]])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["image,AU06", "a.jpg,0.5,1"], "line 2: not as many fields"),
        (["image,AU06", "a.jpg,0.5", "b.jpg,high"], "line 3: AU06 must be a number, not 'high'"),
        (["image,AU06", "a.jpg,0.5", "b.jpg,1.5"], "line 3: AU06 is 1.5, outside 0 to 1"),
        (["image,smile", "a.jpg,0.5"], "no column of an action unit"),
        (["picture,AU06", "a.jpg,0.5"], "lacks the column 'image'"),
        ([""], "is empty"),
        (["image,AU06", ",0.5"], "line 2: image is empty"),
        (["image,AU06", "", "a.jpg,0.5", "b.jpg,1.5"], "line 4: AU06 is 1.5"),
        (["image,AU06,AU6", "a.jpg,0.5,1"], "two columns of one action unit"),
        (["image,face,AU06", "a.jpg,0.5,1"], "line 2: face must be a whole number"),
        (["image,face,AU06", "a.jpg,inf,1"], "line 2: face must be a whole number"),
        (["image,AU06", "a.jpg,inf"], "line 2: AU06 is inf, outside 0 to 1"),
        (["image,AU06,x,y,w,h", "a.jpg,1,inf,0,1,1"], "line 2: a place is not a number of pixels"),
        (["image,AU06_r,AU03_r", "a.jpg,1,1"], "AU03_r, which OpenFace 2 does not measure"),
        (["image;AU06", "a.jpg;0,5"], "line 2: AU06 must be a number, not '0,5'"),
    ],
    ids=["ragged", "text", "range", "no unit", "no picture", "empty", "nameless", "blank line",
         "twice", "half a face", "no face", "endless", "nowhere", "OpenFace 3", "decimal comma"],
)  # fmt: skip
def test_what_does_not_belong_there_is_said_with_its_line(tmp_path, lines, message):
    path = write(tmp_path / "u.csv", *lines)
    write(tmp_path / "u.json", json.dumps({"range": "[0,1]"}))
    with pytest.raises(DataError, match=message):
        read_units(path)


def test_lines_are_counted_with_the_statement_in_front(tmp_path):
    path = write(tmp_path / "u.csv", "# range=[0,1]", "image,AU06", "a.jpg,1", "b.jpg,2")
    with pytest.raises(DataError, match="line 4: AU06 is 2"):
        read_units(path)


def test_an_empty_field_is_missing_and_an_absent_unit_is_no_column(tmp_path):
    path = write(tmp_path / "u.csv", "# range=[0,1]", "image,face,AU01,AU12", "a.jpg,0,,0.5")
    found = read_units(path)
    assert found.units == ("AU01", "AU12")
    np.testing.assert_array_equal(found.values, [[np.nan, 0.5]])
