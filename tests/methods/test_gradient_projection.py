"""Gradient projection: the direction v, what the adversary reads, both sides of a step."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Gradients, Method
from methods.ce import CrossEntropy
from methods.gradient_projection import SMALLEST_NORM, GradientProjection, project_out
from tests.methods.tiny import (
    build,
    declared,
    make_batch,
    make_task,
    number,
    same,
    states,
    step_at,
    train,
)

SHAPES = ((4, 3), (3,), (2, 2, 2))
SCOPES = pytest.mark.parametrize("per_tensor", [True, False], ids=["per_tensor", "global"])


def made(sizes: tuple[int, ...] = (2,), **settings: Any) -> Method:
    task = make_task(GradientProjection.card, sizes=sizes)
    return build(GradientProjection, task=task, **settings)


def batch_of(method: Method, **changes: Tensor) -> Batch:
    return declared(make_batch(method.task, **changes), method.card)


def drawn(seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


def inner(first: Gradients, second: Gradients, *, per_tensor: bool) -> list[float]:
    """Inner products tensor by tensor, or their sum."""
    each = [number((a * b).sum()) for a, b in zip(first, second, strict=True)]
    return each if per_tensor else [sum(each)]


def per_term(method: Method, batch: Batch) -> dict[str, Gradients]:
    (update,) = method.stages()[0].updates
    parameters = [p for chosen in update.parameters for p in chosen.parameters]
    return {
        name: list(torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True))
        for name, term in update.terms(batch, step_at()).items()
    }


@SCOPES
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_direction_descends_on_the_adversary_by_minus_alpha_squares(
    per_tensor: bool, alpha: float
) -> None:
    wanted, unwanted = drawn(1), drawn(2)
    found = project_out(wanted, unwanted, alpha, per_tensor=per_tensor)
    products = inner(found, unwanted, per_tensor=per_tensor)
    squares = inner(unwanted, unwanted, per_tensor=per_tensor)
    sizes = inner(wanted, wanted, per_tensor=per_tensor)
    for product, square, size in zip(products, squares, sizes, strict=True):
        assert abs(product + alpha * square) <= 1e-12 * math.sqrt(square * size)


@SCOPES
def test_the_direction_equals_a_calculation_on_flat_vectors(per_tensor: bool) -> None:
    wanted, unwanted = drawn(3), drawn(4)
    flat = [[np.asarray(t).ravel() for t in side] for side in (wanted, unwanted)]
    if not per_tensor:
        flat = [[np.concatenate(side)] for side in flat]
    rows = [g - (g @ h / (h @ h)) * h - 0.4 * h for g, h in zip(*flat, strict=True)]
    found = project_out(wanted, unwanted, 0.4, per_tensor=per_tensor)
    np.testing.assert_allclose(
        np.concatenate([np.asarray(v).ravel() for v in found]), np.concatenate(rows), rtol=1e-12
    )


def test_the_scopes_differ() -> None:
    found = [project_out(drawn(1), drawn(2), 0.0, per_tensor=flag) for flag in (True, False)]
    assert not torch.allclose(found[0][0], found[1][0])


@SCOPES
def test_without_a_gradient_of_the_adversary_the_wanted_one_stays(per_tensor: bool) -> None:
    wanted = drawn(1)
    zeros: Gradients = [torch.zeros(shape) for shape in SHAPES]
    for unwanted in zeros, [None] * 3:
        found = project_out(wanted, unwanted, 1.0, per_tensor=per_tensor)
        assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


@SCOPES
def test_a_tensor_that_one_loss_does_not_reach_keeps_what_is_wanted(per_tensor: bool) -> None:
    wanted, unwanted = [*drawn(1)[:2], None], [None, *drawn(2)[1:]]
    found = project_out(wanted, unwanted, 1.0, per_tensor=per_tensor)
    assert torch.equal(found[0], wanted[0]) and found[2] is None
    alone = project_out(wanted[1:2], unwanted[1:2], 1.0, per_tensor=per_tensor)
    torch.testing.assert_close(found[1], alone[0])


@SCOPES
@pytest.mark.parametrize("factor", [3.0, -0.2])
def test_parallel_gradients_leave_nothing(per_tensor: bool, factor: float) -> None:
    wanted = drawn(1)
    found = project_out(wanted, [factor * g for g in wanted], 0.0, per_tensor=per_tensor)
    assert all(number(g.abs().max()) < 1e-12 for g in found)


@SCOPES
def test_the_projection_does_not_depend_on_the_size_of_the_adversarys_gradient(
    per_tensor: bool,
) -> None:
    wanted, unwanted = drawn(1), drawn(2)
    first = project_out(wanted, unwanted, 0.0, per_tensor=per_tensor)
    second = project_out(wanted, [1000 * h for h in unwanted], 0.0, per_tensor=per_tensor)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b)


def test_the_smallest_norm_is_that_of_a_tensor_or_of_all() -> None:
    tiny = [0.9 * SMALLEST_NORM * torch.tensor([1.0, 0.0])] * 2
    wanted = [torch.ones(2), torch.ones(2)]
    apart = project_out(wanted, tiny, 0.0, per_tensor=True)
    assert all(torch.equal(a, b) for a, b in zip(apart, wanted, strict=True))
    # together the norm is 1.27e-5
    for found in project_out(wanted, tiny, 0.0, per_tensor=False):
        torch.testing.assert_close(found, torch.tensor([0.0, 1.0]))


@pytest.mark.parametrize("scope", ["per_tensor", "global"])
def test_the_predictor_is_projected_and_the_adversary_descends(scope: str) -> None:
    method = made(scope=scope, alpha=0.3)
    gradients = per_term(method, batch_of(method))
    found = method.combine(gradients)
    core = [id(p) for p in (*method.trunk.parameters(), *method.head.parameters())]
    size = len(core)
    wanted, unwanted = gradients["ce"], gradients["adversary"]
    per_tensor = scope == "per_tensor"
    direct = project_out(wanted[:size], unwanted[:size], 0.3, per_tensor=per_tensor)
    for a, b in zip(found, [*direct, *unwanted[size:]], strict=True):
        assert torch.equal(a, b)
    (update,) = method.stages()[0].updates
    assert [id(p) for p in update.parameters[0].parameters] == core
    assert len(update.parameters[1].parameters) == 2 == len(found) - size
    for product, square in zip(
        inner(found[:size], unwanted[:size], per_tensor=per_tensor),
        inner(unwanted[:size], unwanted[:size], per_tensor=per_tensor),
        strict=True,
    ):
        if square > SMALLEST_NORM**2:
            assert product == pytest.approx(-0.3 * square, rel=1e-6, abs=1e-15)


def test_unknown_groups_throughout_are_cross_entropy_bit_for_bit() -> None:
    method, plain = made(), build(CrossEntropy)
    unknown = torch.full((8, 1), -1)
    batches = [make_batch(method.task, seed=seed, attributes=unknown) for seed in range(3)]
    train(method, 3, batches=batches)
    train(plain, 3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))


def test_one_group_is_cross_entropy_bit_for_bit() -> None:
    method = made((1,))
    plain = build(CrossEntropy, task=make_task(CrossEntropy.card, sizes=(1,)))
    train(method, 3)
    train(plain, 3)
    assert same(states(plain), states(method), only=("trunk.", "head."))


def test_what_the_adversary_reads() -> None:
    logits, labels = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([2])
    scaled = [math.exp(2 * v) for v in (0.5, -1.0, 2.0)]
    u = [v / sum(scaled) for v in scaled]
    expected = {
        ("logits", "dp"): [0.5, -1, 2],
        ("logits", "eodds"): [0.5, -1, 2, 0, 0, 1],
        ("scaled_softmax", "dp"): u,
        ("scaled_softmax", "eodds"): [*u, 0, 0, u[0], 0, 0, u[1], 0, 0, u[2]],
    }
    for (reads, target), values in expected.items():
        method = made(reads=reads, target=target)
        found = method.reader(logits, labels)
        torch.testing.assert_close(found, torch.tensor([values]))
        assert method.adversary.classifiers[0][0].in_features == len(values)


def test_two_classes_give_what_the_binary_original_reads() -> None:
    task = make_task(GradientProjection.card, 2)
    method = build(GradientProjection, task=task, reads="scaled_softmax", target="eodds")
    logits, labels = torch.tensor([[0.0, 0.7], [0.0, -0.2]]), torch.tensor([1, 0])
    q = torch.sigmoid(2 * logits[:, 1])
    found = method.reader(logits, labels)
    # u = (1 - q, q); then u_1 (1 - y), u_1 y
    torch.testing.assert_close(found[:, 1], q)
    torch.testing.assert_close(found[:, 4:], torch.stack([q * (1 - labels), q * labels], dim=1))


def test_the_factor_of_the_soft_max_is_learned_by_the_adversary() -> None:
    method = made(reads="scaled_softmax")
    slope = method.reader.slope
    assert any(p is slope for p in method.stages()[0].updates[0].parameters[1].parameters)
    gradients = per_term(method, batch_of(method))
    position = len(method.parameter_sets()[0].parameters)
    assert number(gradients["adversary"][position].abs()) > 0
    assert gradients["ce"][position] is None


def test_the_learning_rate_factor_belongs_to_the_adversary_alone() -> None:
    (update,) = made(adversary_rate=10.0).stages()[0].updates
    assert [chosen.rate_factor for chosen in update.parameters] == [1.0, 10.0]


@SCOPES
def test_below_the_smallest_norm_the_adversary_is_still_climbed(per_tensor: bool) -> None:
    wanted, tiny = [torch.ones(2)], [0.5 * SMALLEST_NORM * torch.tensor([1.0, 0.0])]
    (found,) = project_out(wanted, tiny, 3.0, per_tensor=per_tensor)
    wanted_value = torch.tensor([1 - 1.5 * SMALLEST_NORM, 1.0])
    torch.testing.assert_close(found, wanted_value, rtol=0, atol=1e-12)


def test_a_negative_factor_sharpens_as_its_absolute_value_does() -> None:
    method = made(reads="scaled_softmax")
    logits, labels = torch.tensor([[0.5, -1.0, 2.0]]), torch.tensor([2])
    with torch.no_grad():
        method.reader.slope.fill_(-0.5)
    # 1 + |-0.5| = 1.5
    scaled = [math.exp(1.5 * v) for v in (0.5, -1.0, 2.0)]
    wanted = torch.tensor([[v / sum(scaled) for v in scaled]])
    torch.testing.assert_close(method.reader(logits, labels), wanted)
