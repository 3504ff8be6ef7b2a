"""Which checkpoint a rule keeps, worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.selection import RULES, Scores, Selection, ValidationRecord, score
from tests.benchmarks.tiny import build, make_data, make_faces, trainer_of

NAN = float("nan")


def record(correct: list[int], of: list[int], groups: list[int]) -> ValidationRecord:
    """Class 0 for everyone; in each entry `correct` of `of` samples are predicted as class 0."""
    hits = [int(i < right) for right, n in zip(correct, of, strict=True) for i in range(n)]
    codes = [code for code, n in zip(groups, of, strict=True) for _ in range(n)]
    probabilities = np.array([[0.9, 0.1] if hit else [0.1, 0.9] for hit in hits], np.float32)
    labels = np.zeros(len(hits), np.int64)
    return ValidationRecord("train", 1, np.log(probabilities), labels, np.array(codes))


def kept(sequence: list[Scores]) -> dict[str, int]:
    """Rule -> number of the record that it keeps in the end."""
    selection, best = Selection(), {}
    for number, scores in enumerate(sequence):
        best |= dict.fromkeys(selection.offer(scores), number)
    return best


def test_scores_of_two_groups_by_hand():
    scores = score(record([9, 5], [10, 10], [0, 1]))

    assert scores.accuracy == pytest.approx(14 / 20)
    assert scores.worst_group_accuracy == pytest.approx(5 / 10)
    # Distance of (14/20, 5/9) to (1, 1).
    assert scores.distance_to_optimum == pytest.approx(math.hypot(6 / 20, 4 / 9))


def test_samples_of_unknown_group_count_for_accuracy_only():
    scores = score(record([9, 5, 0], [10, 10, 20], [0, 1, -1]))

    assert scores.accuracy == pytest.approx(14 / 40)
    assert scores.worst_group_accuracy == pytest.approx(5 / 10)


@pytest.mark.parametrize("groups", [[0, 0], [-1, -1], [0, -1]], ids=str)
def test_group_scores_are_undefined_with_fewer_than_two_groups(groups):
    scores = score(record([9, 5], [10, 10], groups))

    assert scores.accuracy == pytest.approx(14 / 20)
    assert math.isnan(scores.worst_group_accuracy)
    assert math.isnan(scores.distance_to_optimum)


def test_each_rule_keeps_its_best_record():
    sequence = [
        Scores(0.6, 0.2, 0.5),
        Scores(0.9, 0.3, 0.4),
        Scores(0.7, 0.5, 0.9),
        Scores(0.8, 0.4, 0.3),
        Scores(0.5, 0.1, 0.8),
    ]

    assert kept(sequence) == {"last": 4, "best_acc": 1, "best_wga": 2, "best_dto": 3}


def test_ties_keep_the_earlier_record_except_for_last():
    same = Scores(0.5, 0.5, 0.5)

    assert kept([same, same]) == {"last": 1, "best_acc": 0, "best_wga": 0, "best_dto": 0}


def test_where_a_score_is_never_defined_the_last_record_is_kept():
    sequence = [Scores(0.9, NAN, NAN), Scores(0.8, NAN, NAN)]

    assert kept(sequence) == {"last": 1, "best_acc": 0, "best_wga": 1, "best_dto": 1}


def test_a_defined_score_beats_undefined_ones_before_and_after():
    sequence = [Scores(0.9, NAN, NAN), Scores(0.8, 0.1, 1.2), Scores(0.7, NAN, NAN)]

    assert kept(sequence) == {"last": 2, "best_acc": 0, "best_wga": 1, "best_dto": 1}


def test_every_rule_keeps_the_first_record():
    assert kept([Scores(NAN, NAN, NAN)]) == dict.fromkeys(RULES, 0)


def test_training_and_selection_run_without_a_test_part(recorder):
    data = replace(make_data(make_faces()), test=None)

    training = trainer_of(build(recorder, data), data).run()

    assert set(training.checkpoints) == set(RULES)
