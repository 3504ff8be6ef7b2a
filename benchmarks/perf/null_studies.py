"""How often a study calls equally good methods different: families of tests under the null.

Every study has ten methods of five seeds on a test set of RAF-DB's size, by gender x race. The
methods are drawn from one distribution: each has images of its own that it finds hard, each run its
own quality, overall and in each group, and its own slips. So no method is better than another, yet
their numbers differ by what test sets and seeds do. The report's own statistics judge them.

A share is that of studies in which a family has a p of at most 5 %: `difference` after Holm over
the nine comparisons with the baseline, `best` after Holm over all pairs, and, for comparison,
`naive`: after Holm over the nine comparisons with the best as if it had not been chosen on the same
numbers. Floors and exchanges are not made and 250 resampled test sets drawn instead of 1,000, none
of which enters these p but through a standard error. Study i of a world is drawn from
`default_rng([seed, world, i])`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.perf.report_speed import CLASS_SIZES, GROUP_SHARES
from reports.convention import STRICT
from reports.metrics.counts import Floats, Ints
from reports.runs import ALL, Runs
from reports.statistics import Effort, corrected, task_statistics
from reports.stats.multiplicity import holm
from reports.tables import in_unit

METHODS, SEEDS = 10, 5
EFFORT = Effort(permutations=1, resamples=250, exchanges=1)
LEVEL = 0.05
ATTRIBUTE = "gender x race"
LEVELS = {"gender": ("female", "male"), "race": ("one", "two", "three")}
CLASSES = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
#: what a class adds to the latent score, in standard deviations: recalls of .87 to .93 and .6
CLASS_EASE = (1.1, 0.9, 0.4, 0.3, 1.5, 1.0, 1.1)
#: shares of the variance of a run's score on an image: the image, the method on it, the run on it
IMAGE, METHOD, SLIP = 0.70, 0.08, 0.22
#: wrong decisions that fall on the class with which the image is mostly confused
CONFUSED = 0.7
#: (attribute, metric, emotion) of the families; of `disc` also every class
FAMILIES = (("all", "acc", "all"), (ATTRIBUTE, "fs_mca", "all"), (ATTRIBUTE, "disc", "max"),
            (ATTRIBUTE, "disc", "mean"))  # fmt: skip


@dataclass(frozen=True)
class World:
    """Seed noise and a gap between the groups, in standard deviations of a run's score."""

    run: float
    run_in_group: float
    gap: float


#: one seed's accuracy varies by about .3 points in calm worlds, by 2 in noisy ones
WORLDS = {
    "calm, fair": World(0.015, 0.04, 0.0),
    "calm, unfair": World(0.015, 0.04, 0.3),
    "noisy, fair": World(0.08, 0.12, 0.0),
    "noisy, unfair": World(0.08, 0.12, 0.3),
}


def drawn_study(world: World, generator: np.random.Generator) -> list[Runs]:
    """Ten equally good methods on one test set."""
    labels = np.repeat(np.arange(len(CLASSES)), CLASS_SIZES)
    groups = generator.choice(len(GROUP_SHARES), len(labels), p=GROUP_SHARES)
    ease = np.array(CLASS_EASE)[labels] - world.gap * groups / (len(GROUP_SHARES) - 1)
    ease = ease + np.sqrt(IMAGE) * generator.normal(size=len(labels))
    confused = (labels + generator.integers(1, len(CLASSES), len(labels))) % len(CLASSES)
    attributes = np.stack([groups // 3, groups % 3], axis=1)
    return [
        Runs(
            dataset="drawn", method=f"method {at}", variant="", select="last",
            seeds=tuple(map(str, range(SEEDS))), cells=("",) * SEEDS, classes=CLASSES,
            levels=LEVELS, intersections=(("gender", "race"),), labels=labels,
            attributes=attributes,
            predicted=_predicted(world, labels, groups, ease=ease, confused=confused,
                                 generator=generator),
        )
        for at in range(METHODS)
    ]  # fmt: skip


def _predicted(
    world: World,
    labels: Ints,
    groups: Ints,
    *,
    ease: Floats,
    confused: Ints,
    generator: np.random.Generator,
) -> Ints:
    """(S, N) decisions of one method's runs."""
    shape = (SEEDS, len(labels))
    own = ease + np.sqrt(METHOD) * generator.normal(size=len(labels))
    quality = world.run * generator.normal(size=(SEEDS, 1))
    by_group = world.run_in_group * generator.normal(size=(SEEDS, len(GROUP_SHARES)))
    score = own + quality + by_group[:, groups] + np.sqrt(SLIP) * generator.normal(size=shape)
    other = (labels + generator.integers(1, len(CLASSES), shape)) % len(CLASSES)
    wrong = np.where(generator.random(shape) < CONFUSED, confused, other)
    return np.where(score > 0, labels, wrong)


def judged(study: list[Runs]) -> pd.DataFrame:
    """The statistics of a study's families."""
    return corrected(
        [
            task_statistics(
                study, attribute, study[0].method, convention=STRICT, effort=EFFORT,
                metrics={metric for place, metric, _ in FAMILIES if place == attribute},
            )
            for attribute in (ALL, ATTRIBUTE)
        ]
    )  # fmt: skip


def smallest_p(frame: pd.DataFrame) -> Iterator[tuple[str, Mapping[str, float]]]:
    """The name of each family and its smallest corrected p of each kind."""
    wanted = [*FAMILIES, *((ATTRIBUTE, "disc", name) for name in CLASSES)]
    for attribute, metric, emotion in wanted:
        place = (frame["attribute"] == attribute) & (frame["metric"] == metric)
        rows = frame[place & (frame["emotion"] == emotion) & (frame["group"] == "all")]
        yield (
            f"{metric} {emotion}",
            {
                "difference": rows["difference_p_holm"].min(),
                "best": rows["best_p_holm"].min(),
                "naive": float(np.nanmin(holm(rows["best_p"]))),
            },
        )


def shares(world: str, studies: int, seed: int = 0) -> pd.DataFrame:
    """Share of studies with a false finding, a row a family, a column a kind."""
    found: dict[str, Counter[str]] = {}
    for at in range(studies):
        generator = np.random.default_rng([seed, list(WORLDS).index(world), at])
        frame = judged(drawn_study(WORLDS[world], generator))
        for family, smallest in smallest_p(frame):
            counts = found.setdefault(family, Counter(dict.fromkeys(smallest, 0)))
            counts.update({kind: int(p <= LEVEL) for kind, p in smallest.items()})
    return pd.DataFrame({family: dict(counts) for family, counts in found.items()}).T / studies


def main() -> None:
    """Draw, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1_000, help="of each world")
    parser.add_argument("--world", choices=list(WORLDS), action="append")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for world in arguments.world or WORLDS:
        start = time.process_time()
        table = shares(world, arguments.studies, arguments.seed)
        spent = time.process_time() - start
        print(f"{world}: {arguments.studies:,} studies, {spent:.0f} s of processor; percent")
        for family, row in table.to_dict("index").items():
            printed = (f"{kind} {in_unit(share, 'percent'):>5}" for kind, share in row.items())
            print(f"  {family:<16} {'  '.join(printed)}", flush=True)


if __name__ == "__main__":
    main()
