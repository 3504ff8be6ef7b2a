"""Gradient reversal; lambda_max = 0 and unknown groups against `ce`: test_neutral_coefficient."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.gradient_reversal import GradientReversal, ramp
from tests.methods.tiny import (
    build,
    declared,
    gradients,
    make_batch,
    make_task,
    number,
    states,
    step_at,
    total_of,
    train,
)


def made(sizes: tuple[int, ...] = (2,), **settings: Any) -> Method:
    task = make_task(GradientReversal.card, sizes=sizes)
    return build(GradientReversal, task=task, schedule="constant", hidden=8, **settings)


def batch_of(method: Method, **changes: Tensor) -> Batch:
    return declared(make_batch(method.task, **changes), method.card)


def gradients_of(method: Method, term: str, modules: str) -> list[Tensor]:
    """Gradients of a term of the joint loss on the parameters of `trunk` or `adversary`."""
    value = method.loss(batch_of(method), step_at())[term]
    return list(torch.autograd.grad(value, list(getattr(method, modules).parameters())))


def test_ramp_starts_at_zero_and_reaches_one() -> None:
    assert ramp(0.0) == 0
    # 2 / (1 + e^-5) - 1
    assert ramp(0.5) == pytest.approx(0.98661429815, abs=1e-10)
    assert ramp(1.0) == pytest.approx(0.99990920426, abs=1e-10)


def test_schedules_scale_lambda_max() -> None:
    growing = build(GradientReversal, lambda_max=0.3)
    constant = build(GradientReversal, lambda_max=0.3, schedule="constant")
    assert growing.strength(step_at(0, 10)) == 0
    assert growing.strength(step_at(5, 10)) == pytest.approx(0.3 * ramp(0.5))
    assert constant.strength(step_at(0, 10)) == 0.3


@pytest.mark.parametrize("strength", [0.1, 1.0, 3.0])
def test_the_trunk_gets_minus_lambda_times_the_gradient_of_the_adversary(strength: float) -> None:
    method = made(lambda_max=strength)
    batch = batch_of(method)
    plain = method.adversary.loss(method.features(batch.images), batch)
    wanted = torch.autograd.grad(plain, list(method.trunk.parameters()))
    for found, value in zip(gradients_of(method, "adversary", "trunk"), wanted, strict=True):
        torch.testing.assert_close(found, -strength * value, rtol=1e-10, atol=1e-14)


def test_the_gradient_of_the_adversary_does_not_depend_on_lambda() -> None:
    weak = gradients_of(made(lambda_max=0.01), "adversary", "adversary")
    strong = gradients_of(made(lambda_max=1.0), "adversary", "adversary")
    assert all(torch.equal(a, b) for a, b in zip(weak, strong, strict=True))


def test_the_loss_is_cross_entropy_plus_the_loss_of_the_adversary() -> None:
    method = made()
    batch = batch_of(method, attributes=torch.tensor([0, 1, -1, 1, 0, -1, 1, 1])[:, None])
    terms = method.loss(batch, step_at())
    features = method.features(batch.images)
    logits = method.adversary.classifiers[0](features)
    rows = [
        -number(logits[i].log_softmax(0)[s]) for i, s in enumerate(batch.groups.tolist()) if s >= 0
    ]
    assert number(terms["adversary"]) == pytest.approx(sum(rows) / 6, rel=1e-12)
    losses = -method.head(features).log_softmax(1).gather(1, batch.labels[:, None])
    assert number(terms["ce"]) == pytest.approx(number(losses.mean()), rel=1e-12)


def test_adversaries_of_each_attribute_are_averaged() -> None:
    method = made((2, 3), groups="per_attribute")
    batch = batch_of(method)
    features = method.features(batch.images)
    losses = []
    for j, classifier in enumerate(method.adversary.classifiers):
        rows = classifier(features).log_softmax(1).gather(1, batch.attributes[:, j : j + 1])
        losses.append(-number(rows.mean()))
    found = number(method.loss(batch, step_at())["adversary"])
    assert found == pytest.approx(sum(losses) / 2, rel=1e-12)
    assert [c[-1].out_features for c in method.adversary.classifiers] == [2, 3]
    assert [c[-1].out_features for c in made((2, 3)).adversary.classifiers] == [6]


def test_the_conditional_adversary_also_reads_the_class() -> None:
    method = made(target="eodds")
    batch = batch_of(method)
    features = method.features(batch.images)
    one_hot = torch.tensor([[number(k == y) for k in range(3)] for y in batch.labels.tolist()])
    wanted = method.adversary.loss(torch.cat([features, one_hot], dim=1), batch)
    torch.testing.assert_close(method.loss(batch, step_at())["adversary"], wanted)


def test_the_adversary_can_read_the_logits() -> None:
    method = made(reads="logits")
    batch = batch_of(method)
    wanted = method.adversary.loss(method.logits(batch.images), batch)
    torch.testing.assert_close(method.loss(batch, step_at())["adversary"], wanted)
    assert all(number(g.abs().sum()) > 0 for g in gradients_of(method, "adversary", "head"))


@pytest.mark.parametrize("mode", ["reversal", "alternating"])
def test_the_learning_rate_factor_belongs_to_the_adversary_alone(mode: str) -> None:
    method = made(mode=mode, adversary_rate=10.0)
    own = {id(p) for p in method.adversary.parameters()}
    for update in method.stages()[0].updates:
        for chosen in update.parameters:
            is_adversary = {id(p) for p in chosen.parameters} == own
            assert chosen.rate_factor == (10.0 if is_adversary else 1.0)


def test_alternating_updates_the_adversary_first_and_each_side_alone() -> None:
    method = made(mode="alternating")
    adversary, trunk = method.stages()[0].updates
    batch = batch_of(method)
    assert list(adversary.terms(batch, step_at())) == ["adversary"]
    total = total_of(adversary.terms(batch, step_at()))
    reached = torch.autograd.grad(total, list(method.trunk.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in reached)
    ids = [
        {id(p) for s in update.parameters for p in s.parameters} for update in (adversary, trunk)
    ]
    assert not ids[0] & ids[1]


def test_alternating_moves_the_trunk_as_reversal_does_while_the_adversary_is_the_same() -> None:
    joint, apart = made(lambda_max=0.3), made(lambda_max=0.3, mode="alternating")
    batch = batch_of(joint)
    core = joint.parameter_sets()[:1]
    wanted = gradients(total_of(joint.loss(batch, step_at())), core)
    found = gradients(total_of(apart.loss(batch, step_at())), apart.parameter_sets()[:1])
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-14)


def test_alternating_counts_each_batch_once_in_the_running_statistics() -> None:
    method = made(mode="alternating")
    train(method, steps=3)
    assert int(states(method)["trunk.first.1.num_batches_tracked"]) == 3


def test_relabelling_the_groups_with_the_adversary_changes_no_prediction() -> None:
    first, second = made(), made()
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


def test_the_loss_of_an_adversary_that_knows_nothing_is_the_logarithm_of_the_number_of_groups() -> (
    None
):
    method = made((2, 3))
    for parameter in method.adversary.parameters():
        parameter.data.zero_()
    loss = method.loss(batch_of(method), step_at())["adversary"]
    assert number(loss) == pytest.approx(math.log(6), rel=1e-12)


@pytest.mark.parametrize(("index", "factor"), [(0, 0.0), (2, math.tanh(2.5))])
def test_the_default_schedule_reverses_by_the_share_of_the_steps_done(
    index: int, factor: float
) -> None:
    """2 / (1 + e^(-10 t)) - 1 = tanh(5 t); t = 1/2 at step 2 of 4."""
    method = build(GradientReversal, lambda_max=0.3, hidden=8)
    batch = batch_of(method)
    parameters = list(method.trunk.parameters())
    plain = method.adversary.loss(method.features(batch.images), batch)
    term = method.loss(batch, step_at(index, 4))["adversary"]
    found = torch.autograd.grad(term, parameters)
    for value, wanted in zip(found, torch.autograd.grad(plain, parameters), strict=True):
        torch.testing.assert_close(value, -0.3 * factor * wanted, rtol=1e-10, atol=1e-14)
