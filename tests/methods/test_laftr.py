"""LAFTR; A_z = A_x = 0 is in test_neutral_coefficient."""

from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.ce import CrossEntropy
from methods.laftr import LAFTR
from tests.methods.tiny import (
    build,
    declared,
    make_batch,
    make_task,
    number,
    same,
    states,
    step_at,
    total_of,
    train,
)


def made(sizes: tuple[int, ...] = (2,), **settings: Any) -> Method:
    return build(LAFTR, task=make_task(LAFTR.card, sizes=sizes), **{"hidden": 8} | settings)


def batch_of(method: Method, size: int = 8, **changes: Tensor) -> Batch:
    return declared(make_batch(method.task, size, **changes), method.card)


class Answers(torch.nn.Module):
    """An adversary whose answer is the logits that a test gives it."""

    grouping = "intersection"

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, inputs: Tensor) -> list[Tensor]:
        return [self.logits]


def error_of(logits: Tensor, groups: list[int], labels: list[int], **settings: Any) -> float:
    sizes = (logits.shape[1],)
    method = made(sizes, **settings)
    method.adversary = Answers(logits)
    fields = {
        "labels": torch.tensor(labels),
        "groups": torch.tensor(groups),
        "attributes": torch.tensor(groups)[:, None],
    }
    return number(method.error(torch.zeros(len(groups), 8), Batch(**fields)))


def right(groups: list[int], size: int, certainty: float = 60.0) -> Tensor:
    return certainty * torch.eye(size)[torch.tensor(groups).clamp(min=0)]


GROUPS = [0, 0, 0, 0, 0, 1, 1, 2, 2]
LABELS = [0] * 9


def test_a_perfect_adversary_makes_no_error() -> None:
    assert error_of(right(GROUPS, 3), GROUPS, LABELS) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("row", [[0.0, 0.0, 0.0], [4.0, -1.0, 0.5]])
def test_an_adversary_that_always_answers_the_same_errs_as_by_chance(row: list[float]) -> None:
    logits = torch.tensor([row] * 9)
    assert error_of(logits, GROUPS, LABELS) == pytest.approx(1 - 1 / 3, rel=1e-12)


def test_the_error_is_the_mean_over_groups_by_hand() -> None:
    # probabilities of the true group: 0.5, 0.8 | 0.9, 0.7, 0.2
    p = torch.tensor([0.5, 0.8, 0.9, 0.7, 0.2])
    groups = [0, 0, 1, 1, 1]
    own = p.log()
    rows = [[own[i], (1 - p[i]).log()][:: 1 if s == 0 else -1] for i, s in enumerate(groups)]
    wanted = ((0.5 + 0.2) / 2 + (0.1 + 0.3 + 0.8) / 3) / 2
    assert error_of(torch.tensor(rows), groups, [0] * 5) == pytest.approx(wanted, rel=1e-12)


def test_two_groups_give_the_absolute_difference_of_the_original() -> None:
    scores = torch.tensor([0.3, -1.2, 2.0, 0.1])
    groups = torch.tensor([0, 1, 1, 0])
    original = (torch.sigmoid(scores) - groups).abs()
    wanted = (original[groups == 0].mean() + original[groups == 1].mean()) / 2
    logits = torch.stack([torch.zeros(4), scores], dim=1)
    assert error_of(logits, groups.tolist(), [0] * 4) == pytest.approx(number(wanted), rel=1e-12)


@pytest.mark.parametrize("target", ["dp", "eodds"])
def test_duplicating_a_group_changes_nothing(target: str) -> None:
    method = made(target=target)
    groups = torch.tensor([0, 0, 0, 1, 1, 1, 0, 1])[:, None]
    labels = torch.tensor([0, 0, 1, 0, 0, 1, 1, 1])
    batch = batch_of(method, attributes=groups, labels=labels)
    features = torch.randn(8, 8, generator=torch.Generator().manual_seed(0))
    twice = torch.cat([torch.arange(8), torch.nonzero(groups[:, 0] == 1)[:, 0]])
    found = method.error(features[twice], batch.take(twice))
    assert number(found) == pytest.approx(number(method.error(features, batch)), rel=1e-12)


