"""Where other libraries answer otherwise: what they say, and what we do instead."""

import warnings

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    equal_opportunity_difference,
    equalized_odds_difference,
    equalized_odds_ratio,
)
from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score

from reports.metrics.performance import mean_recall
from tests.reports.frames import reason, scores, value
from tests.reports.metrics.cases import counts_of


def test_a_group_without_positives_has_recall_0_in_fairlearn_and_is_skipped_here():
    y = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0])
    p = np.array([1, 1, 1, 0, 0, 1, 0, 0, 1, 0])
    g = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2])
    # Recalls 3/4 and 1/2; the third group has no positives, which Fairlearn counts as 0.
    assert equal_opportunity_difference(y, p, sensitive_features=g) == 0.75
    found = scores("eopd", counts_of(y, p, g, 2, 3))
    assert found.value[0, 0, 1] == pytest.approx(0.25)
    assert found.skips[0, 0, 1] == "skipped: g2"


def test_a_declared_group_without_samples_is_absent_in_fairlearn_and_listed_here():
    y, p, g = np.array([0, 1, 0, 1]), np.array([0, 1, 1, 1]), np.array([0, 0, 2, 2])
    frame = MetricFrame(metrics=accuracy_score, y_true=y, y_pred=p, sensitive_features=g)
    assert frame.by_group.index.tolist() == [0, 2]
    found = scores("acc", counts_of(y, p, g, 2, 3))
    assert found.groups == ("g0", "g1", "g2")
    assert reason("acc", counts_of(y, p, g, 2, 3), group="g1") == "empty_group"


def test_unknown_groups_raise_in_fairlearn_and_are_counted_here():
    y, p = np.array([0, 1, 0, 1, 1]), np.array([0, 1, 1, 1, 0])
    with pytest.raises(ValueError, match="[Mm]issing|NaN|nan"):
        MetricFrame(
            metrics=accuracy_score, y_true=y, y_pred=p,
            sensitive_features=np.array([0.0, 0.0, 1.0, 1.0, np.nan]),
        )  # fmt: skip
    counts = counts_of(y, p, np.array([0, 0, 1, 1, -1]), 2, 2)
    assert counts.n_unknown == 1
    assert value("fs_acc", counts) == pytest.approx(0.5)


def test_three_classes_raise_or_mean_class_1_in_fairlearn_and_are_one_against_the_rest_here():
    rng = np.random.default_rng(0)
    y, p, g = (rng.integers(0, 3, 60) for _ in range(3))
    counts = counts_of(y, p, g, 3, 3)
    with pytest.raises(ValueError, match="binary|multiclass|pos_label|Labels"):
        equalized_odds_difference(y, p, sensitive_features=g)
    silently = demographic_parity_difference(y, p, sensitive_features=g)
    assert silently == pytest.approx(value("disc", counts, "c1"), abs=1e-12)
    assert silently != pytest.approx(value("disc", counts, "max"), abs=1e-3)


def test_a_predicted_class_that_is_absent_is_skipped_by_one_sklearn_function_and_0_in_another():
    y, p = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    counts = counts_of(y, p, np.zeros(4, int), 3, 1)
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        assert balanced_accuracy_score(y, p) == mean_recall(counts, "skip")[0, 0] == 0.75
    assert recall_score(y, p, average="macro", zero_division=0) == pytest.approx(0.5)
    assert mean_recall(counts, "zero")[0, 0] == pytest.approx(0.5)
    assert np.isnan(mean_recall(counts, "nan")[0, 0])


def test_without_false_alarms_fairlearns_odds_ratio_is_that_of_recalls_and_ours_undefined():
    y = np.array([1, 1, 0, 0, 1, 1, 0, 0])
    p = np.array([1, 1, 0, 0, 1, 0, 0, 0])
    g = np.repeat([0, 1], 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert equalized_odds_ratio(y, p, sensitive_features=g) == 0.5
    counts = counts_of(y, p, g, 2, 2)
    assert np.isnan(value("eor", counts, "c1"))
    assert reason("eor", counts, "c1") == "all_zero"
    assert value("eopr", counts, "c1") == 0.5
