"""Uniform confusion and disentangled features; alpha = 0 is in test_neutral_coefficient."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.ce import CrossEntropy
from methods.shared.confusion import uniform_cross_entropy
from methods.uniform_confusion import UniformConfusion
from methods.xu_disentangled import XuDisentangled
from tests.methods.tiny import (
    build,
    declared,
    make_batch,
    make_task,
    number,
    same,
    states,
    step_at,
    total_of,
    train,
)

BOTH = pytest.mark.parametrize("cls", [UniformConfusion, XuDisentangled])


def made(cls: type[Method], sizes: tuple[int, ...] = (2,), **settings: Any) -> Method:
    return build(cls, task=make_task(cls.card, sizes=sizes), **{"hidden": 8} | settings)


def batch_of(method: Method, **changes: Tensor) -> Batch:
    return declared(make_batch(method.task, **changes), method.card)


def reached(total: Tensor, *modules: torch.nn.Module) -> list[Tensor | None]:
    parameters = [p for module in modules for p in module.parameters()]
    return list(torch.autograd.grad(total, parameters, allow_unused=True, retain_graph=True))


def test_the_confusion_is_at_least_the_logarithm_of_the_number_of_groups() -> None:
    codes = torch.zeros(20, 1, dtype=torch.int64)
    generator = torch.Generator().manual_seed(0)
    for scale in (0.1, 1.0, 10.0):
        logits = scale * torch.randn(20, 6, generator=generator)
        assert number(uniform_cross_entropy([logits], codes)) > math.log(6)
    equal = torch.full((20, 6), 3.7)
    assert number(uniform_cross_entropy([equal], codes)) == pytest.approx(math.log(6), abs=1e-12)


def test_the_confusion_by_hand() -> None:
    # rows: -(log p_0 + log p_1) / 2 with p_1 = e / (1 + e); the second row is of unknown group
    first = (2 * math.log(1 + math.e) - 1) / 2
    logits = [torch.tensor([[0.0, 1.0], [0.0, 9.0]]), torch.zeros(2, 3)]
    codes = torch.tensor([[1, 2], [-1, 0]])
    wanted = (first + math.log(3)) / 2
    assert number(uniform_cross_entropy(logits, codes)) == pytest.approx(wanted, rel=1e-12)


def test_one_group_cannot_be_confused() -> None:
    codes = torch.zeros(4, 1, dtype=torch.int64)
    assert number(uniform_cross_entropy([torch.randn(4, 1)], codes)) == 0


def test_the_gradient_of_the_confusion_pulls_towards_the_uniform_answer() -> None:
    logits = torch.tensor([[2.0, 0.0, -1.0]], requires_grad=True)
    loss = uniform_cross_entropy([logits], torch.zeros(1, 1, dtype=torch.int64))
    (found,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(found, logits.detach().softmax(dim=1) - 1 / 3)


def test_neither_side_gets_a_gradient_of_the_others_term() -> None:
    method = made(UniformConfusion)
    adversary, trunk = method.stages()[0].updates
    batch = batch_of(method)
    total = total_of(trunk.terms(batch, step_at()))
    assert reached(total, method.adversary) == [None] * 6
    assert all(g is not None for g in reached(total, method.trunk, method.head))
    own = total_of(adversary.terms(batch, step_at()))
    assert all(g is None for g in reached(own, method.trunk, method.head))
    assert all(g is not None for g in reached(own, method.adversary))


def test_neither_part_of_the_joint_step_gets_a_gradient_of_the_others_term() -> None:
    method = made(XuDisentangled)
    terms = method.loss(batch_of(method), step_at())
    assert reached(terms["ce"] + terms["confusion"], method.adversary) == [None] * 6
    assert all(g is None for g in reached(terms["attributes"], method.trunk, method.head))


def test_with_one_attribute_both_methods_ask_for_the_same_on_the_same_weights() -> None:
    stepwise, joint = made(UniformConfusion, alpha=0.7), made(XuDisentangled, alpha=0.7)
    assert same(states(stepwise), states(joint))
    batch = batch_of(stepwise)
    (adversary, trunk), (both,) = stepwise.stages()[0].updates, joint.stages()[0].updates
    total = total_of(both.terms(batch, step_at()))
    for update, names in (adversary, ["adversary"]), (trunk, ["trunk", "head"]):
        wanted = reached(
            total_of(update.terms(batch, step_at())), *(getattr(stepwise, n) for n in names)
        )
        found = reached(total, *(getattr(joint, n) for n in names))
        for a, b in zip(found, wanted, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-14)


def test_attributes_are_averaged_in_one_method_and_summed_in_the_other() -> None:
    mean = made(UniformConfusion, (2, 3), groups="per_attribute")
    summed = made(XuDisentangled, (2, 3))
    batch = batch_of(mean)
    average = mean.adversary_loss(batch, step_at())["adversary"]
    terms = summed.loss(batch, step_at())
    assert number(terms["attributes"]) == pytest.approx(2 * number(average), rel=1e-12)
    confusion = mean.loss(batch, step_at())["confusion"]
    assert number(terms["confusion"]) == pytest.approx(2 * number(confusion), rel=1e-12)


@BOTH
def test_unknown_groups_throughout_leave_trunk_and_head_to_cross_entropy(cls: type[Method]) -> None:
    method, plain = made(cls), build(CrossEntropy)
    unknown = torch.full((8, 1), -1)
    batches = [make_batch(method.task, seed=seed, attributes=unknown) for seed in range(3)]
    train(method, 3, batches=batches)
    train(plain, 3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))


@BOTH
def test_one_group_is_cross_entropy(cls: type[Method]) -> None:
    method = made(cls, (1,))
    plain = build(CrossEntropy, task=make_task(CrossEntropy.card, sizes=(1,)))
    train(method, 3)
    train(plain, 3)
    assert same(states(plain), states(method), only=("trunk.", "head."))


def test_the_references_adversary_is_linear() -> None:
    assert [type(m) for m in made(UniformConfusion, hidden=0).adversary.classifiers[0]] == [
        torch.nn.Linear
    ]
    heads = build(XuDisentangled, task=make_task(XuDisentangled.card, sizes=(2, 3))).adversary
    assert [[m.out_features for m in head] for head in heads.classifiers] == [[2], [3]]


def test_the_learning_rate_factor_belongs_to_the_adversary_alone() -> None:
    adversary, trunk = made(UniformConfusion, adversary_rate=10.0).stages()[0].updates
    assert [s.rate_factor for s in (*adversary.parameters, *trunk.parameters)] == [10.0, 1.0]


def test_taking_turns_trains_the_trunk_in_the_first_of_three_epochs() -> None:
    method = made(UniformConfusion, schedule="per_epoch_ratio")
    batch = batch_of(method)
    # 30 samples in batches of 8: three steps an epoch
    trains = [method.trunk_trains(batch, step_at(index, 24)) for index in range(24)]
    assert trains == ([True] * 3 + [False] * 6) * 2 + [True] * 3 + [False] * 3


def test_taking_turns_moves_one_side_at_a_time() -> None:
    method = made(UniformConfusion, schedule="per_epoch_ratio")
    batch = batch_of(method)
    adversary, trunk = method.stages()[0].updates
    for index, idle, active in ((0, adversary, trunk), (3, trunk, adversary)):
        assert not total_of(idle.terms(batch, step_at(index, 9))).requires_grad
        assert total_of(active.terms(batch, step_at(index, 9))).requires_grad
    start = states(method)
    train(method, 3)
    assert same(start, states(method), only=("adversary.",))
    assert not same(start, states(method), only=("trunk.", "head."))


def test_the_trunk_stands_still_with_its_statistics_while_the_adversary_trains() -> None:
    short, long = (made(UniformConfusion, schedule="per_epoch_ratio") for _ in range(2))
    train(short, 3)
    train(long, 9)
    assert same(states(short), states(long), only=("trunk.", "head."))
    assert not same(states(short), states(long), only=("adversary.",))


def test_stepwise_counts_each_batch_once_in_the_running_statistics() -> None:
    method = made(UniformConfusion)
    train(method, 3)
    assert int(states(method)["trunk.first.1.num_batches_tracked"]) == 3


@BOTH
def test_relabelling_the_groups_with_the_adversary_changes_no_prediction(cls: type[Method]) -> None:
    first, second = made(cls), made(cls)
    last_first, last_second = (m.adversary.classifiers[0][-1] for m in (first, second))
    for name in ("weight", "bias"):
        getattr(last_second, name).data = getattr(last_first, name).data.flip(0).clone()
    batches = [make_batch(first.task, seed=seed) for seed in range(3)]
    flipped = [
        make_batch(first.task, seed=s, attributes=1 - b.attributes) for s, b in enumerate(batches)
    ]
    train(first, 3, batches=batches)
    train(second, 3, batches=flipped)
    images = Batch(images=batches[0].images)
    torch.testing.assert_close(second.predict(images), first.predict(images), rtol=1e-9, atol=1e-9)
