"""Which worlds the audit is tried on, and what it promises there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq  # type: ignore[import-untyped]

from benchmarks.annotation_world import (
    GROUP_SIZES,
    Faces,
    Shift,
    Surplus,
    World,
    chance_of_label,
    patterns,
    scaled_sizes,
)
from reports.audit.options import ALPHA, POWER
from reports.audit.tabulate import patterns_of
from reports.audit.tabulation import ALL
from reports.stats.power import (
    detectable_common_difference,
    power_of_common_difference,
    power_of_difference,
)

Floats = NDArray[np.float64]
#: kinds of tests: of counts in strata, regressions on intensities, people and votes as units
Kind = Literal["counts", "regression", "clusters"]
#: `level`: rejects in 5 % of data sets; `bound`: in at most 5 %; `power`: as often as the formula
#: says; `none`: nothing is promised
Claim = Literal["level", "bound", "power", "none"]

#: label -> action units of its joint patterns
QUESTIONS: dict[str, tuple[str, ...]] = {"happy": ("AU06", "AU12"), "angry": ("AU04",)}
#: people of the small world: exact tests stand in for most chi-square tests there
FEW_PEOPLE = 400
#: people with several pictures each, and images with several raters
PEOPLE, PICTURES, PERSON_EFFECT = 600, 3, 0.15
IMAGES, RATERS = 1500, 10
#: in the confounded world this share of the second gender's images is of happy faces only: 39 % of
#: the one and 45 % of the other gender's faces are happy
HAPPIER = 0.1

PLANTED_ATTRIBUTE, PLANTED_LABEL = "gender", "happy"
#: the stratum whose own difference is planted: about 1,100 images, a third of them labelled
PLANTED_STRATUM = "AU06=0,AU12=1"

#: tests that promise to reject in exactly 5 % where nothing is to be found
LEVEL_TESTS = (
    "chi2", "cmh", "breslow_day", "interaction",
    "logit_lr", "logit_lr_interactions", "logit_lr_squares",
    "cluster_wald", "cluster_wald_pooled",
)  # fmt: skip
#: tests that promise at most that: what they can reach is not exactly 5 %
BOUND_TESTS = ("exact", "holm", "cluster_permutation", "cluster_permutation_pooled")
#: Likelihood ratios have their distribution where the regression is right. The annotator's rule is
#: no logistic regression on measured intensities: constants for the groups do not feel that,
#: slopes within groups make the test reject less often (3 % measured), so it promises its level
#: only in the world of logistic labels.
MODEL_DEPENDENT = ("logit_lr_interactions",)


class Key(NamedTuple):
    """One test, as `audit.csv` names it; `holm` is whether any test of a table survives Holm."""

    label: str
    attribute: str
    condition: str
    test: str


@dataclass(frozen=True)
class Design:
    """A world, the questions asked in it, and the claims.

    Attributes:
        name: as printed.
        world: where data sets come from.
        kinds: tests that are made.
        data_sets: how many.
        labels, attributes: the questions.
        claims: kinds of promises that hold here.
        only_bounds: tests that promise a level elsewhere and a bound here.
        powers: test -> rejection rate that the formula promises; if given, only these are counted.
    """

    name: str
    world: World
    kinds: tuple[Kind, ...]
    data_sets: int
    labels: tuple[str, ...] = tuple(QUESTIONS)
    attributes: tuple[str, ...] = tuple(GROUP_SIZES)
    claims: tuple[Claim, ...] = ("level", "bound")
    only_bounds: tuple[str, ...] = ()
    powers: Mapping[Key, float] = field(default_factory=dict)

    def claim(self, key: Key) -> Claim:
        """What the test promises in this world."""
        if self.powers:
            return "power"
        claim: Claim = "none"
        if key.test in LEVEL_TESTS and key.test not in self.only_bounds:
            claim = "level"
        elif key.test in (*BOUND_TESTS, *self.only_bounds):
            claim = "bound"
        return claim if claim in self.claims else "none"


def designs(count: int, fewer: int, faces: Faces) -> tuple[Design, ...]:
    """The designs of the check, cheap tests on `count` data sets and slow ones on `fewer`."""
    surplus = Surplus("gender", "female", HAPPIER)
    people = World(people=scaled_sizes(PEOPLE), pictures=PICTURES, person_effect=PERSON_EFFECT)
    return (
        Design("null", World(), ("counts",), count),
        # Approximate tests are promised at the sizes of RAF-DB only; these tables are so small
        # that only few p are possible.
        Design(
            "null, few people",
            World(people=scaled_sizes(FEW_PEOPLE)),
            ("counts",),
            count,
            claims=("bound",),
        ),
        Design("null, regression", World(), ("regression",), fewer, only_bounds=MODEL_DEPENDENT),
        Design("null, logistic labels", World(logistic=True), ("regression",), fewer),
        Design("null, people", people, ("clusters",), fewer, labels=("happy",)),
        Design(
            "null, votes",
            World(people=scaled_sizes(IMAGES), raters=RATERS),
            ("clusters",),
            fewer,
            labels=("happy",),
        ),
        Design(
            "confounded",
            World(surplus=surplus),
            ("counts", "regression"),
            fewer,
            labels=("happy",),
            attributes=("gender",),
            claims=(),
        ),
        planted("planted, all strata", faces, count),
        planted("planted, one stratum", faces, count, stratum=PLANTED_STRATUM),
    )


@dataclass(frozen=True, eq=False)
class Expected:
    """Sizes and proportions that the strata of the two genders have on average.

    Attributes:
        sizes: (H, 2) images.
        p: (H, 2) proportions, the second group's threshold being shifted.
    """

    sizes: Floats
    p: Floats

    @property
    def difference(self) -> float:
        """Mantel-Haenszel difference, second group minus first."""
        weights = self.sizes.prod(axis=1) / self.sizes.sum(axis=1)
        return float(np.average(self.p[:, 1] - self.p[:, 0], weights=weights))

    @property
    def detectable(self) -> float:
        """The difference that the audit says to find with a power of 80 %."""
        mean = (self.sizes * self.p).sum(axis=1) / self.sizes.sum(axis=1)
        return detectable_common_difference(self.sizes, mean, alpha=ALPHA, power=POWER)

    def within(self, strata: list[int]) -> Expected:
        return Expected(self.sizes[strata], self.p[strata])


def expected(world: World, faces: Faces, amount: float) -> Expected:
    """The strata of happy by gender when the threshold of the second gender is `amount` lower."""
    codes = patterns(faces, QUESTIONS[PLANTED_LABEL])
    images = np.bincount(codes)
    groups = np.array(list(world.people[PLANTED_ATTRIBUTE].values()), dtype=np.float64)
    chances = [
        np.bincount(codes, chance_of_label(world, faces, PLANTED_LABEL, shift)) / images
        for shift in (0.0, amount)
    ]
    return Expected(np.outer(images / images.sum(), groups), np.column_stack(chances))


def planted_amount(world: World, faces: Faces, strata: list[int]) -> float:
    """The shift at which the difference in these strata is the detectable one."""

    def excess(amount: float) -> float:
        there = expected(world, faces, amount).within(strata)
        return there.difference - there.detectable

    return float(brentq(excess, 0.0, 0.5, xtol=1e-4))


def planted(name: str, faces: Faces, data_sets: int, stratum: str = "") -> Design:
    """A shift for women found with a power of 80 %: by the pooled test, or in one stratum."""
    units = QUESTIONS[PLANTED_LABEL]
    names = patterns_of(units)
    chosen = [names.index(stratum)] if stratum else list(range(len(names)))
    world = World()
    amount = planted_amount(world, faces, chosen)
    there = expected(world, faces, amount)
    group = list(world.people[PLANTED_ATTRIBUTE])[1]

    def key(condition: str, test: str) -> Key:
        return Key(PLANTED_LABEL, PLANTED_ATTRIBUTE, condition, test)

    powers = {
        key(condition, "chi2"): power_of_difference(*sizes, *p)
        for condition, sizes, p in zip(names, there.sizes, there.p, strict=True)
        if (sizes * np.minimum(p, 1 - p)).min() > 2 * 5  # else many data sets have an exact test
    }
    overall = (there.sizes * there.p).sum(axis=0) / there.sizes.sum(axis=0)
    powers[key(ALL, "chi2")] = power_of_difference(*there.sizes.sum(axis=0), *overall)
    powers[key(",".join(units), "cmh")] = power_of_common_difference(there.sizes, there.p)
    # the promise itself, rather than the formula at the proportions that came out
    powers[key(stratum, "chi2") if stratum else key(",".join(units), "cmh")] = POWER
    return Design(
        name,
        World(shift=Shift(PLANTED_ATTRIBUTE, group, PLANTED_LABEL, amount)),
        ("counts",),
        data_sets,
        labels=(PLANTED_LABEL,),
        attributes=(PLANTED_ATTRIBUTE,),
        powers=powers,
    )
