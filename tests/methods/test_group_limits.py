"""Relabelled groups, groups all unknown, and one group (methods.md 12.2 to 12.4), for methods whose
own files do not ask it.
"""

from typing import Any

import pytest
import torch

from datasets.spec import Batch
from methods.base import Method
from tests.methods.test_neutral_coefficient import PRECISIONS, assert_equals_ce
from tests.methods.tiny import (
    build,
    make_batch,
    make_task,
    make_training,
    registered,
    same,
    states,
    train,
)

METHODS = registered()
#: penalties of section 6, with a strength at which they would be seen
PENALTIES: list[tuple[str, dict[str, Any]]] = [
    ("mmd", {}),
    ("coral", {}),
    ("hsic", {}),
    ("diff_dp", {}),
    ("diff_eopp", {"min_count": 1}),
    ("diff_eodd", {"min_count": 1}),
    ("prejudice_remover", {}),
    ("irm", {"average": "samples", "strength": 10.0, "switch": 0.0}),
]
#: K x G; group s is called ORDER[s] in the relabelled data
COUNTS = ((9, 2, 4), (3, 8, 5), (6, 6, 1))
ORDER = torch.tensor([2, 0, 1])


def made(key: str, counts: tuple[tuple[int, ...], ...], **settings: Any) -> Method:
    cls = METHODS[key]
    task = make_task(cls.card, len(counts), (len(counts[0]),), counts=counts)
    return build(cls, task=task, **settings)


def relabelled_counts() -> tuple[tuple[int, ...], ...]:
    names = ORDER.tolist()
    return tuple(tuple(row[names.index(s)] for s in range(3)) for row in COUNTS)


def relabelled(batch: Batch) -> Batch:
    return Batch(
        **vars(batch) | {"groups": ORDER[batch.groups], "attributes": ORDER[batch.attributes]}
    )


def follow(first: Method, second: Method) -> None:
    """The outputs of the second method's adversary are those of the first, relabelled."""
    if not hasattr(first, "adversary"):
        return
    last_first, last_second = (m.adversary.classifiers[0][-1] for m in (first, second))
    for name in ("weight", "bias"):
        getattr(last_second, name).data[ORDER] = getattr(last_first, name).data.clone()


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("laftr", {}),
        ("laftr", {"target": "eodds", "min_count": 1}),
        ("gradient_projection", {}),
        ("irm", {"strength": 1.0, "switch": 0.0}),
        ("group_reweight", {}),
        ("group_reweight", {"mode": "within_class"}),
        ("group_reweight", {"mode": "group"}),
        ("reweighing", {}),
    ],
)
def test_relabelling_the_groups_changes_no_prediction(key: str, settings: dict[str, Any]) -> None:
    first, second = (made(key, counts, **settings) for counts in (COUNTS, relabelled_counts()))
    plain = made("ce", COUNTS)
    follow(first, second)
    batches = [make_batch(first.task, 12, seed=seed) for seed in range(3)]
    train(first, 3, batches=batches)
    train(second, 3, batches=[relabelled(batch) for batch in batches])
    train(plain, 3, batches=batches)
    wanted = first.predict(batches[0])
    torch.testing.assert_close(second.predict(batches[0]), wanted, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(plain.predict(batches[0]), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("strategic_sampling", {}),
        ("strategic_sampling", {"mode": "duplicate"}),
        ("subsample", {}),
        ("subsample", {"axis": "stratum"}),
        ("fair_mixup", {}),
    ],
)
def test_relabelling_the_groups_draws_the_same_rows(key: str, settings: dict[str, Any]) -> None:
    first, second = (made(key, counts, **settings) for counts in (COUNTS, relabelled_counts()))
    training = make_training(first.task)
    wanted, found = (
        method.stages()[0].sampling(part, 0, torch.Generator().manual_seed(0))
        for method, part in ((first, training), (second, relabelled(training)))
    )
    assert torch.equal(found, wanted)
    plain = torch.arange(len(training))
    assert not torch.equal(wanted.sort().values, plain)


@PRECISIONS
@pytest.mark.parametrize(("key", "settings"), PENALTIES)
def test_penalties_with_all_groups_unknown_are_cross_entropy_bit_for_bit(
    key: str, settings: dict[str, Any], precision: torch.dtype
) -> None:
    torch.set_default_dtype(precision)
    method, plain = build(METHODS[key], **settings), build(METHODS["ce"])
    unknown = torch.full((8, 1), -1)
    batches = [make_batch(method.task, seed=seed, attributes=unknown) for seed in range(3)]
    train(method, 3, batches=batches)
    train(plain, 3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))


@PRECISIONS
@pytest.mark.parametrize(("key", "settings"), [case for case in PENALTIES if case[0] != "irm"])
def test_penalties_with_one_group_are_cross_entropy_bit_for_bit(
    key: str, settings: dict[str, Any], precision: torch.dtype
) -> None:
    torch.set_default_dtype(precision)
    task = make_task(METHODS[key].card, sizes=(1,))
    assert_equals_ce(build(METHODS[key], task=task, **settings))


@pytest.mark.parametrize(("key", "settings"), PENALTIES)
def test_penalties_with_known_groups_are_not_cross_entropy(
    key: str, settings: dict[str, Any]
) -> None:
    """Guards the two tests above."""
    with pytest.raises(AssertionError):
        assert_equals_ce(build(METHODS[key], **settings))


@pytest.mark.parametrize(
    ("key", "other"), [("group_reweight", "class_reweight"), ("reweighing", "ce")]
)
def test_weights_of_one_group_are_those_without_groups(key: str, other: str) -> None:
    counts = ((30,), (5,), (2,))
    method, plain = made(key, counts), made(other, counts)
    batches = [make_batch(method.task, seed=seed) for seed in range(3)]
    train(method, 3, batches=batches)
    train(plain, 3, batches=batches)
    found, wanted = states(method), states(plain)
    for name in (name for name in wanted if name.startswith(("trunk.", "head."))):
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-9, atol=1e-12)


def test_subsampling_one_group_draws_as_plain_training_draws() -> None:
    method = made("subsample", ((30,), (5,), (2,)))
    training = make_training(method.task)
    (stage,) = method.stages()
    found = stage.sampling(training, 0, torch.Generator().manual_seed(0))
    assert torch.equal(found, torch.randperm(37, generator=torch.Generator().manual_seed(0)))
