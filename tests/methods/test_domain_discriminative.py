"""Domain-discriminative training; one group against `ce` is in test_neutral_coefficient."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.domain_discriminative import (
    DomainDiscriminative,
    joint_losses,
    log_prior_weights,
)
from tests.methods.tiny import build, make_batch, make_task, number, on_logits, train

RULES = ("sum_prob", "sum_prob_prior", "max_prob_prior", "argmax_joint", "conditional")
#: B = 4, G = 2, K = 3
JOINT = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.tensor([0, 2, 1, 2])
GROUPS = torch.tensor([1, 0, -1, 1])
#: K x G; the stratum (2, 1) is empty, (0, 1) is rare: 1000 / (6 * 1) is above the cap of 100
COUNTS = ((500, 1), (200, 99), (200, 0))


def probabilities() -> np.ndarray:
    """(B, G, K) by the definition of the soft-max over all G K outputs."""
    flat = np.exp(JOINT.numpy().reshape(4, 6))
    return (flat / flat.sum(axis=1, keepdims=True)).reshape(4, 2, 3)


def predict(rule: str, joint: Tensor = JOINT, groups: Tensor = GROUPS) -> Tensor:
    task = make_task(DomainDiscriminative.card, 3, (2,), counts=COUNTS)
    method = build(DomainDiscriminative, task=task, rule=rule)
    stub = on_logits(DomainDiscriminative)
    method.trunk, method.head = stub.trunk, stub.head
    return method.eval().predict(Batch(images=joint.flatten(1), groups=groups)).exp()


def test_loss_is_the_negative_logarithm_of_the_joint_or_marginal_probability() -> None:
    p = probabilities()
    wanted = [-math.log(p[0, 1, 0]), -math.log(p[1, 0, 2])]
    wanted += [-math.log(p[2, 0, 1] + p[2, 1, 1]), -math.log(p[3, 1, 2])]
    found = joint_losses(JOINT, LABELS, GROUPS)
    torch.testing.assert_close(found, torch.tensor(wanted))


def test_the_head_counts_groups_before_classes() -> None:
    method = on_logits(DomainDiscriminative)
    logits = torch.zeros(1, 6)
    logits[0, 1 * 3 + 2] = 50.0
    batch = Batch(images=logits, labels=torch.tensor([2]), groups=torch.tensor([1]))
    assert number(method.loss(batch, None)["joint_ce"]) == pytest.approx(0, abs=1e-12)


def test_an_unknown_group_weights_the_gradient_by_the_probability_of_each_group() -> None:
    joint = JOINT.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(joint_losses(joint, LABELS, GROUPS)[2], joint)
    p = probabilities()[2]
    wanted = p.copy()  # d/dL_sk of -log sum_s P(y, s) = P(k, s) - [k = y] P(s | y)
    wanted[:, 1] -= p[:, 1] / p[:, 1].sum()
    torch.testing.assert_close(gradient[2], torch.from_numpy(wanted))
    assert torch.equal(gradient[[0, 1, 3]], torch.zeros(3, 2, 3))


def test_prior_weights_are_capped_and_zero_for_empty_strata() -> None:
    weights = log_prior_weights(torch.tensor(COUNTS, dtype=torch.float64)).exp()
    # 1000 / (6 n), (G, K); 166.7 is cut to 100, the empty stratum gets exactly 0
    wanted = [[1 / 3, 5 / 6, 5 / 6], [100.0, 1000 / 594, 0.0]]
    torch.testing.assert_close(weights, torch.tensor(wanted))
    assert number(weights[1, 2]) == 0


def test_every_rule_follows_its_definition() -> None:
    p = probabilities()
    w = np.array([[1 / 3, 5 / 6, 5 / 6], [100.0, 1000 / 594, 0.0]])
    total = p.sum(axis=1)
    own = np.stack([p[0, 1], p[1, 0], total[2], p[3, 1]])
    scores = {
        "sum_prob": total,
        "sum_prob_prior": (p * w).sum(axis=1),
        "max_prob_prior": (p * w).max(axis=1),
        "argmax_joint": p.max(axis=1),
        "conditional": own,
    }
    for rule, score in scores.items():
        wanted = score / score.sum(axis=1, keepdims=True)
        torch.testing.assert_close(predict(rule), torch.from_numpy(wanted), msg=rule)


def test_argmax_joint_is_the_class_of_the_joint_maximum() -> None:
    wanted = [int(row.argmax()) % 3 for row in JOINT.flatten(1)]
    assert predict("argmax_joint").argmax(dim=1).tolist() == wanted


def test_all_rules_agree_with_one_group() -> None:
    task = make_task(DomainDiscriminative.card, 3, (1,))
    rows = []
    for rule in RULES:
        method = build(DomainDiscriminative, task=task, rule=rule)
        batch = make_batch(task)
        rows.append(method.eval().predict(Batch(images=batch.images, groups=batch.groups)))
    for other in rows[1:]:
        torch.testing.assert_close(other, rows[0])


def test_equal_strata_make_the_prior_rule_the_plain_rule() -> None:
    task = make_task(DomainDiscriminative.card)
    batch = Batch(images=make_batch(task).images)
    plain, prior = (
        build(DomainDiscriminative, task=task, rule=rule).eval().predict(batch)
        for rule in ("sum_prob", "sum_prob_prior")
    )
    assert torch.equal(plain, prior)


@pytest.mark.parametrize("rule", RULES[:-1])
def test_only_the_conditional_rule_reads_test_groups(rule: str) -> None:
    def needs(method: Method) -> bool:
        return method.card.may_read("test_groups")

    assert not needs(build(DomainDiscriminative, rule=rule))
    assert needs(build(DomainDiscriminative, rule="conditional"))
    unseen = [torch.full((4,), code) for code in (-1, 0, 1)]
    first, *others = (predict(rule, groups=groups) for groups in unseen)
    assert all(torch.equal(first, other) for other in others)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
def test_permuting_groups_and_blocks_of_the_head_changes_no_prediction(
    order: tuple[int, ...],
) -> None:
    """Trains once as it is, once with relabelled groups and a head with permuted blocks."""
    task = make_task(DomainDiscriminative.card, 2, (3,))
    first, second = (build(DomainDiscriminative, task=task) for _ in range(2))
    places = torch.tensor([2 * s + y for s in order for y in range(2)])
    for name in ("weight", "bias"):
        getattr(second.head, name).data = getattr(first.head, name).data[places].clone()
    relabel = torch.empty(3, dtype=torch.int64)
    relabel[torch.tensor(order)] = torch.arange(3)
    batches = [make_batch(task, seed=seed) for seed in range(3)]
    renamed = [
        make_batch(task, seed=s, attributes=relabel[batches[s].attributes]) for s in range(3)
    ]
    train(first, 3, batches=batches)
    train(second, 3, batches=renamed)
    images = Batch(images=batches[0].images)
    torch.testing.assert_close(second.predict(images), first.predict(images), rtol=1e-9, atol=1e-9)
