import dataclasses

import numpy as np
import pytest

from reports.errors import ReportError
from reports.predictions import PredictionSet, pooled
from tests.reports.studies import predictions


def small(**changes: object) -> PredictionSet:
    base = {
        "dataset": "d",
        "method": "ce",
        "variant": "",
        "seed": "0",
        "select": "last",
        "cell": "d-ce-0",
        "classes": ("sad", "happy"),
        "levels": {"gender": ("male", "female"), "tone": ("light", "medium", "dark")},
        "intersections": (("gender", "tone"),),
        "labels": np.array([0, 1, 0, 1]),
        "predicted": np.array([0, 1, 1, 1]),
        "attributes": np.array([[0, 0], [1, 2], [-1, 1], [1, -1]]),
    }
    return PredictionSet(**{**base, **changes})


def test_intersection_codes_are_row_major_and_unknown_where_any_part_is():
    names, codes = small().groups("gender x tone")
    assert names[0] == "male x light" and names[5] == "female x dark" and len(names) == 6
    # male x light = 0 * 3 + 0; female x dark = 1 * 3 + 2; the others lack gender or tone.
    assert codes.tolist() == [0, 5, -1, -1]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"labels": np.array([0, 1, 0, 2])}, "labels holds codes 0..2, give 0..1"),
        ({"predicted": np.array([0, 1, 0, -1])}, "predicted holds codes -1..1"),
        ({"predicted": np.array([0, 1, 0])}, "predicted has shape (3,), give (4,)"),
        ({"predicted": np.array([0.0, 1, 1, 1])}, "integer codes"),
        ({"attributes": np.zeros((4, 1), dtype=int)}, "attributes has shape (4, 1), give (4, 2)"),
        ({"attributes": np.full((4, 2), 2)}, "attribute gender holds codes 2..2, give -1..1"),
        ({"classes": ("sad", "sad")}, "repeat a name"),
        ({"classes": ("sad", "max")}, "reserved name 'max'"),
        ({"intersections": (("gender", "age"),)}, "declared attributes"),
    ],
)
def test_predictions_that_do_not_fit_are_refused_with_the_mend(changes, word):
    with pytest.raises(ReportError) as caught:
        small(**changes)
    assert word in str(caught.value)


def test_pooling_concatenates_the_folds_in_order():
    folds = [predictions("ce", seed, samples=10) for seed in range(2)]
    pool = pooled(folds, "0-1")
    assert pool.seed == "0-1"
    assert pool.cell == "synthetic-ce-0+synthetic-ce-1"
    assert pool.predicted.tolist() == [*folds[0].predicted, *folds[1].predicted]
    assert pool.attributes.shape == (20, 2)


def test_pooling_refuses_folds_of_different_methods():
    with pytest.raises(ReportError, match="method differs"):
        pooled([predictions("ce", 0), predictions("focal", 1)], "0-1")


def test_pooling_refuses_folds_whose_levels_come_in_another_order():
    one = predictions("ce", 0)
    other = dataclasses.replace(
        one,
        levels=dict(reversed(one.levels.items())),
        intersections=(),
        attributes=one.attributes[:, ::-1],
    )
    with pytest.raises(ReportError, match="differ"):
        pooled([dataclasses.replace(one, intersections=()), other], "0-1")
