"""The pieces that several losses share."""

import math

import pytest
import torch
from torch import nn

from methods.ops import (
    batch_statistics_only,
    cosines,
    cross_entropies,
    cross_entropy,
    masked_mean,
    reverse_cross_entropies,
    reverse_gradient,
    unit_rows,
)
from tests.methods.tiny import number

LOGITS = torch.randn(6, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
LABELS = torch.tensor([0, 3, 1, 1, 2, 0])


def test_cross_entropies_are_the_logarithms_of_the_true_probabilities() -> None:
    for row, label, found in zip(LOGITS, LABELS, cross_entropies(LOGITS, LABELS), strict=True):
        exponentials = [math.exp(value) for value in row.tolist()]
        wanted = -math.log(exponentials[label] / sum(exponentials))
        assert number(found) == pytest.approx(wanted, abs=1e-12)


def test_cross_entropy_is_the_mean() -> None:
    wanted = sum(cross_entropies(LOGITS, LABELS).tolist()) / 6
    assert number(cross_entropy(LOGITS, LABELS)) == pytest.approx(wanted, abs=1e-12)


def test_masked_mean_takes_the_mean_where_the_mask_holds() -> None:
    values = torch.tensor([1.0, 2.0, 6.0])
    assert number(masked_mean(values, torch.tensor([True, False, True]))) == 3.5


def test_masked_mean_of_an_empty_mask_is_zero_and_has_a_zero_gradient() -> None:
    values = torch.ones(3, requires_grad=True)
    mean = masked_mean(values, torch.zeros(3, dtype=torch.bool))
    (gradient,) = torch.autograd.grad(mean, values)
    assert number(mean) == 0
    assert torch.equal(gradient, torch.zeros(3))


def test_masked_mean_does_not_let_infinities_through_the_mask() -> None:
    values = torch.tensor([1.0, math.inf, math.nan])
    assert number(masked_mean(values, torch.tensor([True, False, False]))) == 1


def test_reversal_changes_the_gradient_by_minus_the_strength_and_nothing_else() -> None:
    inputs = LOGITS.clone().requires_grad_()
    assert torch.equal(reverse_gradient(inputs, 0.3), inputs)
    (plain,) = torch.autograd.grad(inputs.square().sum(), inputs)
    (reversed_,) = torch.autograd.grad(reverse_gradient(inputs, 0.3).square().sum(), inputs)
    assert torch.equal(reversed_, -0.3 * plain)


def test_reverse_cross_entropy_is_the_clipped_sum_over_the_classes() -> None:
    probabilities = LOGITS.softmax(dim=1)
    for i, label in enumerate(LABELS.tolist()):
        target = [1.0 if k == label else math.exp(-4.0) for k in range(4)]
        wanted = -sum(number(probabilities[i, k]) * math.log(target[k]) for k in range(4))
        assert number(reverse_cross_entropies(LOGITS, LABELS)[i]) == pytest.approx(wanted, abs=1e-5)


def test_reverse_cross_entropy_of_a_uniform_prediction() -> None:
    # |A| (1 - 1/K) = 4 * 3/4
    found = reverse_cross_entropies(torch.zeros(1, 4), torch.tensor([2]))
    torch.testing.assert_close(found, torch.tensor([3.0]))


def test_gradient_of_reverse_cross_entropy_is_bounded_by_a_quarter_of_a() -> None:
    for scale in (0.1, 1.0, 10.0):
        logits = (scale * LOGITS).requires_grad_()
        total = reverse_cross_entropies(logits, LABELS).sum()
        (gradient,) = torch.autograd.grad(total, logits)
        # p (1 - p) <= 1/4 for the coordinate of the true class
        assert number(gradient.gather(1, LABELS[:, None]).abs().max()) <= 1.0 + 1e-12


def test_reverse_cross_entropy_is_finite_for_a_hopeless_prediction() -> None:
    logits = torch.tensor([[0.0, 1e4]], requires_grad=True)
    loss = reverse_cross_entropies(logits, torch.tensor([0])).sum()
    (gradient,) = torch.autograd.grad(loss, logits)
    assert number(loss) == 4
    assert torch.isfinite(gradient).all()


def test_batch_statistics_only_normalises_as_training_and_leaves_the_running_statistics() -> None:
    layer = nn.BatchNorm1d(4)
    usual, inside = nn.BatchNorm1d(4), LOGITS
    wanted = usual(inside)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    with batch_statistics_only(layer):
        torch.testing.assert_close(layer(inside), wanted)
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())
    layer(inside)
    assert torch.equal(layer.running_mean, usual.running_mean)
    assert int(layer.num_batches_tracked) == 1


def test_cosines_keep_full_precision_under_autocast() -> None:
    vectors = torch.randn(
        6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float32, requires_grad=True
    )
    plain = cosines(vectors)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(cosines(vectors), plain)
        assert cosines(vectors.bfloat16()).dtype == torch.float32
    wanted = torch.nn.functional.cosine_similarity(vectors[:, None], vectors, dim=2)
    torch.testing.assert_close(plain, wanted)
    assert unit_rows(vectors.double()).dtype == torch.float64
