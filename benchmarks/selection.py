"""Which checkpoint is kept: rules that see validation records and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reports.metrics.arrays import accuracy, fairness_score, worst_group_accuracy
from reports.metrics.tradeoff import dto


@dataclass(frozen=True)
class ValidationRecord:
    """Predictions on the validation part at one moment of training.

    Attributes:
        stage: name of the stage.
        step: optimiser steps done in the stage.
        log_probabilities: (n, K).
        labels: (n,) class codes.
        groups: (n,) product codes of the study's groups, -1 unknown.
    """

    stage: str
    step: int
    log_probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """What the rules compare; NaN where undefined."""

    accuracy: float
    worst_group_accuracy: float
    distance_to_optimum: float


#: rule -> score of a record, higher is better; None keeps the last record.
RULES: dict[str, Callable[[Scores], float] | None] = {
    "last": None,
    "best_acc": lambda scores: scores.accuracy,
    "best_wga": lambda scores: scores.worst_group_accuracy,
    "best_dto": lambda scores: -scores.distance_to_optimum,
}

#: Rules that read group labels of the validation part, also for methods that train without them.
READS_GROUPS = frozenset({"best_wga", "best_dto"})


def score(record: ValidationRecord) -> Scores:
    """Accuracy, lowest group accuracy, and distance of (accuracy, min/max accuracy) to (1, 1).

    Source: metrics.md 2, 3.1, 3.4 and 9.
    """
    predicted = record.log_probabilities.argmax(axis=1)
    arrays = record.labels, predicted, record.groups
    overall = accuracy(record.labels, predicted)
    return Scores(overall, worst_group_accuracy(*arrays), dto(overall, fairness_score(*arrays)))


@dataclass
class Selection:
    """The best record of each rule so far; `offer` says which rules a new record wins.

    A rule whose score is undefined in every record keeps the last one, as `last` does. Ties keep
    the earlier record.
    """

    best: dict[str, float] = field(default_factory=dict)

    def offer(self, scores: Scores) -> list[str]:
        """Rules for which the record with these scores is the one to keep from now on."""
        won = []
        for rule, score_of in RULES.items():
            value = float("nan") if score_of is None else score_of(scores)
            known = self.best.get(rule, float("nan"))
            if score_of is None or np.isnan(known) or value > known:
                self.best[rule] = value
                won.append(rule)
        return won
