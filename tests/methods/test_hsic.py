"""HSIC; strength 0 is in test_neutral_coefficient."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import KernelCenterer

from methods.base import MethodError
from methods.hsic import Hsic, criterion
from methods.shared.kernels import squared_distances
from tests.methods.comparing import decisions, grouped, losses_of, points
from tests.methods.tiny import build, make_task, number

CODES = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def value(codes: list[int], kernel: torch.Tensor, group_kernel: str = "indicator") -> float:
    return number(criterion(kernel, grouped(codes), group_kernel=group_kernel))


def random_kernel(size: int, seed: int = 0) -> torch.Tensor:
    return torch.exp(-squared_distances(points(size, 3, seed)))


@pytest.mark.parametrize("codes", [[1] * 8, [-1] * 8, [0, 1, 1, 1, 1, 1, 1, 1]])
def test_one_group_gives_exactly_zero(codes: list[int]) -> None:
    logits = points(8, 3).requires_grad_()
    loss = losses_of(Hsic, logits, [0, 1, 2, 0, 1, 2, 0, 1], codes)["hsic"]
    (gradient,) = torch.autograd.grad(loss, logits)
    assert number(loss) == 0 and not gradient.any()


def test_it_is_not_negative() -> None:
    assert min(value(CODES, random_kernel(10, seed)) for seed in range(20)) > 0


def test_permuting_samples_and_renaming_groups_changes_nothing() -> None:
    kernel, wanted = random_kernel(10), value(CODES, random_kernel(10))
    order = torch.randperm(10, generator=torch.Generator().manual_seed(1))
    permuted = [CODES[int(i)] for i in order]
    assert value(permuted, kernel[order][:, order]) == pytest.approx(wanted, rel=1e-12)
    assert value([(2, 0, 1)[c] for c in CODES], kernel) == pytest.approx(wanted, rel=1e-12)


def test_four_samples_by_hand() -> None:
    # p = (1, 0) in group 0 and (0, 1) in group 1: K is 1 within and e = exp(-2) across groups,
    # H L H is 1/2 within and -1/2 across, so that the trace is 4 (1 - e), over 3^2.
    loss = losses_of(Hsic, decisions([0, 0, 1, 1], 2), [0, 0, 1, 1], [0, 0, 1, 1], strength=1.0)
    assert number(loss["hsic"]) == pytest.approx(4 * (1 - math.exp(-2)) / 9, rel=1e-12)


def test_it_is_that_of_the_kernels_of_scikit_learn() -> None:
    logits = points(10, 3)
    probabilities = logits.softmax(1).numpy()
    same = (np.array(CODES)[:, None] == np.array(CODES)).astype(float)
    centred = KernelCenterer().fit_transform(same)
    wanted = (rbf_kernel(probabilities, gamma=1.0) * centred).sum() / 81
    labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    found = losses_of(Hsic, logits, labels, CODES, num_groups=3, strength=1.0)["hsic"]
    assert number(found) == pytest.approx(wanted, rel=1e-10)


def test_for_two_groups_the_indicator_is_the_gaussian_times_a_constant() -> None:
    codes, kernel = [0, 1, 1, 0, 1, 0, 0, 0], random_kernel(8)
    ratio = value(codes, kernel) / value(codes, kernel, "gaussian")
    assert ratio == pytest.approx(1 / (1 - math.exp(-1)), rel=1e-12)


def test_a_gaussian_over_the_codes_of_more_groups_is_refused() -> None:
    with pytest.raises(MethodError, match="two groups"):
        build(Hsic, task=make_task(Hsic.card, sizes=(2, 2)), group_kernel="gaussian")
    settings = {"group_kernel": "gaussian", "groups": "per_attribute"}
    build(Hsic, task=make_task(Hsic.card, sizes=(2, 2)), **settings)


def test_unknown_samples_and_small_groups_are_left_out() -> None:
    logits, labels = points(8, 3), [0, 1, 2, 0, 1, 2, 0, 1]
    wanted = losses_of(Hsic, logits[:6], labels[:6], [0, 1, 0, 1, 0, 1], num_groups=3)["hsic"]
    found = losses_of(Hsic, logits, labels, [0, 1, 0, 1, 0, 1, -1, 2], num_groups=3)["hsic"]
    assert number(found) == pytest.approx(number(wanted), rel=1e-12)


def test_on_features_neither_their_length_nor_a_zero_vector_matters() -> None:
    features, labels, codes = points(6, 4), [0, 1, 2, 0, 1, 2], [0, 1, 0, 1, 0, 1]
    settings = {"on": "feature", "strength": 1.0}
    first = losses_of(Hsic, features, labels, codes, **settings)["hsic"]
    scaled = features * torch.tensor([1.0, 2.0, 3.0, 0.1, 5.0, 10.0])[:, None]
    second = losses_of(Hsic, scaled, labels, codes, **settings)["hsic"]
    assert number(first) == pytest.approx(number(second), rel=1e-10)
    zeros = (features * torch.tensor([0.0, 1, 1, 1, 1, 1])[:, None]).requires_grad_()
    (gradient,) = torch.autograd.grad(
        losses_of(Hsic, zeros, labels, codes, **settings)["hsic"], zeros
    )
    assert torch.isfinite(gradient).all()
