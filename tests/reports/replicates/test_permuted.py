"""Dealing the groups anew: what it keeps, what it changes, and its distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from reports.replicates import chunks
from reports.replicates.permuted import permuted_tensors
from tests.reports.replicates.samples import (
    SHAPE,
    as_probabilities,
    joined,
    observed,
    sample,
)

CASES = settings(max_examples=25, deadline=None, derandomize=True)


def permuted(labels, decided, groups, null="tpr", draws=20, seed=0):
    generator = np.random.default_rng(seed)
    return joined(
        permuted_tensors(
            labels, decided, groups, null=null, draws=draws, generator=generator, **SHAPE
        )
    )


@CASES
@given(st.integers(0, 1000), st.integers(0, 60), st.sampled_from(["tpr", "acc", "dp"]))
def test_permuting_keeps_group_sizes_and_the_pooled_confusion_of_every_run(seed, size, null):
    data = sample(seed, size=size)
    before, after = observed(*data), permuted(*data, null=null)
    assert after.shape == (20, *before.shape)
    np.testing.assert_array_equal(after.sum(2), np.broadcast_to(before.sum(1), after.sum(2).shape))
    np.testing.assert_array_equal(after.sum((3, 4))[0], before.sum((2, 3)))


def test_the_null_of_equal_recalls_keeps_the_class_counts_of_every_group():
    data = sample()
    after = permuted(*data, null="tpr")
    np.testing.assert_array_equal(after.sum(-1)[7], observed(*data).sum(-1))


def test_the_null_of_parity_deals_the_classes_of_the_groups_anew():
    data = sample()
    after = permuted(*data, null="dp")
    assert (after.sum(-1) != observed(*data).sum(-1)).any()


def test_all_runs_share_one_permutation():
    labels, decided, groups = sample(seeds=1)
    after = permuted(labels, np.concatenate([decided, decided]), groups)
    np.testing.assert_array_equal(after[:, 0], after[:, 1])


def test_correct_samples_of_a_group_follow_the_hypergeometric_distribution():
    # Class 0: 6 of 10 samples are correct in the one run, and group 1 has 4 of the 10. The
    # number correct in group 1 is hypergeometric: P(x) = C(6, x) C(4, 4 - x) / C(10, 4).
    labels, groups = np.zeros(10, dtype=int), np.repeat([0, 1], [6, 4])
    decided = np.repeat([0, 1], [6, 4])[None]
    after = permuted(labels, decided, groups, draws=20_000)
    shares = np.bincount(after[:, 0, 1, 0, 0].astype(int), minlength=5) / 20_000
    # Five standard errors of a share are below 5 sqrt(0.25 / 20,000) = 0.018.
    np.testing.assert_allclose(shares, hypergeom.pmf(np.arange(5), 10, 6, 4), atol=0.018)


def test_agreement_between_runs_is_dealt_as_a_whole():
    # Both runs err on the same 4 of 10 samples, so the groups' counts are equal in every draw.
    labels, groups = np.zeros(10, dtype=int), np.repeat([0, 1], 5)
    decided = np.tile(np.repeat([0, 2], [6, 4]), (2, 1))
    after = permuted(labels, decided, groups, draws=50)
    np.testing.assert_array_equal(after[:, 0], after[:, 1])
    assert len(np.unique(after[:, 0, 0, 0, 0])) > 1


@pytest.mark.parametrize("form", [np.asarray, as_probabilities], ids=["classes", "probabilities"])
def test_a_group_gets_its_share_of_the_pooled_counts_on_average(form):
    labels, decided, groups = sample()
    after = permuted(labels, form(decided), groups, draws=4_000)
    before = observed(labels, decided, groups).astype(float)
    share = before.sum(-1, keepdims=True) / before.sum((1, -1), keepdims=True)
    # Variances are below 12: six standard errors of the mean are 6 sqrt(12 / 4,000) = 0.33.
    np.testing.assert_allclose(after.mean(0), before.sum(1, keepdims=True) * share, atol=0.33)


def test_random_decisions_keep_the_pooled_expected_counts():
    labels, _, groups = sample(size=40)
    rows = np.random.default_rng(3).dirichlet(np.ones(3), (2, 40))
    after = permuted(labels, rows, groups, draws=5)
    pooled = [rows[1, (labels == c) & (groups >= 0)].sum(0) for c in range(3)]
    np.testing.assert_allclose(after[2, 1].sum(0), pooled, atol=1e-12)


@pytest.mark.parametrize("null", ["tpr", "dp"])
def test_a_test_set_without_known_groups_has_only_zeros(null):
    labels, decided, _ = sample()
    assert not permuted(labels, decided, np.full(len(labels), -1), null=null).any()


def test_the_chunks_hold_as_many_draws_as_were_asked_for(monkeypatch):
    monkeypatch.setattr(chunks, "LARGEST", 300)
    labels, decided, groups = sample()
    parts = list(
        permuted_tensors(
            labels, decided, groups, null="tpr", draws=7,
            generator=np.random.default_rng(0), **SHAPE,
        )
    )  # fmt: skip
    assert len(parts) > 1
    assert sum(len(part) for part in parts) == 7
