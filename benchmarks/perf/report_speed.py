"""Seconds that floors and bootstraps of all metrics take, beside Fairlearn's bootstrap.

The task is one method, data set and attribute of the size of RAF-DB: 3,068 samples, 6 groups,
7 classes, 5 seeds. Times are of one core (run it with OMP_NUM_THREADS=1), the best of `--repeats`.
Fairlearn is timed for the accuracy of the groups alone and one seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports.catalogue import MetricCard, metric_cards
from reports.convention import STRICT
from reports.metrics.counts import Ints
from reports.replicates.floor import DRAWS, floor_of
from reports.replicates.permuted import permuted_tensors
from reports.replicates.resampled import resampled_tensors
from reports.replicates.values import values_of_chunks

SAMPLES, SEEDS, RESAMPLES = 3_068, 5, 1_000
#: RAF-DB's test images of each class, its groups of gender x race roughly
CLASS_SIZES = (680, 162, 160, 74, 1185, 478, 329)
GROUP_SHARES = (0.40, 0.36, 0.05, 0.03, 0.08, 0.08)
#: metrics of the catalogue before the reporting layer was extended, for a figure that stays
FIRST = (
    "acc", "wf1", "mca", "tpr", "sr", "fs_acc", "fs_gap", "fs_tpr", "fs_mca", "disc",
    "disc_signed", "eopd", "eod", "wga_attr", "wga_stratum", "dto",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Task:
    """Labels (N,), decided classes (S, N) and groups (N,) with their names."""

    labels: Ints
    decided: Ints
    groups: Ints
    names: dict[str, Any]
    shape: dict[str, Any]


def raf_like_task(generator: np.random.Generator) -> Task:
    """A test set of RAF-DB's size with seeds that agree as often as trained networks do."""
    num_classes, num_groups = len(CLASS_SIZES), len(GROUP_SHARES)
    labels = np.repeat(np.arange(num_classes), CLASS_SIZES)
    groups = generator.choice(num_groups, SAMPLES, p=GROUP_SHARES)
    guess = generator.integers(0, num_classes, (SEEDS + 1, SAMPLES))
    shared = np.where(generator.random(SAMPLES) < 0.85, labels, guess[0])
    decided = np.where(generator.random((SEEDS, SAMPLES)) < 0.9, shared, guess[1:])
    names = {
        "groups": tuple(f"group {k}" for k in range(num_groups)),
        "classes": tuple(f"class {c}" for c in range(num_classes)),
    }
    shape = {"num_groups": num_groups, "num_classes": num_classes}
    return Task(labels, decided, groups, names, shape)


def floors(task: Task, cards: Sequence[MetricCard]) -> None:
    """Noise floors of all metrics that have one."""
    for null in ("tpr", "acc", "dp"):
        chosen = [card for card in cards if card.null == null]
        if chosen:
            chunks = permuted_tensors(
                task.labels, task.decided, task.groups, null=null, draws=DRAWS,
                generator=np.random.default_rng(0), **task.shape,
            )  # fmt: skip
            values = values_of_chunks(
                chosen, chunks, convention=STRICT, seed_averaged=True, **task.names
            )
            for card in chosen:
                floor_of(values[card.key][0], values[card.key], card.direction)


def bootstraps(task: Task, cards: Sequence[MetricCard]) -> None:
    """Bootstrap standard errors of all metrics."""
    for strata in ("group", "group_class", "all"):
        chosen = [card for card in cards if card.strata == strata]
        if chosen:
            chunks = resampled_tensors(
                task.labels, task.decided, task.groups, strata=strata, draws=RESAMPLES,
                generator=np.random.default_rng(0), **task.shape,
            )  # fmt: skip
            values = values_of_chunks(
                chosen, chunks, convention=STRICT, seed_averaged=True, **task.names
            )
            for card in chosen:
                values[card.key].std(axis=0)


def fairlearn_bootstrap(task: Task, draws: int) -> None:
    """Fairlearn's bootstrap of the groups' accuracy, one seed."""
    from fairlearn.metrics import MetricFrame  # type: ignore[import-untyped]  # dev only
    from sklearn.metrics import accuracy_score  # type: ignore[import-untyped]

    MetricFrame(
        metrics=accuracy_score, y_true=task.labels, y_pred=task.decided[0],
        sensitive_features=pd.Series(task.groups, name="group"), n_boot=draws,
        ci_quantiles=[0.025, 0.975], random_state=0,
    )  # fmt: skip


def our_bootstrap(task: Task, draws: int) -> None:
    """The same quantity as `fairlearn_bootstrap`, by our own bootstrap."""
    card = next(card for card in metric_cards() if card.key == "acc")
    chunks = resampled_tensors(
        task.labels, task.decided[:1], task.groups, strata="group", draws=draws,
        generator=np.random.default_rng(0), **task.shape,
    )  # fmt: skip
    values = values_of_chunks([card], chunks, convention=STRICT, **task.names)["acc"]
    np.percentile(values, [2.5, 97.5], axis=0)


def seconds(work: Callable[[], None], repeats: int) -> tuple[float, float]:
    """Best wall-clock and best processor time of the repeats."""
    found = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in found), min(cpu for _, cpu in found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fairlearn-draws", type=int, default=1_000)
    arguments = parser.parse_args()
    task = raf_like_task(np.random.default_rng(0))
    cards = metric_cards()
    first = tuple(card for card in cards if card.key in FIRST)

    def both(chosen: Sequence[MetricCard]) -> None:
        floors(task, chosen)
        bootstraps(task, chosen)

    rows = {
        f"floors (B = {DRAWS:,}), {len(cards)} metrics": lambda: floors(task, cards),
        f"bootstraps (B = {RESAMPLES:,}), {len(cards)} metrics": lambda: bootstraps(task, cards),
        f"both, {len(cards)} metrics": lambda: both(cards),
        f"both, the first {len(first)} metrics": lambda: both(first),
    }
    for name, work in rows.items():
        wall, cpu = seconds(work, arguments.repeats)
        print(f"{name:<45} {wall:7.3f} s   ({cpu:.3f} s of processor)")
    draws = arguments.fairlearn_draws
    theirs = seconds(lambda: fairlearn_bootstrap(task, draws), 1)
    ours = seconds(lambda: our_bootstrap(task, draws), arguments.repeats)
    for who, (wall, cpu) in (("Fairlearn", theirs), ("ours", ours)):
        name = f"{who}, accuracy, one seed, B = {draws:,}"
        print(f"{name:<45} {wall:7.3f} s   ({cpu:.3f} s of processor)")
    print(f"Fairlearn / ours, of processor: {theirs[1] / ours[1]:.0f}")


if __name__ == "__main__":
    main()
