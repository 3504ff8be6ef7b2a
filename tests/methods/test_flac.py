"""FLAC; a = 0 and w = 1 against `ce` are in test_neutral_coefficient."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.errors import SettingError
from datasets.settings import make
from datasets.spec import Batch
from methods.base import MethodError
from methods.flac import (
    Flac,
    flac_loss,
    row_shares,
    soft_similarities,
    symmetric_divergence,
    unusual_pairs,
)
from tests.methods.tiny import (
    build,
    declared,
    make_batch,
    make_task,
    number,
    prepare,
    same,
    states,
    step_at,
    train,
)

LABELS = torch.tensor([0, 0, 1, 1, 2, 0, 2, 1])


def features_of(seed: int, size: int = 8) -> Tensor:
    return torch.randn(size, 5, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("delta", [0.5, 1.0])
def test_similarities_by_hand(delta: float) -> None:
    """At right angles the squared distance is 2, to oneself 0; 1e-6 is added to both."""
    found = soft_similarities(torch.tensor([[3.0, 0.0], [0.0, 0.5]]), delta)
    apart = 1 / (1 + math.sqrt(2 + 1e-6) ** delta)
    own = 1 / (1 + 1e-3**delta)
    torch.testing.assert_close(found, torch.tensor([[own, apart], [apart, own]]))


def test_pairs_that_group_features_would_get_wrong_are_in_the_mask() -> None:
    # threshold 0.5: alike are 0 and 1, and 2 and 3
    similarities = torch.tensor(
        [[1.0, 0.9, 0.0, 0.1], [0.9, 1.0, 0.2, 0.1], [0.0, 0.2, 1.0, 0.8], [0.1, 0.1, 0.8, 1.0]]
    )
    found = unusual_pairs(similarities, torch.tensor([0, 1, 0, 1]))
    wanted = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 3), (3, 1), (2, 3), (3, 2)]
    assert [tuple(pair) for pair in found.nonzero().tolist()] == sorted(wanted)


def test_equal_distributions_are_no_distance_apart() -> None:
    mask = unusual_pairs(soft_similarities(features_of(0), 1.0), LABELS)
    shares = row_shares(soft_similarities(features_of(1), 1.0), mask)
    assert number(symmetric_divergence(shares, shares, mask)) == 0


def test_a_row_of_one_pair_has_nothing_to_distribute() -> None:
    """Two faces of one class, unlike in group features: P = Q = 1 whatever the features."""
    found = flac_loss(features_of(1, 2), torch.eye(2), torch.tensor([0, 0]), delta=1.0)
    assert number(found) == pytest.approx(0, abs=1e-12)


def test_two_pairs_in_a_row_by_hand() -> None:
    """Shares (3/4, 1/4) and (1/2, 1/2): twice a quarter times log 3/2 and log 1/2."""
    mask = torch.tensor([[True, True], [False, False]])
    first = row_shares(torch.tensor([[3.0, 1.0], [5.0, 5.0]]), mask)
    second = row_shares(torch.tensor([[2.0, 2.0], [1.0, 7.0]]), mask)
    wanted = (0.25 * math.log(1.5) - 0.25 * math.log(0.5)) / 2
    assert number(symmetric_divergence(first, second, mask)) == pytest.approx(wanted, rel=1e-6)


def test_the_loss_is_not_negative() -> None:
    for seed in range(10):
        value = flac_loss(features_of(seed), features_of(seed + 50), LABELS, delta=0.5)
        assert number(value) >= 0


def test_the_gradient_reaches_the_features_only() -> None:
    features, group_features = features_of(0).requires_grad_(), features_of(1).requires_grad_()
    loss = flac_loss(features, group_features, LABELS, delta=1.0)
    own, other = torch.autograd.grad(loss, [features, group_features], allow_unused=True)
    assert other is None and number(own.abs().sum()) > 0
    torch.autograd.gradcheck(lambda z: flac_loss(z, group_features, LABELS, delta=1.0), (features,))


def test_an_empty_mask_gives_zero_and_no_gradient() -> None:
    features = features_of(0).requires_grad_()
    alike = torch.eye(5)[:1].expand(8, -1)
    loss = flac_loss(features, alike, torch.zeros(8, dtype=torch.int64), delta=1.0)
    assert number(loss) == 0
    (gradient,) = torch.autograd.grad(loss, features)
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_equal_features_have_a_finite_gradient() -> None:
    features = torch.ones(8, 5).requires_grad_()
    loss = flac_loss(features, features_of(1), LABELS, delta=0.5)
    (gradient,) = torch.autograd.grad(loss, features)
    assert torch.isfinite(gradient).all() and torch.isfinite(loss)


def test_the_first_stage_trains_the_group_classifier_and_the_second_leaves_it() -> None:
    method = build(Flac)
    first, second = method.stages()
    assert (first.predicts, first.share, second.share) == (False, 0.5, 1)
    before = states(method)
    first_sets, second_sets = (stage.updates[0].parameters for stage in (first, second))
    assert {id(p) for p in first_sets[0].parameters} == {
        id(p) for module in (method.group_trunk, method.group_heads) for p in module.parameters()
    }
    assert not {id(p) for p in first_sets[0].parameters} & {
        id(p) for p in second_sets[0].parameters
    }
    prepare(method, second)
    batch = declared(make_batch(method.task), method.card)
    second.updates[0].terms(batch, step_at())
    assert same(before, states(method), only=("group_trunk.", "group_heads.")), "nor its statistics"
    train(method)
    assert not same(before, states(method), only=("group_trunk.",))


def test_the_main_training_reads_no_groups() -> None:
    method = build(Flac)
    prepare(method, method.stages()[1])
    batch = make_batch(method.task)
    terms = method.loss(Batch(images=batch.images, labels=batch.labels), step_at())
    assert set(terms) == {"ce", "flac"}


def test_the_classifier_leaves_out_unknown_groups_and_offers_a_head_for_each_attribute() -> None:
    task = make_task(Flac.card, sizes=(2, 3))
    assert [h.out_features for h in build(Flac, task=task).group_heads] == [6]
    method = build(Flac, task=task, groups="per_attribute")
    assert [h.out_features for h in method.group_heads] == [2, 3]
    attributes = torch.tensor([[0, -1], [1, 2], [-1, -1], [1, 0], [0, 1], [-1, 2], [1, 1], [0, 0]])
    batch = declared(make_batch(task, attributes=attributes), method.card)
    features = method.group_trunk(batch.images)
    losses = []
    for j, head in enumerate(method.group_heads):
        rows = head(features).log_softmax(1)
        known = [i for i in range(8) if attributes[i, j] >= 0]
        losses.append(sum(-number(rows[i, attributes[i, j]]) for i in known) / len(known))
    found = number(method.group_loss(batch, step_at())["group_ce"])
    assert found == pytest.approx(sum(losses) / 2, rel=1e-10)


def test_training_without_any_known_group_is_refused() -> None:
    task = make_task(Flac.card, counts=((0, 0), (0, 0), (0, 0)))
    with pytest.raises(MethodError, match="flac has no training sample of known group"):
        build(Flac, task=task)
    build(Flac, task=task, strength=0.0)


def test_the_threshold_is_midway_between_the_extremes_and_not_the_mean() -> None:
    # extremes 1 and 0, mean 0.775: only the pairs at 0.6 lie between mean and midway
    similarities = torch.tensor(
        [[1.0, 0.6, 0.9, 0.9], [0.6, 1.0, 0.9, 0.0], [0.9, 0.9, 1.0, 0.9], [0.9, 0.0, 0.9, 1.0]]
    )
    found = unusual_pairs(similarities, torch.zeros(4, dtype=torch.int64))
    assert [tuple(pair) for pair in found.nonzero().tolist()] == [(1, 3), (3, 1)]


def test_the_card_follows_the_settings() -> None:
    def card(**settings: Any) -> tuple[set[str], float]:
        found = Flac.card_for(make(Flac.Settings, settings, "flac"))
        return set(found.needs), found.cost

    assert card() == ({"train_groups"}, pytest.approx(Flac.card.cost))
    assert card(classifier_share=0.1)[1] == pytest.approx(Flac.card.cost - 0.4)
    assert card(strength=0.0) == (set(), 1)


@pytest.mark.parametrize("delta", [0.0, 2.5])
def test_the_exponent_of_the_distances_is_at_most_two(delta: float) -> None:
    with pytest.raises(SettingError, match="delta"):
        make(Flac.Settings, {"delta": delta}, "flac")


def test_defaults_are_those_of_the_public_package() -> None:
    settings: Any = Flac.Settings()
    assert (settings.strength, settings.ce_weight, settings.delta) == (110.0, 1.0, 1.0)
