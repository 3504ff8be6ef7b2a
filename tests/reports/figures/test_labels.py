"""Labels beside points: no overlaps where there is room, inside the frame, the same again."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.figures.labels import label_places

BOX = (70.0, 70.0)


def overlaps(places, sizes):
    gap = np.abs(places[:, None] - places[None])
    hit = (gap < (sizes[:, None] + sizes[None]) / 2 - 1e-9).all(-1)
    return int(np.triu(hit, 1).sum())


def test_no_points_give_no_labels():
    assert label_places(np.zeros((0, 2)), np.zeros((0, 2)), BOX).shape == (0, 2)


def test_labels_of_a_crowd_do_not_overlap_each_other():
    points = np.random.default_rng(0).normal(35, 7, (40, 2))
    sizes = np.tile([3.2, 2.1], (40, 1))
    assert overlaps(label_places(points, sizes, BOX), sizes) == 0


def test_labels_of_equal_points_stand_apart():
    points, sizes = np.full((5, 2), 30.0), np.tile([3.2, 2.1], (5, 1))
    assert overlaps(label_places(points, sizes, BOX), sizes) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 70), st.floats(0, 70)), min_size=1, max_size=12))
def test_labels_of_any_few_points_lie_within_the_frame(points):
    points, sizes = np.array(points), np.tile([3.2, 2.1], (len(points), 1))
    places = label_places(points, sizes, BOX)
    assert (places >= sizes / 2 - 1e-9).all()
    assert (places <= np.array(BOX) - sizes / 2 + 1e-9).all()
    assert np.array_equal(places, label_places(points, sizes, BOX))


def test_a_label_does_not_cover_a_point_without_one():
    place = label_places(
        np.array([[30.0, 30.0]]), np.array([[3.0, 2.0]]), BOX, np.array([[32.3, 32.3]])
    )
    assert not (np.abs(place - [32.3, 32.3]) < [1.5, 1.0]).all()
