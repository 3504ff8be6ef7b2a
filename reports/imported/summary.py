"""From chosen runs to means with intervals over trials, and comparisons with a baseline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reports.errors import ReportError
from reports.stats.multiplicity import holm
from reports.stats.seeds import (
    over_seeds,
    paired_t_p,
    seed_interval,
    sign_flip_test,
    smallest_sign_flip_p,
)

RESULTS = (
    "dataset", "selection", "reads_test", "metric", "test_set", "method", "trials", "planned",
    "settings_low", "settings_high", "mean", "sd", "low", "high", "reason",
)  # fmt: skip
COMPARISONS = (
    "dataset", "selection", "reads_test", "metric", "test_set", "method", "baseline", "pairs",
    "mean", "baseline_mean", "difference", "low", "high", "p", "p_holm", "p_flips", "smallest_p",
    "reason",
)  # fmt: skip
#: one number of several methods
NUMBER = ("dataset", "selection", "reads_test", "metric", "test_set")


def results(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean, standard deviation (ddof 1) and 95 % t interval over trials, columns `RESULTS`.

    `trials` are those with a value, `planned` those that any method of the data set has.
    `settings_low` and `settings_high` are how many hyper-parameter settings its trials have tried.

    Args:
        runs: columns `selection.RUNS`.
    """
    planned = runs.groupby("dataset")["trial"].nunique().to_dict()
    names = [*NUMBER, "method"]
    rows = []
    for place, group in runs.groupby(names, sort=False):
        values = group["value"].to_numpy(np.float64)
        sd = float(over_seeds(values)[1])
        interval = seed_interval(values)
        rows.append(
            {
                **dict(zip(names, place, strict=True)),
                "trials": int(interval.seeds),
                "planned": int(planned[place[0]]),
                "settings_low": int(group["settings"].min()),
                "settings_high": int(group["settings"].max()),
                "mean": float(interval.mean),
                "sd": sd,
                "low": float(np.clip(interval.low, 0, 1)),
                "high": float(np.clip(interval.high, 0, 1)),
                "reason": "; ".join(_reasons(group, int(interval.seeds), sd)),
            }
        )
    return pd.DataFrame(rows, columns=list(RESULTS))


def _reasons(group: pd.DataFrame, trials: int, sd: float) -> Iterator[str]:
    """Why a trial has no value, and why there is no interval."""
    yield from dict.fromkeys(reason for reason in group["reason"] if reason)
    if trials == 1:
        yield "one trial: no spread, no interval"
    elif sd == 0:
        yield "all trials are equal: no spread was seen, which proves no certainty"


def comparisons(runs: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Each method less the baseline, paired by trial, columns `COMPARISONS`.

    Means are those of the pairs; interval and `p` are of the paired t test, `p_flips` of flipping
    the signs of the differences, whose smallest possible p is `smallest_p`. `p_holm` corrects `p`
    for the methods compared in one number. Where a trial has tried more settings with one method
    than with the other, the larger search wins by itself: the difference has no interval and no p.

    Args:
        runs: columns `selection.RUNS`.
        baseline: a method.

    Raises:
        ReportError: no method is called so.
    """
    methods = list(dict.fromkeys(runs["method"]))
    if baseline not in methods:
        raise ReportError(
            f"no method is called {baseline!r}, so it cannot be the baseline; there are "
            f"{', '.join(methods)}"
        )
    rows = []
    for place, group in runs.groupby(list(NUMBER), sort=False):
        of_trial = {name: part.set_index("trial") for name, part in group.groupby("method")}
        base = of_trial.pop(baseline, None)
        if base is None:
            continue
        for method in [name for name in methods if name in of_trial]:
            head = dict(zip(NUMBER, place, strict=True)) | {"method": method, "baseline": baseline}
            rows.append(head | _difference(of_trial[method], base))
    table = pd.DataFrame(rows, columns=list(COMPARISONS))
    corrected = table.groupby(list(NUMBER), sort=False)["p"].transform(
        lambda p: holm(p.to_numpy(np.float64))
    )
    return table.assign(p_holm=corrected)


def _difference(own: pd.DataFrame, base: pd.DataFrame) -> dict[str, Any]:
    both = own.merge(base, left_index=True, right_index=True, suffixes=("_own", "_base"))
    both = both.dropna(subset=["value_own", "value_base"])
    ours, theirs = (both[f"value_{side}"].to_numpy(np.float64) for side in ("own", "base"))
    interval = seed_interval(ours - theirs)
    pairs = len(both)
    row: dict[str, Any] = {
        "pairs": pairs,
        "mean": float(over_seeds(ours)[0]),
        "baseline_mean": float(over_seeds(theirs)[0]),
        "difference": float(interval.mean),
        "smallest_p": smallest_sign_flip_p(pairs),
    }
    reason = _no_test(both, pairs)
    if reason:
        return row | {"reason": reason}
    p = float(paired_t_p(ours, theirs))
    return row | {
        "low": float(interval.low),
        "high": float(interval.high),
        "p": p,
        "p_flips": sign_flip_test(ours, theirs).p,
        "reason": "" if p == p else "all differences are equal: no t test",
    }


def _no_test(both: pd.DataFrame, pairs: int) -> str:
    if pairs < 2:
        return f"{pairs or 'no'} trial{'' if pairs == 1 else 's'} in common: no test"
    own, base = (both[f"settings_{side}"] for side in ("own", "base"))
    if (own.to_numpy() != base.to_numpy()).any():
        return (
            f"{_span(own)} settings tried and {_span(base)} with the baseline: the larger search "
            "wins by itself, no test"
        )
    return ""


def _span(counts: pd.Series[int]) -> str:
    low, high = counts.min(), counts.max()
    return str(low) if low == high else f"{low} to {high}"
