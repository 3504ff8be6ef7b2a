"""Cross entropy."""

import math

import pytest
import torch

from datasets.spec import Batch
from methods.ce import CrossEntropy
from tests.methods.tiny import number, on_logits, step_at


def loss_of(logits: torch.Tensor, labels: list[int]) -> float:
    method = on_logits(CrossEntropy, logits.shape[1])
    batch = Batch(images=logits, labels=torch.tensor(labels))
    return number(method.loss(batch, step_at())["ce"])


def test_loss_at_zero_logits_is_the_logarithm_of_the_number_of_classes() -> None:
    assert loss_of(torch.zeros(5, 7), [0, 1, 2, 6, 6]) == pytest.approx(math.log(7), abs=1e-12)


def test_a_constant_added_to_all_logits_of_a_sample_changes_nothing() -> None:
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    shifted = logits + torch.tensor([[5.0], [-2.0], [0.25]])
    assert loss_of(shifted, [3, 0, 1]) == pytest.approx(loss_of(logits, [3, 0, 1]), abs=1e-12)


def test_offline_is_another_name_of_the_same_method() -> None:
    assert "offline" in CrossEntropy.card.aliases
