"""Bias-contrastive learning; switched off it is `ce`: test_neutral_coefficient."""

import math
from typing import Any

import pytest
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor

from methods.base import Method
from methods.bias_balanced import BiasBalanced
from methods.bias_contrastive import (
    BiasContrastive,
    bias_contrastive,
    differing_groups,
    group_balancing_weights,
)
from methods.shared.contrastive import similarities
from tests.methods.tiny import (
    build,
    declared,
    make_batch,
    make_task,
    make_training,
    number,
    step_at,
)

LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 0, 1, 2, 1])
ATTRIBUTES = torch.tensor(
    [[0, 0], [0, 1], [1, 1], [1, 0], [1, 0], [0, 0], [0, 0], [-1, 0], [1, 2], [0, 2]]
)


def embeddings_of(size: int = 10, seed: int = 0) -> Tensor:
    return torch.randn(size, 5, generator=torch.Generator().manual_seed(seed))


def value_of(embeddings: Tensor, attributes: Tensor, differs: str = "any") -> float:
    rows = similarities(embeddings, 0.07)
    return number(bias_contrastive(rows, LABELS, attributes, differs))


def test_with_one_group_the_term_is_zero() -> None:
    embeddings = embeddings_of().requires_grad_()
    rows = similarities(embeddings, 0.07)
    loss = bias_contrastive(rows, LABELS, torch.zeros(10, 1, dtype=torch.int64))
    assert number(loss) == 0
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_positives_never_share_the_group() -> None:
    for differs in ("any", "all"):
        pairs = differing_groups(ATTRIBUTES, differs)
        for i in range(10):
            for j in range(10):
                unequal = [a != b for a, b in zip(*ATTRIBUTES[[i, j]].tolist(), strict=True)]
                wanted = any(unequal) if differs == "any" else all(unequal)
                assert bool(pairs[i, j]) == (wanted and 7 not in (i, j))


@pytest.mark.parametrize("differs", ["any", "all"])
def test_the_value_is_that_of_the_library_with_the_same_pairs(differs: str) -> None:
    """The library takes lists of pairs: positives by hand, and all else as negatives.

    Its denominator holds an anchor's positives and negatives, so every other pair is listed. It
    leaves out anchors without positives, which count as 0 here.
    """
    embeddings = embeddings_of()
    known = [i for i in range(10) if (ATTRIBUTES[i] >= 0).all()]
    pairs = [(i, j) for i in known for j in known if i != j]
    apart = differing_groups(ATTRIBUTES, differs)
    positive = [(i, j) for i, j in pairs if LABELS[i] == LABELS[j] and apart[i, j]]
    negative = [pair for pair in pairs if pair not in positive]
    listed = [
        torch.tensor(rows) for rows in (*zip(*positive, strict=True), *zip(*negative, strict=True))
    ]
    mean = number(SupConLoss(temperature=0.07)(embeddings, LABELS, tuple(listed)))
    anchors = len({i for i, _ in positive})
    found = value_of(embeddings, ATTRIBUTES, differs)
    assert found == pytest.approx(mean * anchors / len(known), abs=1e-6)
    assert len(known) == 9 and anchors == {"any": 9, "all": 8}[differs]


def test_samples_of_unknown_group_have_no_influence() -> None:
    embeddings = embeddings_of().requires_grad_()
    loss = bias_contrastive(similarities(embeddings, 0.07), LABELS, ATTRIBUTES)
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert torch.equal(gradient[7], torch.zeros(5))
    assert all(number(row.abs().sum()) > 0 for i, row in enumerate(gradient) if i != 7)


def test_with_all_groups_unknown_the_term_is_zero() -> None:
    embeddings = embeddings_of().requires_grad_()
    unknown = torch.full_like(ATTRIBUTES, -1)
    loss = bias_contrastive(similarities(embeddings, 0.07), LABELS, unknown)
    assert number(loss) == 0
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_two_positives_by_hand() -> None:
    """Cosines at T = 1: anchor and its positive 1, a stranger 0; log(e + 1) - 1."""
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    labels, groups = torch.tensor([0, 0, 1]), torch.tensor([[0], [1], [0]])
    found = number(bias_contrastive(similarities(embeddings, 1.0), labels, groups))
    assert found == pytest.approx(2 / 3 * (math.log(math.e + 1) - 1), rel=1e-12)


