"""Renaming the groups, and what a method keeps for each of them, changes no prediction (12.4).

Methods with an adversary or several heads have a test of their own; see the map.
"""

from typing import Any

import pytest
import torch

from datasets.spec import Batch
from methods.base import Method
from methods.dfr import DeepFeatureReweighting
from tests.methods.tiny import (
    build,
    make_batch,
    make_task,
    make_training,
    registered,
    train,
)

#: code of each group after renaming
RENAMED = torch.tensor([2, 0, 1])
COUNTS = ((9, 3, 4), (4, 6, 2), (5, 1, 7))
CASES: list[tuple[str, dict[str, Any]]] = [
    ("fscl", {}),
    ("fscl_plus", {}),
    ("bias_contrastive", {"ce_weight": 1.0}),
    ("bias_contrastive", {"ce_weight": 1.0, "bb": True}),
    ("end", {"alpha": 1.0, "beta": 1.0}),
    ("flac", {}),
    ("group_dro", {"eta": 0.5, "margin": 1.0}),
    ("group_dro", {"eta": 0.5, "margin": 1.0, "strata": "group"}),
]
EVERY = pytest.mark.parametrize(("key", "settings"), CASES, ids=[f"{k} {len(s)}" for k, s in CASES])


def renamed_columns(table: torch.Tensor) -> torch.Tensor:
    """(..., G) values of the groups in the order of their new codes."""
    found = torch.empty_like(table)
    found[..., RENAMED] = table
    return found


def made(key: str, settings: dict[str, Any], *, renamed: bool = False) -> Method:
    cls = registered()[key]
    counts = torch.tensor(COUNTS)
    table = (renamed_columns(counts) if renamed else counts).tolist()
    task = make_task(cls.card, sizes=(3,), counts=tuple(map(tuple, table)))
    return build(cls, task=task, **settings)


def rename(method: Method, other: Method) -> None:
    """Gives `other` what `method` keeps for each group, under the new codes."""
    if method.card.key == "flac":
        for name in ("weight", "bias"):
            getattr(other.group_heads[0], name).data[RENAMED] = getattr(
                method.group_heads[0], name
            ).data
    if method.card.key == "group_dro":
        shape = method.log_shares.shape
        method.log_shares.copy_(torch.randn(shape, generator=torch.Generator().manual_seed(1)))
        other.log_shares.copy_(renamed_columns(method.log_shares.view(-1, 3)).view(shape))
        wanted = renamed_columns(method.counts.view(-1, 3)).view(shape)
        assert torch.equal(other.counts, wanted)


@EVERY
def test_renamed_groups_change_no_prediction(key: str, settings: dict[str, Any]) -> None:
    first, second = made(key, settings), made(key, settings, renamed=True)
    rename(first, second)
    batches = [make_batch(first.task, 12, seed=seed) for seed in range(3)]
    other = [
        make_batch(first.task, 12, seed=seed, attributes=RENAMED[batch.attributes])
        for seed, batch in enumerate(batches)
    ]
    train(first, 3, batches=batches)
    train(second, 3, batches=other)
    images = Batch(images=batches[0].images)
    torch.testing.assert_close(second.predict(images), first.predict(images), rtol=1e-7, atol=1e-7)


@EVERY
def test_exchanged_samples_do(key: str, settings: dict[str, Any]) -> None:
    """Guards the test above: groups given to other samples are felt."""
    first, second = made(key, settings), made(key, settings)
    batches = [make_batch(first.task, 12, seed=seed) for seed in range(3)]
    other = [
        make_batch(first.task, 12, seed=seed, attributes=batch.attributes.roll(1, 0))
        for seed, batch in enumerate(batches)
    ]
    train(first, 3, batches=batches)
    train(second, 3, batches=other)
    images = Batch(images=batches[0].images)
    difference = (second.predict(images) - first.predict(images)).abs().max()
    # what a frozen group classifier learns is the only way of the groups into `flac`
    assert float(difference.detach()) > 1e-6


def test_renamed_groups_give_the_same_head_of_deep_feature_reweighting() -> None:
    task = make_task(DeepFeatureReweighting.card, sizes=(3,), counts=COUNTS)
    heads = []
    for renamed in (False, True):
        method = build(DeepFeatureReweighting, task=task)
        assert isinstance(method, DeepFeatureReweighting)
        parts = []
        for seed in (0, 1):
            part = make_training(task, seed=seed)
            generator = torch.Generator().manual_seed(seed)
            features = torch.randn(len(part.labels), 8, generator=generator)
            groups = RENAMED[part.groups] if renamed else part.groups
            parts.append(Batch(features=features, labels=part.labels, groups=groups))
        method.refit(*parts)
        heads.append(method.head)
    for name in ("weight", "bias"):
        first, second = (getattr(head, name).detach() for head in heads)
        torch.testing.assert_close(second, first, rtol=1e-6, atol=1e-9)
    assert heads[0].weight.abs().max() > 0
