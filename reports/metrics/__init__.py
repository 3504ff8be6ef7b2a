"""Group fairness metrics on confusion counts; numpy only.

Each file holds one family. The names re-exported here are plain functions of arrays, for checkpoint
selection and for methods that need a score while training.
"""

from reports.metrics.arrays import (
    accuracy,
    fairness_score,
    worst_group_accuracy,
    worst_stratum_accuracy,
)
from reports.metrics.counts import Counts, confusion_tensor
from reports.metrics.tradeoff import dto

__all__ = [
    "Counts",
    "accuracy",
    "confusion_tensor",
    "dto",
    "fairness_score",
    "worst_group_accuracy",
    "worst_stratum_accuracy",
]
