"""One class against the others, and rows that label files repeat."""

import numpy as np
import pytest

from datasets.binary import asked_classes, asked_facts, asked_labels
from datasets.errors import SettingError
from datasets.picture_set import Facts
from datasets.repeated import once

CLASSES = ("neutral", "happy", "sad")


def test_no_class_asked_for_leaves_all():
    labels = np.array([2, 0, 1])
    assert asked_classes(CLASSES, "", "kdef") == CLASSES
    assert asked_labels(labels, CLASSES, "") is labels


def test_a_label_that_is_no_class_is_not_the_one_asked_for():
    assert asked_classes(CLASSES, "happy", "kdef") == ("not_happy", "happy")
    assert asked_labels(np.array([2, 1, -1, 0, 1]), CLASSES, "happy").tolist() == [0, 1, 0, 0, 1]


def test_a_class_that_the_set_has_not_is_refused_with_those_it_has():
    with pytest.raises(SettingError, match="kdef.positive must be one of neutral, happy, sad, not"):
        asked_classes(CLASSES, "contempt", "kdef")


def test_the_first_of_equal_rows_stays_and_none_of_contradicting_ones():
    keys = ["a", "b", "a", "c", "b", "b", "d"]
    labels = np.array([0, 1, 0, 2, 1, 2, 0])
    rows, counts = once(keys, labels)
    assert rows.tolist() == [0, 3, 6]
    assert counts == {"repeated": 1, "repeated with different labels": 3}


def test_distinct_rows_all_stay():
    rows, counts = once(["a", "b"], np.array([0, 0]))
    assert rows.tolist() == [0, 1] and counts == {}


def test_documented_counts_of_the_others_are_summed_where_all_are_known():
    counts = {("train", "label", name): n for name, n in zip(CLASSES, (5, 7, 11), strict=True)}
    counts |= {("test", "label", "happy"): 3, ("test", "gender", "male"): 2}
    facts = asked_facts(Facts(request="", tree=(), counts=counts), CLASSES, "happy")
    assert facts.counts == {
        ("train", "label", "happy"): 7,
        ("train", "label", "not_happy"): 5 + 11,
        ("test", "label", "happy"): 3,
        ("test", "gender", "male"): 2,
    }
