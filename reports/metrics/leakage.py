"""Leakage: how well a linear probe reads the group off a representation, beside what labels tell.

The probe is fitted on the validation part and judged on the test part. Only cells with stored
features have these rows. Best is chance, 1 / groups: `leak_excess` 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from reports.catalogue import sample_metric
from reports.convention import Convention
from reports.metrics.counts import Floats
from reports.metrics.reasons import Reason
from reports.metrics.samples import GroupedSamples, undefined
from reports.metrics.scores import ALL, Rates, Scores, plain_scores
from reports.predictions import PredictionSet, ValidationPart, group_codes
from reports.stats.probe import Leak, leak, leak_null, one_hot

Part = Literal["balanced", "excess", "majority"]
#: most permutations behind the band of what chance reads off
NULL_DRAWS = 100


def has_features(predictions: PredictionSet) -> bool:
    """Whether test and validation representations of one model are known."""
    part = predictions.validation
    return predictions.features is not None and part is not None and part.features is not None


def leak_draws(
    runs: Sequence[GroupedSamples],
    convention: Convention,
    draws: int,
    generator: np.random.Generator,
) -> Floats:
    """(B, R) balanced accuracies of probes for permuted groups: what chance reads off.

    Args:
        runs: R runs tested on the same samples; they share the permutations of the test part.
        convention: not asked.
        draws: permutations, of which at most `NULL_DRAWS` are made.
        generator: random numbers.
    """
    seed = int(generator.integers(2**63))
    found = []
    for one in runs:
        part, test = one.predictions.validation, one.predictions.features
        assert part is not None and part.features is not None and test is not None
        drawn = np.random.default_rng(seed)
        groups = _codes(one, part)
        found.append(
            leak_null(part.features, groups, test, one.codes, drawn, draws=min(draws, NULL_DRAWS))
        )
    return np.stack(found, axis=1)


@sample_metric(
    "leak",
    title="Leakage of the attribute (balanced accuracy of a linear probe)",
    limits=(0, 1),
    direction="lower",
    source="metrics.md 4; Rizvi et al. 2024, Sec. 4.2",
    per="attribute",
    applies=has_features,
    permuted=leak_draws,
)
def leak_of_features(samples: GroupedSamples, convention: Convention) -> Scores:
    """Balanced accuracy of a probe on the stored features, (1, 1, 1); best at 1 / groups."""
    return _of_features(samples, "balanced")


@sample_metric(
    "leak_excess",
    title="Leakage of the attribute beyond chance",
    limits=(-1, 1),
    direction="zero",
    source="metrics.md 4",
    per="attribute",
    applies=has_features,
)
def leak_excess(samples: GroupedSamples, convention: Convention) -> Scores:
    """`leak` less chance, 1 / groups that both parts have, (1, 1, 1)."""
    return _of_features(samples, "excess")


@sample_metric(
    "leak_label",
    title="Leakage of the attribute through the true class alone",
    limits=(0, 1),
    direction="lower",
    source="metrics.md 4",
    per="attribute",
    applies=has_features,
)
def leak_of_labels(samples: GroupedSamples, convention: Convention) -> Scores:
    """Balanced accuracy of a probe that sees the true class only, (1, 1, 1).

    What `leak` has above it is leakage beyond the label.
    """
    part, classes = samples.predictions.validation, len(samples.counts.classes)
    if part is None or not has_features(samples.predictions):
        return undefined(Reason.NO_FEATURES, ALL, ALL)
    train = one_hot(part.labels.astype(np.int64), classes)
    test = one_hot(samples.predictions.labels.astype(np.int64), classes)
    codes = _codes(samples, part)
    return _scores(leak(train, codes, test, samples.codes), "balanced")


@sample_metric(
    "leak_beyond_label",
    title="Leakage of the attribute beyond what the true class tells",
    limits=(-1, 1),
    direction="zero",
    source="metrics.md 4; Wang et al. 2019",
    per="attribute",
    applies=has_features,
)
def leak_beyond_labels(samples: GroupedSamples, convention: Convention) -> Scores:
    """`leak` less `leak_label`, (1, 1, 1)."""
    features = leak_of_features(samples, convention)
    return replace(features, value=features.value - leak_of_labels(samples, convention).value)


@sample_metric(
    "leak_majority",
    title="Accuracy of always guessing the commonest group",
    limits=(0, 1),
    direction="lower",
    source="metrics.md 4",
    per="attribute",
    applies=has_features,
)
def leak_majority(samples: GroupedSamples, convention: Convention) -> Scores:
    """Plain accuracy of the group that is commonest in the validation part, (1, 1, 1).

    What plain accuracy a probe without any skill can reach; balanced accuracy is 1 / groups then.
    """
    return _of_features(samples, "majority")


def _of_features(samples: GroupedSamples, what: Part) -> Scores:
    """Leakage of the stored features, fitted once for all metrics."""
    part, test = samples.predictions.validation, samples.predictions.features
    if part is None or part.features is None or test is None:
        return undefined(Reason.NO_FEATURES, ALL, ALL)
    memo, key = samples.predictions.memo, f"leak {samples.attribute}"
    if key not in memo:
        memo[key] = leak(part.features, _codes(samples, part), test, samples.codes)
    return _scores(memo[key], what)


def _codes(samples: GroupedSamples, part: ValidationPart) -> npt.NDArray[np.int64]:
    """(V,) group codes of the validation part."""
    return group_codes(samples.predictions.levels, part.attributes, samples.attribute)[1]


def _scores(found: Leak, what: Part) -> Scores:
    if found.reason:
        return undefined(Reason.FEWER_THAN_TWO_GROUPS, ALL, ALL)
    rates = Rates(
        np.array([getattr(found, what)]),
        np.array([found.n]),
        np.array([Reason.DEFINED], dtype=np.int8),
    )
    return plain_scores(rates, ALL, ALL)
