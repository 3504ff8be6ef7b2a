"""Discrimination of a problem of two classes at thresholds on the probability of the second one.

Where a threshold comes from changes the number: the modes differ in nothing else. A threshold that
is chosen on the labels of the test set is called an oracle threshold in the title.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from reports.catalogue import SampleF, sample_metric
from reports.convention import Convention
from reports.metrics.counts import Floats
from reports.metrics.pairs import pair_names, signed_differences
from reports.metrics.reasons import Reason
from reports.metrics.samples import GroupedSamples, of_groups, once, undefined
from reports.metrics.scores import ALL, Rates, Scores, between_groups, with_one_emotion
from reports.predictions import PredictionSet
from reports.stats.thresholds import best_threshold, prevalence_threshold

Flags = npt.NDArray[np.bool_]
#: (N,) whether each test sample is decided to be of the second class; None without validation
Decide = Callable[[PredictionSet], Flags | None]

ORACLE = "oracle threshold"
#: halves of the cross-fit are drawn with it, the same for every run
_HALVES_SEED = 5
_SOURCE = "Chen and Joo 2021, supplement 1.3"


def of_two_classes(predictions: PredictionSet) -> bool:
    """Whether thresholds on one probability decide the class."""
    return len(predictions.classes) == 2


def second_class(predictions: PredictionSet) -> Floats:
    """(N,) probability of the second class; the set has probabilities."""
    assert predictions.probabilities is not None, "asked only for sets that have probabilities"
    return predictions.probabilities[:, 1]


def _gap(key: str, where: str) -> Callable[[SampleF], SampleF]:
    return sample_metric(
        key,
        title=f"Discrimination, {where}",
        limits=(0, 1),
        direction="lower",
        source=_SOURCE,
        per="attribute",
        applies=of_two_classes,
    )


def _signed(key: str, where: str) -> Callable[[SampleF], SampleF]:
    return sample_metric(
        f"{key}_signed",
        title=f"Signed difference of selection rates, {where}, a:b = a - b",
        limits=(-1, 1),
        direction="zero",
        source=_SOURCE,
        per="pair of groups",
        applies=of_two_classes,
    )


_TEST = f"threshold of best accuracy on the test set ({ORACLE})"
_PREVALENCE = f"as many positives as the test set has ({ORACLE})"
_PREVALENCE_VAL = "share of positives of the validation part"
_VAL = "threshold of best accuracy on the validation part"
_CV = "threshold of best accuracy on the other half of the test set"
_FIXED = "threshold 0.5"


# --- where thresholds come from ------------------------------------------------------------------


@once
def by_test(predictions: PredictionSet) -> Flags | None:
    """Positive at or above the threshold of best accuracy on the test set."""
    score = second_class(predictions)
    return np.asarray(score >= best_threshold(score, predictions.labels == 1))


@once
def by_prevalence(predictions: PredictionSet) -> Flags | None:
    """As many positives as the test set has, those of the highest scores; fewer with ties."""
    score = second_class(predictions)
    return np.asarray(score > prevalence_threshold(score, predictions.labels == 1))


@once
def by_validation_prevalence(predictions: PredictionSet) -> Flags | None:
    """The share of positives of the validation part, of the highest scores; fewer with ties."""

    def decide(score: Floats, labels: Flags, _: Floats) -> Flags:
        positives = int(np.floor(len(score) * labels.mean() + 0.5))
        # The rule asks how many are positive, not which: no test label is read.
        return np.asarray(score > prevalence_threshold(score, np.arange(len(score)) < positives))

    return _by_validation(predictions, decide)


@once
def by_validation(predictions: PredictionSet) -> Flags | None:
    """Positive at or above the threshold of best accuracy on the validation part."""

    def decide(score: Floats, labels: Flags, validation_score: Floats) -> Flags:
        return np.asarray(score >= best_threshold(validation_score, labels))

    return _by_validation(predictions, decide)


@once
def by_cross_fit(predictions: PredictionSet) -> Flags | None:
    """Each half of the test set decided at the threshold of best accuracy on the other half.

    The halves hold equal shares of both classes. They are drawn from the samples in the order of
    their scores, so that the order in which samples are given does not matter.
    """
    score, positive = second_class(predictions), predictions.labels == 1
    half = _halves(predictions)
    decided = np.zeros(len(score), dtype=bool)
    for own in (half, ~half):
        # One sample alone has no other half.
        threshold = best_threshold(score[~own], positive[~own]) if (~own).any() else 0.5
        decided[own] = score[own] >= threshold
    return decided


@once
def by_half(predictions: PredictionSet) -> Flags | None:
    """Positive at or above 0.5."""
    return np.asarray(second_class(predictions) >= 0.5)


def _by_validation(
    predictions: PredictionSet, decide: Callable[[Floats, Flags, Floats], Flags]
) -> Flags | None:
    """Decisions of each fold's model by its own validation part; None where one is missing."""
    part, score = predictions.validation, second_class(predictions)
    if part is None:
        return None
    own = np.zeros(len(score), np.int64) if predictions.folds is None else predictions.folds
    theirs = np.zeros(len(part.labels), np.int64) if part.folds is None else part.folds
    decided = np.zeros(len(score), dtype=bool)
    for fold in np.unique(own):
        tested, validated = own == fold, theirs == fold
        if not validated.any():
            return None
        positive, seen = part.labels[validated] == 1, part.probabilities[validated, 1]
        decided[tested] = decide(score[tested], positive, seen)
    return decided


