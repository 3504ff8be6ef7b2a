"""Just train twice."""

import pytest
import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import Method
from methods.ce import CrossEntropy
from methods.jtt import JustTrainTwice
from tests.methods.tiny import (
    Pixels,
    build,
    declared,
    make_batch,
    make_training,
    number,
    same,
    states,
    step_at,
    train,
)


def training_of(method: Method) -> Batch:
    return declared(make_training(method.task), method.card)


def with_errors(method: Method, positions: list[int]) -> None:
    """What stage 1 leaves where exactly these positions are wrong."""
    training = training_of(method)
    size = len(training.labels)
    wrong = torch.isin(torch.arange(size), torch.tensor(positions, dtype=torch.int64))
    answers = (training.labels + wrong.to(torch.int64)) % 3
    logits = torch.eye(3)[answers]
    part = Batch(features=logits, labels=training.labels, index=training.index)
    method.stages()[1].fit(part, part)


def rows(method: Method, epoch: int = 0) -> Tensor:
    sampling = method.stages()[-1].sampling
    return sampling(training_of(method), epoch, torch.Generator().manual_seed(epoch))


def test_both_networks_start_alike_and_as_cross_entropy_does() -> None:
    method, plain = build(JustTrainTwice), build(CrossEntropy)
    assert same(states(plain), states(method))
    first = [value for name, value in states(method).items() if name.startswith("identifier.")]
    assert len(first) == len(states(plain))
    for a, b in zip(first, states(plain).values(), strict=True):
        assert torch.equal(a, b)


def test_the_first_stage_is_cross_entropy_on_a_network_of_its_own() -> None:
    method, plain = build(JustTrainTwice), build(CrossEntropy)
    batches = [make_batch(method.task, seed=seed) for seed in range(3)]
    identify, find, second = method.stages()
    assert (identify.share, identify.predicts, find.predicts, second.predicts) == (
        0.5, False, False, True,
    )  # fmt: skip
    assert identify.sampling is None and set(identify.frozen) == {method.trunk, method.head}
    optimisers = [torch.optim.SGD(m.parameters(), lr=0.1) for m in (method.identifier, plain)]
    for batch in batches:
        terms = (
            identify.updates[0].terms(batch, step_at())["identifier_ce"],
            plain.loss(batch, step_at())["ce"],
        )
        for term, optimiser in zip(terms, optimisers, strict=True):
            optimiser.zero_grad()
            term.backward()
            optimiser.step()
        assert torch.equal(*terms)


@pytest.mark.parametrize("positions", [[], [0, 7, 29], list(range(30))])
@pytest.mark.parametrize("upweight", [1, 2, 50])
def test_an_epoch_has_every_sample_once_and_those_of_e_upweight_times(
    positions: list[int], upweight: int
) -> None:
    method = build(JustTrainTwice, upweight=upweight)
    with_errors(method, positions)
    counts = torch.bincount(rows(method), minlength=30)
    assert counts.sum() == 30 + (upweight - 1) * len(positions)
    wanted = [upweight if i in positions else 1 for i in range(30)]
    assert counts.tolist() == wanted


def test_rows_are_found_by_the_index_of_a_sample() -> None:
    method = build(JustTrainTwice, upweight=3)
    with_errors(method, [4])
    training = training_of(method)
    turned = training.take(torch.arange(29, -1, -1))
    sampling = method.stages()[-1].sampling
    counts = torch.bincount(sampling(turned, 0, torch.Generator()))
    assert counts.argmax() == 25 and counts[25] == 3


def test_epochs_differ_and_repeat_under_their_generator() -> None:
    method = build(JustTrainTwice)
    with_errors(method, [1, 2])
    assert torch.equal(rows(method, 3), rows(method, 3))
    assert not torch.equal(rows(method, 3), rows(method, 4))


@pytest.mark.parametrize("case", [{"upweight": 1}, {}], ids=["upweight 1", "E empty"])
def test_without_repetition_the_second_stage_is_cross_entropy(case: dict[str, int]) -> None:
    method, plain = build(JustTrainTwice, **case), build(CrossEntropy)
    with_errors(method, [2, 3] if case else [])
    # the same draw as the harness makes without a sampling of the method's own
    generator = torch.Generator().manual_seed(5)
    sampling = method.stages()[-1].sampling
    found = sampling(training_of(method), 0, torch.Generator().manual_seed(5))
    assert torch.equal(found, torch.randperm(30, generator=generator))
    batches = [make_batch(method.task, seed=seed) for seed in range(3)]
    train(method, 3, batches=batches)
    train(plain, 3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))


def test_errors_are_those_of_the_first_network_in_evaluation_mode() -> None:
    method = build(JustTrainTwice)
    find = method.stages()[1]
    batch = declared(make_batch(method.task, 30), method.card)
    method.eval()
    logits = find.on_features(batch.images)
    part = Batch(features=logits, labels=batch.labels, index=batch.index)
    # a validation part of which every sample is right
    other = Batch(features=torch.eye(3)[batch.labels], labels=batch.labels, index=batch.index)
    find.fit(part, other)
    expected = [number(r.argmax()) != y for r, y in zip(logits, batch.labels.tolist(), strict=True)]
    assert method.errors.tolist() == expected and 0 < sum(expected) < 30


def test_reweighting_counts_what_the_first_network_misses_in_the_batch() -> None:
    method = build(JustTrainTwice, mode="reweight", upweight=4)
    method.trunk, method.head = Pixels(3), nn.Identity()
    method.identifier = nn.Sequential(Pixels(3), nn.Identity())
    logits = torch.tensor([[2.0, 0, 0], [2, 0, 0], [0, 0, 1]], requires_grad=True)
    batch = Batch(images=logits, labels=torch.tensor([0, 1, 2]))
    found = method.loss(batch, step_at())["weighted_ce"]
    losses = [-number(row.log_softmax(0)[y]) for row, y in zip(logits, range(3), strict=True)]
    assert number(found) == pytest.approx((losses[0] + 4 * losses[1] + losses[2]) / 3, rel=1e-12)
    assert [stage.name for stage in method.stages()] == ["identify", "train"]
    assert method.stages()[-1].frozen == (method.identifier,)
    assert method.stages()[-1].sampling is None


def test_reweighting_by_one_is_cross_entropy_bit_for_bit() -> None:
    method, plain = build(JustTrainTwice, mode="reweight", upweight=1), build(CrossEntropy)
    batches = [make_batch(method.task, seed=seed) for seed in range(3)]
    train(method, 3, batches=batches)
    train(plain, 3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))


def test_the_first_network_stands_still_in_the_second_stage() -> None:
    method = build(JustTrainTwice, mode="reweight")
    own = {id(p) for s in method.stages()[-1].updates[0].parameters for p in s.parameters}
    assert not own & {id(p) for p in method.identifier.parameters()}


def test_the_card_follows_mode_and_share() -> None:
    def card(**settings: object) -> tuple[set[str], float]:
        found = build(JustTrainTwice, **settings).card
        return set(found.needs), found.cost

    assert card() == ({"sample_index"}, JustTrainTwice.card.cost)
    assert card(identify_share=0.1)[1] == pytest.approx(1.25)
    assert card(mode="reweight") == (set(), pytest.approx(1.85))
