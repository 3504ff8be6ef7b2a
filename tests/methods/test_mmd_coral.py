"""MMD and CORAL; strength 0 is in test_neutral_coefficient."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import rbf_kernel
from torch import Tensor

from methods.coral import moment_gap
from methods.mmd import discrepancy
from methods.shared.group_statistics import Members
from methods.shared.kernels import median_distance, squared_distances
from tests.methods.comparing import grouped, points, within_classes
from tests.methods.tiny import number


def fixed(features: Tensor, groups: Members) -> Tensor:
    return discrepancy(features, groups, bandwidth="fixed")


def median(features: Tensor, groups: Members) -> Tensor:
    return discrepancy(features, groups, bandwidth="median")


Term = Callable[[Tensor, Members], Tensor]
EVERY = pytest.mark.parametrize("term", [fixed, median, moment_gap])
CODES = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2, 1]


@EVERY
def test_identical_sets_give_zero(term: Term) -> None:
    rows = points(5, 3)
    assert number(term(torch.cat([rows, rows]), grouped([0] * 5 + [1] * 5))) == pytest.approx(
        0, abs=1e-12
    )


@EVERY
def test_different_sets_give_more_than_zero(term: Term) -> None:
    for seed in range(5):
        assert number(term(points(12, 4, seed), grouped(CODES))) > 1e-3


@EVERY
def test_the_names_of_the_groups_do_not_matter(term: Term) -> None:
    features = points(12, 4)
    wanted = number(term(features, grouped(CODES)))
    for names in itertools.permutations(range(3)):
        codes = [names[code] for code in CODES]
        assert number(term(features, grouped(codes))) == pytest.approx(wanted, rel=1e-12)


@EVERY
def test_without_a_second_group_the_term_is_zero_with_zero_gradients(term: Term) -> None:
    for codes in ([0] * 6, [-1] * 6, [0, 0, 0, 0, 0, 1]):
        features = points(6, 3).requires_grad_()
        value = term(features, grouped(codes, 2, min_count=2))
        (gradient,) = torch.autograd.grad(value, features)
        assert number(value) == 0 and not gradient.any()


@EVERY
def test_samples_of_unknown_group_have_no_part(term: Term) -> None:
    features = points(12, 4)
    wanted = number(term(features[:9], grouped(CODES[:9])))
    assert number(term(features, grouped(CODES[:9] + [-1] * 3))) == pytest.approx(wanted, rel=1e-10)


@EVERY
def test_gradients_are_those_of_finite_differences(term: Term) -> None:
    groups = grouped(CODES[:7])
    features = points(7, 3).requires_grad_()
    if term is median:
        # The median is a constant in the gradient: fixed at this point for the comparison.
        scale = median_distance(squared_distances(features.detach()), groups.used).sqrt()
        (found,) = torch.autograd.grad(median(features, groups), features)
        (wanted,) = torch.autograd.grad(fixed(features / scale, groups), features)
        torch.testing.assert_close(found, wanted)
        return
    assert torch.autograd.gradcheck(lambda z: term(z, groups), features)


@pytest.mark.parametrize("term", [fixed, moment_gap])  # the median is of the whole batch
def test_given_the_class_it_is_the_mean_over_the_classes_with_two_groups(term: Term) -> None:
    features = points(10, 3)
    codes, labels = [0, 0, 1, 1, 0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    parts = [number(term(features[s : s + 4], grouped(codes[s : s + 4]))) for s in (0, 4)]
    found = number(term(features, within_classes(codes, labels, min_count=2)))
    assert found == pytest.approx(sum(parts) / 2, rel=1e-10)


def test_mmd_of_two_points_by_hand() -> None:
    # k(z, z) = 7 for either; k(z_a, z_b) = sum of exp(-4 gamma) at distance 2.
    across = sum(math.exp(-4 * gamma) for gamma in (0.001, 0.01, 0.1, 1, 10, 100, 1000))
    found = number(fixed(torch.tensor([[0.0, 0.0], [2.0, 0.0]]), grouped([0, 1])))
    assert found == pytest.approx(14 - 2 * across, rel=1e-12)


def test_mmd_is_that_of_the_kernels_of_scikit_learn() -> None:
    features, codes = points(12, 4), np.array(CODES)
    values = []
    for a, b in itertools.combinations(range(3), 2):
        first, second = features.numpy()[codes == a], features.numpy()[codes == b]
        value = 0.0
        for power in range(-3, 4):
            gamma = 10.0**power
            value += rbf_kernel(first, first, gamma).mean()
            value += rbf_kernel(second, second, gamma).mean()
            value -= 2 * rbf_kernel(first, second, gamma).mean()
        values.append(value)
    assert number(fixed(features, grouped(CODES))) == pytest.approx(np.mean(values), rel=1e-10)


def test_the_median_makes_mmd_free_of_the_scale_of_the_features() -> None:
    features, groups = points(12, 4), grouped(CODES)
    assert number(median(30 * features, groups)) == pytest.approx(number(median(features, groups)))
    assert number(fixed(30 * features, groups)) != pytest.approx(number(fixed(features, groups)))


def test_median_is_over_pairs_of_used_samples_and_one_where_there_is_none() -> None:
    distances = squared_distances(torch.tensor([[0.0], [1.0], [3.0], [100.0]]))
    used = torch.tensor([True, True, True, False])
    assert number(median_distance(distances, used)) == 4  # of 1, 4 and 9
    assert number(median_distance(distances, torch.tensor([True] + [False] * 3))) == 1
    assert number(median_distance(0 * distances, used)) == 1


def test_squared_distances_far_from_the_origin_keep_their_digits() -> None:
    rows = points(6, 5)
    wanted = torch.cdist(rows, rows) ** 2
    torch.testing.assert_close(squared_distances(rows), wanted)
    torch.testing.assert_close(squared_distances(rows + 1e6), wanted, rtol=1e-7, atol=1e-7)


def test_coral_of_a_translated_group_is_the_mean_square_of_the_translation() -> None:
    rows, shift = points(6, 4), torch.tensor([1.0, -2.0, 0.5, 3.0])
    found = number(moment_gap(torch.cat([rows, rows + shift]), grouped([0] * 6 + [1] * 6)))
    assert found == pytest.approx(number((shift**2).mean()), rel=1e-10)


def test_coral_is_that_of_the_covariances_of_numpy() -> None:
    features, codes = points(12, 4).numpy(), np.array(CODES)
    values = []
    for a, b in itertools.combinations(range(3), 2):
        first, second = features[codes == a], features[codes == b]
        gap = np.cov(first, rowvar=False) - np.cov(second, rowvar=False)
        values.append(((first.mean(axis=0) - second.mean(axis=0)) ** 2).mean() + (gap**2).mean())
    found = number(moment_gap(torch.from_numpy(features), grouped(CODES)))
    assert found == pytest.approx(np.mean(values), rel=1e-10)


def test_a_group_of_one_sample_has_no_covariance() -> None:
    # Means 0 and 3 on one axis; the variance of the first group is 2, the second has none.
    found = number(moment_gap(torch.tensor([[-1.0], [1.0], [3.0]]), grouped([0, 0, 1])))
    assert found == pytest.approx(9 + 4, rel=1e-12)
