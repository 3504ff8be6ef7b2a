"""Rows of side files find their pictures, and never another one's."""

from dataclasses import replace

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.listing import Listing
from datasets.side_files import SideRows, matched
from datasets.tree import Source


def listing(paths, *, faces=None, boxes=None):
    size = len(paths)
    return Listing(
        tables=(),
        pictures=tuple(Source(path) for path in paths),
        sample_ids=tuple(str(place) for place in range(size)),
        labels=np.zeros(size, dtype=np.int64),
        joins=tuple(paths),
        faces=None if faces is None else np.array(faces),
        boxes=None if boxes is None else np.array(boxes, dtype=float),
    )


def rows(paths, *, faces=None, boxes=None):
    return SideRows(
        "units.csv",
        paths,
        np.full(len(paths), -1) if faces is None else np.array(faces),
        np.full((len(paths), 4), np.nan) if boxes is None else np.array(boxes, dtype=float),
    )


def test_more_and_fewer_folders_and_other_case_do_not_matter():
    own = listing(["aligned/a.jpg", "aligned/b.jpg", "aligned/c.jpg"])
    side = rows(["C:\\data\\Aligned\\B.JPG", "a.jpg"])
    assert matched(side, own).tolist() == [1, 0, -1]


def test_a_path_without_a_suffix_fits_the_picture_of_that_name():
    own = listing(["x/26_1_3.jpg.chip.jpg", "x/train_1.png"])
    assert matched(rows(["train_1", "26_1_3.jpg.chip"]), own).tolist() == [1, 0]


def test_the_longest_common_end_decides():
    own = listing(["train/1.jpg", "val/1.jpg"])
    assert matched(rows(["/data/val/1.jpg", "/data/train/1.jpg"]), own).tolist() == [1, 0]


def test_a_picture_does_not_take_the_row_of_its_namesake():
    # val/1.jpg shares its name with train/1.jpg, whose row fits that one better.
    own = listing(["train/1.jpg", "val/1.jpg"])
    assert matched(rows(["train/1.jpg"]), own).tolist() == [0, -1]


def test_a_row_that_fits_two_pictures_alike_is_an_error_that_names_both():
    own = listing(["train/1.jpg", "val/1.jpg"])
    with pytest.raises(DataError, match=r"'1.jpg' fits two pictures, train/1.jpg and val/1.jpg"):
        matched(rows(["1.jpg"]), own)


def test_two_rows_that_fit_one_picture_alike_are_an_error_that_names_both():
    with pytest.raises(DataError, match=r"picture 1.jpg, 'a/1.jpg' and 'b/1.jpg'"):
        matched(rows(["a/1.jpg", "b/1.jpg"]), listing(["1.jpg"]))


def test_the_sets_own_number_decides_among_faces_and_a_missed_face_is_missing():
    own = listing(["p.jpg"] * 3, faces=[0, 1, 2])
    assert matched(rows(["p.jpg", "p.jpg"], faces=[2, 0]), own).tolist() == [1, -1, 0]


def test_the_best_overlap_with_the_labelled_box_decides_next():
    own = listing(["p.jpg", "p.jpg"], boxes=[[0, 0, 10, 10], [20, 0, 30, 10]])
    side = rows(["p.jpg"] * 3, boxes=[[18, 0, 31, 12], [2, 0, 11, 10], [0, 0, 100, 100]])
    # Overlaps with the first box: 0, 80 / 110, 100 / 10,000; with the second 100 / 156, 0, .01.
    assert matched(side, own).tolist() == [1, 0]


def test_else_the_largest_face_is_taken_then_the_lowest_number():
    sized = rows(["p.jpg"] * 2, boxes=[[0, 0, 5, 5], [0, 0, 9, 9]])
    assert matched(sized, listing(["p.jpg"])).tolist() == [1]
    assert matched(rows(["p.jpg"] * 2, faces=[3, 1]), listing(["p.jpg"])).tolist() == [1]


def test_the_order_of_the_rows_decides_nothing():
    # b.jpg fits both names of equal length, but y/1.jpg is its namesake's: x/1.jpg is left for it.
    own = listing(["x/1.jpg", "y/1.jpg"])
    for paths in (["y/1.jpg", "1.jpg"], ["1.jpg", "y/1.jpg"]):
        found = matched(rows(paths), own)
        assert [paths[row] for row in found] == ["1.jpg", "y/1.jpg"]


