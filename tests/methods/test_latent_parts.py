"""Losses on the parts of a latent vector, by hand and by loops."""

import math

import pytest
import torch
from torch import Tensor

from methods.shared.latent_parts import (
    contrast,
    covariance,
    diagonal_spread,
    gaussian_loss,
    off_diagonal,
)
from tests.methods.tiny import number


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_gaussian_loss_is_the_likelihood_for_each_entry() -> None:
    # (||(3, 4)||^2 / 2 - 1 + ||0||^2 / 2 - 2) / 2 samples / 2 entries
    latent = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    found = gaussian_loss(latent, torch.tensor([1.0, 2.0]))
    assert number(found) == (12.5 - 1 - 2) / 4


def test_covariance_has_divisor_one_less_than_the_batch() -> None:
    part = drawn(6, 3)
    torch.testing.assert_close(covariance(part), torch.cov(part.T))
    assert torch.equal(covariance(part[:1]), torch.zeros(3, 3))


def test_a_diagonal_covariance_costs_nothing() -> None:
    assert number(off_diagonal(torch.diag(torch.tensor([1.0, 5.0, 0.1])))) == 0
    assert number(off_diagonal(torch.ones(1, 1))) == 0


def test_what_is_off_the_diagonal_is_squared_and_averaged() -> None:
    # entries off the diagonal: 1, 2, 3, 4, 5, 6
    matrix = torch.tensor([[9.0, 1.0, 2.0], [3.0, 9.0, 4.0], [5.0, 6.0, 9.0]])
    assert number(off_diagonal(matrix)) == (1 + 4 + 9 + 16 + 25 + 36) / 6


def test_equal_variances_cost_nothing() -> None:
    assert number(diagonal_spread(torch.full((4, 4), 3.0))) == 0
    # variances 1 and 3: mean 2, mean square deviation 1
    assert number(diagonal_spread(torch.tensor([[1.0, 7.0], [7.0, 3.0]]))) == 1


def test_whitened_values_cost_nothing() -> None:
    part = drawn(50, 3)
    centred = part - part.mean(dim=0)
    white = centred @ torch.linalg.inv(torch.linalg.cholesky(covariance(part))).T
    assert number(off_diagonal(covariance(white))) < 1e-20
    assert number(diagonal_spread(covariance(white))) < 1e-20


def test_three_samples_by_hand() -> None:
    # Classes 0, 0, 1 and groups 0, 1, 0. Samples 0 and 1 are each other's partner; 2 has none.
    part = torch.tensor([[0.0], [1.0], [3.0]])
    classes, groups = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 0])
    near, far = math.exp(-1 / 0.5), (math.exp(-9 / 0.5), math.exp(-4 / 0.5))
    wanted = sum(-math.log(near / (near + f)) for f in far) / 2
    found = contrast(part, classes, groups, torch.zeros(3, 3), 0.5)
    assert number(found) == pytest.approx(wanted, rel=1e-12)


def test_the_partner_has_the_largest_number_of_those_allowed() -> None:
    # Sample 0 has the partners 1 and 2; sample 3, of another class, has none. Groups 0, 1, 1, 0
    # make 0 the only partner of 1 and 2.
    part = torch.tensor([[0.0], [1.0], [2.0], [1.5]])
    classes, groups = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 1, 0])
    draws = torch.zeros(4, 4)

    def one(i: int, partner: int) -> float:
        near = math.exp(-(number(part[i] - part[partner]) ** 2) / 0.5)
        return -math.log(near / (near + math.exp(-(number(part[i] - part[3]) ** 2) / 0.5)))

    for chosen, other in ((1, 2), (2, 1)):
        draws[0, 3], draws[0, chosen], draws[0, other] = 0.9, 0.8, 0.7
        wanted = (one(0, chosen) + one(1, 0) + one(2, 0)) / 3
        found = contrast(part, classes, groups, draws, 0.5)
        assert number(found) == pytest.approx(wanted, rel=1e-12)


def test_unknown_groups_change_nothing_wherever_they_lie() -> None:
    part, draws = drawn(8, 3), torch.rand(8, 8, generator=torch.Generator().manual_seed(3))
    classes = torch.tensor([0, 0, 1, 1, 0, 1, 0, 1])
    groups = torch.tensor([0, 1, 0, 1, -1, -1, 1, 0])
    first = contrast(part, classes, groups, draws, 0.5)
    moved = part.clone()
    moved[4:6] += 10.0
    assert torch.equal(contrast(moved, classes, groups, draws, 0.5), first)
    known = groups >= 0
    kept = contrast(part[known], classes[known], groups[known], draws[known][:, known], 0.5)
    torch.testing.assert_close(kept, first)


def test_the_contrast_moves_with_the_samples_and_their_draws() -> None:
    part, draws = drawn(8, 3), torch.rand(8, 8, generator=torch.Generator().manual_seed(3))
    kept = torch.tensor([0, 0, 1, 1, 0, 1, 0, 1])
    crossed = torch.tensor([0, 1, 0, 1, -1, 2, 1, 0])
    before = contrast(part, kept, crossed, draws, 0.5)
    for seed in range(5):
        o = torch.randperm(8, generator=torch.Generator().manual_seed(seed))
        after = contrast(part[o], kept[o], crossed[o], draws[o][:, o], 0.5)
        torch.testing.assert_close(after, before, rtol=1e-10, atol=0)


@pytest.mark.parametrize("case", ["one class", "one group", "one sample"])
def test_without_partners_the_term_is_zero_with_a_gradient_path(case: str) -> None:
    size = 1 if case == "one sample" else 6
    part = drawn(size, 2).requires_grad_()
    codes = torch.arange(size) % 2
    classes = codes if case == "one class" else torch.arange(size)
    groups = torch.zeros(size, dtype=torch.int64) if case == "one group" else codes
    value = contrast(part, classes, groups, torch.rand(size, size), 0.5)
    assert number(value) == 0
    (gradient,) = torch.autograd.grad(value, part)
    assert torch.equal(gradient, torch.zeros_like(part))


def test_descending_brings_partners_together() -> None:
    part = drawn(12, 2).requires_grad_()
    classes, groups = torch.arange(12) % 3, torch.arange(12) // 6
    draws = torch.rand(12, 12, generator=torch.Generator().manual_seed(0))
    before = contrast(part, classes, groups, draws, 0.5)
    (gradient,) = torch.autograd.grad(before, part)
    assert contrast(part - 1e-3 * gradient, classes, groups, draws, 0.5) < before
