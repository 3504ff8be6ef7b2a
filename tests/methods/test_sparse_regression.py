"""Multinomial L1 logistic regression, against scikit-learn and by hand."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from methods.shared.sparse_regression import Problems, largest_curvature, minimise, objective


def drawn(size: int = 80, width: int = 6, num_classes: int = 3) -> tuple[Tensor, Tensor]:
    """Inputs and class codes; some features say nothing."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(size, width, generator=generator)
    slopes = torch.randn(width, num_classes, generator=generator)
    slopes[width // 2 :] = 0
    noise = torch.randn(size, num_classes, generator=generator)
    return inputs, (inputs @ slopes + noise).argmax(dim=1)


def problems(inputs: Tensor, labels: Tensor, *strengths: float) -> Problems:
    targets = torch.nn.functional.one_hot(labels).to(inputs.dtype)
    count = len(strengths)
    return Problems(
        inputs.expand(count, -1, -1), targets.expand(count, -1, -1), torch.tensor(strengths)
    )


@pytest.mark.parametrize("strength", [1.0, 0.3, 0.1])
def test_the_minimum_is_that_of_scikit_learn(strength: float) -> None:
    inputs, labels = drawn()
    problem = problems(inputs, labels, strength)
    weights, intercepts = minimise(problem, 3000)
    saga = LogisticRegression(
        C=strength, l1_ratio=1, solver="saga", tol=1e-10, max_iter=20_000, random_state=0
    ).fit(inputs.numpy(), labels.numpy())
    theirs = torch.from_numpy(saga.coef_.T)[None], torch.from_numpy(saga.intercept_)[None]
    ours, reference = objective(problem, weights, intercepts), objective(problem, *theirs)
    assert ours[0] <= reference[0] * (1 + 1e-9)
    np.testing.assert_allclose(weights[0].numpy(), theirs[0][0].numpy(), atol=1e-5)
    probabilities = (inputs @ weights[0] + intercepts[0]).softmax(dim=1).numpy()
    np.testing.assert_allclose(probabilities, saga.predict_proba(inputs.numpy()), atol=1e-5)


def test_the_default_number_of_steps_is_near_the_minimum() -> None:
    # as many features as samples, so that the classes can be told apart
    inputs, labels = drawn(120, 120)
    problem = problems(inputs, labels, 1.0, 0.3, 0.1, 0.01)
    best = objective(problem, *minimise(problem, 4000))
    assert (objective(problem, *minimise(problem)) <= 1.002 * best).all()


def test_several_problems_at_once_are_several_problems() -> None:
    inputs, labels = drawn()
    strengths = (1.0, 0.1, 0.02)
    together = minimise(problems(inputs, labels, *strengths))
    for position, strength in enumerate(strengths):
        alone = minimise(problems(inputs, labels, strength))
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[position], b[0])


def test_a_strong_penalty_leaves_the_intercept_which_gives_the_class_shares() -> None:
    inputs, labels = drawn()
    weights, intercepts = minimise(problems(inputs, labels, 1e-3), 2000)
    assert (weights == 0).all()
    shares = torch.bincount(labels) / len(labels)
    torch.testing.assert_close(intercepts[0].softmax(dim=0), shares, rtol=1e-6, atol=0)


def test_the_objective_by_hand() -> None:
    problem = problems(torch.tensor([[1.0], [2.0]]), torch.tensor([0, 1]), 0.5)
    weights, intercepts = torch.tensor([[[1.0, -2.0]]]), torch.tensor([[0.0, 3.0]])
    # scores: (1, 1) and (2, -1)
    wanted = 3 + 0.5 * (math.log(2) + math.log(math.exp(2) + math.exp(-1)) + 1)
    assert objective(problem, weights, intercepts)[0] == pytest.approx(wanted, rel=1e-12)


def test_the_curvature_bound_holds_and_is_half_the_square_of_the_largest_singular_value() -> None:
    inputs, _ = drawn()
    wide = inputs[:4]
    for matrix in inputs, wide:
        wanted = torch.linalg.matrix_norm(matrix, ord=2) ** 2 / 2
        torch.testing.assert_close(largest_curvature(matrix[None])[0], wanted)


def test_the_result_is_the_same_on_every_call_and_in_double_precision() -> None:
    inputs, labels = drawn()
    problem = problems(inputs.float(), labels, 0.3)
    first, second = minimise(problem), minimise(problem)
    assert first[0].dtype == torch.float64
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
