"""Fairness scores by guessed groups, and what they are by the true ones under two assumptions.

Guessing mixes the groups: each guessed group holds people of all true ones. What that does to a
score depends on who is guessed wrongly, which these data do not show, so there are two answers:

*Inverted*: the classifier errs equally often whatever the expression and the method's decision are,
given the true group. Then the counts by guessed group are the true ones times its confusion matrix,
and solving that gives the true ones back, in expectation. Guessed groups look too much alike.

*Weighted*: the method decides alike on faces of one guess, whatever their true group. Then each
face counts for each group by the probability that its guess leaves to it. So it is where guess and
decision follow the same looks, as of a woman who is taken for a man and for angry: guessed groups
look too little alike, and the inverse would add to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from reports.convention import Convention
from reports.metrics.counts import Floats, Numbers
from reports.replicates.resampled import resampled_tensors
from reports.replicates.streams import generator_for
from reports.replicates.values import seed_mean
from reports.runs import Runs
from reports.stats.misclassification import MAX_CONDITION
from reports.stats.seeds import over_seeds
from reports.study import CORRECTED_COLUMNS, Confusions

#: metric, emotion -> what is corrected
METRICS = {"fs_acc": "all", "fs_mca": "all", "disc": "max"}
DRAWS = 1_000
SINGULAR = "the guesses do not depend on the true group"
NO_VALUE = "too few images of two groups are left after the correction"


def corrected_scores(
    runs: Sequence[Runs],
    confusions: Confusions,
    convention: Convention,
    *,
    draws: int = DRAWS,
    suite_seed: int = 0,
) -> pd.DataFrame:
    """A row a method, guessed attribute and metric.

    Args:
        runs: of any data sets.
        confusions: data set -> guessed attribute -> (G, G) counts (true, guessed) of its classifier
            on faces whose group is known.
        convention: smallest group that counts.
        draws: resampled test sets, each with a resampled confusion matrix.
        suite_seed: of the streams.

    Returns:
        Columns `CORRECTED_COLUMNS`: means over the `seeds` of the score by guessed groups, of the
        weighted and of the inverted (`corrected`) one, NaN with a `reason` where undefined; `sd`
        of the inverted scores over seeds (ddof of the convention), `se` and `weighted_se` errors
        from test set and confusion matrix.
    Source: metrics.md 10.11; Rogan and Gladen 1978; Barron 1977; weighted: Chen, Kallus, Mao,
    Svacha and Udell 2019, Fairness under unawareness.
    """
    rows = [
        (*one.key, attribute, metric, emotion, *numbers)
        for one in runs
        for attribute, counts in confusions.get(one.dataset, {}).items()
        for metric, emotion, *numbers in _of_method(
            one,
            attribute,
            np.array(counts, dtype=np.float64),
            convention,
            draws=draws,
            suite_seed=suite_seed,
        )
    ]
    return pd.DataFrame(rows, columns=list(CORRECTED_COLUMNS))


def corrected_tensors(tensors: Numbers, rates: Floats) -> Floats:
    """(..., G, K, K) counts by true group, from counts by guessed group.

    Single counts may come out negative: clipping them would bias the rates made of them.

    Args:
        tensors: (..., G, K, K) counts by guessed group.
        rates: (G, G) or (..., G, G) P(guessed column | true row); rows sum to 1.

    Raises:
        numpy.linalg.LinAlgError: the matrix cannot be inverted.
    """
    *lead, num_groups, classes, _ = tensors.shape
    flat = tensors.reshape(*lead, num_groups, classes * classes).astype(np.float64)
    mixing = np.broadcast_to(np.swapaxes(rates, -1, -2), (*lead, num_groups, num_groups))
    solved = np.linalg.solve(mixing, flat).astype(np.float64)
    return solved.reshape(*tensors.shape)


def weighted_tensors(tensors: Numbers, rates: Floats) -> Floats:
    """(..., G, K, K) counts by true group where decisions depend on the guess alone.

    The probability that a guess leaves to each group follows from the classifier's rates and from
    how many were guessed to be what: shares of the groups below 0 count as 0.

    Args:
        tensors: (..., G, K, K) counts by guessed group.
        rates: (G, G) or (..., G, G) P(guessed column | true row); rows sum to 1.

    Raises:
        numpy.linalg.LinAlgError: the matrix cannot be inverted.
    """
    guessed = tensors.sum(axis=(-2, -1), dtype=np.float64)
    mixing = np.broadcast_to(np.swapaxes(rates, -1, -2), (*guessed.shape, guessed.shape[-1]))
    shares = np.linalg.solve(mixing, guessed[..., None]).clip(min=0.0)
    joint = shares * rates
    of_guess = joint.sum(axis=-2, keepdims=True)
    weights = np.divide(joint, of_guess, out=np.zeros_like(joint), where=of_guess > 0)
    found: Floats = np.einsum("...gh,...hkl->...gkl", weights, tensors.astype(np.float64))
    return found


def _of_method(
    runs: Runs,
    attribute: str,
    confusion: Floats,
    convention: Convention,
    *,
    draws: int,
    suite_seed: int,
) -> Iterator[tuple[object, ...]]:
    observed = runs.counts(attribute).tensor
    rates = confusion / confusion.sum(axis=1, keepdims=True)
    guessed = _scores(observed[None], convention.min_n)
    if np.linalg.cond(rates) > MAX_CONDITION:
        nothing = (*[np.nan] * 5, SINGULAR)
        for metric, emotion in METRICS.items():
            yield metric, emotion, 0, float(seed_mean(guessed[metric])[0]), *nothing
        return
    weighted = _scores(weighted_tensors(observed, rates)[None], convention.min_n)
    corrected = _scores(corrected_tensors(observed, rates)[None], convention.min_n)
    inverted_draws, weighted_draws = _replicates(
        runs, attribute, confusion, convention.min_n, draws=draws, suite_seed=suite_seed
    )
    for metric, emotion in METRICS.items():
        mean, sd, seeds = over_seeds(corrected[metric][0], convention.ddof)
        naive, fair = (float(seed_mean(found[metric])[0]) for found in (guessed, weighted))
        reason = "" if seeds else NO_VALUE
        errors = [
            float(np.nanstd(found[metric], ddof=1)) if not np.isnan(value) else np.nan
            for found, value in ((weighted_draws, fair), (inverted_draws, float(mean)))
        ]
        yield (metric, emotion, int(seeds), naive, fair, errors[0], float(mean), float(sd),
               errors[1], reason)  # fmt: skip


def _replicates(
    runs: Runs, attribute: str, confusion: Floats, min_n: int, *, draws: int, suite_seed: int
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """(B,) seed averages of each metric of resampled test sets and confusion matrices.

    Returns:
        Those of the inverted and of the weighted scores.
    """
    names, codes = runs.groups(attribute)
    chunks = resampled_tensors(
        runs.labels, runs.decided, codes, num_groups=len(names), num_classes=len(runs.classes),
        strata="all", draws=draws,
        generator=generator_for(suite_seed, runs.dataset, attribute, "mixed"),
    )  # fmt: skip
    generator = generator_for(suite_seed, runs.dataset, attribute, "confusion")
    totals = confusion.sum(axis=1)
    parts: list[tuple[dict[str, Floats], dict[str, Floats]]] = []
    for tensors in chunks:
        # One draw of the matrix a test set, the same for all seeds: they share the guesses.
        drawn = np.stack(
            [
                generator.multinomial(int(total), row / total, size=len(tensors)) / total
                for row, total in zip(confusion, totals, strict=True)
            ],
            axis=1,
        )
        able = np.linalg.cond(drawn) <= MAX_CONDITION
        some = tensors[able], drawn[able][:, None]
        parts.append(
            (_scores(corrected_tensors(*some), min_n), _scores(weighted_tensors(*some), min_n))
        )
    inverted, weighted = (
        {metric: np.concatenate([seed_mean(part[way][metric]) for part in parts])
         for metric in METRICS}
        for way in (0, 1)
    )  # fmt: skip
    return inverted, weighted


def _scores(counts: Numbers, min_n: int) -> dict[str, Floats]:
    """Metric -> (B, S) scores of (B, S, G, K, K) counts, which need not be whole."""
    tensors = counts.astype(np.float64)
    per_class = tensors.sum(axis=-1)
    right = np.diagonal(tensors, axis1=-2, axis2=-1)
    sizes = per_class.sum(axis=-1)
    accuracy = _rate(right.sum(axis=-1), sizes, min_n)
    recalls = _rate(right, per_class, min_n)
    # Classes that every group has: numerator and denominator must be sums of the same.
    common = (~np.isnan(recalls) | (sizes < min_n)[..., None]).all(axis=-2, keepdims=True)
    summed = np.where(common, np.nan_to_num(recalls), 0.0).sum(axis=-1)
    summed = np.where((sizes >= min_n) & common.any(axis=-1), summed, np.nan)
    selected = _rate(tensors.sum(axis=-2), sizes[..., None], min_n)
    gap = _over_groups(selected, np.fmax, axis=-2) - _over_groups(selected, np.fmin, axis=-2)
    return {
        "fs_acc": _ratio(accuracy),
        "fs_mca": _ratio(summed),
        "disc": np.fmax.reduce(gap, axis=-1),
    }


def _rate(part: Floats, whole: Floats, min_n: int) -> Floats:
    rate = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    enough = np.broadcast_to(whole >= max(min_n, 1e-9), rate.shape)
    np.divide(part, whole, out=rate, where=enough)
    return rate.clip(0.0, 1.0)


def _over_groups(rates: Floats, pick: Callable[..., Floats], axis: int = -1) -> Floats:
    """Extreme over the groups; NaN where fewer than two are defined."""
    enough = (~np.isnan(rates)).sum(axis=axis) >= 2
    found: Floats = np.where(enough, pick.reduce(rates, axis=axis), np.nan)  # type: ignore[attr-defined]
    return found


def _ratio(rates: Floats) -> Floats:
    low, high = _over_groups(rates, np.fmin), _over_groups(rates, np.fmax)
    ratio = np.full(low.shape, np.nan)
    np.divide(low, high, out=ratio, where=high > 0)
    return ratio