def test_equalised_odds_is_the_mean_over_strata() -> None:
    logits = torch.randn(8, 2, generator=torch.Generator().manual_seed(3))
    groups, labels = [0, 1, 0, 1, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1]
    missed = [1 - number(logits[i].softmax(0)[s]) for i, s in enumerate(groups)]
    strata: dict[tuple[int, int], list[float]] = {}
    for value, stratum in zip(missed, zip(labels, groups, strict=True), strict=True):
        strata.setdefault(stratum, []).append(value)
    means = {key: sum(values) / len(values) for key, values in strata.items()}
    found = error_of(logits, groups, labels, target="eodds", min_count=1)
    assert found == pytest.approx(sum(means.values()) / 4, rel=1e-12)
    # with two samples asked for, class 1 has only one group and is left out
    wanted = (means[0, 0] + means[0, 1]) / 2
    assert error_of(logits, groups, labels, target="eodds") == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("groups", [[0, 0, 0, 1], [-1, -1, -1, -1], [1, 1, 1, 1]])
def test_fewer_than_two_groups_give_zero_with_a_gradient(groups: list[int]) -> None:
    logits = torch.randn(4, 2, requires_grad=True)
    method = made()
    method.adversary = Answers(logits)
    codes = torch.tensor(groups)
    batch = Batch(labels=torch.zeros(4), groups=codes, attributes=codes[:, None])
    error = method.error(torch.zeros(4, 8), batch)
    (gradient,) = torch.autograd.grad(error, logits)
    assert number(error) == 0 and (gradient == 0).all()


def test_unknown_samples_take_no_part() -> None:
    logits = torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    known = error_of(logits[:4], [0, 0, 1, 1], [0] * 4)
    assert error_of(logits, [0, 0, 1, 1, -1, -1], [0] * 6) == pytest.approx(known, rel=1e-12)


def test_attributes_are_averaged() -> None:
    method = made((2, 3), groups="per_attribute", min_count=1)
    batch = batch_of(method)
    features = method.features(batch.images)
    errors = []
    for position, classifier in enumerate(method.adversary.classifiers):
        codes = batch.attributes[:, position]
        missed = 1 - classifier(features).softmax(1)[torch.arange(8), codes]
        errors.append(torch.stack([missed[codes == s].mean() for s in codes.unique()]).mean())
    found = number(method.error(features, batch))
    assert found == pytest.approx(number(torch.stack(errors).mean()), rel=1e-12)


def test_the_trunk_climbs_what_the_adversary_descends() -> None:
    method = made(a_z=0.3)
    adversary, trunk = method.stages()[0].updates
    batch = batch_of(method)
    own, terms = adversary.terms(batch, step_at()), trunk.terms(batch, step_at())
    assert number(terms["confusion"]) == pytest.approx(-0.3 * number(own["adversary"]), rel=1e-12)
    reached = torch.autograd.grad(total_of(own), list(method.trunk.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in reached)
    sides = [{id(p) for s in u.parameters for p in s.parameters} for u in (adversary, trunk)]
    assert not sides[0] & sides[1]


def test_the_decoder_is_there_only_with_a_weight_and_reads_the_group() -> None:
    assert not hasattr(made(), "decoder")
    method = made((2, 3), a_x=0.5, a_z=0.0)
    assert len(method.stages()[0].updates) == 1
    groups = torch.tensor([[0, 1], [-1, 2], [1, 0], [1, 2]])
    batch = batch_of(method, 4, attributes=groups)
    features = method.features(batch.images)
    codes = torch.zeros(4, 6)
    codes[0, 1] = codes[2, 3] = codes[3, 5] = 1
    images = method.decoder(torch.cat([features, codes], dim=1))
    wanted = 0.5 * ((images - batch.images) ** 2).mean()
    found = method.loss(batch, step_at())["reconstruction"]
    assert number(found) == pytest.approx(number(wanted), rel=1e-9)


@pytest.mark.parametrize("settings", [{}, {"a_x": 0.5, "target": "eodds"}])
def test_all_parts_train(settings: dict[str, Any]) -> None:
    method = made(**settings)
    before = states(method)
    train(method, 3)
    for part in ("trunk.", "head.", "adversary.", *(["decoder."] if settings else [])):
        assert not same(before, states(method), only=(part,))


def test_the_weight_of_the_cross_entropy() -> None:
    batch = batch_of(made())
    once, twice = (number(made(a_y=a).loss(batch, step_at())["ce"]) for a in (1.0, 2.0))
    assert twice == pytest.approx(2 * once, rel=1e-12)


def test_unknown_groups_throughout_and_one_group_are_cross_entropy() -> None:
    for sizes, changes in (((2,), {"attributes": torch.full((8, 1), -1)}), ((1,), {})):
        method = made(sizes)
        plain = build(CrossEntropy, task=make_task(CrossEntropy.card, sizes=sizes))
        batches = [make_batch(method.task, seed=seed, **changes) for seed in range(3)]
        train(method, 3, batches=batches)
        train(plain, 3, batches=batches)
        assert same(states(plain), states(method), only=("trunk.", "head."))
