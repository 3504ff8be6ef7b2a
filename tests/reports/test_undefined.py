"""What cannot be measured is undefined with a reason, never 0 and never 1."""

import math

import pytest

from reports.convention import PAPER, STRICT
from tests.reports.frames import counts, reason, scores, value

FULL = [[10, 5], [5, 10]]
EMPTY = [[0, 0], [0, 0]]
NO_C1 = [[10, 5], [0, 0]]
NEVER_RIGHT = [[0, 15], [15, 0]]
FAIRNESS = ["fs_acc", "fs_gap", "fs_mca", "wga_attr", "wga_stratum", "dto"]
PER_CLASS = ["fs_tpr", "disc", "eopd", "eod"]


@pytest.mark.parametrize("key", ["acc", "wf1", "mca"])
def test_an_empty_group_has_no_rate(key):
    of = counts([FULL, EMPTY])
    assert math.isnan(value(key, of, group="g1"))
    assert reason(key, of, group="g1") == "empty_group"


def test_a_class_that_a_group_lacks_has_no_recall_there():
    of = counts([FULL, NO_C1, EMPTY])
    assert reason("tpr", of, "c1", "g1") == "no_positives"
    assert reason("tpr", of, "c1", "g2") == "empty_group"


@pytest.mark.parametrize("key", FAIRNESS)
def test_one_group_is_nothing_to_compare(key):
    of = counts([FULL, EMPTY])
    assert math.isnan(value(key, of))
    assert reason(key, of) == "fewer_than_two_groups"


@pytest.mark.parametrize("emotion", ["c0", "c1", "max_or_min"])
@pytest.mark.parametrize("key", PER_CLASS)
def test_one_group_is_nothing_to_compare_in_any_class(key, emotion):
    of = counts([FULL, EMPTY])
    emotion = scores(key, of).emotions[-1] if emotion == "max_or_min" else emotion
    assert math.isnan(value(key, of, emotion))
    assert reason(key, of, emotion) == "fewer_than_two_groups"


def test_a_ratio_of_zeros_is_undefined_while_their_gap_is_zero():
    of = counts([NEVER_RIGHT, NEVER_RIGHT])
    assert math.isnan(value("fs_acc", of))
    assert reason("fs_acc", of) == "all_zero"
    assert reason("fs_tpr", of, "c0") == "all_zero"
    assert reason("fs_tpr", of, "mean") == "all_zero"
    assert value("fs_gap", of) == 0.0


def test_a_third_empty_group_is_skipped_and_named():
    found = scores("fs_acc", counts([FULL, [[5, 10], [10, 5]], EMPTY]))
    # Accuracies 20/30 and 10/30.
    assert found.value[0, 0, 0] == pytest.approx(0.5)
    assert found.skips[0, 0, 0] == "skipped: g2"


def test_a_group_below_the_minimum_is_insufficient_and_keeps_its_count():
    of = counts([FULL, [[3, 1], [1, 2]]])
    found = scores("acc", of, STRICT)
    assert reason("acc", of, group="g1", convention=STRICT) == "insufficient"
    assert found.n[0, 1, 0] == 7
    assert reason("fs_acc", of, convention=STRICT) == "fewer_than_two_groups"
    assert value("acc", of, group="g1", convention=PAPER) == pytest.approx(5 / 7)


def test_ten_samples_are_enough_and_nine_are_not():
    of = counts([[[5, 0], [0, 5]], [[5, 0], [0, 4]]])
    assert value("acc", of, group="g0", convention=STRICT) == 1.0
    assert math.isnan(value("acc", of, group="g1", convention=STRICT))


def test_odds_need_both_gaps():
    # All of g1 is class c0, so its false-positive rate of c0 has no denominator.
    of = counts([FULL, NO_C1])
    assert value("eopd", of, "c0") == 0.0
    assert math.isnan(value("eod", of, "c0"))
    assert reason("eod", of, "c0") == "fewer_than_two_groups"
    assert scores("eod", of).worst[0, 0, 0] == -1


def test_groups_without_a_class_in_common_have_no_summed_recall_ratio():
    of = counts([NO_C1, [[0, 0], [5, 10]]])
    assert math.isnan(value("fs_mca", of))
    assert reason("fs_mca", of) == "no_common_class"


def test_a_class_dropped_from_the_summed_recalls_is_named():
    found = scores("fs_mca", counts([FULL, NO_C1]))
    assert found.value[0, 0, 0] == 1.0  # recall of c0 is 10/15 in both
    assert found.skips[0, 0, 0] == "skipped: c1"


def test_a_summary_skips_undefined_classes_and_names_them():
    found = scores("fs_tpr", counts([FULL, NO_C1]))
    mean = found.emotions.index("mean")
    assert found.value[0, 0, mean] == 1.0
    assert found.skips[0, 0, mean] == "skipped: c1"


def test_a_pair_with_an_undefined_group_is_undefined_for_its_reason():
    of = counts([FULL, EMPTY, NO_C1])
    assert reason("disc_signed", of, "c0", "g0:g1") == "empty_group"
    assert value("disc_signed", of, "c0", "g0:g2") == pytest.approx(15 / 30 - 10 / 15)


def test_no_samples_at_all_leave_every_value_undefined():
    of = counts([EMPTY, EMPTY])
    for key in (*FAIRNESS, *PER_CLASS, "acc", "wf1", "mca", "tpr", "sr", "disc_signed"):
        found = scores(key, of)
        assert all(math.isnan(one) for one in found.value.ravel()), key
        assert (found.reason > 0).all(), key
