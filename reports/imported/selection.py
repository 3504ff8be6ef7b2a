"""Which stored checkpoint counts: rules over candidates, one chosen for every trial."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd

from reports.errors import ReportError

#: (metric, test set)
Place = tuple[str, str]

RUNS = (
    "dataset", "method", "selection", "reads_test", "metric", "test_set", "trial", "value",
    "reason", "settings", "setting", "step", "source",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """A way to choose hyper-parameters and checkpoint.

    Attributes:
        key: in files.
        title: in tables.
        reads_test: it looks at the test set, so that its numbers are no estimate of anything.
    """

    key: str
    title: str
    reads_test: bool = False


@dataclass(frozen=True)
class Candidate:
    """A stored checkpoint that a rule may choose.

    Attributes:
        dataset, method: what was trained on what.
        held_out: test domain that training left out; empty where the test set is fixed.
        trial: name of the repetition.
        setting: number of the hyper-parameter setting.
        step: of training.
        score: what the rule maximises; NaN where undefined.
        values: what is reported of it; NaN where undefined.
        source: file and line.
    """

    dataset: str
    method: str
    held_out: str
    trial: str
    setting: int
    step: int
    score: float
    values: Mapping[Place, float]
    source: str


def chosen(rule: Rule, candidates: Sequence[Candidate]) -> pd.DataFrame:
    """The checkpoint with the largest score of every trial, one row a number, columns `RUNS`.

    Of equal scores the smallest setting and the earliest step count. `settings` is how many
    settings the trial has tried, diverged ones included.
    """
    groups: dict[tuple[str, ...], list[Candidate]] = {}
    for one in candidates:
        groups.setdefault((one.dataset, one.method, one.held_out, one.trial), []).append(one)
    rows = [row for group in groups.values() for row in _rows(rule, group)]
    return pd.DataFrame(rows, columns=list(RUNS))


def _rows(rule: Rule, group: Sequence[Candidate]) -> list[dict[str, Any]]:
    known = [one for one in group if not math.isnan(one.score)]
    best = min(known or group, key=lambda one: (-one.score if known else 0, one.setting, one.step))
    rows = []
    for (metric, test_set), value in best.values.items():
        reason = "" if not math.isnan(value) else "the run diverged: its stored value is no number"
        if not known:
            value, reason = math.nan, "every run diverged: no validation value to choose by"
        rows.append(
            {
                "dataset": best.dataset, "method": best.method, "selection": rule.key,
                "reads_test": rule.reads_test, "metric": metric, "test_set": test_set,
                "trial": best.trial, "value": value, "reason": reason,
                "settings": len({one.setting for one in group}), "setting": best.setting,
                "step": best.step, "source": best.source if known else "",
            }
        )  # fmt: skip
    return rows


def refuse_twins(stored: Iterable[tuple[tuple[Hashable, ...], str]]) -> None:
    """Raise where a checkpoint was stored twice: its run would count as a larger search.

    Args:
        stored: what identifies a checkpoint, and where it stands.

    Raises:
        ReportError: two are identical; the message says where.
    """
    seen: dict[tuple[Hashable, ...], str] = {}
    for identity, source in stored:
        if identity in seen:
            raise ReportError(
                f"{seen[identity]} and {source} are the same checkpoint of the same run "
                f"({', '.join(map(str, identity))}); leave one of them out"
            )
        seen[identity] = source


def mean_over(runs: pd.DataFrame, test_sets: Sequence[str], name: str) -> pd.DataFrame:
    """Rows with the mean of a trial over test sets, undefined where one of them is.

    `settings` is the sum of theirs.

    Args:
        runs: of one data set and rule.
        test_sets: all of them.
        name: of the mean, as a test set.
    """
    rows = []
    for (method, metric, trial), group in runs.groupby(["method", "metric", "trial"], sort=False):
        values = dict(zip(group["test_set"], group["value"], strict=True))
        lacking = [one for one in test_sets if math.isnan(values.get(one, math.nan))]
        rows.append(
            {
                **group.iloc[0].to_dict(), "method": method, "metric": metric, "trial": trial,
                "test_set": name, "setting": "", "step": "", "source": "",
                "settings": int(group["settings"].sum()),
                "value": math.nan if lacking else fmean(values[one] for one in test_sets),
                "reason": f"no value of {', '.join(lacking)}" if lacking else "",
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(RUNS))
