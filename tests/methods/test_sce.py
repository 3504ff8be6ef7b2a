"""Symmetric cross entropy; beta = 0 is in test_neutral_coefficient, RCE alone in test_ops."""

import math

import pytest
import torch

from datasets.spec import Batch
from methods.sce import SymmetricCrossEntropy
from tests.methods.tiny import number, on_logits, step_at

LOGITS = 3 * torch.randn(20, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABELS = torch.arange(20) % 4


def terms(logits: torch.Tensor, **settings: float) -> dict[str, torch.Tensor]:
    method = on_logits(SymmetricCrossEntropy, 4, **settings)
    return method.loss(Batch(images=logits, labels=LABELS[: len(logits)]), step_at())


def test_a_uniform_prediction_has_reverse_cross_entropy_three_quarters_of_a() -> None:
    found = terms(torch.zeros(3, 4))
    assert number(found["reverse_ce"]) == pytest.approx(4 * (1 - 1 / 4), abs=1e-12)
    assert number(found["ce"]) == pytest.approx(math.log(4), abs=1e-12)


@pytest.mark.parametrize("log_zero", [-4.0, math.log(1e-4)])
def test_the_closed_form_is_the_clipped_sum_of_the_code(log_zero: float) -> None:
    predicted = torch.softmax(LOGITS, dim=1).clamp(1e-7, 1)
    target = torch.full((20, 4), log_zero)
    target[torch.arange(20), LABELS] = 0
    wanted = number(-(predicted * target).sum(dim=1).mean())
    found = number(terms(LOGITS, log_zero=log_zero)["reverse_ce"])
    assert found == pytest.approx(wanted, abs=1e-5)


def test_no_label_can_pull_more_than_a_quarter_of_a() -> None:
    logits = LOGITS.clone().requires_grad_()
    found = terms(logits)["reverse_ce"] * len(logits)
    (gradient,) = torch.autograd.grad(found, logits)
    own = gradient[torch.arange(20), LABELS]
    p = torch.softmax(LOGITS, dim=1)[torch.arange(20), LABELS]
    torch.testing.assert_close(own, -4 * p * (1 - p))
    assert own.abs().max() <= 4 / 4


def test_the_weights_multiply_their_terms() -> None:
    plain, weighted = terms(LOGITS), terms(LOGITS, alpha=6.0, beta=0.1)
    torch.testing.assert_close(weighted["ce"], 6 * plain["ce"])
    torch.testing.assert_close(weighted["reverse_ce"], 0.1 * plain["reverse_ce"])
