"""Which methods cannot be told from the best one, number by number.

The best method of a number is chosen on the very values that are then compared, so its lead is
flattered: k - 1 tests against it, corrected as if it had been named beforehand, would find a
difference between equally good methods far too often (`docs/statistics.md` has the shares). A
comparison with the best is one of the comparisons of all pairs, whichever method comes out best.
So the family are all k (k - 1) / 2 pairs of the methods that compete, and Holm's correction over
them holds whatever the choice and however the pairs depend on each other. Tukey's range test would
be sharper, but it needs one variance for all pairs, and a method that trains unstably has its own.

Shapes: k methods, N numbers of each, B resampled test sets, k (k - 1) / 2 pairs in the order of
`itertools.combinations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from reports.catalogue import Direction
from reports.metrics.counts import Floats, Ints
from reports.replicates.chunks import chunk_sizes
from reports.replicates.floor import unfairness
from reports.runs import Runs
from reports.stats.multiplicity import holm
from reports.stats.seeds import DECIMALS, ROUNDING, over_seeds, seed_difference, two_source_p

#: most numbers of four bytes that are kept of all methods of a task together (256 MB)
KEPT = 64_000_000
#: resampled test sets of which at least that many are kept, whatever the methods
FEWEST_KEPT = 200
#: of two equal vectors' difference rounding leaves less than this share of their squares
_EQUAL = 1e-12


@dataclass(frozen=True, eq=False)
class Contender:
    """A method that competes: its (S, N) values by seed and (B, N) means on resampled test sets."""

    runs: Runs
    values: Floats
    resampled: npt.NDArray[np.float32]

    @property
    def name(self) -> str:
        """The method's key, with its variant in brackets."""
        return run_name(self.runs.method, self.runs.variant)


def run_name(method: str, variant: str) -> str:
    """A method's key, with its variant in brackets if it has one."""
    return f"{method} [{variant}]" if variant else method


