"""Equalised odds: decisions are changed at random, by group, until all groups have equal rates.

    C_s[y, j] = P(yhat = j | y, s) on the validation part
    maximise  sum_{s,y} pi_ys (C_s T_s)_yy   s.t.  |C_s T_s - C_r T_r| <= eps  for all groups s, r

T_s (K x K) is row-stochastic: a decision j in group s becomes k with probability T_s[j, k]. The
program always has a solution, since groups may all be given one fixed distribution. `eodds`
compares whole matrices, `eopp` their diagonals (for two classes the same). With `prior = class`
pi_ys is the share of the stratum, so that accuracy is maximised; with `uniform` it is the share of
group s in class y, divided by K: class-mean accuracy.

`scores = roc` (two classes) chooses among thresholds on the score instead of changing decisions: a
group mixes its thresholds with weights w_s, so that false- and true-positive rates are equal. It
loses less accuracy, since scores tell more than decisions.

The result is a distribution for every sample; metrics are those expected under it. Needs groups of
the validation and of the test part. Expect a clear loss of accuracy: every group is brought to one
common confusion matrix.

Where we differ. Hardt et al. treat two classes; any K and G is our extension, which for two groups
and two classes with `uniform` is their program. Of all optimal solutions we take the one that keeps
most decisions, so that the solver's choice decides nothing. Groups at test are those of the data
set: predicted ones are not offered. A class that a group lacks in the validation part is not
compared there, a decision that never occurred there is kept, and so are all decisions on unknown
groups and on groups that the validation part lacks; `notes` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets.settings import setting
from datasets.spec import DatasetSpec
from methods.post.base import (
    Floats,
    PostProcessor,
    PostTask,
    Scored,
    known_groups,
    one_hot,
    post,
)
from methods.post.linear_program import Rules, solve

#: scores beyond this differ from certainty by less than a float can tell
LARGEST_SCORE = 700.0


@post("Equalised odds", source="Hardt et al. 2016, Sec. 3 and 4")
class HardtEqOdds(PostProcessor):
    @dataclass(frozen=True)
    class Settings:
        constraint: str = setting(
            "eodds",
            doc="equal confusion matrices, or only equal recalls (equal opportunity)",
            choices=("eodds", "eopp"),
        )
        eps: float = setting(
            0.0, doc="largest allowed difference of two groups' rates (0: Hardt et al.)",
            search=(0.0, 0.02, 0.05, 0.1), low=0.0, high=1.0,
        )  # fmt: skip
        prior: str = setting(
            "class",
            doc="maximise accuracy, or class-mean accuracy",
            choices=("class", "uniform"),
        )
        scores: str = setting(
            "hard",
            doc="change decisions, or mix thresholds on the score (two classes)",
            choices=("hard", "roc"),
        )

    def __init__(self, task: PostTask, settings: Any = None) -> None:
        super().__init__(task, settings)
        #: group -> thresholds (V,), under `hard` none
        self.thresholds: dict[int, Floats] = {}
        #: group -> (K, K) row-stochastic, or weights (V,) of the thresholds
        self.mixtures: dict[int, Floats] = {}
        self._notes: dict[str, object] = {}

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        if settings.scores == "roc" and spec.num_classes != 2:
            return "scores = roc needs two classes"
        return None

    def fit(self, validation: Scored) -> None:
        known_groups(validation, "hardt_eqodds")
        groups = [int(s) for s in np.unique(validation.groups) if s >= 0]
        counts = np.zeros((self.task.num_groups, self.task.num_classes))
        known = validation.groups >= 0
        np.add.at(counts, (validation.groups[known], validation.known_labels[known]), 1)
        make = self._threshold_rules if self.settings.scores == "roc" else self._changes
        shares = self._shares(counts)
        rules = [make(validation, s, counts[s], shares[s]) for s in groups]
        weights = solve(rules, self.settings.eps)
        size = self.task.num_classes
        shape = (size, size) if self.settings.scores == "hard" else (-1,)
        self.mixtures = {s: x.reshape(shape) for s, x in zip(groups, weights, strict=True)}
        self._notes = self._describe(rules, weights, groups, counts)

    def decide(self, part: Scored) -> Floats:
        decisions = one_hot(part.predicted, self.task.num_classes)
        for group, mixture in self.mixtures.items():
            rows = part.groups == group
            if self.settings.scores == "hard":
                decisions[rows] = decisions[rows] @ mixture
            else:
                above = _scores(part)[rows][:, None] > self.thresholds[group]
                decisions[rows, 1] = np.clip(above @ mixture, 0.0, 1.0)
                decisions[rows, 0] = 1 - decisions[rows, 1]
        return decisions

    def notes(self) -> dict[str, object]:
        return self._notes

    def _shares(self, counts: Floats) -> Floats:
        """(G, K) weights pi_ys, with sum 1."""
        if self.settings.prior == "class":
            return np.asarray(counts / counts.sum())
        of_class = counts.sum(axis=0)
        return np.asarray(counts / np.maximum(of_class, 1) / (of_class > 0).sum())

    def _compared(self, counts: Floats) -> Any:
        """(K K,) which entries of a group's confusion matrix are compared with the others'."""
        size = self.task.num_classes
        wanted = np.eye(size) if self.settings.constraint == "eopp" else np.ones((size, size))
        return ((counts > 0)[:, None] & (wanted > 0)).ravel()

    def _changes(self, part: Scored, group: int, counts: Floats, shares: Floats) -> Rules:
        """One rule for each "decision j becomes k"; the K rules of a j are a block."""
        size = self.task.num_classes
        rows = part.groups == group
        confusion = np.zeros((size, size))
        np.add.at(confusion, (part.known_labels[rows], part.predicted[rows]), 1)
        rates = confusion / np.maximum(counts, 1)[:, None]
        never = confusion.sum(axis=0) == 0
        identity = np.eye(size)
        return Rules(
            # (C T)[y, k] = sum_j C[y, j] T[j, k]
            rates=np.asarray(np.kron(rates, identity)),
            compared=self._compared(counts),
            value=(shares[:, None] * rates).T.ravel(),
            kept=(identity * confusion.sum(axis=0)[:, None] / len(part)).ravel(),
            blocks=np.repeat(np.arange(size), size),
            fixed=np.where(never[:, None], identity, np.nan).ravel(),
        )

    def _threshold_rules(self, part: Scored, group: int, counts: Floats, shares: Floats) -> Rules:
        """One rule for each way in which "score above a threshold" splits the group's samples."""
        rows = part.groups == group
        scores, labels = _scores(part)[rows], part.known_labels[rows]
        steps = np.unique(scores)
        # The middle of two neighbouring floats may be the upper one, which has to lie above it.
        between = np.minimum((steps[1:] + steps[:-1]) / 2, np.nextafter(steps[1:], -np.inf))
        self.thresholds[group] = np.concatenate([[-np.inf], between, [np.inf]])
        above = scores[:, None] > self.thresholds[group]
        decided = np.stack([~above, above], axis=1)
        sums = np.stack([decided[labels == y].sum(axis=0) for y in (0, 1)])
        rates = sums / np.maximum(counts, 1)[:, None, None]
        return Rules(
            rates=rates.reshape(4, -1),
            compared=self._compared(counts),
            value=shares[0] * rates[0, 0] + shares[1] * rates[1, 1],
            kept=(above == part.predicted[rows][:, None]).sum(axis=0) / len(part),
            blocks=np.zeros(above.shape[1], dtype=np.int64),
            fixed=np.full(above.shape[1], np.nan),
        )

    def _describe(
        self, rules: list[Rules], weights: list[Floats], groups: list[int], counts: Floats
    ) -> dict[str, object]:
        pairs = list(zip(rules, weights, strict=True))
        found: dict[str, object] = {
            "objective": float(sum(r.value @ x for r, x in pairs)),
            "groups_kept": [s for s in range(self.task.num_groups) if s not in groups],
            "not_compared": [
                [s, self.task.classes[y]] for s in groups for y in np.flatnonzero(counts[s] == 0)
            ],
        }
        if self.settings.scores == "hard":
            found["transitions"] = {
                str(s): [[float(p) for p in row] for row in t] for s, t in self.mixtures.items()
            }
            return found
        used = {s: np.flatnonzero(x > 0) for s, x in self.mixtures.items()}
        found["thresholds"] = {
            str(s): [[_finite(self.thresholds[s][i]), float(self.mixtures[s][i])] for i in rows]
            for s, rows in used.items()
        }
        return found


def _finite(threshold: float) -> float:
    """A threshold as JSON can hold it."""
    return float(np.clip(threshold, -LARGEST_SCORE, LARGEST_SCORE))


def _scores(part: Scored) -> Floats:
    """(n,) log-odds of class 1."""
    log_odds = part.log_probabilities[:, 1] - part.log_probabilities[:, 0]
    return np.clip(np.asarray(log_odds, dtype=np.float64), -LARGEST_SCORE, LARGEST_SCORE)
