"""Exchanging the predictions of two methods."""

import numpy as np
import pytest
from scipy.stats import binom

from reports.errors import ReportError
from reports.replicates.exchanged import exchanged_tensors
from tests.reports.replicates.samples import SHAPE, observed, sample


def exchanged(labels, one, other, groups, draws=20):
    parts = list(
        exchanged_tensors(
            labels, one, other, groups, draws=draws, generator=np.random.default_rng(0), **SHAPE
        )
    )
    return [np.concatenate(side) for side in zip(*parts, strict=True)]


def test_the_two_methods_together_keep_their_counts():
    labels, decided, groups = sample(seeds=4)
    of_a, of_b = exchanged(labels, decided[:2], decided[2:], groups)
    whole = observed(labels, decided[:2], groups) + observed(labels, decided[2:], groups)
    np.testing.assert_array_equal(of_a + of_b, np.broadcast_to(whole, of_a.shape))
    assert of_a.min() >= 0
    assert (of_a[0] != of_a[1]).any()


def test_equal_methods_stay_what_they_are():
    labels, decided, groups = sample()
    of_a, of_b = exchanged(labels, decided, decided, groups)
    np.testing.assert_array_equal(of_a[3], observed(labels, decided, groups))
    np.testing.assert_array_equal(of_b[3], of_a[3])


def test_all_runs_of_a_sample_are_swapped_together():
    labels, decided, groups = sample(seeds=2)
    of_a, _ = exchanged(labels, decided[[0, 0]], decided[[1, 1]], groups)
    np.testing.assert_array_equal(of_a[:, 0], of_a[:, 1])


def test_swaps_happen_with_probability_one_half():
    # Method a is right on all 6 samples, b on none: a's count after swapping is Binomial(6, 1/2).
    labels = groups = np.zeros(6, dtype=int)
    of_a, _ = exchanged(labels, labels[None], labels[None] + 1, groups, draws=20_000)
    shares = np.bincount(of_a[:, 0, 0, 0, 0].astype(int), minlength=7) / 20_000
    np.testing.assert_allclose(shares, binom.pmf(np.arange(7), 6, 0.5), atol=0.018)


def test_methods_with_other_numbers_of_runs_are_refused_with_the_mend():
    labels, decided, groups = sample(seeds=3)
    with pytest.raises(ReportError, match="give the seeds that both have"):
        exchanged(labels, decided[:1], decided[1:], groups)
