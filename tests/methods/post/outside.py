"""AIF360 and Fairlearn as oracles, on binary parts of two known groups (0 unprivileged)."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator, ClassifierMixin

from methods.post.base import Scored

PRIVILEGED, UNPRIVILEGED = [{"group": 1}], [{"group": 0}]

# AIF360 says at import which of its optional parts are missing; the tests use none of them.
logging.disable(logging.WARNING)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aif360.algorithms.postprocessing import EqOddsPostprocessing, RejectOptionClassification
    from aif360.datasets import BinaryLabelDataset
logging.disable(logging.NOTSET)


def tables(part: Scored) -> tuple[Any, Any]:
    """The part as AIF360 holds it: with its labels, with the method's decisions and scores."""
    frame = pd.DataFrame({"label": part.labels.astype(float), "group": part.groups.astype(float)})
    true = BinaryLabelDataset(df=frame, label_names=["label"], protected_attribute_names=["group"])
    decided = true.copy()
    decided.labels = part.predicted.astype(float).reshape(-1, 1)
    decided.scores = np.exp(part.log_probabilities[:, 1]).reshape(-1, 1)
    return true, decided


def aif360_equal_odds(part: Scored) -> float:
    """Optimum of its program: sum over groups of false- minus true-positive rate."""
    oracle = EqOddsPostprocessing(UNPRIVILEGED, PRIVILEGED, seed=0)
    return float(oracle.fit(*tables(part)).model_params.fun)


def aif360_reject_option(
    part: Scored, thresholds: int, margins: int, bound: float
) -> tuple[float, float, Any]:
    """Threshold, margin and (n,) decisions."""
    oracle = RejectOptionClassification(
        UNPRIVILEGED, PRIVILEGED, num_class_thresh=thresholds, num_ROC_margin=margins,
        metric_name="Statistical parity difference", metric_ub=bound, metric_lb=-bound,
    )  # fmt: skip
    true, decided = tables(part)
    oracle.fit(true, decided)
    chosen = oracle.predict(decided).labels.ravel().astype(int)
    return oracle.classification_threshold, oracle.ROC_margin, chosen


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose score is its only feature."""

    def fit(self, X: Any, y: Any) -> Given:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.asarray(X)[:, 0]


def fairlearn_equal_odds(scores: Any, part: Scored) -> Any:
    """(n,) probability of class 1 under its equalised odds at the best accuracy, grid 1000."""
    oracle = ThresholdOptimizer(
        estimator=Given(), constraints="equalized_odds", objective="accuracy_score",
        grid_size=1000, flip=False, prefit=False, predict_method="predict",
    )  # fmt: skip
    features = np.asarray(scores).reshape(-1, 1)
    oracle.fit(features, part.labels, sensitive_features=part.groups)
    return oracle._pmf_predict(features, sensitive_features=part.groups)[:, 1]
