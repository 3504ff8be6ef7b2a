"""Logit adjustment: uniform prior, counts in place of shares, post-hoc variant."""

import pytest
import torch
import torch.nn.functional as F

from datasets.spec import Batch
from methods.base import Method
from methods.logit_adjust import LogitAdjust
from tests.methods.tiny import build, make_task, number, on_logits, step_at

COUNTS = ((30, 10), (5, 3), (2, 0))
LOGITS = 3 * torch.randn(8, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABELS = torch.arange(8) % 3
BATCH = Batch(images=LOGITS, labels=LABELS)


def made(counts: tuple[tuple[int, ...], ...] | None = None, **settings: object) -> Method:
    method = build(LogitAdjust, task=make_task(LogitAdjust.card, counts=counts), **settings)
    stub = on_logits(LogitAdjust)
    method.trunk, method.head = stub.trunk, stub.head
    return method.eval()


def test_a_uniform_prior_is_cross_entropy() -> None:
    found = number(made().loss(BATCH, step_at())["balanced_ce"])
    assert found == pytest.approx(number(F.cross_entropy(LOGITS, LABELS)), abs=1e-12)


def test_logarithms_of_counts_and_of_shares_give_the_same_loss() -> None:
    counts = torch.tensor([40.0, 8.0, 2.0])
    wanted = number(F.cross_entropy(LOGITS + counts.log(), LABELS))
    found = number(made(COUNTS, floor=1e-15).loss(BATCH, step_at())["balanced_ce"])
    assert found == pytest.approx(wanted, abs=1e-12)


def test_the_prediction_reads_the_logits_as_they_are() -> None:
    torch.testing.assert_close(made(COUNTS).predict(BATCH), torch.log_softmax(LOGITS, dim=1))


def test_the_post_hoc_variant_trains_plainly_and_divides_by_the_prior() -> None:
    method = made(COUNTS, mode="post_hoc", tau=0.5)
    loss = method.loss(BATCH, step_at())["ce"]
    assert torch.equal(loss, F.cross_entropy(LOGITS, LABELS, reduction="none").mean())
    prior = torch.tensor([41.0, 9.0, 3.0]) / 53
    wanted = torch.softmax(LOGITS, dim=1) / prior**0.5
    found = method.predict(BATCH).exp()
    torch.testing.assert_close(found, wanted / wanted.sum(dim=1, keepdim=True))


def test_without_strength_both_modes_are_cross_entropy() -> None:
    plain = torch.log_softmax(LOGITS, dim=1)
    for mode, term in (("loss", "balanced_ce"), ("post_hoc", "ce")):
        method = made(COUNTS, mode=mode, tau=0.0)
        loss = method.loss(BATCH, step_at())[term]
        assert torch.equal(loss, F.cross_entropy(LOGITS, LABELS, reduction="none").mean())
        assert torch.equal(method.predict(BATCH), plain)


def test_the_loss_leaves_the_logits_alone() -> None:
    """The reference adds the prior in place, so that what is logged is shifted."""
    kept = LOGITS.clone()
    made(COUNTS).loss(BATCH, step_at())
    assert torch.equal(LOGITS, kept)
