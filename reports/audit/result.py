"""What an audit found: one frame a kind of number, and sentences that belong beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

#: columns of `audit.csv`; what `effect` is depends on `test`, see docs/audit.md
TESTS = (
    "dataset", "label", "attribute", "condition", "test", "statistic", "dof", "p", "p_holm",
    "effect", "effect_low", "effect_high", "n", "min_expected", "reason",
)  # fmt: skip

#: frame -> its columns; each frame is written as DIR/<frame>.csv when it has rows.
#: `family` names the units of the strata ("AU06,AU12"), `condition` one stratum
#: ("AU06=0,AU12=1"); both are "all" for the whole data set. Proportions and differences are
#: fractions, intervals 95 %.
FRAMES: dict[str, tuple[str, ...]] = {
    "tests": TESTS,
    # P(label | condition, group): adjusted residual of the label, `weight` unit images or votes
    "proportions": (
        "dataset", "label", "attribute", "family", "condition", "group", "n", "n_labelled",
        "proportion", "standard_error", "low", "high", "residual", "counted",
    ),
    # each pair of groups within a condition; `detectable` is the smallest difference that a test
    # of 5 % finds with a power of 80 % at these sizes
    "pairs": (
        "dataset", "label", "attribute", "family", "condition", "group_a", "group_b",
        "difference", "difference_low", "difference_high", "odds_ratio", "odds_low", "odds_high",
        "detectable", "n", "reason",
    ),
    # the test that a table prints for a condition: `test` chi2, exact, ... ; corrected within the
    # table (strata x data sets of one label and attribute); `detectable` is on the scale of the
    # effect: a difference of two groups, Cramer's V of more
    "cells": (
        "dataset", "label", "attribute", "family", "condition", "test", "p", "p_holm", "p_bh",
        "effect", "effect_low", "effect_high", "detectable", "reason",
    ),
    # Calders-Verwer; `source` label or prediction, `form` raw or conditional on the family;
    # `detectable` as above, of the pooled test for the conditional form
    "discrimination": (
        "dataset", "label", "attribute", "source", "form", "family", "group_a", "group_b",
        "value", "low", "high", "share_used", "detectable", "n", "reason",
    ),
    # group term of a logistic regression on all intensities
    "adjusted": (
        "dataset", "label", "attribute", "model", "group", "reference", "odds_ratio", "low",
        "high", "marginal_difference", "n", "firth", "reason",
    ),
    # fitted P(label | one intensity) within a group, on the unit of the input; a single row
    # without numbers where no curve could be fitted
    "curves": (
        "dataset", "label", "attribute", "action_unit", "group", "intensity", "probability",
        "low", "high",
    ),
    "calibration": (
        "dataset", "attribute", "action_unit", "threshold_kind", "group", "threshold", "accuracy",
        "tpr", "fpr", "n", "statistic", "p", "reason",
    ),
    # raters of one image: share of agreeing pairs, and Krippendorff's alpha
    "agreement": (
        "dataset", "attribute", "group", "images", "votes", "agreement", "agreement_low",
        "agreement_high", "alpha", "alpha_low", "alpha_high", "reason",
    ),
    # images without measured action units
    "loss": ("dataset", "attribute", "group", "images", "lost", "share", "low", "high"),
    # predicted attributes: naive and corrected proportions
    "corrected": (
        "dataset", "label", "attribute", "condition", "group", "naive", "corrected", "low",
        "high", "reason",
    ),
}  # fmt: skip


def frame_of(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as the frame called `name`, with exactly its columns."""
    return pd.DataFrame(list(rows), columns=list(FRAMES[name]))


def empty_frames() -> dict[str, pd.DataFrame]:
    """Every frame, without rows."""
    return {name: frame_of(name, ()) for name in FRAMES}


@dataclass(frozen=True, eq=False)
class AuditResult:
    """Everything that documents are made of.

    Attributes:
        frames: as `FRAMES`.
        notes: what the reader must know of the data: roles guessed, images lost, thresholds,
            attributes predicted; (data set, sentence).
        limits: what cannot be asked of the data and why; (data set, sentence).
        settings: option -> value as printed, for captions and provenance.
    """

    frames: dict[str, pd.DataFrame]
    notes: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]
