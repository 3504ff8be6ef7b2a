"""Fair mixup: pairs, slopes, sampler."""

import itertools

import pytest
import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import Method
from methods.fair_mixup import FairMixup, Pairs, chosen_pair, matched, mean_slopes
from tests.methods.comparing import grouped, losses_of, points, within_classes
from tests.methods.test_neutral_coefficient import assert_equals_ce
from tests.methods.tiny import (
    build,
    declared,
    make_batch,
    make_task,
    make_training,
    number,
    on_logits,
    states,
    step_at,
)

CODES = [0, 1, 0, 1, 1, 0, 0, 0]


def pair_up(first: Tensor, second: Tensor) -> tuple[Tensor, Pairs]:
    """Points and pairs in which row i of one side meets row i of the other."""
    count = len(first)
    rows = torch.arange(count)
    return torch.cat([first, second]), Pairs(rows, rows + count, torch.ones(1, count))


def random_keys(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, generator=torch.Generator().manual_seed(seed))


def network(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3), nn.Softmax(dim=1))


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0])
def test_for_linear_predictions_the_slope_is_the_difference_of_the_means(gamma: float) -> None:
    first, second = points(5, 4, 1), points(5, 4, 2)
    weight = points(4, 3, 3)
    found = mean_slopes(lambda z: z @ weight, *pair_up(first, second), torch.tensor(gamma))
    wanted = (first @ weight).mean(dim=0) - (second @ weight).mean(dim=0)
    torch.testing.assert_close(found[0], wanted, rtol=1e-12, atol=1e-14)


def test_equal_samples_on_both_sides_give_zero() -> None:
    rows = points(5, 4)
    found = mean_slopes(network(), *pair_up(rows, rows), torch.tensor(0.4))
    assert not found.any()


def test_over_gamma_the_mean_slope_is_the_difference_of_the_means() -> None:
    first, second, net = points(5, 4, 1), points(5, 4, 2), network()
    wanted = net(first).mean(dim=0) - net(second).mean(dim=0)
    gammas = random_keys(300)
    slopes = [mean_slopes(net, *pair_up(first, second), gamma)[0] for gamma in gammas]
    found = torch.stack(slopes)
    error = found.std(dim=0) / len(gammas) ** 0.5
    assert (wanted.abs() > 0.01).all()
    assert ((found.mean(dim=0) - wanted).abs() < 4 * error).all()


def test_slopes_are_the_vector_jacobian_products_of_the_authors() -> None:
    """|mean over pairs of <grad_x q_k(x_gamma), x_b - x_a>|, class by class."""
    first, second, net = points(5, 4, 1), points(5, 4, 2), network()
    gamma = torch.tensor(0.3)
    mixed = (gamma * first + (1 - gamma) * second).requires_grad_()
    wanted = []
    for k in range(3):
        (gradient,) = torch.autograd.grad(net(mixed)[:, k].sum(), mixed, retain_graph=True)
        wanted.append((gradient * (second - first)).sum(dim=1).mean())
    found = mean_slopes(net, *pair_up(first, second), gamma)[0]
    torch.testing.assert_close(found, -torch.stack(wanted), rtol=1e-10, atol=1e-14)


def test_gradients_of_the_slopes_are_those_of_finite_differences() -> None:
    joined, pairs = pair_up(points(3, 4, 1), points(3, 4, 2))
    net, gamma = network(), torch.tensor(0.3)
    assert torch.autograd.gradcheck(
        lambda z: mean_slopes(net, z, pairs, gamma), joined.requires_grad_()
    )
    slopes = mean_slopes(net, joined, pairs, gamma).abs().sum()
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(slopes, list(net.parameters())[:3]))


def test_pairs_join_the_two_groups_and_use_no_sample_twice() -> None:
    for seed in range(20):
        pairs = matched(grouped(CODES), torch.tensor([0, 1]), random_keys(8, seed))
        kept = pairs.weights[0] > 0
        first, second = pairs.first[kept].tolist(), pairs.second[kept].tolist()
        assert [CODES[i] for i in first] == [0] * 3 and [CODES[j] for j in second] == [1] * 3
        assert len(set(first)) == len(set(second)) == 3
        assert torch.equal(pairs.first[~kept], pairs.second[~kept])


@pytest.mark.parametrize("per_class", [False, True])
def test_slopes_move_with_the_samples_and_their_draws(per_class: bool) -> None:
    labels, rows, keys = [0, 1, 0, 0, 1, 0, 1, 1], points(8, 4), random_keys(8)
    pair, gamma, net = torch.tensor([0, 1]), torch.tensor(0.3), network()

    def slopes(order: Tensor) -> Tensor:
        codes, classes = ([values[i] for i in order.tolist()] for values in (CODES, labels))
        groups = within_classes(codes, classes) if per_class else grouped(codes)
        return mean_slopes(net, rows[order], matched(groups, pair, keys[order]), gamma)

    before = slopes(torch.arange(8))
    assert (before.abs().amax(dim=1) > 1e-3).all()
    for seed in range(5):
        order = torch.randperm(8, generator=torch.Generator().manual_seed(seed))
        torch.testing.assert_close(slopes(order), before, rtol=1e-10, atol=1e-14)


