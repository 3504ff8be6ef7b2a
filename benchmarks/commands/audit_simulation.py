"""`audit --simulate N`: do the audit's tests hold what they promise, on data of known bias?"""

from __future__ import annotations

import math
import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from benchmarks.audit_levels import LevelRow, level_frame, simulate
from benchmarks.errors import StoreError
from benchmarks.paths import shown
from benchmarks.task_progress import TaskProgress
from reports.files import write_text
from reports.rounding import rounded

#: regressions and permutations cost more: one of so many data sets has them
FEWER = 5


def main(arguments: Namespace, out: Path) -> int:
    """Writes `levels.csv`; 1 where a test does not hold its promise.

    Raises:
        StoreError: the folder cannot be written.
    """
    count = arguments.simulate
    with TaskProgress("data sets") as progress:
        rows = simulate(
            count,
            max(count // FEWER, 1),
            arguments.seed,
            lambda done, total: progress(done, total, ""),
            workers=len(os.sched_getaffinity(0)),
        )
    path = out / "levels.csv"
    try:
        write_text(path, level_frame(rows).to_csv(index=False, lineterminator="\n"))
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from None
    print(levels_text(rows))
    print(shown(path, Path.cwd()))
    return int(any(row.verdict == "fails" for row in rows))


def levels_text(rows: Sequence[LevelRow]) -> str:
    """Rejection rates at 5 %, in percent, at most 80 columns wide: a block for each question."""
    blocks: dict[str, list[list[str]]] = {}
    for row in rows:
        passes = "" if math.isnan(row.low) else f"{_percent(row.low)}-{_percent(row.high)}"
        head = f"{row.design}: {row.label} by {row.attribute}"
        blocks.setdefault(head, []).append(
            [row.condition, row.test, str(row.tests), _percent(row.rate), passes, row.verdict]
        )
    heads = ["condition", "test", "tests", "rate", "passes", "verdict"]
    align = ["left", "left", "right", "right", "right", "left"]
    texts = (
        f"{head}\n"
        + tabulate(lines, headers=heads, tablefmt="simple", disable_numparse=True, colalign=align)
        for head, lines in blocks.items()
    )
    return "\n\n".join(texts) + "\n"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else rounded(value, 1, scale=100)
