"""What is written of another suite's results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reports.audit.writers import write_tables
from reports.files import write_text
from reports.imported.selection import Place, Rule
from reports.imported.summary import comparisons, results
from reports.imported.tables import comparison_table, results_table
from reports.tables import Table


@dataclass(frozen=True, eq=False)
class Imported:
    """What was read of another suite.

    Attributes:
        suite: its name.
        runs: chosen runs, columns `selection.RUNS`.
        rules: that chose, in the order in which they are printed.
        headlines: the numbers whose comparisons are printed; `comparisons.csv` has all.
        notes: what the user should know.
    """

    suite: str
    runs: pd.DataFrame
    rules: Sequence[Rule]
    headlines: Sequence[Place]
    notes: Sequence[str]


def write_imported(imported: Imported, out: Path, baseline: str) -> list[Path]:
    """Write `runs.csv`, `results.csv`, `comparisons.csv`, `tables.{md,tex}` and `tables/`.

    Args:
        imported: the results.
        out: folder, made if absent.
        baseline: the method that others are compared with; empty compares none.

    Returns:
        The files written, each whole or not at all.

    Raises:
        ReportError: no method is called as the baseline.
    """
    frames = {"runs": imported.runs, "results": results(imported.runs)}
    if baseline:
        frames["comparisons"] = comparisons(imported.runs, baseline)
    written = []
    for name, frame in frames.items():
        written.append(out / f"{name}.csv")
        write_text(written[-1], frame.to_csv(index=False, lineterminator="\n"))
    tables = list(_tables(imported, frames))
    return written + write_tables(tables, out, title=f"runs of {imported.suite}")


def _tables(imported: Imported, frames: Mapping[str, pd.DataFrame]) -> Iterator[Table]:
    for number, dataset in enumerate(dict.fromkeys(imported.runs["dataset"]), 1):
        # Numbered: two names may differ in what a file name cannot hold.
        name = f"{number}_{re.sub(r'[^A-Za-z0-9.-]+', '_', dataset).strip('_')}"
        own = {key: frame[frame["dataset"] == dataset] for key, frame in frames.items()}
        yield results_table(
            own["results"], imported.rules, _headlines(imported, own["results"]),
            key=f"results_{name}", suite=imported.suite,
        )  # fmt: skip
        if "comparisons" not in own:
            continue
        places = _headlines(imported, own["comparisons"])
        table = comparison_table(
            own["comparisons"], imported.rules, places,
            key=f"comparisons_{name}", suite=imported.suite,
        )  # fmt: skip
        if table is not None:
            yield table


def _headlines(imported: Imported, frame: pd.DataFrame) -> list[Place]:
    """The headline numbers; all numbers of a data set that has none of them."""
    known = list(dict.fromkeys(zip(frame["metric"], frame["test_set"], strict=True)))
    return [place for place in imported.headlines if place in known] or known
