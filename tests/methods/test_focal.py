"""Focal loss; gamma = 0 is in test_neutral_coefficient."""

import math

import pytest
import torch

from datasets.spec import Batch
from methods.focal import Focal
from tests.methods.tiny import number, on_logits, step_at


def loss_of(logits: torch.Tensor, labels: list[int], gamma: float) -> torch.Tensor:
    method = on_logits(Focal, logits.shape[1], gamma=gamma)
    batch = Batch(images=logits, labels=torch.tensor(labels))
    return method.loss(batch, step_at())["focal"]


def test_a_true_probability_of_one_half_gives_a_quarter_of_log_two() -> None:
    # (1 - 1/2)^2 * log 2
    found = loss_of(torch.zeros(1, 2), [0], gamma=2.0)
    assert number(found) == pytest.approx(0.25 * math.log(2), abs=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_no_sample_loses_more_than_under_cross_entropy(gamma: float) -> None:
    logits = 3 * torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    for row in logits:
        probability = math.exp(number(row[2])) / sum(math.exp(number(v)) for v in row)
        found = number(loss_of(row[None], [2], gamma))
        assert found <= -math.log(probability) + 1e-12
        wanted = (1 - probability) ** gamma * -math.log(probability)
        assert found == pytest.approx(wanted, abs=1e-10)


def test_the_gradient_is_finite_where_the_true_class_is_certain() -> None:
    logits = torch.tensor([[100.0, 0.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(loss_of(logits, [0], gamma=0.5), logits)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("distance", [6.0, 7.0, 8.0, 9.0])
def test_the_factor_keeps_its_digits_in_single_precision(distance: float) -> None:
    # 1 - p is about exp(-distance), of which 1 - exp(-loss) holds four digits or so in float32.
    logits = torch.tensor([[distance, 0.0]], dtype=torch.float32)
    loss = number(loss_of(logits, [0], gamma=0.0))
    found = number(loss_of(logits, [0], gamma=1.0))
    assert found == pytest.approx(loss * -math.expm1(-loss), rel=1e-6, abs=0)
