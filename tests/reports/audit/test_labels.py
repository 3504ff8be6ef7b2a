import math

import numpy as np
import pytest

from reports.audit.labels import (
    MAX_CLASSES,
    labels_of,
    labels_of_votes,
    predictions_of,
    reject_uncountable,
)
from reports.errors import ReportError
from reports.tabular.columns import TextColumn


def column(*cells, name="label"):
    levels = tuple(dict.fromkeys(cells))
    return TextColumn(name, levels, np.array([levels.index(cell) for cell in cells]))


def votes(**columns):
    return {name: np.array(values, dtype=float) for name, values in columns.items()}


def test_every_class_is_asked_about_in_alphabetical_order():
    found = labels_of(column("sad", "happy", "sad"))

    assert found.classes == ("happy", "sad")
    assert found.yes.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert found.votes.tolist() == [1, 1, 1]


def test_a_missing_label_has_no_vote():
    found = labels_of(column("happy", "", "NaN", "n/a"))

    assert found.classes == ("happy",)
    assert found.yes.tolist() == [[1], [0], [0], [0]]
    assert found.votes.tolist() == [1, 0, 0, 0]


def test_unknown_and_none_are_labels():
    assert labels_of(column("None", "happy", "unknown")).classes == ("happy", "None", "unknown")


def test_asking_about_one_class_keeps_the_others_as_labels():
    found = labels_of(column("sad", "happy", ""), ["happy"])

    assert found.classes == ("happy",)
    assert found.yes.tolist() == [[0], [1], [0]]
    assert found.votes.tolist() == [1, 1, 0]


@pytest.mark.parametrize("cells", [("1", "0"), ("1.0", "0.0"), ("TRUE", "False"), ("yes", "no")])
def test_yes_and_no_are_a_class_called_as_the_column(cells):
    found = labels_of(column(*cells, "", name="smile"))

    assert found.classes == ("smile",)
    assert found.yes.tolist() == [[1], [0], [0]]
    assert found.votes.tolist() == [1, 1, 0]
    assert found.binary


def test_a_column_of_ones_alone_is_a_label_that_everybody_has():
    assert labels_of(column("1", "1", name="smile")).yes.tolist() == [[1], [1]]


def test_the_two_answers_may_be_asked_for_as_classes():
    found = labels_of(column("1", "0", name="smile"), ["0"])

    assert found.classes == ("0",)
    assert found.yes.tolist() == [[0], [1]]


def test_numbered_classes_are_no_yes_and_no():
    assert labels_of(column("10", "2", "1")).classes == ("1", "2", "10")


def test_a_constant_label_is_one_class():
    assert labels_of(column("happy", "happy")).yes.tolist() == [[1], [1]]


def test_names_or_numbers_are_not_taken_for_labels():
    names = column(*(f"face {place}" for place in range(MAX_CLASSES + 1)))

    with pytest.raises(ReportError, match="51 different labels .*--positive"):
        labels_of(names)
    assert labels_of(names, ["face 7"]).classes == ("face 7",)


def test_a_class_that_does_not_occur_is_an_error():
    with pytest.raises(ReportError, match="no class 'hapy'; it has happy, sad"):
        labels_of(column("sad", "happy"), ["hapy"])


def test_a_column_without_any_label_is_an_error():
    with pytest.raises(ReportError, match="'label' holds no label"):
        labels_of(column("", "nan"))


def test_votes_are_counted_for_each_class_and_in_all():
    found = labels_of_votes(votes(votes_a=[1, 0], votes_b_c=[2, 5]), source="f")

    assert found.classes == ("a", "b_c")
    assert found.yes.tolist() == [[1, 2], [0, 5]]
    assert found.votes.tolist() == [3, 5]


def test_a_prefix_that_not_all_share_stays():
    assert labels_of_votes(votes(votes_a=[1], b=[2]), source="f").classes == ("votes_a", "b")


def test_votes_for_other_classes_count_in_all_votes():
    found = labels_of_votes(votes(a=[1], b=[2], c=[4]), ["b"], source="f")

    assert found.yes.tolist() == [[2]]
    assert found.votes.tolist() == [7]


def test_an_image_with_an_empty_vote_cell_has_no_votes():
    found = labels_of_votes(votes(a=[1, 3], b=[math.nan, 2]), source="f")

    assert found.yes.tolist() == [[0, 0], [3, 2]]
    assert found.votes.tolist() == [0, 5]


@pytest.mark.parametrize("value", [-1, 0.5, math.inf])
def test_votes_that_cannot_be_counted_are_an_error_that_names_the_line(value):
    with pytest.raises(
        ReportError, match=f"line 3: a must be a whole number from 0 on, not {value}"
    ):
        labels_of_votes(votes(a=[1, value], b=[1, 1]), source="f")


def test_columns_without_any_vote_are_an_error():
    with pytest.raises(ReportError, match="columns a, b hold no vote"):
        labels_of_votes(votes(a=[0, 0], b=[0, math.nan]), source="f")


def test_missing_numbers_are_not_uncountable():
    reject_uncountable(np.array([0, 3, math.nan]), "n", source="f")


def test_predictions_are_told_by_class():
    labels = labels_of(column("sad", "happy", "sad"))

    found = predictions_of(column("happy", "fear", "sad", name="prediction"), labels, source="f")

    assert found.tolist() == [[1, 0], [0, 0], [0, 1]]


def test_predictions_of_yes_and_no_may_be_spelled_otherwise():
    labels = labels_of(column("1", "0", name="smile"))

    assert predictions_of(column("True", "false"), labels, source="f").tolist() == [[1], [0]]


def test_an_empty_prediction_is_an_error_that_names_the_line():
    labels = labels_of(column("sad", "happy", "sad"))

    with pytest.raises(ReportError, match="line 3: prediction is empty; .* 2 have none"):
        predictions_of(column("sad", "", "", name="prediction"), labels, source="f")


def test_predictions_that_name_no_class_are_an_error():
    labels = labels_of(column("sad", "happy"))

    with pytest.raises(ReportError, match="predicts 1, 2, of which none .*happy, sad"):
        predictions_of(column("1", "2"), labels, source="f")


def test_a_giant_count_is_an_error_and_no_warning():
    with pytest.raises(ReportError, match="f, line 3: n is 1e\\+30, more than the 1e\\+09"):
        reject_uncountable(np.array([0, 1e30]), "n", source="f")
