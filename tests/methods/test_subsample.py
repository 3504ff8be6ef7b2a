"""Subsampling: equal counts, balanced data, floor, unknown groups, a fresh subset every epoch."""

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.shared.weighting import stratum_table
from methods.subsample import Subsample, stratum_quotas, unknown_quotas
from tests.methods.tiny import build, make_task, make_training

#: K x G; class 1 has two of the three groups
COUNTS = ((30, 8, 2), (5, 0, 15), (20, 12, 8))


def made(counts: tuple[tuple[int, ...], ...] = COUNTS, **settings: object) -> Method:
    task = make_task(Subsample.card, 3, (3,), counts=counts)
    return build(Subsample, task=task, **settings)


def drawn(method: Method, training: Batch, seed: int = 0) -> Tensor:
    (stage,) = method.stages()
    return stage.sampling(training, 0, torch.Generator().manual_seed(seed))


def strata(training: Batch, rows: Tensor) -> list[list[int]]:
    codes = training.labels[rows] * 3 + training.groups[rows]
    return torch.bincount(codes, minlength=9).view(3, 3).tolist()


@pytest.mark.parametrize(
    ("axis", "wanted"),
    [
        ("within_class", [[2, 2, 2], [5, 0, 5], [8, 8, 8]]),
        ("stratum", [[2, 2, 2], [2, 0, 2], [2, 2, 2]]),
    ],
)
def test_counts_are_equal_along_the_axis(axis: str, wanted: list[list[int]]) -> None:
    method = made(axis=axis)
    training = make_training(method.task)
    rows = drawn(method, training)
    assert strata(training, rows) == wanted
    assert len(rows) == len(rows.unique())


@pytest.mark.parametrize("axis", ["within_class", "stratum"])
def test_balanced_data_is_drawn_as_plain_training_draws_it(axis: str) -> None:
    method = made(((5, 5, 5),) * 3, axis=axis)
    training = make_training(method.task)
    plain = torch.randperm(45, generator=torch.Generator().manual_seed(0))
    assert torch.equal(drawn(method, training), plain)


def test_the_floor_keeps_rare_strata_from_deciding() -> None:
    found = stratum_quotas(stratum_table(COUNTS), "stratum", 10)
    assert found.tolist() == [[10, 8, 2], [5, 0, 10], [10, 10, 8]]


def test_every_epoch_keeps_other_samples_with_equal_chances() -> None:
    method = made()
    training = make_training(method.task)
    times = np.zeros(len(training))
    for seed in range(400):
        rows = drawn(method, training, seed)
        times[rows.numpy()] += 1
    large = times[((training.labels == 0) & (training.groups == 0)).numpy()]
    # 2 of 30 an epoch: binomial(400, 1/15) has mean 26.7 and standard deviation 5.0
    assert large.sum() == 800 and large.min() > 6 and large.max() < 47
    small = (training.labels == 0) & (training.groups == 2)
    assert (times[small.numpy()] == 400).all()


def test_unknown_groups_are_kept_in_the_share_of_the_known_ones() -> None:
    counts = stratum_table(((30, 10), (5, 5), (0, 0)))
    quotas = stratum_quotas(counts, "within_class")
    # class 0 keeps 20 of 40, class 1 all; class 2 has nothing but unknown ones
    found = unknown_quotas(counts, quotas, torch.tensor([8.0, 3.0, 6.0]))
    assert found.tolist() == [4, 3, 6]


def test_samples_of_unknown_group_are_drawn_as_often_as_the_quota_says() -> None:
    labels = torch.tensor([0] * 40 + [1] * 10 + [2] * 6 + [0] * 8)
    groups = torch.tensor([0] * 30 + [1] * 10 + [0] * 5 + [1] * 5 + [-1] * 14)
    task = make_task(Subsample.card, counts=((30, 10), (5, 5), (0, 0)))
    task = type(task)(task.spec, task.groups, (48, 10, 6), task.pixels, task.counts)
    rows = drawn(build(Subsample, task=task), Batch(labels=labels, groups=groups))
    unknown = rows[groups[rows] < 0]
    assert torch.bincount(labels[unknown]).tolist() == [4, 0, 6]
    assert len(rows) == 20 + 10 + 10