def test_a_name_with_and_one_without_suffix_are_two_rows_of_one_picture():
    with pytest.raises(DataError, match=r"picture x/1.jpg, '1.jpg' and '1'"):
        matched(rows(["1.jpg", "1"]), listing(["x/1.jpg"]))


def test_a_longer_path_goes_before_a_name_without_suffix():
    assert matched(rows(["1", "x/1.jpg"]), listing(["x/1.jpg"])).tolist() == [1]


def test_another_suffix_is_another_picture():
    own = listing(["x/1.jpg", "x/2.jpg"])
    assert matched(rows(["1.png", "2.jpg"]), own).tolist() == [-1, 1]


def test_suffixes_tell_pictures_of_one_name_apart():
    own = listing(["x/1.jpg", "x/1.png"])
    assert matched(rows(["x/1.png", "x/1.jpg"]), own).tolist() == [1, 0]
    with pytest.raises(DataError, match=r"'x/1' fits two pictures, x/1.jpg and x/1.png"):
        matched(rows(["x/1"]), own)


def test_a_missed_face_does_not_take_its_neighbours_row():
    boxes = [[0, 0, 10, 10], [20, 0, 30, 10]]
    own = listing(["p.jpg", "p.jpg"], boxes=boxes)
    assert matched(rows(["p.jpg"], boxes=[[19, 0, 30, 10]]), own).tolist() == [-1, 0]
    alone = listing(["p.jpg"], boxes=boxes[:1])
    assert matched(rows(["p.jpg"] * 2, boxes=[[19, 0, 30, 9], [40, 0, 90, 90]]), alone) == [-1]


def test_a_row_belongs_to_one_face_only():
    # Both boxes of the set overlap the row: by 20 / 200 and by 100 / 120.
    own = listing(["p.jpg", "p.jpg"], boxes=[[10, 0, 20, 10], [2, 0, 12, 10]])
    assert matched(rows(["p.jpg"], boxes=[[0, 0, 12, 10]]), own).tolist() == [-1, 0]


def test_the_order_of_an_extractor_is_no_number_of_the_set():
    # OpenFace found the set's second face first.
    own = listing(["p.jpg"] * 2, faces=[0, 1], boxes=[[0, 0, 10, 10], [20, 0, 30, 10]])
    side = rows(["p.jpg"] * 2, faces=[0, 1], boxes=[[20, 0, 30, 10], [0, 0, 10, 10]])
    assert matched(replace(side, numbered_by_set=False), own).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("own", "side", "message"),
    [
        (listing(["p.jpg"]), rows(["p.jpg"] * 2), "'p.jpg' has several faces or rows"),
        (listing(["p.jpg"] * 2, faces=[0, 1]), rows(["p.jpg"] * 2), "cannot be told apart"),
        (listing(["p.jpg"]), rows(["p.jpg"] * 2, faces=[1, 1]), "a face of 'p.jpg' comes twice"),
    ],
    ids=["two rows", "two faces", "one face twice"],
)
def test_rows_that_cannot_be_told_apart_are_an_error(own, side, message):
    with pytest.raises(DataError, match=message):
        matched(side, own)


def test_a_file_of_other_pictures_is_an_error_that_shows_both_kinds_of_path():
    with pytest.raises(DataError, match="none of the pictures .* 'b.jpg', the set's is 'x/a.jpg'"):
        matched(rows(["b.jpg"]), listing(["x/a.jpg"]))
    assert matched(rows([]), listing(["x/a.jpg"])).tolist() == [-1]


def test_the_one_row_of_a_picture_without_a_found_face_is_nobodys():
    assert matched(rows(["p.jpg"]), listing(["p.jpg"] * 2, faces=[0, 1])).tolist() == [-1, -1]


def test_a_path_that_climbs_out_is_a_name_and_nothing_more():
    own = listing(["x/1.jpg"])
    assert matched(rows(["../../etc/passwd", "/../x/1.jpg", ""]), own).tolist() == [1]


def test_pictures_that_all_have_one_name_are_matched_in_linear_time():
    size = 20_000
    own = listing([f"{person}/face.jpg" for person in range(size)])
    side = rows([f"units/{person}/face" for person in reversed(range(size))])
    assert matched(side, own).tolist() == list(reversed(range(size)))