def test_every_pair_of_samples_is_drawn_equally_often() -> None:
    counts = torch.zeros(8, 8)
    for seed in range(600):
        pairs = matched(grouped(CODES), torch.tensor([0, 1]), random_keys(8, seed))
        for i, j, weight in zip(pairs.first, pairs.second, pairs.weights[0], strict=True):
            counts[i, j] += weight
    # 3 pairs of 5 times 3: each is drawn in a fifth of the steps, here 120 +- 5 standard errors.
    possible = torch.tensor([[a == 0 and b == 1 for b in CODES] for a in CODES])
    assert not counts[~possible].any()
    assert ((counts[possible] - 120).abs() < 50).all()


def test_pairs_of_equalised_odds_stay_within_a_class() -> None:
    labels = [0, 0, 0, 0, 1, 1, 1, 2]
    groups = within_classes([0, 0, 1, 1, 0, 0, 1, 1], labels)
    pairs = matched(groups, torch.tensor([0, 1]), random_keys(8))
    assert pairs.weights.sum(dim=1).tolist() == [2, 1, 0]
    for i, j, weights in zip(pairs.first, pairs.second, pairs.weights.T, strict=True):
        if weights.any():
            assert labels[i] == labels[j] == int(weights.argmax())


def test_groups_are_drawn_from_those_in_the_batch_and_equally_often() -> None:
    compared = grouped([0, 1, 3, 0, 1, 3], 4).compared
    drawn = [tuple(chosen_pair(compared, random_keys(6, seed)).tolist()) for seed in range(300)]
    assert set(drawn) == {(0, 1), (0, 3), (1, 3)}
    assert all(65 < drawn.count(pair) < 135 for pair in set(drawn))
    within = within_classes([0, 1, 0, 2], [0, 0, 1, 1]).compared
    drawn = [tuple(chosen_pair(within, random_keys(3, seed)).tolist()) for seed in range(40)]
    assert set(drawn) == {(0, 1), (0, 2)}  # 1 and 2 meet in no class


@pytest.mark.parametrize("groups", [[0] * 8, [-1] * 8, [0] * 7 + [1]], ids=str)
@pytest.mark.parametrize("target", ["dp", "eodds"])
def test_without_a_second_group_it_is_zero_and_the_gradient_finite(
    groups: list[int], target: str
) -> None:
    labels = [0, 1, 2, 0, 1, 2, 0, 1]
    logits = points(8, 3).requires_grad_()
    value = losses_of(FairMixup, logits, labels, groups, target=target)["slope"]
    (gradient,) = torch.autograd.grad(value, logits)
    assert number(value) == 0 and not gradient.any()


def test_a_single_group_gives_zero() -> None:
    task = make_task(FairMixup.card, sizes=(1,))
    method = build(FairMixup, task=task)
    terms = method.loss(make_batch(task), step_at())
    assert number(terms["slope"]) == 0


def test_the_term_is_half_the_sum_over_classes_times_the_strength() -> None:
    # Two samples, one of each group; p of the only pair moves along the difference of the logits.
    logits = points(2, 3)
    found = losses_of(FairMixup, logits, [0, 1], [0, 1], strength=3.0, min_count=1)["slope"]
    generator = step_at().generator
    torch.rand(1, generator=generator), torch.rand(2, generator=generator)
    gamma = torch.rand(1, generator=generator)
    p = (gamma * logits[0] + (1 - gamma) * logits[1]).softmax(0)
    along = logits[0] - logits[1]
    slopes = p * (along - (p * along).sum())
    assert number(found) == pytest.approx(3 / 2 * number(slopes.abs().sum()), rel=1e-10)


def test_strength_zero_keeps_the_sampler_and_is_cross_entropy_on_its_batches() -> None:
    method = build(FairMixup, strength=0.0)
    assert method.stages()[0].sampling is not None
    assert list(method.loss(make_batch(method.task), step_at())) == ["ce"]
    assert_equals_ce(build(FairMixup, strength=0.0))


