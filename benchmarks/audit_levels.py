"""How often the audit's tests reject where nothing is to be found, and where a known bias is.

Simulated data sets (`annotation_world`) are put through the audit's own tests; the share that
rejects at 5 % is compared with what the tests promise. Data set i of a design is drawn from
`default_rng([seed, design, i])`: results depend on neither the number of workers nor on what ran
before.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import astuple, dataclass, fields
from itertools import chain

import numpy as np
import pandas as pd

from benchmarks.annotation_world import draw_observations, faces_pool
from benchmarks.audit_designs import QUESTIONS, Claim, Design, Key, designs
from benchmarks.audit_p_values import PValue, p_values
from reports.audit.options import ALPHA

#: half of the band around what is promised, in standard errors
BAND = 3.3
#: distance allowed between simulated and promised power
POWER_MARGIN = 0.05
#: with fewer tests made a rate is not judged
FEWEST = 100
_CHUNK = 25

#: called with the data sets done and those to do
Progress = Callable[[int, int], None]
#: tests made and tests that rejected
Tally = tuple[Counter[Key], Counter[Key]]


@dataclass(frozen=True)
class LevelRow:
    """How often one test rejected.

    Attributes:
        design, label, attribute, condition, test: what was tested, and in which world.
        claim: `level`, `bound`, `power`, or `none` where nothing is promised.
        data_sets: data sets drawn.
        tests: those in which the test could be made.
        rejections: tests with p at most 5 %.
        rate: their share; NaN without tests.
        promised: the share that the test promises; NaN where it promises none.
        low, high: what passes; NaN where nothing is promised.
        verdict: `holds`, `fails`, `too few tests`, or empty where nothing is promised.
    """

    design: str
    label: str
    attribute: str
    condition: str
    test: str
    claim: Claim
    data_sets: int
    tests: int
    rejections: int
    rate: float
    promised: float
    low: float
    high: float
    verdict: str


def simulate(
    count: int = 10_000,
    lr_count: int = 2_000,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    workers: int = 1,
) -> list[LevelRow]:
    """Rejection rates of all designs, one row a test.

    Args:
        count: data sets of each design whose tests are quick.
        lr_count: data sets of each design with regressions or permutations.
        seed: at least 0.
        progress: told after every few data sets.
        workers: processes; the result is the same with any number.
    """
    plans = designs(count, lr_count, faces_pool())
    return measured(plans, seed, progress, workers=workers)


def measured(
    plans: tuple[Design, ...], seed: int, progress: Progress | None = None, *, workers: int = 1
) -> list[LevelRow]:
    """Rejection rates of these designs; a design's data sets depend on its name, not its place."""
    tallies: dict[str, Tally] = {plan.name: (Counter(), Counter()) for plan in plans}
    total, done = sum(plan.data_sets for plan in plans), 0
    tasks = [
        (plan, seed, start, min(start + _CHUNK, plan.data_sets))
        for plan in plans
        for start in range(0, plan.data_sets, _CHUNK)
    ]
    for (plan, _, start, stop), (made, rejected) in _run(tasks, workers):
        tallies[plan.name][0].update(made)
        tallies[plan.name][1].update(rejected)
        done += stop - start
        if progress is not None:
            progress(done, total)
    return list(chain.from_iterable(_rows(plan, tallies[plan.name]) for plan in plans))


def level_frame(rows: list[LevelRow]) -> pd.DataFrame:
    """The rows as `levels.csv` holds them."""
    columns = [field.name for field in fields(LevelRow)]
    return pd.DataFrame([astuple(row) for row in rows], columns=columns)


_Task = tuple[Design, int, int, int]


def _run(tasks: list[_Task], workers: int) -> Iterator[tuple[_Task, Tally]]:
    """Tasks with their tallies, as they end."""
    if workers <= 1:
        for task in tasks:
            yield task, _tallied(*task)
        return
    context = multiprocessing.get_context("spawn")
    # The parent answers Ctrl-C: it drops what has not begun, and workers end after their task.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(workers, context, initializer=signal.signal, initargs=ignore)
    try:
        running = {pool.submit(_tallied, *task): task for task in tasks}
        for future in as_completed(running):
            yield running[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _tallied(plan: Design, seed: int, start: int, stop: int) -> Tally:
    """Tests made and rejections in data sets `start` to `stop` of a design."""
    made: Counter[Key] = Counter()
    rejected: Counter[Key] = Counter()
    faces = faces_pool()
    for place in range(start, stop):
        draw = np.random.default_rng([seed, *plan.name.encode(), place])
        for key, p in _asked(
            plan, p_values(plan, draw_observations(plan.world, faces, draw), draw)
        ):
            made[key] += 1
            rejected[key] += p <= ALPHA
    return made, rejected


def _asked(plan: Design, found: Iterator[PValue]) -> Iterator[PValue]:
    """Tests that were made and that the design is about."""
    for key, p in found:
        if not math.isnan(p) and (not plan.powers or key in plan.powers):
            yield key, p


def _rows(plan: Design, tally: Tally) -> Iterator[LevelRow]:
    made, rejected = tally
    for key in sorted(made, key=_place):
        yield level_row(plan, key, made[key], rejected[key])


def _place(key: Key) -> tuple[int, Key]:
    return list(QUESTIONS).index(key.label), key


def level_row(plan: Design, key: Key, tests: int, rejections: int) -> LevelRow:
    """The row of one test with what was promised and whether it holds.

    The band of a level is 5 % +- 3.3 standard errors, of a bound its upper half, of a power the
    promise +- 5 points. Source: decisions.md 24.
    """
    claim = plan.claim(key)
    rate = rejections / tests if tests else math.nan
    promised, low, high, verdict = math.nan, math.nan, math.nan, ""
    if claim != "none":
        promised = plan.powers[key] if claim == "power" else ALPHA
        error = math.sqrt(promised * (1 - promised) / tests) if tests else math.nan
        margin = POWER_MARGIN if claim == "power" else BAND * error
        low = 0.0 if claim == "bound" else max(promised - margin, 0.0)
        high = min(promised + margin, 1.0)
        verdict = "holds" if low <= rate <= high else "fails"
        if tests < FEWEST:
            verdict = "too few tests"
    return LevelRow(
        plan.name,
        *key,
        claim,
        plan.data_sets,
        tests,
        rejections,
        rate,
        promised,
        low,
        high,
        verdict,
    )
