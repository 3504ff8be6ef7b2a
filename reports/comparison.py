"""What differs between two metric files of the same methods, and whether it is more than noise."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from reports.catalogue import Direction, all_metric_cards
from reports.errors import ReportError
from reports.statistics_frame import PLACE
from reports.stats.multiplicity import holm
from reports.stats.seeds import sign_flip_test, t_p

#: metric -> emotion under which it is compared unless others are asked for
HEADLINES = {
    "acc": "all", "mca": "all", "fs_acc": "all", "fs_mca": "all", "disc": "max", "eod": "max",
    "wga_stratum": "all",
}  # fmt: skip
COLUMNS = (
    *PLACE, "before", "before_sd", "before_seeds", "after", "after_sd", "after_seeds", "difference",
    "low", "high", "test", "n", "p", "p_holm", "verdict",
)  # fmt: skip
LEVEL = 0.05
#: values of different versions of the same arithmetic differ by less
_ROUNDING = 1e-12

Floats = NDArray[np.float64]
Verdict = Literal["worse", "better", "changed", "not significant", "no test", "unchanged"]
Values = dict[str, float]


def compared(
    before: pd.DataFrame, after: pd.DataFrame, metrics: Sequence[str] | None = None
) -> pd.DataFrame:
    """One row a place that both metric frames have, columns `COLUMNS`.

    Seeds are paired where at least two have the same name, and the others left out; without such
    seeds the means are compared by Welch's t. Where all paired differences are one number, p is
    that of flipping signs. Of a data set with folds only pooled repeats count.

    Args:
        before: rows of `reports.measure.measure`, of one selection rule.
        after: the same, later.
        metrics: their keys; None takes `HEADLINES`, overall and by attribute.

    Returns:
        Means and standard deviations (ddof 1) over the defined seeds, difference of the means (of
        the paired seeds where paired) with its 95 % interval, p and p corrected by Holm over all
        tests of the frame. `verdict` is `worse` or `better` (`changed` for a metric without
        direction) where the corrected p is at most 0.05; NaN where a side is undefined. Numbers
        that did not change have p 1, and none if all of their method are unchanged.

    Raises:
        ReportError: a metric is unknown, or a frame has two rows for a place and a seed.
    """
    cards = {card.key: card.direction for card in all_metric_cards()}
    for key in metrics or ():
        if key not in cards:
            raise ReportError(f"no metric is called {key!r}; `list metrics` names them")
    old, new = (_by_place(_chosen(frame, metrics)) for frame in (before, after))
    rows = [
        dict(zip(PLACE, place, strict=True)) | _change(old[place], new[place])
        for place in old
        if place in new
    ]
    table = _with_tests(pd.DataFrame(rows, columns=[*COLUMNS, "se", "dof"]))
    verdicts = [
        _verdict(cards.get(str(row["metric"]), "zero"), row) for row in table.to_dict("records")
    ]
    return table.assign(verdict=pd.Series(verdicts, dtype=object))[list(COLUMNS)]


def only_in(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Methods (with variant and data set) whose rows `one` has and `other` has not."""
    names = ["dataset", "method", "variant"]
    mine, theirs = (
        dict.fromkeys(frame[names].itertuples(index=False, name=None)) for frame in (one, other)
    )
    return [
        f"{method}{f' [{variant}]' if variant else ''} on {dataset}"
        for dataset, method, variant in mine
        if (dataset, method, variant) not in theirs
    ]


def _chosen(frame: pd.DataFrame, metrics: Sequence[str] | None) -> pd.DataFrame:
    if metrics is not None:
        chosen = frame[frame["metric"].isin(list(metrics))]
    else:
        wanted = frame["metric"].map(HEADLINES)
        by_group = (frame["attribute"] != "all") & frame["metric"].isin(["acc", "mca"])
        chosen = frame[(frame["emotion"] == wanted) & (frame["group"] == "all") & ~by_group]
    seeds = chosen["seed"].str.contains("-", regex=False)
    folded = chosen["dataset"].isin(chosen.loc[seeds, "dataset"].unique())
    return chosen[seeds | ~folded]


