"""Spectral decoupling; `constant` with strength 0 is in test_neutral_coefficient."""

from typing import Any

import numpy as np
import pytest
import torch

from datasets.settings import changed
from datasets.spec import Batch
from methods.shared.logit_penalty import logit_penalty, target_penalty
from methods.spectral_decoupling import SpectralDecoupling
from tests.methods.tiny import make_spec, number, on_logits, step_at, total_of

LOGITS = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.tensor([0, 2, 1, 1, 0])


def value_and_gradient(index: int, **settings: Any) -> tuple[dict[str, float], torch.Tensor]:
    """Terms at step `index` of 10, and the gradient of their sum on the logits."""
    method = on_logits(SpectralDecoupling, **settings)
    logits = LOGITS.clone().requires_grad_()
    losses = method.loss(Batch(images=logits, labels=LABELS), step_at(index, 10))
    (gradient,) = torch.autograd.grad(total_of(losses), logits)
    return {name: number(value) for name, value in losses.items()}, gradient


def cross_entropy_by_hand() -> float:
    rows = LOGITS.numpy()
    probabilities = np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True)
    return number(np.mean([-np.log(probabilities[i, y]) for i, y in enumerate(LABELS.tolist())]))


def penalty_by_hand() -> float:
    return sum(number(v) ** 2 for v in LOGITS.flatten()) / 15


def test_the_penalty_is_the_mean_squared_logit() -> None:
    # (1 + 4 + 0 + 9) / 4
    found = logit_penalty(torch.tensor([[1.0, -2.0], [0.0, 3.0]]), torch.tensor([0, 1]))
    assert number(found) == 3.5


def test_the_penalty_of_the_true_class_leaves_the_other_logits_out() -> None:
    # (1 + 9) / 2
    logits = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    assert number(logit_penalty(logits, torch.tensor([0, 1]), true_class=True)) == 5


def test_the_gradient_of_the_penalty_is_twice_the_logit_over_their_number() -> None:
    logits = LOGITS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(logit_penalty(logits, LABELS), logits)
    torch.testing.assert_close(gradient, 2 * LOGITS / 15)


@pytest.mark.parametrize(
    ("schedule", "strength", "before", "after"),
    [
        ("constant", 0.1, (1.0, 0.1), (1.0, 0.1)),
        ("author_switch", 2e-5, (1.0, 2e-5), (2e-5, 2e-5)),
        ("switch_rescaled", 2e-5, (1.0, 2e-5), (1.0, 1.0)),
    ],
)
def test_published_weights_before_and_after_the_switch(
    schedule: str, strength: float, before: tuple[float, float], after: tuple[float, float]
) -> None:
    method = on_logits(SpectralDecoupling, schedule=schedule)
    assert method.penalty.strength == strength
    assert [method.penalty.weights(i / 10) for i in (0, 3, 4, 9)] == [before, before, after, after]
    for index, (ce_weight, penalty_weight) in ((0, before), (9, after)):
        terms, _ = value_and_gradient(index, schedule=schedule)
        assert terms["ce"] == pytest.approx(ce_weight * cross_entropy_by_hand(), rel=1e-12)
        wanted = penalty_weight * penalty_by_hand()
        assert terms["spectral_decoupling"] == pytest.approx(wanted, rel=1e-12)


def test_the_default_switches_rescaled_at_two_fifths_of_the_steps() -> None:
    settings = SpectralDecoupling.Settings()
    assert (settings.schedule, settings.switch, changed(settings)) == ("switch_rescaled", 0.4, {})


def test_author_switch_without_strength_stops_training_after_the_switch() -> None:
    """Documents the trap: after the switch lambda multiplies the cross entropy too."""
    terms, gradient = value_and_gradient(9, schedule="author_switch", strength=0.0)
    assert sum(terms.values()) == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))
    terms, _ = value_and_gradient(0, schedule="author_switch", strength=0.0)
    assert terms["ce"] > 0


def test_both_switches_point_the_same_way_and_differ_by_lambda() -> None:
    _, author = value_and_gradient(9, schedule="author_switch", strength=0.01)
    _, rescaled = value_and_gradient(9, schedule="switch_rescaled", strength=0.01)
    torch.testing.assert_close(author, 0.01 * rescaled, rtol=1e-12, atol=0)


def test_target_penalty_is_the_squared_distance_to_the_target_of_the_class() -> None:
    logits, labels = LOGITS[:, :2], [0, 1, 1, 1, 0]
    wanted = 0.0
    for label, target in ((0, 0.44), (1, 2.5)):
        rows = [i for i, y in enumerate(labels) if y == label]
        distances = [(number(logits[i, 1] - logits[i, 0]) - target) ** 2 for i in rows]
        wanted += sum(distances) / len(rows)
    found = target_penalty(logits, torch.tensor(labels), (0.44, 2.5))
    assert number(found) == pytest.approx(wanted, rel=1e-12)


def test_target_penalty_of_an_absent_class_is_zero() -> None:
    # odds 1 - 0 = 1, target 0: (1 - 0)^2; class 1 has no sample
    assert number(target_penalty(torch.tensor([[0.0, 1.0]]), torch.tensor([0]), (0.0, 9.0))) == 1


def test_target_schedule_adds_its_penalty_and_needs_two_classes() -> None:
    method = on_logits(SpectralDecoupling, 2, schedule="target")
    logits = torch.tensor([[0.0, 1.0]])
    terms = method.loss(Batch(images=logits, labels=torch.tensor([1])), step_at())
    # 0.1 (1 - 2.5)^2
    assert number(terms["spectral_decoupling"]) == pytest.approx(0.225, rel=1e-12)
    settings = SpectralDecoupling.Settings(schedule="target")
    assert SpectralDecoupling.skip(make_spec(3), settings) is not None
    assert SpectralDecoupling.skip(make_spec(2), settings) is None
