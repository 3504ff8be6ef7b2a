"""Supervised contrastive learning and its fair forms; the joint form with weight 0 against `ce` is
in test_neutral_coefficient.
"""

import math
from typing import Any

import pytest
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor

from methods.base import Method
from methods.fscl import Fscl
from methods.fscl_plus import FsclPlus
from methods.shared.contrastive import (
    anchor_losses,
    log_sum_exp,
    mean_weights,
    others,
    similarities,
)
from methods.shared.contrastive_pretraining import PAPER_OPTIMISER, PAPER_PROBE_OPTIMISER
from methods.shared.fair_contrastive import (
    contrast_sets,
    fair_losses,
    normalised_losses,
    same_class,
)
from methods.supcon import SupCon, supervised_contrastive
from tests.methods.tiny import (
    build,
    declared,
    given,
    gradients,
    make_batch,
    number,
    prepare,
    same,
    states,
    step_at,
    total_of,
    train,
)

LABELS = torch.tensor([0, 0, 1, 1, 2, 0, 2, 1]).repeat(2)
GROUPS = torch.tensor([0, 1, 0, 1, 0, 0, -1, -1]).repeat(2)
LOSSES = pytest.mark.parametrize("losses", [fair_losses, normalised_losses])


def embeddings_of(size: int = 16, seed: int = 0) -> Tensor:
    return torch.randn(size, 6, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_supcon_is_that_of_the_library(seed: int, temperature: float) -> None:
    ours = embeddings_of(12, seed).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    # class 3 has one member: an anchor without positives, which both leave out of the mean
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 3])
    found = supervised_contrastive(similarities(ours, temperature), labels)
    wanted = SupConLoss(temperature=temperature)(theirs, labels)
    assert number(found) == pytest.approx(number(wanted), abs=1e-6)
    torch.testing.assert_close(
        *(torch.autograd.grad(v, z)[0] for v, z in ((found, ours), (wanted, theirs))),
        rtol=1e-6, atol=1e-8,
    )  # fmt: skip


def test_two_views_of_one_picture_cost_nothing() -> None:
    rows = similarities(embeddings_of(2), 0.1)
    assert number(supervised_contrastive(rows, torch.tensor([0, 0]))) == pytest.approx(0, abs=1e-12)


def test_empty_rows_of_a_log_sum_are_zero_and_pass_no_gradient() -> None:
    logits = torch.full((2, 2), 1e4).requires_grad_()
    mask = torch.tensor([[True, True], [False, False]])
    found = log_sum_exp(logits, mask)
    assert found.tolist() == [1e4 + math.log(2), 0]
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    torch.testing.assert_close(gradient, torch.tensor([[0.5, 0.5], [0.0, 0.0]]))
    assert torch.equal(gradient[1], torch.zeros(2))


def test_four_orthogonal_embeddings_by_hand() -> None:
    """All cosines 0: a loss is log |Q|, and 0 where Q is empty."""
    rows = similarities(torch.eye(4), 0.1)
    labels = torch.tensor([0, 0, 1, 1])
    assert fair_losses(rows, labels, torch.zeros(4, dtype=torch.int64)).tolist() == pytest.approx(
        [math.log(2)] * 4, rel=1e-12
    )
    # groups 0, 1, 0, 0: anchor 0 contrasts with 2 and 3, anchor 1 with nobody, 2 and 3 with 0
    mixed = torch.tensor([0, 1, 0, 0])
    assert fair_losses(rows, labels, mixed).tolist() == pytest.approx(
        [math.log(2), 0, 0, 0], abs=1e-12
    )
    # the methods multiply by T / T_b
    method = build(Fscl)
    batch = declared(make_batch(method.task), method.card)
    losses = fair_losses(
        method.view_similarities(batch), batch.labels.repeat(2), batch.groups.repeat(2)
    )
    found = number(method.contrastive(batch, step_at())["fscl"])
    assert found == pytest.approx(0.1 / 0.07 * number(losses.mean()), rel=1e-12)