def _halves(predictions: PredictionSet) -> Flags:
    score = second_class(predictions)
    # Attributes tell samples of equal score and label apart.
    keys = (*predictions.attributes.T, score, predictions.labels)
    order = np.lexsort(keys)
    rng = np.random.default_rng(_HALVES_SEED)
    half = np.zeros(len(order), dtype=bool)
    for label in (0, 1):
        members = order[predictions.labels[order] == label]
        half[rng.permutation(members)[: len(members) // 2]] = True
    return half


# --- discrimination at these thresholds ----------------------------------------------------------


@_gap("disc_test", _TEST)
def disc_test(samples: GroupedSamples, convention: Convention) -> Scores:
    """Highest minus lowest selection rate, (1, 1, 1)."""
    return _discrimination(samples, convention, by_test)


@_signed("disc_test", _TEST)
def disc_test_signed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Selection rate of the first minus the second group of each pair, (1, P, 1)."""
    return _differences(samples, convention, by_test)


@_gap("disc_prevalence", _PREVALENCE)
def disc_prevalence(samples: GroupedSamples, convention: Convention) -> Scores:
    """Highest minus lowest selection rate, (1, 1, 1)."""
    return _discrimination(samples, convention, by_prevalence)


@_signed("disc_prevalence", _PREVALENCE)
def disc_prevalence_signed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Selection rate of the first minus the second group of each pair, (1, P, 1)."""
    return _differences(samples, convention, by_prevalence)


@_gap("disc_prevalence_val", _PREVALENCE_VAL)
def disc_prevalence_val(samples: GroupedSamples, convention: Convention) -> Scores:
    """Highest minus lowest selection rate, (1, 1, 1)."""
    return _discrimination(samples, convention, by_validation_prevalence)


@_signed("disc_prevalence_val", _PREVALENCE_VAL)
def disc_prevalence_val_signed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Selection rate of the first minus the second group of each pair, (1, P, 1)."""
    return _differences(samples, convention, by_validation_prevalence)


@_gap("disc_val", _VAL)
def disc_val(samples: GroupedSamples, convention: Convention) -> Scores:
    """Highest minus lowest selection rate, (1, 1, 1)."""
    return _discrimination(samples, convention, by_validation)


@_signed("disc_val", _VAL)
def disc_val_signed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Selection rate of the first minus the second group of each pair, (1, P, 1)."""
    return _differences(samples, convention, by_validation)


@_gap("disc_cv", _CV)
def disc_cv(samples: GroupedSamples, convention: Convention) -> Scores:
    """Highest minus lowest selection rate, (1, 1, 1)."""
    return _discrimination(samples, convention, by_cross_fit)


@_signed("disc_cv", _CV)
def disc_cv_signed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Selection rate of the first minus the second group of each pair, (1, P, 1)."""
    return _differences(samples, convention, by_cross_fit)


@_gap("disc_fixed", _FIXED)
def disc_fixed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Highest minus lowest selection rate, (1, 1, 1)."""
    return _discrimination(samples, convention, by_half)


@_signed("disc_fixed", _FIXED)
def disc_fixed_signed(samples: GroupedSamples, convention: Convention) -> Scores:
    """Selection rate of the first minus the second group of each pair, (1, P, 1)."""
    return _differences(samples, convention, by_half)


def _discrimination(samples: GroupedSamples, convention: Convention, decide: Decide) -> Scores:
    rates = _selection_rates(samples, convention, decide)
    if isinstance(rates, Reason):
        return undefined(rates, ALL, ALL)
    return between_groups(rates, samples.counts, ALL, "gap")


def _differences(samples: GroupedSamples, convention: Convention, decide: Decide) -> Scores:
    rates = _selection_rates(samples, convention, decide)
    if isinstance(rates, Reason):
        return undefined(rates, pair_names(samples.counts.groups), ALL)
    return signed_differences(rates, samples.counts, ALL)


def _selection_rates(
    samples: GroupedSamples, convention: Convention, decide: Decide
) -> Rates | Reason:
    """(1, G, 1) shares of the groups decided to be of the second class, or why there are none."""
    if samples.predictions.probabilities is None:
        return Reason.NO_PROBABILITIES
    decided = decide(samples.predictions)
    if decided is None:
        return Reason.NO_VALIDATION
    selected = samples.sums(decided.astype(np.float64))
    shares = selected / np.maximum(samples.sizes, 1)
    return with_one_emotion(of_groups(shares, samples, convention.min_n))
