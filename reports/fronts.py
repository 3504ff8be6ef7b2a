"""How surely each method is on the Pareto front of accuracy and fairness score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.catalogue import metric_cards
from reports.convention import Convention
from reports.metrics.counts import Floats
from reports.replicates.patterns import Decided
from reports.replicates.resampled import resampled_tensors
from reports.replicates.streams import generator_for
from reports.replicates.values import replicate_values, seed_mean
from reports.runs import Runs
from reports.stats.tradeoff import front_probability
from reports.study import FRONT_COLUMNS

#: the fairness of the front: worst over best class-mean accuracy of the groups
FAIRNESS_METRIC = "fs_mca"
DRAWS = 1_000
#: data set, method, variant
Run = tuple[str, str, str]


def fronts(
    runs: Sequence[Runs],
    compared: Mapping[Run, int],
    convention: Convention,
    *,
    draws: int = DRAWS,
    suite_seed: int = 0,
) -> pd.DataFrame:
    """Share of replicates in which each method is on the front, a row a method and attribute.

    A replicate is a resampled test set, the same for all methods and with as many samples of each
    class in each group, and runs drawn anew, the same where methods have the same seeds.

    Args:
        runs: of any data sets; runs of one data set were tested on the same samples.
        compared: the methods whose front it is, with the runs that each must have; others have no
            row.
        convention: smallest group that counts.
        draws: replicates.
        suite_seed: of the streams.

    Returns:
        Columns `FRONT_COLUMNS`; NaN where a method has no fairness score in any replicate.
    Source: metrics.md 9.
    """
    groups: dict[tuple[str, str], list[Runs]] = {}
    for one in runs:
        if compared.get((one.dataset, one.method, one.variant)) == len(one.seeds):
            groups.setdefault((one.dataset, one.select), []).append(one)
    rows = [
        (*one.key, attribute, probability)
        for group in groups.values()
        for attribute in group[0].attribute_names()
        for one, probability in zip(
            group, _probabilities(group, attribute, convention, draws, suite_seed), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=list(FRONT_COLUMNS)).astype({"probability": np.float64})


def _probabilities(
    group: Sequence[Runs], attribute: str, convention: Convention, draws: int, suite_seed: int
) -> list[float]:
    ends = np.cumsum([len(one.seeds) for one in group])[:-1]
    replicates = _replicates(group, attribute, convention, draws, suite_seed)

    def averaged(one: Runs, values: Floats) -> Floats:
        """(B,) means over runs drawn anew from the (B, S)."""
        stream = (one.dataset, attribute, "runs", *one.seeds)
        picks = generator_for(suite_seed, *stream).integers(0, len(one.seeds), values.shape)
        return seed_mean(np.take_along_axis(values, picks, axis=1))

    performance, fairness = (
        np.transpose([
            averaged(one, own) for one, own in zip(group, np.split(values, ends, 1), strict=True)
        ])
        for values in replicates
    )  # fmt: skip
    found: list[float] = front_probability(performance, fairness).tolist()
    return found


def _replicates(
    group: Sequence[Runs], attribute: str, convention: Convention, draws: int, suite_seed: int
) -> tuple[Floats, Floats]:
    """(B, R) accuracies and fairness scores of the R runs of all methods, one after the other."""
    first = group[0]
    names, codes = first.groups(attribute)
    generator = generator_for(suite_seed, first.dataset, attribute, "front")
    chunks = resampled_tensors(
        # Samples of unknown group count for accuracy: here they are a group of their own.
        first.labels, _decided(group), np.where(codes < 0, len(names), codes),
        num_groups=len(names) + 1, num_classes=len(first.classes), strata="group_class",
        draws=draws, generator=generator,
    )  # fmt: skip
    (card,) = (card for card in metric_cards() if card.key == FAIRNESS_METRIC)
    accuracies, scores = [], []
    for tensors in chunks:
        right = np.trace(tensors, axis1=-2, axis2=-1).sum(axis=-1)
        accuracies.append(right / max(len(first.labels), 1))
        known = np.ascontiguousarray(tensors[:, :, : len(names)])
        scores.append(
            replicate_values(
                card, known, groups=names, classes=first.classes, convention=convention
            )[:, :, 0, 0]
        )
    return np.concatenate(accuracies), np.concatenate(scores)


def _decided(group: Sequence[Runs]) -> Decided:
    """(R, N) decided classes of all runs, or (R, N, K) where a method decides at random."""
    if all(one.decisions is None for one in group):
        return np.concatenate([one.predicted for one in group])
    return np.concatenate(list(_as_probabilities(group)))


def _as_probabilities(group: Sequence[Runs]) -> Iterator[npt.NDArray[np.float64]]:
    for one in group:
        certain = np.eye(len(one.classes))
        yield certain[one.predicted] if one.decisions is None else one.decisions