def shares_of(method: Method, unknown: int) -> dict[int, float]:
    """How often each group is drawn where the first rows are of unknown group."""
    training = make_training(method.task)
    attributes = training.attributes.clone()
    attributes[:unknown] = -1
    fields = vars(training) | {
        "attributes": attributes,
        "groups": torch.where(attributes[:, 0] < 0, -1, training.groups),
    }
    sampling = method.stages()[0].sampling
    given = declared(type(training)(**fields), method.card)
    drawn = [sampling(given, epoch, torch.Generator().manual_seed(epoch)) for epoch in range(100)]
    rows = fields["groups"][torch.cat(drawn)]
    return {int(code): number((rows == code).double().mean()) for code in rows.unique()}


def test_batches_hold_equal_shares_of_the_groups() -> None:
    counts = ((30, 2), (20, 3), (10, 5))
    method = build(FairMixup, task=make_task(FairMixup.card, counts=counts))
    shares = shares_of(method, 0)
    assert shares == {0: pytest.approx(0.5, abs=0.03), 1: pytest.approx(0.5, abs=0.03)}


def test_samples_of_unknown_group_are_drawn_as_often_as_they_are() -> None:
    counts = ((20, 20), (10, 10), (10, 10))
    method = build(FairMixup, task=make_task(FairMixup.card, counts=counts))
    assert shares_of(method, 16)[-1] == pytest.approx(16 / 80, abs=0.03)


def test_mixed_pictures_leave_the_running_statistics_alone() -> None:
    found = []
    for strength in (0.0, 20.0):
        method = build(FairMixup, variant="input", strength=strength)
        method.train()
        method.loss(make_batch(method.task), step_at())
        found.append(states(method))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_both_variants_reach_trunk_and_head() -> None:
    for variant, target in itertools.product(("manifold", "input"), ("dp", "eodds")):
        method = build(FairMixup, variant=variant, target=target, min_count=1)
        term = method.loss(make_batch(method.task), step_at())["slope"]
        reached = torch.autograd.grad(
            term, [*method.trunk.parameters(), method.head.weight], allow_unused=True
        )
        assert number(reached[0].abs().sum()) > 0 and number(reached[-1].abs().sum()) > 0


def test_the_input_variant_declares_its_cost() -> None:
    plain, dear = (FairMixup.Settings(variant=name) for name in ("manifold", "input"))
    assert FairMixup.card_for(plain).cost < 1.5 < FairMixup.card_for(dear).cost


def test_attributes_are_averaged_and_draw_one_after_the_other() -> None:
    labels, attributes = [0, 1, 2, 0, 1, 2], torch.tensor([[0, 1, 0, 1, 1, 0], [0, 1, 2, 2, 1, 0]])
    method = on_logits(FairMixup, 3, (2, 3), groups="per_attribute", strength=1.0)
    batch = Batch(images=points(6, 3), labels=torch.tensor(labels), attributes=attributes.T)
    generator, alone = step_at().generator, []
    for codes, size in zip(attributes.tolist(), (2, 3), strict=True):
        groups = grouped(codes, size, min_count=2)
        pair = chosen_pair(groups.compared, torch.rand(size * (size - 1) // 2, generator=generator))
        pairs = matched(groups, pair, torch.rand(6, generator=generator))
        gamma = torch.rand(1, generator=generator).squeeze()
        slopes = mean_slopes(lambda z: z.softmax(dim=1), batch.images, pairs, gamma)
        alone.append(number(slopes.abs().sum()) / 2)
    assert abs(alone[0] - alone[1]) > 0.01
    found = number(method.loss(batch, step_at())["slope"])
    assert found == pytest.approx(sum(alone) / 2, rel=1e-12)


def test_relabelled_groups_go_the_same_way_backwards() -> None:
    """Swapping the two groups gives, at 1 - gamma, minus the slope: the same term."""
    keys, gamma, pair = random_keys(8), torch.tensor(0.3), torch.tensor([0, 1])
    rows, net = points(8, 4), network()
    wanted = mean_slopes(net, rows, matched(grouped(CODES), pair, keys), gamma)
    swapped = matched(grouped([1 - code for code in CODES]), pair, keys)
    found = mean_slopes(net, rows, swapped, 1 - gamma)
    torch.testing.assert_close(found, -wanted, rtol=1e-10, atol=1e-14)


def test_inside_a_group_batches_hold_the_classes_as_the_training_part_does() -> None:
    method = build(FairMixup, task=make_task(FairMixup.card, counts=((30, 2), (20, 3), (10, 5))))
    training = declared(make_training(method.task), method.card)
    sampling = method.stages()[0].sampling
    epochs = [sampling(training, e, torch.Generator().manual_seed(e)) for e in range(300)]
    rows = torch.cat(epochs)
    for group, shares in enumerate(([1 / 2, 1 / 3, 1 / 6], [0.2, 0.3, 0.5])):
        labels = training.labels[rows][training.groups[rows] == group]
        found = torch.bincount(labels, minlength=3) / len(labels)
        torch.testing.assert_close(found, torch.tensor(shares), rtol=0, atol=0.02)
