"""Resampled test sets: what they keep, their variance, pairing of methods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.replicates import chunks, resampled
from reports.replicates.resampled import resampled_tensors
from reports.replicates.streams import generator_for
from tests.reports.replicates.samples import SHAPE, as_probabilities, joined, observed, sample

CASES = settings(max_examples=25, deadline=None, derandomize=True)
STRATA = ("group", "group_class", "all")


def drawn(labels, decided, groups, strata="group", draws=20, seed=0, **options):
    return joined(
        resampled_tensors(
            labels, decided, groups, strata=strata, draws=draws,
            generator=np.random.default_rng(seed), **SHAPE, **options,
        )
    )  # fmt: skip


@CASES
@given(st.integers(0, 1000), st.integers(0, 50), st.booleans())
def test_every_stratum_keeps_its_size(seed, size, paired):
    data = sample(seed, size=size)
    before = observed(*data)
    by_group = drawn(*data, "group", paired=paired)
    by_class = drawn(*data, "group_class", paired=paired)
    np.testing.assert_array_equal(by_group.sum((-2, -1))[3], before.sum((-2, -1)))
    np.testing.assert_array_equal(by_class.sum(-1)[3], before.sum(-1))


@pytest.mark.parametrize("paired", [True, False])
def test_without_unknown_groups_unstratified_draws_keep_the_number_of_samples(paired):
    data = sample(unknown=0)
    after = drawn(*data, "all", paired=paired)
    assert (after.sum((2, 3, 4)) == 120).all()
    assert len(np.unique(after.sum((3, 4))[:, 0, 2])) > 1


@pytest.mark.parametrize("paired", [True, False])
def test_unstratified_draws_may_lose_samples_to_unknown_groups(paired):
    data = sample(unknown=0.5)
    assert len(np.unique(drawn(*data, "all", paired=paired).sum((2, 3, 4)))) > 1


@pytest.mark.parametrize("strata", STRATA)
def test_weights_of_one_reproduce_the_observed_counts(strata, monkeypatch):
    def ones(ends, size, generator, kind):
        return np.ones((size, int(ends[-1])), dtype=kind)

    monkeypatch.setattr(resampled, "_weights", ones)
    data = sample()
    after = drawn(*data, strata, draws=2)
    np.testing.assert_array_equal(after[1], observed(*data))


def test_draws_kept_for_another_method_leave_the_generator_where_drawing_leaves_it():
    first, second = (np.random.default_rng(81) for _ in range(2))
    for _ in range(2):
        one, other = (
            joined(resampled_tensors(*sample(), strata="group", draws=3, generator=own, **SHAPE))
            for own in (first, second)
        )
        np.testing.assert_array_equal(one, other)
    assert first.random() == second.random()


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("strata", STRATA)
def test_the_mean_of_the_draws_is_the_observed_count(strata, paired):
    data = sample()
    after = drawn(*data, strata, draws=4_000, paired=paired)
    # The largest count is about 20 with a variance of at most 20: 6 sqrt(20 / 4,000) = 0.42.
    np.testing.assert_allclose(after.mean(0), observed(*data), atol=0.42)


@pytest.mark.parametrize("paired", [True, False])
def test_the_variance_of_a_count_is_binomial(paired):
    # One group of 50, of which 20 are correct: variance 50 * 0.4 * 0.6 = 12. The variance of
    # 8,000 draws has a relative standard error of sqrt(2 / 8,000) = 1.6 %.
    labels, groups = np.zeros(50, dtype=int), np.zeros(50, dtype=int)
    decided = np.repeat([0, 1], [20, 30])[None]
    after = drawn(labels, decided, groups, draws=8_000, paired=paired)
    assert after[:, 0, 0, 0, 0].var() == pytest.approx(12, rel=0.08)


def test_methods_are_paired_whatever_their_number_of_runs_and_the_size_of_the_chunks(monkeypatch):
    labels, decided, groups = sample(seeds=5)
    whole = drawn(labels, decided, groups)
    monkeypatch.setattr(chunks, "LARGEST", 1_000)
    two_runs = drawn(labels, decided[:2], groups)
    np.testing.assert_array_equal(whole[:, :2], two_runs)


def test_probabilities_of_0_and_1_give_the_counts_of_decided_classes():
    labels, decided, groups = sample()
    np.testing.assert_allclose(
        drawn(labels, decided, groups), drawn(labels, as_probabilities(decided), groups), atol=1e-9
    )


def test_a_stream_depends_on_its_names_and_nothing_else():
    first = generator_for(7, "rafdb", "gender").random(3)
    np.testing.assert_array_equal(first, generator_for(7, "rafdb", "gender").random(3))
    assert (first != generator_for(7, "rafdb", "race").random(3)).all()
    assert (first != generator_for(8, "rafdb", "gender").random(3)).all()
