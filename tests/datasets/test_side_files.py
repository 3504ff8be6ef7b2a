"""Rows of side files find their pictures, and never another one's."""

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
