"""`compare`: two result folders of the same methods, number by number; imports no torch."""

from __future__ import annotations

import math
from argparse import Namespace
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import StoreError, StudyError
from reports.catalogue import all_metric_cards
from reports.comparison import compared, only_in
from reports.files import write_text
from reports.formats.markdown import escaped, plain_table
from reports.metrics_csv import read_metrics_csv
from reports.rounding import rounded

_HEADERS = (
    "method", "data set", "attribute", "metric", "A", "B", "B - A", "95 %", "p", "Holm", "test",
    "verdict",
)  # fmt: skip
#: verdicts in the order in which their rows are printed
_ORDER = ("worse", "better", "changed", "no test", "not significant", "unchanged")


def main(arguments: Namespace) -> int:
    """Prints the table; 1 with `--fail-on-regression` if a metric is significantly worse.

    Raises:
        EvenFaceError, ReportError: a folder has no metrics, or nothing in common with the other.
    """
    paths = [_metrics_of(path) for path in (arguments.before, arguments.after)]
    before, after = (_chosen(path, arguments) for path in paths)
    table = compared(before, after, _metrics(arguments.metrics))
    if table.empty:
        raise StudyError(
            f"{paths[0]} and {paths[1]} have no number in common; compare results of the same "
            "methods and data sets."
        )
    text = _text(table, before, after, arguments)
    print(text)
    if arguments.out is not None:
        try:
            write_text(arguments.out, text + "\n")
        except OSError as error:
            raise StoreError(f"{arguments.out} cannot be written: {error.strerror}.") from None
    return int(arguments.fail_on_regression and bool((table["verdict"] == "worse").any()))


def _metrics_of(path: Path) -> Path:
    """The metrics file of a result folder, of a report, or the file itself.

    Raises:
        StudyError: there is none.
    """
    if path.is_file():
        return path
    for found in (path / "report" / "metrics.csv", path / "metrics.csv"):
        if found.is_file():
            return found
    raise StudyError(f"{path} holds no metrics.csv; `report {path}` writes it.")


def _chosen(path: Path, arguments: Namespace) -> pd.DataFrame:
    frame = read_metrics_csv(path)
    rules = list(dict.fromkeys(frame["select"]))
    rule = arguments.select if arguments.select in rules or len(rules) != 1 else rules[0]
    chosen = frame[frame["select"] == rule]
    if chosen.empty:
        known = f"it has {', '.join(rules)}" if rules else "it has no rows"
        raise StudyError(f"{path} has no rows of the selection rule '{rule}'; {known}.")
    if arguments.methods:
        lacking = [name for name in arguments.methods if name not in set(chosen["method"])]
        if lacking:
            raise StudyError(f"{path} has no method '{lacking[0]}'.")
        chosen = chosen[chosen["method"].isin(arguments.methods)]
    # Rows of one rule each: what the rule is called may differ.
    named: pd.DataFrame = chosen.assign(select=arguments.select)
    return named


def _metrics(asked: tuple[str, ...]) -> list[str] | None:
    if asked == ("all",):
        return [card.key for card in all_metric_cards()]
    return list(asked) or None


def _text(
    table: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame, arguments: Namespace
) -> str:
    counts = Counter(table["verdict"])
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _ORDER if counts[verdict])
    parts = [f"# A: {escaped(str(arguments.before))}, B: {escaped(str(arguments.after))}",
             f"{len(table)} numbers in both: {said}."]  # fmt: skip
    for name, lines in (("A", only_in(before, after)), ("B", only_in(after, before))):
        if lines:
            parts.append(f"Only in {name}: {escaped(', '.join(lines))}.")
    shown = table if arguments.all else table[table["verdict"] != "unchanged"]
    if shown.empty:
        return "\n\n".join(parts)
    rank = shown["verdict"].map(_ORDER.index)
    rows = shown.loc[rank.sort_values(kind="stable").index].to_dict("records")
    tests = int(table["p"].notna().sum())
    parts += [
        plain_table(_HEADERS, [list(_line(row)) for row in rows]),
        "Percent: mean (standard deviation, ddof 1) over seeds; differences in points with 95 % "
        "intervals. Paired t over seeds of one name, sign flips where all differences are equal, "
        f"otherwise Welch's t. Holm: over the {tests} tests of this comparison. Better and worse: "
        "Holm at most 0.05.",
    ]
    return "\n\n".join(parts)


def _line(row: Mapping[Hashable, Any]) -> Iterator[str]:
    yield row["method"] + (f" [{row['variant']}]" if row["variant"] else "")
    yield row["dataset"]
    yield row["attribute"]
    rest = [row[name] for name in ("emotion", "group") if row[name] != "all"]
    yield row["metric"] + (f" ({', '.join(rest)})" if rest else "")
    for side in ("before", "after"):
        spread = row[f"{side}_sd"]
        yield _percent(row[side]) + ("" if math.isnan(spread) else f" ({_percent(spread)})")
    yield _percent(row["difference"], sign=True)
    low, high = (_percent(row[name], sign=True) for name in ("low", "high"))
    yield "" if math.isnan(row["low"]) else f"{low} to {high}"
    yield _p(row["p"])
    yield _p(row["p_holm"])
    yield f"{row['test']}, n = {row['n']}" if row["test"] else ""
    yield row["verdict"]


def _percent(value: float, *, sign: bool = False) -> str:
    return "-" if math.isnan(value) else rounded(value, 2, scale=100, sign=sign)


def _p(value: float) -> str:
    if math.isnan(value):
        return ""
    return "<0.001" if value < 0.0005 else rounded(value, 3)
