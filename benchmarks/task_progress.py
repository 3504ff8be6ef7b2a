"""What a person sees while tasks run: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from benchmarks.durations import duration

#: seconds between lines where there is no terminal
EVERY = 10.0
_TEXT = 34


class TaskProgress:
    """Counts what is done and estimates the time left; what is quick prints nothing."""

    def __init__(self, counted: str = "questions") -> None:
        self.started = self.said = time.monotonic()
        self.bar: tqdm[Any] | None = None
        if sys.stderr.isatty():
            layout = f"{{n_fmt}}/{{total_fmt}} {counted} |{{bar}}| {{desc}}"
            self.bar = tqdm(
                total=0, bar_format=layout, ncols=79, file=sys.stderr, leave=False, delay=0.5
            )

    def __call__(self, done: int, total: int, what: str) -> None:
        """Takes note of how many questions are answered and which one is asked now."""
        left = ""
        now = time.monotonic()
        if 0 < done < total:
            left = f"{duration((now - self.started) / done * (total - done))} left"
        if self.bar is not None:
            self.bar.total, self.bar.n = total, done
            self.bar.set_description_str(f"{left} {what[:_TEXT]}".strip())
        elif now - self.said >= EVERY and done < total:
            self.said = now
            said = "; ".join(filter(None, (what, left or "estimating the time left")))
            print(f"[{done}/{total}] {said}", flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.close()
