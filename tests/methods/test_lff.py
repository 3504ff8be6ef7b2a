"""Learning from failure."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.lff import (
    LearningFromFailure,
    LossAverages,
    failure_weights,
    generalised_cross_entropies,
)
from methods.ops import cross_entropies
from tests.methods.tiny import Pixels, build, declared, make_batch, number, step_at

LABELS = torch.tensor([0, 1, 2, 1, 0])


def logits_of(seed: int = 0) -> Tensor:
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def on_columns(**settings: Any) -> LearningFromFailure:
    """The first three values of a picture are the outputs of d, the last three those of b."""
    method = build(LearningFromFailure, **settings)
    method.trunk, method.head = Pixels(6), Columns(slice(0, 3))
    method.biased = nn.Sequential(Pixels(6), Columns(slice(3, 6)))
    return method


class Columns(nn.Module):
    def __init__(self, columns: slice) -> None:
        super().__init__()
        self.columns = columns

    def forward(self, values: Tensor) -> Tensor:
        return values[:, self.columns]


def largest(losses: Tensor) -> Tensor:
    """Of the class of each sample."""
    return torch.stack([losses[LABELS.eq(label)].max() for label in LABELS])


def loss_of(
    method: LearningFromFailure, own: Tensor, biased: Tensor, index: Tensor | None = None
) -> dict[str, Tensor]:
    where = torch.arange(5) if index is None else index
    batch = Batch(images=torch.cat([own, biased], dim=1), labels=LABELS, index=where)
    return method.loss(batch, step_at())


def test_small_exponents_give_cross_entropy_and_one_gives_the_missing_probability() -> None:
    logits = logits_of()
    plain = cross_entropies(logits, LABELS)
    torch.testing.assert_close(
        generalised_cross_entropies(logits, LABELS, 1e-9), plain, rtol=1e-7, atol=0
    )
    true = logits.softmax(dim=1)[torch.arange(5), LABELS]
    torch.testing.assert_close(generalised_cross_entropies(logits, LABELS, 1.0), 1 - true)


@pytest.mark.parametrize("q", [0.3, 0.7, 1.0])
def test_the_gradient_is_that_of_cross_entropy_times_a_power_of_the_probability(q: float) -> None:
    logits = logits_of().requires_grad_()
    (plain,) = torch.autograd.grad(cross_entropies(logits, LABELS).sum(), logits)
    (found,) = torch.autograd.grad(generalised_cross_entropies(logits, LABELS, q).sum(), logits)
    true = logits.detach().softmax(dim=1)[torch.arange(5), LABELS]
    torch.testing.assert_close(found, true[:, None] ** q * plain)


def test_identical_networks_give_every_sample_one_half() -> None:
    logits = logits_of()
    losses = cross_entropies(logits, LABELS)
    averages = LossAverages(5, 3, 0.7), LossAverages(5, 3, 0.7)
    for _ in range(3):
        found = [module(losses, LABELS, torch.arange(5)) for module in averages]
    weights = failure_weights(*found)
    shares = found[0][0] / found[0][1]
    assert ((weights - 0.5).abs() <= 2.5e-9 / shares + 1e-12).all()
    total = loss_of(on_columns(), logits, logits)["weighted_ce"]
    assert number(total) == pytest.approx(number(losses.mean()) / 2, rel=1e-7)


def test_weights_lie_between_zero_and_one_and_favour_what_the_biased_network_finds_hard() -> None:
    ones = torch.ones(3)
    weights = failure_weights((torch.tensor([0.0, 0.2, 1.0]), ones), (ones * 0.2, ones))
    torch.testing.assert_close(weights, torch.tensor([0, 0.5, 1 / 1.2]), atol=1e-7, rtol=0)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        tops = [torch.rand(50, generator=generator) for _ in range(2)]
        pairs = [(top * torch.rand(50, generator=generator), top) for top in tops]
        found = failure_weights(*pairs)
        assert (found >= 0).all() and (found <= 1).all()


def test_a_class_whose_largest_average_is_zero_has_one_half() -> None:
    zero = torch.zeros(2)
    some = torch.tensor([0.5, 0.2]), torch.full((2,), 0.5)
    for pair in ((zero, zero), some), (some, (zero, zero)), ((zero, zero), (zero, zero)):
        assert failure_weights(*pair).tolist() == [0.5, 0.5]


def test_averages_take_the_first_loss_and_then_mix() -> None:
    module = LossAverages(4, 2, 0.7)
    labels = torch.tensor([0, 1])
    own, top = module(torch.tensor([2.0, 5.0]), labels, torch.tensor([3, 0]))
    assert own.tolist() == [2, 5] and top.tolist() == [2, 5]
    own, top = module(torch.tensor([1.0, 4.0]), torch.tensor([0, 0]), torch.tensor([3, 1]))
    # 0.7 * 2 + 0.3 * 1, and sample 1 for the first time; both of class 0
    assert own.tolist() == pytest.approx([1.7, 4.0]) and top.tolist() == pytest.approx([4, 4])
    own, top = module(torch.tensor([9.0, 0.0]), torch.tensor([0, 1]), torch.tensor([2, 0]))
    # the largest of class 1 is that of sample 0 alone: 0.7 * 5
    assert own.tolist() == pytest.approx([9, 3.5]) and top.tolist() == pytest.approx([9, 3.5])


def test_the_largest_average_is_over_samples_seen_in_earlier_batches_too() -> None:
    method = on_columns()
    hard = torch.tensor([[-3.0, 0, 0]] * 5, dtype=torch.float64)
    easy = torch.zeros(5, 3)
    loss_of(method, easy, hard)
    found = loss_of(method, easy, easy, torch.arange(5) + 5)["weighted_ce"]
    losses = cross_entropies(hard, LABELS)
    tops = largest(losses).clamp(min=math.log(3))
    shares = math.log(3) / tops
    wanted = (shares / (shares + 1) * math.log(3)).mean()
    assert number(found) == pytest.approx(number(wanted), rel=1e-6)


def test_no_gradient_goes_through_the_weights_nor_from_one_network_to_the_other() -> None:
    method = on_columns()
    own, biased = logits_of(1).requires_grad_(), logits_of(2).requires_grad_()
    terms = loss_of(method, own, biased)
    found = torch.autograd.grad(terms["weighted_ce"], (own, biased), retain_graph=True)
    losses = [cross_entropies(v.detach(), LABELS) for v in (biased, own)]
    hard, easy = (values / largest(values) for values in losses)
    plain = own.detach().softmax(1) - torch.eye(3)[LABELS]
    torch.testing.assert_close(
        found[0], (hard / (hard + easy))[:, None] * plain / 5, rtol=1e-6, atol=1e-12
    )
    assert (found[1] == 0).all()
    (left,) = torch.autograd.grad(terms["biased"], own)
    assert (left == 0).all()


def test_the_networks_start_apart_and_only_one_predicts() -> None:
    method = build(LearningFromFailure)
    assert not torch.equal(method.head.weight, method.biased[1].weight)
    assert not torch.equal(method.trunk.first[0].weight, method.biased[0].first[0].weight)
    batch = declared(make_batch(method.task), method.card)
    images = Batch(images=batch.images)
    before = method.eval().predict(images)
    for parameter in method.biased.parameters():
        parameter.data.add_(1)
    assert torch.equal(method.predict(images), before)


def test_the_memory_is_not_part_of_a_stored_state() -> None:
    assert not [name for name in build(LearningFromFailure).state_dict() if "averages" in name]