def test_drawing_weights_are_the_inverse_share_of_the_group_in_the_class() -> None:
    counts = torch.tensor([[90.0, 10.0], [2.0, 38.0]])
    labels, groups = torch.tensor([0, 0, 1, 1, 0]), torch.tensor([0, 1, 0, 1, -1])
    wide = group_balancing_weights(counts, labels, groups, 1e9)
    torch.testing.assert_close(wide, torch.tensor([100 / 90, 10, 20, 40 / 38, 0]))
    clipped = group_balancing_weights(counts, labels, groups, 5.0)
    top = 5 * 40 / 38
    torch.testing.assert_close(clipped, torch.tensor([100 / 90, top, top, 40 / 38, 0]))
    unknown = group_balancing_weights(counts, labels, torch.full((5,), -1), 5.0)
    assert torch.equal(unknown, torch.ones(5))


def made(**settings: Any) -> Method:
    counts = ((30, 10), (15, 25))
    task = make_task(BiasContrastive.card, 2, counts=counts)
    return build(BiasContrastive, task=task, **settings)


def test_even_rows_are_those_of_cross_entropy_and_odd_ones_are_weighted_draws() -> None:
    method = made()
    training = make_training(method.task)
    (stage,) = method.stages()
    assert stage.sampling is not None
    assert (stage.share, stage.batch_factor) == (2, 2), "as many steps as cross entropy takes"
    rows = torch.stack(
        [stage.sampling(training, 0, torch.Generator().manual_seed(s)) for s in range(60)]
    )
    assert rows.shape == (60, 160)
    assert torch.equal(
        rows[3, 0::2], torch.randperm(80, generator=torch.Generator().manual_seed(3))
    )
    drawn = rows[:, 1::2].flatten()
    # inside a class both groups are drawn equally often: 4,800 draws, deviation about 0.01
    for label in (0, 1):
        of_class = drawn[training.labels[drawn] == label]
        share = (training.groups[of_class] == 0).double().mean()
        assert number(share) == pytest.approx(0.5, abs=0.05)


def test_odd_rows_do_not_reach_cross_entropy_nor_even_ones_the_contrastive_term() -> None:
    method = build(BiasContrastive)
    batch = declared(make_batch(method.task, 12), method.card)
    before = method.loss(batch, step_at())
    other = declared(make_batch(method.task, 12, seed=1), method.card)
    for kept, changed_rows in (("ce", slice(1, None, 2)), ("bias_contrastive", slice(0, None, 2))):
        mixed = batch.take(torch.arange(12))
        for name, value in vars(mixed).items():
            value[changed_rows] = getattr(other, name)[changed_rows]
        after = method.loss(mixed, step_at())
        assert number(after[kept]) == pytest.approx(number(before[kept]), rel=1e-12)
        (moved,) = set(before) - {kept}
        assert number(after[moved]) != pytest.approx(number(before[moved]), rel=1e-6)


def test_with_priors_its_cross_entropy_is_that_of_bias_balanced() -> None:
    counts = ((9, 3), (4, 6), (5, 1))
    method = build(
        BiasContrastive, task=make_task(BiasContrastive.card, counts=counts), bb=True, weight=0.0,
        ce_weight=1.0,
    )  # fmt: skip
    balanced = build(BiasBalanced, task=make_task(BiasBalanced.card, counts=counts))
    attributes = torch.tensor([[0], [1], [-1], [1], [0], [-1], [1], [1]])
    batch = make_batch(method.task, attributes=attributes)
    found = method.loss(declared(batch, method.card), step_at())["ce"]
    wanted = balanced.loss(declared(batch, balanced.card), step_at())["balanced_ce"]
    assert torch.equal(found, wanted)


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, {"train_groups", "two_views"}),
        ({"weight": 0.0}, set()),
        ({"weight": 0.0, "bb": True}, {"train_groups"}),
    ],
)
def test_settings_need_what_they_read(settings: dict[str, Any], needs: set[str]) -> None:
    method = build(BiasContrastive, **settings)
    assert method.card.needs == needs
    assert method.card.cost == (3 if "two_views" in needs else 1)
    method.loss(declared(make_batch(method.task), method.card), step_at())


def test_published_constants_are_the_default() -> None:
    settings: Any = BiasContrastive.Settings()
    assert (settings.ce_weight, settings.weight, settings.temperature) == (0.01, 1.0, 0.07)
    assert (settings.ratio, settings.differs, settings.bb) == (10.0, "any", False)
