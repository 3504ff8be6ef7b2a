"""Group DRO."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method, MethodError
from methods.ce import CrossEntropy
from methods.group_dro import GroupDRO
from tests.methods.tiny import (
    Pixels,
    build,
    declared,
    make_batch,
    make_task,
    make_training,
    number,
    states,
    step_at,
    train,
)

COUNTS = ((6, 2), (3, 0), (4, 5))


def made(counts: tuple[tuple[int, ...], ...] = COUNTS, **settings: Any) -> Method:
    """Outputs are the values that the test puts into `images`."""
    shape = len(counts), (len(counts[0]),)
    method = build(GroupDRO, task=make_task(GroupDRO.card, *shape, counts=counts), **settings)
    method.trunk, method.head = Pixels(len(counts)), torch.nn.Identity()
    return method


def batch_of(logits: Tensor, labels: list[int], groups: list[int]) -> Batch:
    return Batch(images=logits, labels=torch.tensor(labels), groups=torch.tensor(groups))


def shares(method: Method) -> list[float]:
    return [number(v) for v in method.log_shares.exp()]


def ce(logits: list[float], label: int) -> float:
    return -math.log(math.exp(logits[label]) / sum(math.exp(v) for v in logits))


LOGITS = torch.tensor([[1.0, 0, 0], [0, 2, 0], [0, 0, 0], [3, 0, 1]], dtype=torch.float64)


def test_weights_start_equal_over_the_strata_that_training_has() -> None:
    assert shares(made()) == pytest.approx([0.2, 0.2, 0.2, 0, 0.2, 0.2])
    assert shares(made(strata="group")) == pytest.approx([0.5, 0.5])


def test_one_step_by_hand() -> None:
    # strata (0,0): rows 0, 3;  (1,0): row 1;  (2,1): row 2
    method = made(eta=0.5)
    found = method.loss(batch_of(LOGITS, [0, 1, 2, 0], [0, 0, 1, 0]), step_at())
    first = (ce([1, 0, 0], 0) + ce([3, 0, 1], 0)) / 2
    second, third = ce([0, 2, 0], 1), math.log(3)
    grown = [math.exp(0.5 * v) for v in (first, 0, second, 0, third)]
    q = [v / sum(grown) for v in grown]
    wanted = q[0] * first + q[2] * second + q[4] * third
    assert number(found["weighted_strata"]) == pytest.approx(wanted, rel=1e-12)
    assert shares(method) == pytest.approx([q[0], q[1], q[2], 0, q[3], q[4]], rel=1e-12)


def test_the_gradient_weighs_each_stratum_with_the_updated_share() -> None:
    method, logits = made(eta=0.5), LOGITS.clone().requires_grad_()
    loss = method.loss(batch_of(logits, [0, 1, 2, 0], [0, 0, 1, 0]), step_at())
    (found,) = torch.autograd.grad(loss["weighted_strata"], logits)
    q = shares(method)
    plain = LOGITS.softmax(1) - torch.eye(3)[[0, 1, 2, 0]]
    weights = torch.tensor([q[0] / 2, q[2], q[5], q[0] / 2])
    torch.testing.assert_close(found, weights[:, None] * plain)


def test_weights_stay_in_the_simplex_and_positive() -> None:
    method = made(eta=1.0)
    logits = torch.tensor([[-60.0, 0, 0]])
    for _ in range(100):
        method.loss(batch_of(logits, [0], [0]), step_at())
    found = method.log_shares
    assert number(found.exp().sum()) == pytest.approx(1, abs=1e-12)
    filled = torch.tensor([True, True, True, False, True, True])
    assert torch.isfinite(found[filled]).all() and number(found[3]) == -math.inf


def test_eta_zero_is_the_mean_of_the_losses_of_the_strata() -> None:
    method = made(eta=0.0)
    found = method.loss(batch_of(LOGITS[:3], [0, 0, 2], [0, 0, 1]), step_at())
    means = [(ce([1, 0, 0], 0) + ce([0, 2, 0], 0)) / 2, math.log(3), 0, 0, 0]
    assert number(found["weighted_strata"]) == pytest.approx(sum(means) / 5, rel=1e-12)


def test_absent_strata_keep_their_relative_weights() -> None:
    method = made(eta=0.7)
    method.loss(batch_of(LOGITS[:1], [2], [0]), step_at())
    before = shares(method)
    method.loss(batch_of(LOGITS[:2], [0, 0], [0, 1]), step_at())
    after = shares(method)
    assert after[4] / after[2] == pytest.approx(before[4] / before[2], rel=1e-12)
    assert after[5] / after[2] == pytest.approx(before[5] / before[2], rel=1e-12)
    assert after[0] / after[2] > before[0] / before[2]


@pytest.mark.parametrize("worse", [0, 1])
def test_the_weight_grows_relative_to_another_where_the_loss_is_higher(worse: int) -> None:
    method = made(eta=0.1)
    logits = torch.zeros(2, 3)
    logits[worse, 0] = -1
    method.loss(batch_of(logits, [0, 0], [0, 1]), step_at())
    assert shares(method)[worse] > shares(method)[1 - worse]


def test_the_margin_favours_small_strata_and_is_not_in_the_loss() -> None:
    method = made(eta=1.0, margin=2.0, strata="group")
    found = method.loss(batch_of(torch.zeros(2, 3), [0, 0], [0, 1]), step_at())
    small = math.exp(2 / math.sqrt(7) - 2 / math.sqrt(13))
    assert shares(method)[1] / shares(method)[0] == pytest.approx(small, rel=1e-12)
    assert number(found["weighted_strata"]) == pytest.approx(math.log(3), rel=1e-12)


@pytest.mark.parametrize("unknown", [[-1, -1, 1], [-1, -1, -1]])
def test_unknown_groups_take_no_part(unknown: list[int]) -> None:
    method, logits = made(eta=0.0, strata="group"), LOGITS[:3].clone().requires_grad_()
    loss = method.loss(batch_of(logits, [0, 1, 2], unknown), step_at())["weighted_strata"]
    (gradient,) = torch.autograd.grad(loss, logits)
    known = torch.tensor(unknown) >= 0
    assert (gradient[~known] == 0).all() and (gradient[known] != 0).all(dim=1).all()
    wanted = math.log(3) / 2 if known.any() else 0.0
    assert number(loss) == pytest.approx(wanted)


def test_one_stratum_is_cross_entropy() -> None:
    task = make_task(GroupDRO.card, sizes=(1,))
    method, plain = build(GroupDRO, task=task, strata="group"), build(CrossEntropy)
    train(method, 3)
    train(plain, 3, batches=[make_batch(task, seed=seed) for seed in range(4)])
    for name, value in states(plain).items():
        torch.testing.assert_close(states(method)[name], value, rtol=1e-9, atol=1e-12)


def test_balanced_rows_draw_known_strata_equally_often() -> None:
    counts = ((90, 5), (45, 20))
    method = build(GroupDRO, task=make_task(GroupDRO.card, 2, counts=counts))
    training = declared(make_training(method.task), method.card)
    training.groups[(training.labels == 1) & (training.groups == 1)] = -1
    rows = torch.cat(
        [method.balanced_rows(training, 0, torch.Generator().manual_seed(s)) for s in range(20)]
    )
    drawn = training.take(rows)
    assert (drawn.groups >= 0).all()
    sizes = torch.bincount(drawn.labels * 2 + drawn.groups, minlength=4)[:3]
    # 3200 draws over three strata: 1067 each, standard deviation 27
    assert sizes.sum() == 3200 and (sizes - 1067).abs().max() < 4 * 27


def test_balanced_sampling_can_be_switched_off() -> None:
    assert made().stages()[0].sampling is not None
    assert made(balanced_sampling=False).stages()[0].sampling is None


def test_weight_decay_is_that_of_the_setting() -> None:
    assert build(GroupDRO, weight_decay=0.1).parameter_sets()[0].weight_decay == 0.1
    assert build(GroupDRO).parameter_sets()[0].weight_decay is None


def test_training_without_any_known_group_is_refused() -> None:
    with pytest.raises(MethodError, match="no training sample of known group"):
        made(counts=((0, 0), (0, 0)))