def test_the_loss_can_be_negative() -> None:
    rows = similarities(torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]]), 0.1)
    losses = fair_losses(rows, torch.tensor([0, 0, 1, 1]), torch.zeros(4, dtype=torch.int64))
    # -(10 - log(2 exp(-10)))
    assert losses.tolist() == pytest.approx([-20 + math.log(2)] * 4, rel=1e-12)


@LOSSES
def test_another_class_and_group_has_no_influence_on_an_anchor(losses: Any) -> None:
    embeddings = embeddings_of().requires_grad_()
    loss = losses(similarities(embeddings, 0.1), LABELS, GROUPS)[0]
    (gradient,) = torch.autograd.grad(loss, embeddings)
    apart = (LABELS[0] != LABELS) & (GROUPS[0] != GROUPS)
    assert int(apart.sum()) == 6
    assert torch.equal(gradient[apart], torch.zeros(6, 6))
    assert all(number(row.abs().sum()) > 0 for row in gradient[~apart])


def test_with_one_group_everything_of_another_class_is_contrasted() -> None:
    one = torch.zeros_like(GROUPS)
    assert torch.equal(contrast_sets(LABELS, one), LABELS[:, None] != LABELS)
    rows = similarities(embeddings_of(), 0.1)
    positives = same_class(LABELS)
    wanted = anchor_losses(rows, mean_weights(positives, rows.dtype), LABELS[:, None] != LABELS)
    assert torch.equal(fair_losses(rows, LABELS, one), wanted)


def test_unknown_groups_are_in_no_contrast_set_and_stay_positives() -> None:
    sets = contrast_sets(LABELS, GROUPS)
    unknown = GROUPS < 0
    assert not sets[unknown].any() and not sets[:, unknown].any()
    embeddings = embeddings_of().requires_grad_()
    loss = fair_losses(similarities(embeddings, 0.1), LABELS, GROUPS)[2]
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert number(gradient[7].abs().sum()) > 0, "sample 7 is of class 1, as anchor 2"
    assert torch.equal(gradient[6], torch.zeros(6)), "sample 6 is of another class"


def test_equal_strata_make_the_normalised_loss_a_multiple() -> None:
    """Two classes of three groups, m = 4 embeddings a stratum: (3 m - 1) / (m - 1) = 11/3."""
    labels = torch.arange(2).repeat_interleave(12)
    groups = torch.arange(3).repeat(8)
    rows = similarities(embeddings_of(24), 0.1)
    plain, normalised = fair_losses(rows, labels, groups), normalised_losses(rows, labels, groups)
    torch.testing.assert_close(normalised, 11 / 3 * plain, rtol=1e-10, atol=1e-12)


def test_unequal_strata_are_weighted_by_hand() -> None:
    """One class, orthogonal embeddings but for the pair (0, 4): groups of 4 and 2 embeddings."""
    embeddings = torch.eye(6)
    embeddings[4] = embeddings[0]
    labels, groups = torch.zeros(6, dtype=torch.int64), torch.tensor([0, 0, 0, 0, 1, 1])
    found = normalised_losses(similarities(embeddings, 1.0), labels, groups)
    # c = 6/2; anchor 0 (stratum of 4): 3/4 * 1/n(4) * 1 with n(4) = 1; anchor 4: 3/2 * 1/n(0), 1/3
    assert found.tolist() == pytest.approx([-0.75, 0, 0, 0, -0.5, 0], abs=1e-12)


def test_with_all_groups_unknown_both_fair_losses_only_pull() -> None:
    rows = similarities(embeddings_of(), 0.1)
    unknown = torch.full_like(GROUPS, -1)
    plain = fair_losses(rows, LABELS, unknown)
    assert torch.equal(plain, normalised_losses(rows, LABELS, unknown))
    positives = mean_weights(same_class(LABELS), rows.dtype)
    torch.testing.assert_close(plain, -(positives * rows).sum(dim=1))


@LOSSES
def test_losses_move_with_the_samples(losses: Any) -> None:
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    embeddings = embeddings_of()
    before = losses(similarities(embeddings, 0.1), LABELS, GROUPS)
    after = losses(similarities(embeddings[order], 0.1), LABELS[order], GROUPS[order])
    torch.testing.assert_close(after, before[order])


