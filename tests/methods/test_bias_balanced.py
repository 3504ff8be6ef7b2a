"""Bias-balanced loss: neutral cases, priors by group, unknown groups, prediction."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from datasets.spec import Batch
from methods.base import Method
from methods.bias_balanced import BiasBalanced
from methods.logit_adjust import LogitAdjust
from tests.methods.tiny import (
    build,
    gradients,
    make_batch,
    make_task,
    number,
    on_logits,
    registered,
    same,
    states,
    step_at,
    train,
)

#: K x G; class 2 has no sample of group 1
COUNTS = ((3, 4), (1, 4), (0, 0))
LOGITS = torch.randn(3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABELS, GROUPS = torch.tensor([0, 2, 1]), torch.tensor([0, 1, -1])


def made(counts: tuple[tuple[int, ...], ...] = COUNTS, **settings: float) -> Method:
    method = build(BiasBalanced, task=make_task(BiasBalanced.card, counts=counts), **settings)
    stub = on_logits(BiasBalanced)
    method.trunk, method.head = stub.trunk, stub.head
    return method


def loss_of(method: Method, logits: torch.Tensor = LOGITS) -> torch.Tensor:
    batch = Batch(images=logits, labels=LABELS, groups=GROUPS)
    return method.loss(batch, step_at())["balanced_ce"]


def test_the_logits_are_shifted_by_the_prior_of_the_group_or_of_all() -> None:
    # (n_ys + 1) / (n_s + 3), and (n_y + 1) / (n + 3) for the unknown group
    priors = torch.tensor(
        [[4 / 7, 2 / 7, 1 / 7], [5 / 11, 5 / 11, 1 / 11], [8 / 15, 6 / 15, 1 / 15]]
    )
    wanted = F.cross_entropy(LOGITS + priors.log(), LABELS)
    torch.testing.assert_close(loss_of(made()), wanted)


def test_the_floor_of_the_reference_forbids_what_the_group_never_has() -> None:
    shifts = made(floor=1e-9).get_buffer("shifts")
    assert number(shifts[1, 2]) == pytest.approx(math.log(1e-9), abs=1e-12)
    assert number(shifts[0, 0]) == pytest.approx(math.log(3 / 4 + 1e-9), abs=1e-12)


def test_uniform_classes_in_every_group_give_the_gradient_of_cross_entropy() -> None:
    task = make_task(BiasBalanced.card, counts=((4, 7), (4, 7), (4, 7)))
    method, plain = build(BiasBalanced, task=task), build(registered()["ce"], task=task)
    batch = make_batch(task)
    found = gradients(method.loss(batch, step_at())["balanced_ce"], method.parameter_sets())
    wanted = gradients(plain.loss(batch, step_at())["ce"], plain.parameter_sets())
    for first, second in zip(found, wanted, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("floor", [0.0, 1e-9])
def test_one_group_is_logit_adjustment(floor: float) -> None:
    counts = ((30,), (5,), (2,))
    task = make_task(BiasBalanced.card, 3, (1,), counts=counts)
    method = build(BiasBalanced, task=task, floor=floor)
    other = build(LogitAdjust, task=task, floor=floor)
    batches = [make_batch(task, seed=seed) for seed in range(3)]
    train(method, 3, batches=batches)
    train(other, 3, batches=batches)
    assert same(states(other), states(method), only=("trunk.", "head."))


def test_the_prediction_does_not_read_the_group() -> None:
    found = made().eval().predict(Batch(images=LOGITS))
    torch.testing.assert_close(found, torch.log_softmax(LOGITS, dim=1))
    assert not made().card.may_read("test_groups")


def test_the_loss_leaves_the_logits_alone() -> None:
    """The reference adds the prior in place, so that what it logs is shifted."""
    kept = LOGITS.clone()
    loss_of(made())
    assert torch.equal(LOGITS, kept)


def test_swapping_the_groups_swaps_nothing_else() -> None:
    swapped = made(tuple((b, a) for a, b in COUNTS))
    batch = Batch(images=LOGITS, labels=LABELS, groups=torch.tensor([1, 0, -1]))
    found = swapped.loss(batch, step_at())["balanced_ce"]
    assert torch.equal(found, loss_of(made()))


def test_an_unknown_group_is_shifted_by_the_classes_of_all_samples() -> None:
    task = make_task(BiasBalanced.card, counts=COUNTS)
    # 4, 0 and 6 samples of unknown group beside the 7, 5 and 0 of known ones
    task = replace(task, class_counts=(11, 5, 6))
    shifts = build(BiasBalanced, task=task).get_buffer("shifts")
    wanted = torch.tensor([12 / 25, 6 / 25, 7 / 25]).log()
    torch.testing.assert_close(shifts[-1], wanted)
