"""Agreement with scikit-learn and Fairlearn where they define the same number."""

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    equal_opportunity_difference,
    equalized_odds_difference,
)
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, recall_score

from reports.convention import PAPER
from reports.measure import measure
from reports.metrics.counts import Counts, confusion_tensor
from reports.metrics.performance import mean_recall
from tests.reports.studies import EMOTIONS, predictions


@pytest.fixture(scope="module")
def one():
    return predictions("ce", 0, samples=900)


@pytest.fixture(scope="module")
def frame(one):
    return measure(one, PAPER)


def value(frame, metric, attribute="all", group="all", emotion="all"):
    hit = frame.query(
        "metric == @metric and attribute == @attribute and group == @group and emotion == @emotion"
    )
    assert len(hit) == 1
    return hit["value"].item()


def test_performance_equals_scikit_learn(one, frame):
    y, p = one.labels, one.predicted
    assert value(frame, "acc") == pytest.approx(accuracy_score(y, p), abs=1e-12)
    assert value(frame, "mca") == pytest.approx(balanced_accuracy_score(y, p), abs=1e-12)
    weighted = f1_score(y, p, average="weighted", zero_division=0)
    assert value(frame, "wf1") == pytest.approx(weighted, abs=1e-12)


def test_mean_recall_with_absent_classes_as_zero_equals_macro_recall():
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    tensor = confusion_tensor(labels, predicted, np.zeros(4, int), num_groups=1, num_classes=3)
    of = Counts(tensor, tensor.sum(1), ("all",), ("a", "b", "c"), 0)
    wanted = recall_score(labels, predicted, labels=range(3), average="macro", zero_division=0)
    assert mean_recall(of, "zero")[0, 0] == pytest.approx(wanted)


@pytest.mark.parametrize("attribute", ["gender", "tone"])
def test_accuracy_ratio_and_gap_equal_fairlearn(one, frame, attribute):
    _, groups = one.groups(attribute)
    known = groups >= 0
    oracle = MetricFrame(
        metrics=accuracy_score,
        y_true=one.labels[known],
        y_pred=one.predicted[known],
        sensitive_features=groups[known],
    )
    ratio = oracle.ratio(method="between_groups")
    assert value(frame, "fs_acc", attribute) == pytest.approx(ratio, abs=1e-12)
    gap = oracle.difference(method="between_groups")
    assert value(frame, "fs_gap", attribute) == pytest.approx(gap, abs=1e-12)
    assert value(frame, "wga_attr", attribute) == pytest.approx(oracle.group_min(), abs=1e-12)


@pytest.mark.parametrize("emotion", range(7))
def test_parity_and_odds_of_each_class_against_the_rest_equal_fairlearn(one, frame, emotion):
    _, groups = one.groups("tone")  # every tone has every emotion
    y, p = one.labels == emotion, one.predicted == emotion
    for metric, oracle in (
        ("disc", demographic_parity_difference),
        ("eopd", equal_opportunity_difference),
        ("eod", equalized_odds_difference),
    ):
        wanted = oracle(y, p, sensitive_features=groups)
        found = value(frame, metric, "tone", emotion=EMOTIONS[emotion])
        assert found == pytest.approx(wanted, abs=1e-12), metric


def test_group_class_mean_equals_balanced_accuracy_of_the_group(one, frame):
    names, groups = one.groups("tone")
    for code, name in enumerate(names):
        wanted = balanced_accuracy_score(one.labels[groups == code], one.predicted[groups == code])
        assert value(frame, "mca", "tone", name) == pytest.approx(wanted, abs=1e-12)
