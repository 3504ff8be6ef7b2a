"""Metrics of replicate tensors are those of the metrics' own functions."""

import numpy as np
import pytest

from reports.convention import PAPER, STRICT
from reports.metrics.counts import Counts
from reports.replicates.values import replicate_values, seed_mean, values_of_chunks
from tests.reports.replicates.samples import CARDS, CLASSES, GROUPS, observed, sample

NAMES = {"groups": GROUPS, "classes": CLASSES}


@pytest.mark.parametrize("key", CARDS)
@pytest.mark.parametrize("convention", [STRICT, PAPER], ids=lambda one: one.name)
def test_each_replicate_has_the_value_that_the_metric_gives_to_its_counts(key, convention):
    tensors = np.stack([observed(*sample(seed)) for seed in range(3)])
    found = replicate_values(CARDS[key], tensors, convention=convention, **NAMES)
    for draw, tensor in zip(found, tensors, strict=True):
        counts = Counts(tensor, tensor.sum(1), **NAMES, n_unknown=0)
        np.testing.assert_array_equal(draw, CARDS[key].compute(counts, convention).value)


def test_several_metrics_over_chunks_equal_each_metric_alone():
    tensors = np.stack([observed(*sample(seed)) for seed in range(4)]).astype(float)
    cards = list(CARDS.values())
    together = values_of_chunks(cards, [tensors[:3], tensors[3:]], convention=STRICT, **NAMES)
    for card in cards:
        alone = replicate_values(card, tensors, convention=STRICT, **NAMES)
        np.testing.assert_array_equal(together[card.key], alone)


def test_overall_counts_may_hold_samples_of_unknown_groups():
    tensors = observed(*sample())[None]
    more = tensors.sum(2) + 5
    one = replicate_values(CARDS["dto"], tensors, convention=PAPER, **NAMES)
    other = replicate_values(CARDS["dto"], tensors, convention=PAPER, overall=more, **NAMES)
    assert (one != other).all()


def test_the_seed_mean_is_over_the_defined_seeds_and_undefined_without_any():
    values = np.array([[0.2, np.nan], [np.nan, np.nan], [0.4, np.nan]])
    # (0.2 + 0.4) / 2
    np.testing.assert_allclose(seed_mean(values, axis=0), [0.3, np.nan])