@LOSSES
def test_gradients_are_those_of_finite_differences(losses: Any) -> None:
    torch.autograd.gradcheck(
        lambda z: losses(similarities(z, 0.3), LABELS, GROUPS).sum(),
        (embeddings_of().requires_grad_(),),
    )


METHODS = pytest.mark.parametrize("cls", [SupCon, Fscl, FsclPlus])


@METHODS
def test_the_first_stage_trains_trunk_and_projector_and_the_second_the_head(
    cls: type[Method],
) -> None:
    method = build(cls)
    first, second = method.stages()
    assert not first.predicts and second.predicts
    parts = [
        {id(p) for chosen in stage.updates[0].parameters for p in chosen.parameters}
        for stage in (first, second)
    ]
    trunk = [*method.trunk.parameters(), *method.projector.parameters()]
    assert parts[0] == {id(p) for p in trunk}
    assert parts[1] == {id(p) for p in method.head.parameters()}
    before = states(method)
    train(method)
    assert not same(before, states(method), only=("trunk.",))
    assert not same(before, states(method), only=("head.",))


@METHODS
def test_the_classifier_reads_frozen_features_and_no_pictures(cls: type[Method]) -> None:
    method = build(cls)
    stage = method.stages()[1]
    prepare(method, stage)
    batch = given(method, stage, make_batch(method.task))
    assert "images" not in vars(batch) and batch.features.shape == (8, 8)
    before = states(method)
    total = total_of(stage.updates[0].terms(batch, step_at()))
    found = gradients(total, stage.updates[0].parameters)
    assert all(number(g.abs().sum()) > 0 for g in found if g is not None)
    assert same(before, states(method), only=("trunk.",))


@METHODS
def test_one_stage_sees_the_budget_of_pictures_and_the_classifier_none(cls: type[Method]) -> None:
    first, second = build(cls, batch_factor=4).stages()
    assert first.share == 1 and first.batch_factor == 4 and first.on_features is None
    assert second.on_features is not None
    assert (second.share, second.batch_factor) == (20, 8)
    _, second = build(cls, probe_share=3.0, probe_batch_factor=2).stages()
    assert (second.share, second.batch_factor) == (3, 2)


def test_published_constants_are_kept_at_hand() -> None:
    first, second = build(Fscl, optimiser="paper").stages()
    assert first.updates[0].optimiser == PAPER_OPTIMISER
    assert second.updates[0].optimiser == PAPER_PROBE_OPTIMISER
    assert (PAPER_OPTIMISER.learning_rate, PAPER_OPTIMISER.weight_decay) == (0.1, 1e-4)
    assert second.updates[0].parameters[0].rate_factor == 1
    first, second = build(Fscl).stages()
    assert (first.updates[0].optimiser, second.updates[0].optimiser) == (None, None)
    assert second.updates[0].parameters[0].rate_factor == 50
    settings: Any = Fscl.Settings()
    assert settings.temperature == 0.1


def test_the_joint_form_adds_the_weighted_term_to_the_cross_entropy_of_the_first_views() -> None:
    method = build(SupCon, mode="joint", weight=0.3)
    (stage,) = method.stages()
    batch = declared(make_batch(method.task), method.card)
    terms = stage.updates[0].terms(batch, step_at())
    alone = number(build(SupCon).contrastive(batch, step_at())["supcon"])
    assert number(terms["supcon"]) == pytest.approx(0.3 * alone, rel=1e-10)
    features = method.features(torch.cat([batch.images, batch.views]))[:8]
    losses = -method.head(features).log_softmax(1).gather(1, batch.labels[:, None])
    assert number(terms["ce"]) == pytest.approx(number(losses.mean()), rel=1e-10)


def test_needs_and_cost_follow_the_form() -> None:
    def card(**settings: Any) -> tuple[set[str], float]:
        found = build(SupCon, **settings).card
        return set(found.needs), found.cost

    assert card() == ({"two_views"}, SupCon.card.cost)
    assert card(mode="joint") == ({"two_views"}, 2)
    assert card(mode="joint", weight=0.0) == (set(), 1)


def test_others_is_everything_but_oneself() -> None:
    assert others(3, torch.device("cpu")).tolist() == [
        [False, True, True],
        [True, False, True],
        [True, True, False],
    ]
