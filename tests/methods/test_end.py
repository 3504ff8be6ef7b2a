"""EnD; both weights 0 against `ce` are in test_neutral_coefficient."""

import math

import pytest
import torch

from methods.end import End, orthogonality, pair_cosines, parallelism
from tests.methods.tiny import build, declared, make_batch, make_task, number, step_at

LABELS = torch.tensor([0, 0, 1, 1, 0, 1, 2])
GROUPS = torch.tensor([0, 1, 0, 1, 2, -1, 2])
FEATURES = torch.randn(7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_identical_features_are_parallel_and_not_orthogonal() -> None:
    cosines = pair_cosines(torch.ones(7, 4))
    assert number(parallelism(cosines, LABELS, GROUPS)) == pytest.approx(0, abs=1e-15)
    assert number(orthogonality(cosines, GROUPS, 3)) == pytest.approx(1, rel=1e-14)


def test_opposite_groups_are_as_far_from_parallel_as_can_be() -> None:
    # one class; group 1 points away from group 0: every cross-group cosine is -1
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-2.0, 0.0]])
    cosines = pair_cosines(features)
    labels, groups = torch.zeros(3, dtype=torch.int64), torch.tensor([0, 0, 1])
    assert number(parallelism(cosines, labels, groups)) == 1
    # one same-group pair, of cosine 1
    assert number(orthogonality(cosines, groups, 2)) == 1


def test_four_vectors_by_hand() -> None:
    """Angles 0, 60, 90 and 180 degrees; groups 0, 0, 1, 1; one class."""
    angles = torch.tensor([0.0, 60.0, 90.0, 180.0]) * math.pi / 180
    cosines = pair_cosines(torch.stack([angles.cos(), angles.sin()], dim=1))
    groups = torch.tensor([0, 0, 1, 1])
    # same-group pairs: cos 60 = 1/2 and cos 90 = 0, two pairs
    assert number(orthogonality(cosines, groups, 2)) == pytest.approx(0.25, rel=1e-12)
    # cross pairs: cos 90 = 0, cos 180 = -1, cos 30, cos 120 = -1/2
    mean = (0.5 + 0 + (1 + math.cos(math.pi / 6)) / 2 + 0.25) / 4
    found = number(parallelism(cosines, torch.zeros(4, dtype=torch.int64), groups))
    assert found == pytest.approx(1 - mean, rel=1e-12)


def test_the_sums_of_each_group_do_not_cancel_between_groups() -> None:
    # group 0: cosine 1, group 1: cosine -1; |1| + |-1| over two pairs
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    found = orthogonality(pair_cosines(features), torch.tensor([0, 0, 1, 1]), 2)
    assert number(found) == 1


def test_permuting_the_batch_changes_neither_penalty() -> None:
    order = torch.tensor([3, 6, 0, 5, 1, 4, 2])
    before, after = pair_cosines(FEATURES), pair_cosines(FEATURES[order])
    torch.testing.assert_close(
        parallelism(after, LABELS[order], GROUPS[order]), parallelism(before, LABELS, GROUPS)
    )
    torch.testing.assert_close(
        orthogonality(after, GROUPS[order], 3), orthogonality(before, GROUPS, 3)
    )


def test_samples_of_unknown_group_have_no_gradient() -> None:
    features = FEATURES.clone().requires_grad_()
    cosines = pair_cosines(features)
    total = parallelism(cosines, LABELS, GROUPS) + orthogonality(cosines, GROUPS, 3)
    (gradient,) = torch.autograd.grad(total, features)
    assert torch.equal(gradient[5], torch.zeros(4))
    assert number(gradient[0].abs().sum()) > 0


@pytest.mark.parametrize("groups", [torch.full((7,), -1), torch.zeros(7, dtype=torch.int64)])
def test_without_cross_group_pairs_parallelism_is_zero(groups: torch.Tensor) -> None:
    features = FEATURES.clone().requires_grad_()
    value = parallelism(pair_cosines(features), LABELS, groups)
    assert number(value) == 0
    (gradient,) = torch.autograd.grad(value, features)
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_without_same_group_pairs_orthogonality_is_zero() -> None:
    for groups in (torch.full((7,), -1), torch.arange(7)):
        assert number(orthogonality(pair_cosines(FEATURES), groups, 7)) == 0


def test_gradients_are_those_of_finite_differences() -> None:
    def penalties(features: torch.Tensor) -> torch.Tensor:
        cosines = pair_cosines(features)
        return orthogonality(cosines, GROUPS, 3) + parallelism(cosines, LABELS, GROUPS)

    torch.autograd.gradcheck(penalties, (FEATURES.clone().requires_grad_(),))


def test_each_penalty_is_skipped_when_its_weight_is_zero() -> None:
    for settings, names in (
        ({"alpha": 0.0}, {"ce", "parallelism"}),
        ({"beta": 0.0}, {"ce", "orthogonality"}),
    ):
        method = build(End, **settings)
        batch = declared(make_batch(method.task), method.card)
        assert set(method.loss(batch, step_at())) == names


def test_groups_are_intersections() -> None:
    """Two attributes of 2 and 3 levels: a pair is of one group when it agrees in both."""
    method = build(End, task=make_task(End.card, sizes=(2, 3)), alpha=1.0, beta=1.0)
    batch = declared(make_batch(method.task, 12), method.card)
    terms = method.loss(batch, step_at())
    cosines = pair_cosines(method.features(batch.images))
    same = [
        [i != j and bool((a == b).all()) for j, b in enumerate(batch.attributes)]
        for i, a in enumerate(batch.attributes)
    ]
    pairs = torch.tensor(same)
    wanted = sum(
        abs(number(cosines[pairs & (batch.groups == code)[:, None]].sum())) for code in range(6)
    )
    found = number(terms["orthogonality"])
    assert found == pytest.approx(wanted / number(pairs.sum()), rel=1e-10)
