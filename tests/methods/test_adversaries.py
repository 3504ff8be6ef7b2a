"""Classifiers of the group and their targets."""

import math

import pytest
import torch

from methods.base import MethodCard
from methods.shared.adversaries import (
    GroupAdversary,
    balancing_weights,
    target_codes,
    target_counts,
    target_cross_entropy,
    target_sizes,
)
from tests.methods.tiny import make_batch, make_task, number

CARD = MethodCard("tiny", "Tiny", "adversarial", "test", needs=frozenset({"train_groups"}))
#: 2 classes x (2 x 3) groups, row-major over the attributes
COUNTS = ((1, 2, 3, 4, 5, 6), (10, 20, 30, 40, 50, 60))
TASK = make_task(CARD, 2, (2, 3), counts=COUNTS)


def log_loss(logits: list[float], code: int) -> float:
    return -math.log(math.exp(logits[code]) / sum(math.exp(v) for v in logits))


def test_targets_are_the_intersection_or_each_attribute() -> None:
    batch = make_batch(TASK, attributes=torch.tensor([[1, 2], [0, 1], [-1, 0]]))
    assert target_sizes(TASK, "intersection") == (6,)
    assert target_sizes(TASK, "per_attribute") == (2, 3)
    assert target_codes(batch, "intersection").tolist() == [[5], [1], [-1]]
    assert target_codes(batch, "per_attribute").tolist() == [[1, 2], [0, 1], [-1, 0]]


def test_counts_of_an_attribute_are_sums_over_classes_and_other_attributes() -> None:
    (joint,) = target_counts(TASK, "intersection")
    assert joint.tolist() == [11, 22, 33, 44, 55, 66]
    first, second = target_counts(TASK, "per_attribute")
    assert first.tolist() == [66, 165]
    assert second.tolist() == [55, 77, 99]


def test_balancing_weights_are_inverse_counts_with_zero_for_empty_values() -> None:
    # n = 8, G = 3
    found = balancing_weights(torch.tensor([2.0, 6.0, 0.0]))
    torch.testing.assert_close(found, torch.tensor([8 / 6, 8 / 18, 0.0]))


def test_loss_is_the_mean_over_targets_of_the_mean_over_known_samples() -> None:
    logits = [torch.tensor([[0.5, -1.0], [2.0, 0.0]]), torch.tensor([[1.0, 0, 0], [0, 3.0, 1.0]])]
    codes = torch.tensor([[1, 0], [-1, 2]])
    first = log_loss([0.5, -1.0], 1)
    second = (log_loss([1.0, 0, 0], 0) + log_loss([0, 3.0, 1.0], 2)) / 2
    found = number(target_cross_entropy(logits, codes))
    assert found == pytest.approx((first + second) / 2, rel=1e-12)


def test_weights_multiply_the_loss_of_their_value() -> None:
    logits = [torch.tensor([[0.5, -1.0], [2.0, 0.0]])]
    weights = [torch.tensor([0.25, 3.0])]
    found = number(target_cross_entropy(logits, torch.tensor([[1], [0]]), weights))
    wanted = (3 * log_loss([0.5, -1.0], 1) + 0.25 * log_loss([2.0, 0.0], 0)) / 2
    assert found == pytest.approx(wanted, rel=1e-12)


def test_an_adversary_with_balance_uses_the_training_counts() -> None:
    batch = make_batch(TASK)
    inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    balanced = GroupAdversary(4, TASK, "per_attribute", hidden=8, balance=True)
    weights = [torch.tensor([231 / 132, 231 / 330]), 231 / (3 * torch.tensor([55.0, 77.0, 99.0]))]
    wanted = target_cross_entropy(balanced(inputs), batch.attributes, weights)
    torch.testing.assert_close(balanced.loss(inputs, batch), wanted)


def test_unknown_targets_throughout_give_zero() -> None:
    codes = torch.full((2, 1), -1)
    assert number(target_cross_entropy([torch.randn(2, 3)], codes)) == 0
