"""Domain-independent training: own blocks, inference rules, scaled sum, one group."""

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.ce import CrossEntropy
from methods.domain_independent import DomainIndependent, block_losses
from tests.methods.tiny import (
    build,
    make_batch,
    make_task,
    on_logits,
    same,
    states,
    step_at,
    train,
)

RULES = ("sum_logits", "sum_scaled", "sum_prob", "max_prob", "conditional")
#: B = 4, G = 2, K = 3
BLOCKS = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.tensor([0, 2, 1, 2])
GROUPS = torch.tensor([1, 0, -1, 1])


def made(rule: str) -> Method:
    method = build(DomainIndependent, rule=rule)
    stub = on_logits(DomainIndependent)
    method.trunk, method.head = stub.trunk, stub.head
    return method


def predict(rule: str, blocks: Tensor = BLOCKS, groups: Tensor = GROUPS) -> Tensor:
    return made(rule).eval().predict(Batch(images=blocks.flatten(1), groups=groups)).exp()


def softmax(scores: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def test_a_sample_pays_in_the_block_of_its_group_and_in_all_blocks_where_it_is_unknown() -> None:
    losses = -np.log(softmax(BLOCKS.numpy()))
    wanted = [losses[0, 1, 0], losses[1, 0, 2], losses[2, :, 1].mean(), losses[3, 1, 2]]
    torch.testing.assert_close(block_losses(BLOCKS, LABELS, GROUPS), torch.tensor(wanted))


def test_other_blocks_get_no_gradient_at_all() -> None:
    blocks = BLOCKS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(block_losses(blocks, LABELS, GROUPS).sum(), blocks)
    p = torch.softmax(BLOCKS, dim=2)
    for row, (label, group) in enumerate(zip(LABELS.tolist(), GROUPS.tolist(), strict=True)):
        onehot = torch.eye(3)[label]
        for block in range(2):
            if group < 0:
                torch.testing.assert_close(gradient[row, block], (p[row, block] - onehot) / 2)
            elif block == group:
                torch.testing.assert_close(gradient[row, block], p[row, block] - onehot)
            else:
                assert torch.equal(gradient[row, block], torch.zeros(3))


def test_every_rule_follows_its_definition() -> None:
    blocks = BLOCKS.numpy()
    p = softmax(blocks)
    unknown = softmax(blocks[2].mean(axis=0))
    scores = {
        "sum_logits": softmax(blocks.mean(axis=1)),
        "sum_prob": p.sum(axis=1),
        "max_prob": p.max(axis=1),
        "conditional": np.stack([p[0, 1], p[1, 0], unknown, p[3, 1]]),
    }
    for rule, score in scores.items():
        wanted = score / score.sum(axis=1, keepdims=True)
        torch.testing.assert_close(predict(rule), torch.from_numpy(wanted), msg=rule)


def test_the_default_decides_by_the_sum_of_the_logits() -> None:
    blocks = torch.randn(200, 2, 3, generator=torch.Generator().manual_seed(1))
    found = predict("sum_logits", blocks, torch.zeros(200, dtype=torch.int64))
    assert torch.equal(found.argmax(dim=1), blocks.sum(dim=1).argmax(dim=1))


@pytest.mark.parametrize("rule", ["sum_logits", "sum_scaled"])
def test_a_constant_on_a_whole_block_changes_no_prediction(rule: str) -> None:
    moved = BLOCKS + torch.tensor([[5.0], [-2.0]])
    torch.testing.assert_close(predict(rule, moved), predict(rule))


@pytest.mark.parametrize("groups", [GROUPS, torch.full((4,), -1)], ids=["known", "unknown"])
def test_with_equal_blocks_every_rule_agrees(groups: Tensor) -> None:
    equal = BLOCKS[:, :1].expand(-1, 2, -1)
    wanted = torch.softmax(BLOCKS[:, 0], dim=1)
    for rule in RULES:
        torch.testing.assert_close(predict(rule, equal, groups), wanted, msg=rule)


def test_the_scaled_sum_lets_a_weak_block_count_as_much_as_a_strong_one() -> None:
    method = made("sum_scaled")
    blocks = torch.randn(64, 2, 3, generator=torch.Generator().manual_seed(2))
    blocks[:, 0] *= 10
    batch = Batch(
        images=blocks.flatten(1), labels=torch.arange(64) % 3, groups=torch.arange(64) % 2
    )
    for _ in range(300):  # 0.9^300 of the start is left
        method.loss(batch, step_at())
    deviations = blocks.transpose(0, 1).flatten(1).std(dim=1, unbiased=False)
    torch.testing.assert_close(method.get_buffer("variances").sqrt(), deviations)
    wanted = (blocks / deviations[:, None]).sum(dim=1).argmax(dim=1)
    found = method.eval().predict(batch).argmax(dim=1)
    assert torch.equal(found, wanted)
    assert not torch.equal(found, blocks.sum(dim=1).argmax(dim=1))


def test_the_running_variance_takes_a_tenth_of_a_batch() -> None:
    method = made("sum_scaled")
    method.loss(Batch(images=BLOCKS.flatten(1), labels=LABELS, groups=GROUPS), step_at())
    wanted = 0.9 + 0.1 * BLOCKS.numpy().transpose(1, 0, 2).reshape(2, -1).var(axis=1)
    torch.testing.assert_close(method.get_buffer("variances"), torch.from_numpy(wanted))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("precision", [torch.float32, torch.float64], ids=str)
def test_one_group_is_cross_entropy(rule: str, precision: torch.dtype) -> None:
    torch.set_default_dtype(precision)
    method = build(DomainIndependent, task=make_task(DomainIndependent.card, 3, (1,)), rule=rule)
    plain = build(CrossEntropy, task=make_task(CrossEntropy.card, 3, (1,)))
    train(method, 3)
    train(plain, 3)
    assert same(states(plain), states(method), only=("trunk.", "head."))
    batch = make_batch(method.task)
    found = method.predict(Batch(images=batch.images, groups=batch.groups))
    torch.testing.assert_close(found, plain.predict(batch))


@pytest.mark.parametrize("rule", RULES[:-1])
def test_only_the_conditional_rule_reads_test_groups(rule: str) -> None:
    assert not build(DomainIndependent, rule=rule).card.may_read("test_groups")
    assert build(DomainIndependent, rule="conditional").card.may_read("test_groups")
    pictures = Batch(images=BLOCKS.flatten(1))
    torch.testing.assert_close(made(rule).eval().predict(pictures).exp(), predict(rule))


@pytest.mark.parametrize("rule", RULES[:-1])
def test_permuting_groups_and_blocks_of_the_head_changes_no_prediction(rule: str) -> None:
    """Trains once as it is, once with relabelled groups and a head with permuted blocks."""
    task = make_task(DomainIndependent.card, 2, (3,))
    first, second = (build(DomainIndependent, task=task, rule=rule) for _ in range(2))
    order, relabel = torch.tensor([2, 0, 1]), torch.tensor([1, 2, 0])
    places = torch.tensor([2 * s + y for s in order.tolist() for y in range(2)])
    for name in ("weight", "bias"):
        getattr(second.head, name).data = getattr(first.head, name).data[places].clone()
    batches = [make_batch(task, seed=seed) for seed in range(3)]
    renamed = [
        make_batch(task, seed=s, attributes=relabel[batches[s].attributes]) for s in range(3)
    ]
    train(first, 3, batches=batches)
    train(second, 3, batches=renamed)
    images = Batch(images=batches[0].images)
    torch.testing.assert_close(second.predict(images), first.predict(images), rtol=1e-9, atol=1e-9)


def test_the_variances_stand_still_in_evaluation_mode() -> None:
    method = made("sum_scaled").eval()
    batch = Batch(images=BLOCKS.flatten(1), labels=LABELS, groups=GROUPS)
    method.loss(batch, step_at())
    torch.testing.assert_close(method.get_buffer("variances"), torch.ones(2), rtol=0, atol=0)
