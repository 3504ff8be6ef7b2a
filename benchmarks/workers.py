"""Processes that share the work of a report."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """One process for each core that this one may use, started when first needed.

    Starting them takes a second or two of imports, so what is quick is done in this one.
    """

    def __init__(self, count: int | None = None) -> None:
        """
        Args:
            count: processes; None: the cores. With one everything is done in this process.
        """
        self.count = count or len(os.sched_getaffinity(0))
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        few: int,
        order: Iterable[int] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Place and result of each item, in `order`; other processes begin at once.

        Args:
            work: a function that can be pickled, as the items can.
            items: what it is called with.
            few: so few items are not worth a process.
            order: places in the order in which they are begun; None: as they are.
        """
        places = list(range(len(items))) if order is None else list(order)
        if self.count < 2 or len(items) < few:
            return ((at, work(items[at])) for at in places)
        waiting = [(at, self._started().submit(work, items[at])) for at in places]
        return ((at, one.result()) for at, one in waiting)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked: this process may have threads, and the platforms shall not differ.
            context: Any = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, mp_context=context)
        return self._pool