def kept_draws(draws: int, methods: int, numbers: int) -> int:
    """How many resampled test sets of each method fit into the memory that `KEPT` allows."""
    return min(draws, max(FEWEST_KEPT, KEPT // max(methods * numbers, 1)))


def best_columns(
    contenders: Sequence[Contender], directions: Sequence[Direction]
) -> list[dict[str, Any]]:
    """Columns `best`, `best_p` and `best_p_holm` of each method, (N,) each.

    The p are two-sided, of the test over seeds and resampled test sets that also serves the
    difference to the baseline: 1 where two methods agree in everything that a number counts, NaN
    of the best method itself, of a method that is undefined for a seed, and where either has fewer
    than two seeds, for then nothing is known of the spread of training.

    Of a signed score that is best at 0 the distances from 0 are compared. They differ where the
    scores differ and are not each other's opposites: p is the larger one of both tests.

    Args:
        contenders: methods of one data set, rule and attribute with the same numbers.
        directions: of each number, what is better.
    """
    ordered = sorted(contenders, key=lambda one: one.name)
    moments = [over_seeds(one.values) for one in ordered]
    means = np.array([mean for mean, _, _ in moments])
    seeds = np.array([defined for _, _, defined in moments])
    competes = seeds == np.array([len(one.values) for one in ordered])[:, None]
    competes &= competes.sum(axis=0) >= 2
    best = _best(np.where(competes, means, np.nan), directions)
    p = _pair_p(ordered, np.array([way == "zero" for way in directions]))
    first, second = np.triu_indices(len(ordered), 1)
    p[~(competes[first] & competes[second])] = np.nan
    tables = [_with_best(p, best), _with_best(np.apply_along_axis(holm, 0, p), best)]
    names = np.array([one.name for one in ordered], dtype=object)
    found = {
        one.name: {
            "best": np.where(competes[at], names[best], ""),
            "best_p": tables[0][at],
            "best_p_holm": tables[1][at],
        }
        for at, one in enumerate(ordered)
    }
    return [found[one.name] for one in contenders]


def _best(means: Floats, directions: Sequence[Direction]) -> Ints:
    """(N,) index of the best of (k, N) means; of equal ones the first, 0 where all are NaN."""
    found = np.zeros(means.shape[1], dtype=np.int64)
    for way in set(directions):
        at = np.array([one == way for one in directions])
        worse = np.round(unfairness(means[:, at], way), DECIMALS)
        found[at] = np.where(np.isnan(worse), np.inf, worse).argmin(axis=0)
    return found


def _pair_p(contenders: Sequence[Contender], signed: npt.NDArray[np.bool_]) -> Floats:
    """(pairs, N) p of all pairs; of `signed` numbers that of different distances from 0."""
    spreads = _pair_spreads([one.resampled for one in contenders], 1)
    opposite = _pair_spreads([one.resampled[:, signed] for one in contenders], -1)
    found = np.empty_like(spreads)
    for at, (one, other) in enumerate(combinations(contenders, 2)):
        paired = one.runs.seeds == other.runs.seeds
        found[at] = _p(one.values, other.values, spreads[at], paired=paired)
        mirrored = _p(one.values[:, signed], -other.values[:, signed], opposite[at], paired=paired)
        found[at, signed] = np.maximum(found[at, signed], mirrored)
    return found


def _p(a: Floats, b: Floats, spread: Floats, *, paired: bool) -> Floats:
    """(N,) p of the differences; 1 where nothing differs, NaN for fewer than two seeds."""
    found = seed_difference(a, b, spread, paired=paired)
    same = (np.abs(found.mean) <= ROUNDING) & (found.se == 0)
    p = np.where(same, 1.0, two_source_p(found))
    return np.where(found.seeds >= 2, p, np.nan)


def _pair_spreads(resampled: Sequence[npt.NDArray[np.float32]], sign: int) -> Floats:
    """(pairs, N) standard deviations of a - b (`sign` 1) or a + b (-1) over the replicates.

    Of each pair, over the replicates in which both are defined; NaN for fewer than two.
    """
    methods, (draws, numbers) = len(resampled), resampled[0].shape
    first, second = np.triu_indices(methods, 1)
    found, start = np.empty((len(first), numbers)), 0
    for size in chunk_sizes(numbers, methods * draws):
        part = [one[:, start : start + size] for one in resampled]
        x = np.stack(part).transpose(2, 0, 1).astype(np.float64)
        known = ~np.isnan(x)
        x = np.where(known, x, 0.0)
        shown = known.astype(np.float64)
        count = shown.sum(axis=2, keepdims=True)
        x = (x - x.sum(axis=2, keepdims=True) / np.maximum(count, 1)) * shown
        # Sums over the replicates that both have, of all pairs at once.
        turned = shown.transpose(0, 2, 1)
        shared, sums, squares = shown @ turned, x @ turned, (x * x) @ turned
        both = squares + squares.transpose(0, 2, 1)
        total = sums - sign * sums.transpose(0, 2, 1)
        left = both - 2 * sign * (x @ x.transpose(0, 2, 1)) - total**2 / np.maximum(shared, 1)
        left = np.where(left <= _EQUAL * both, 0.0, left)
        spread = np.where(shared >= 2, np.sqrt(left / np.maximum(shared - 1, 1)), np.nan)
        found[:, start : start + size] = spread[:, first, second].T
        start += size
    return found


def _with_best(pairs: Floats, best: Ints) -> Floats:
    """(k, N) values of each method's pair with the best; NaN of the best with itself."""
    numbers = len(best)
    methods = round((1 + (1 + 8 * len(pairs)) ** 0.5) / 2)
    table = np.full((methods, methods, numbers), np.nan)
    first, second = np.triu_indices(methods, 1)
    table[first, second] = table[second, first] = pairs
    found: Floats = table[:, best, np.arange(numbers)]
    return found
