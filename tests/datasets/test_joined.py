"""Two sets as one."""

from pathlib import Path

import numpy as np
import pytest

from datasets.joined import joined
from datasets.listing import Listing, texts
from datasets.tree import Source


def listing(size, **fields):
    names = tuple(f"{number}.jpg" for number in range(size))
    return Listing(
        tables=(Source(Path("labels.csv")),),
        pictures=tuple(Source(Path("/set") / name) for name in names),
        sample_ids=names,
        labels=np.arange(size) % 2,
        **fields,
    )


def test_rows_of_the_first_train_and_of_the_second_test_under_names_of_their_own():
    both = joined(("a", listing(2, subjects=("x", "x"))), ("b", listing(1)))
    assert both.sample_ids == ("a/0.jpg", "a/1.jpg", "b/0.jpg")
    assert both.subjects == ("a/x", "a/x", "b/0.jpg")
    assert both.parts.tolist() == ["train", "train", "test"]
    assert both.labels.tolist() == [0, 1, 0] and len(both.tables) == 2


def test_what_one_set_does_not_know_is_missing_there():
    first = listing(1, values={"gender": texts(["male"]), "skin": texts(["dark"])})
    second = listing(1, values={"gender": texts(["unsure"]), "race": texts(["asian"])})
    both = joined(("a", first), ("b", second), shared=("gender",))
    assert {name: values.tolist() for name, values in both.values.items()} == {
        "gender": ["male", "unsure"], "race": ["", "asian"],
    }  # fmt: skip


def test_boxes_points_and_faces_of_one_set_are_unknown_in_the_other():
    box, points = np.array([[1.0, 2, 3, 4]]), np.ones((1, 5, 2))
    first = listing(1, boxes=box, points=points, faces=np.array([7]))
    both = joined(("a", first), ("b", listing(2)))
    assert both.boxes[0].tolist() == [1, 2, 3, 4] and np.isnan(both.boxes[1:]).all()
    assert both.points.shape == (3, 5, 2) and np.isnan(both.points[1:]).all()
    assert both.faces.tolist() == [7, 0, 0]
    assert joined(("a", listing(1)), ("b", listing(1))).boxes is None


def test_what_was_left_out_is_told_by_set_and_notes_are_kept_once():
    first = listing(1, left_out={"repeated": 2}, notes=("labels are predictions",))
    second = listing(1, left_out={"repeated": 3}, notes=("labels are predictions", "posed"))
    both = joined(("a", first), ("b", second))
    assert both.left_out == {"a: repeated": 2, "b: repeated": 3}
    assert both.notes == ("labels are predictions", "posed")


def test_sets_whose_files_are_opened_differently_are_not_joined():
    with pytest.raises(ValueError, match="opened differently"):
        joined(("a", listing(1)), ("b", listing(1, opener=repr)))