def _by_place(frame: pd.DataFrame) -> dict[tuple[Hashable, ...], Values]:
    """Place -> seed -> value."""
    found: dict[tuple[Hashable, ...], Values] = {}
    columns = (frame[name].tolist() for name in (*PLACE, "seed", "value"))
    for *place, seed, value in zip(*columns, strict=True):
        values = found.setdefault(tuple(place), {})
        if seed in values:
            raise ReportError(
                f"two rows are of {'/'.join(map(str, place))}, seed {seed}; write the file again"
            )
        values[seed] = value
    return found


def _change(before: Values, after: Values) -> dict[str, object]:
    old, new = _defined(before), _defined(after)
    row: dict[str, object] = {
        "before": _mean(old.values()), "before_sd": _sd(old.values()), "before_seeds": len(old),
        "after": _mean(new.values()), "after_sd": _sd(new.values()), "after_seeds": len(new),
    }  # fmt: skip
    common = [seed for seed in old if seed in new]
    if len(common) >= 2 or (common and len(old) == len(new) == 1):
        d = np.array([new[seed] - old[seed] for seed in common])
        d[np.abs(d) <= _ROUNDING] = 0.0
        return row | _paired(d)
    return row | _welch(list(old.values()), list(new.values()))


def _paired(d: Floats) -> dict[str, object]:
    """Difference, its standard error and degrees of freedom; p where t has none."""
    mean, n = float(d.mean()), len(d)
    row: dict[str, object] = {"difference": mean, "n": n}
    if n < 2 or not d.any():
        return row | {"test": ""}
    if np.ptp(d) <= _ROUNDING:
        # No spread, no t: equal differences may be a coarse metric, or every run may have moved.
        return row | {"test": "sign flips", "p": sign_flip_test(d, np.zeros(n)).p}
    return row | {"test": "paired t", "se": float(d.std(ddof=1)) / math.sqrt(n), "dof": n - 1}


def _welch(old: list[float], new: list[float]) -> dict[str, object]:
    row: dict[str, object] = {
        "difference": _mean(new) - _mean(old), "n": min(len(old), len(new)), "test": "",
    }  # fmt: skip
    if min(len(old), len(new)) < 2 or max(np.ptp(old), np.ptp(new)) <= _ROUNDING:
        return row
    parts = [_sd(values) ** 2 / len(values) for values in (old, new)]
    spread = sum(part**2 / (len(v) - 1) for part, v in zip(parts, (old, new), strict=True))
    return row | {
        "test": "Welch t", "se": math.sqrt(sum(parts)), "dof": sum(parts) ** 2 / spread,
    }  # fmt: skip


def _with_tests(table: pd.DataFrame) -> pd.DataFrame:
    """Interval, p and corrected p of each difference."""
    difference, se, dof = (table[name].to_numpy(np.float64) for name in ("difference", "se", "dof"))
    half = stats.t.ppf(0.975, dof) * se
    p = np.where(np.isnan(se), table["p"].to_numpy(np.float64), t_p(difference, se, dof))
    # An unchanged number of a method that changed counts as a test; the same predictions do not.
    changed = pd.Series(difference != 0).groupby(_runs(table)).transform("any").to_numpy(bool)
    p = np.where((difference == 0) & (table["n"].to_numpy() > 1) & changed, 1.0, p)
    return table.assign(low=difference - half, high=difference + half, p=p, p_holm=holm(p))


def _runs(table: pd.DataFrame) -> NDArray[np.int64]:
    """(N,) codes of data set, method and variant."""
    names = ["dataset", "method", "variant"]
    return np.asarray(table.groupby(names, sort=False).ngroup(), dtype=np.int64)


def _verdict(direction: Direction | str, row: dict[Hashable, object]) -> Verdict:
    difference, corrected = float(row["difference"]), float(row["p_holm"])  # type: ignore[arg-type]
    if abs(difference) <= _ROUNDING and row["test"] == "":
        return "unchanged"
    if math.isnan(corrected):
        return "no test"
    if corrected > LEVEL:
        return "not significant"
    match direction:
        case "higher":
            return "better" if difference > 0 else "worse"
        case "lower":
            return "worse" if difference > 0 else "better"
    return "changed"


def _defined(values: Values) -> Values:
    return {seed: value for seed, value in values.items() if not math.isnan(value)}


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return math.fsum(known) / len(known) if known else math.nan


def _sd(values: Iterable[float]) -> float:
    known = list(values)
    return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan
