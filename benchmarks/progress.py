"""What a person sees while cells run: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from benchmarks.durations import duration
from benchmarks.plan import Cell
from benchmarks.runner import Outcome


class Progress:
    """Counts cells done, running and failed, and estimates the time left.

    The estimate weighs each cell by its declared cost, so that cheap methods that end early do not
    promise too much.
    """

    def __init__(self, cells: Sequence[Cell], workers: int) -> None:
        self.total = len(cells)
        self.workers = workers
        self.done = 0
        self.failed = 0
        self.cost_left = sum(cell.cost for cell in cells)
        self.cost_done = 0.0
        self.started = time.monotonic()
        self.bar: tqdm[Any] | None = None
        if sys.stderr.isatty():
            layout = "{n_fmt}/{total_fmt} cells |{bar}| {desc}"
            self.bar = tqdm(total=self.total, bar_format=layout, ncols=79, file=sys.stderr)
            self.refresh()

    def finished(self, outcome: Outcome) -> None:
        """Takes note of a cell that ended."""
        self.done += 1
        self.failed += outcome.status == "failed"
        self.cost_left -= outcome.cell.cost
        self.cost_done += outcome.cell.cost
        if self.bar is not None:
            if outcome.status == "failed":
                self.bar.write(f"failed: {outcome.cell.id}: {outcome.reason}", file=sys.stderr)
            self.bar.update(1)
            self.refresh()
            return
        width = len(str(self.total))
        print(
            f"[{self.done:{width}d}/{self.total}] {_name(outcome.cell)}: {outcome.status} "
            f"in {outcome.seconds:.1f} s{f' ({outcome.reason})' if outcome.reason else ''}; "
            f"{self.left()}",
            flush=True,
        )

    def refresh(self) -> None:
        """Redraws the live line."""
        if self.bar is None:
            return
        running = min(self.workers, self.total - self.done)
        failed = f", {self.failed} failed" if self.failed else ""
        self.bar.set_description_str(f"{running} running{failed}, {self.left()}")

    def left(self) -> str:
        """The estimate of the time left, in words."""
        if self.done == self.total:
            return "complete"
        if not self.cost_done:
            return "estimating the time left"
        elapsed = time.monotonic() - self.started
        return f"{duration(elapsed / self.cost_done * self.cost_left)} left"

    def close(self) -> None:
        """Leaves the terminal as it was."""
        if self.bar is not None:
            self.bar.close()


def _name(cell: Cell) -> str:
    variant = f" ({cell.variant})" if cell.variant else ""
    return f"{cell.dataset} {cell.method}{variant} seed {cell.seed}"
