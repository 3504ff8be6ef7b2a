"""Invariant risk minimisation."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from datasets.spec import Batch
from methods.irm import Irm, group_average, invariance, membership, scale_derivatives
from methods.ops import cross_entropies
from tests.methods.comparing import losses_of, points, terms_of
from tests.methods.test_neutral_coefficient import PRECISIONS, assert_equals_ce
from tests.methods.tiny import build, make_task, number, step_at

LABELS, GROUPS = [0, 1, 2, 0, 1, 2, 0, 1], [0, 1, 0, 1, 1, 0, 1, 0]


def by_autograd(logits: Tensor, labels: Tensor) -> Tensor:
    """Derivative of the mean cross entropy with respect to a factor of the logits at 1."""
    factor = torch.ones((), requires_grad=True)
    (derivative,) = torch.autograd.grad(
        F.cross_entropy(factor * logits, labels), factor, create_graph=True
    )
    return derivative


def codes(groups: list[int], size: int = 2) -> Tensor:
    return membership(torch.tensor(groups), size)


def test_zero_logits_have_derivative_zero() -> None:
    assert not scale_derivatives(torch.zeros(3, 4), torch.tensor([0, 1, 3])).any()


def test_the_derivative_is_that_of_autograd_and_of_the_closed_form() -> None:
    logits, labels = points(8, 3).requires_grad_(), torch.tensor(LABELS)
    found = scale_derivatives(logits, labels).mean()
    wanted = by_autograd(logits, labels)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)
    one_hot = F.one_hot(labels, 3)
    closed = (logits * (logits.softmax(1) - one_hot)).sum() / 8
    torch.testing.assert_close(found, closed, rtol=1e-12, atol=1e-14)
    first, second = (
        torch.autograd.grad(value, logits, retain_graph=True)[0] for value in (found, wanted)
    )
    torch.testing.assert_close(first, second, rtol=1e-12, atol=1e-14)


def test_the_penalty_multiplies_even_and_odd_samples_of_each_group() -> None:
    logits, labels = points(8, 3), torch.tensor(LABELS)
    wanted = []
    for group in (0, 1):
        rows = [i for i, s in enumerate(GROUPS) if s == group]
        even, odd = rows[::2], rows[1::2]
        wanted.append(
            by_autograd(logits[even], labels[even]) * by_autograd(logits[odd], labels[odd])
        )
    found = invariance(scale_derivatives(logits, labels), codes(GROUPS))
    torch.testing.assert_close(found, torch.stack(wanted).mean(), rtol=1e-12, atol=1e-14)


def test_by_hand_and_negative_where_the_halves_disagree() -> None:
    # Group 0: even samples 1 and 3 (mean 2), odd sample -4: -8; group 1: 0.5 times 2 is 1.
    derivatives = torch.tensor([1.0, 0.5, -4.0, 2.0, 3.0])
    assert number(invariance(derivatives, codes([0, 1, 0, 1, 0]))) == pytest.approx(-3.5)


def test_a_group_with_one_sample_is_left_out_and_no_group_gives_zero() -> None:
    derivatives = torch.tensor([1.0, 2.0, 3.0, 100.0], requires_grad=True)
    assert number(invariance(derivatives, codes([0, 0, -1, 1]))) == pytest.approx(2.0)
    for groups in ([-1] * 4, [0, 1, -1, -1]):
        value = invariance(derivatives, codes(groups))
        (gradient,) = torch.autograd.grad(value, derivatives)
        assert number(value) == 0 and not gradient.any()


def test_cross_entropy_is_the_mean_over_groups_and_unknown_samples_keep_their_weight() -> None:
    values = torch.tensor([1.0, 2.0, 3.0, 10.0])
    # Group means 2 and 10.
    assert number(group_average(values, codes([0, 0, 0, 1]))) == pytest.approx(6.0)
    # The third sample keeps 1/4; groups with means 1.5 and 10 share 3/4.
    found = number(group_average(values, codes([0, 0, -1, 1])))
    assert found == pytest.approx(3 / 4 + 3 / 4 * (1.5 + 10) / 2)
    assert number(group_average(values, codes([-1] * 4))) == pytest.approx(4.0)


def test_averages_over_groups_and_over_samples() -> None:
    logits, groups = points(8, 3), [0, 0, 0, 0, 0, 0, 1, -1]
    values = cross_entropies(logits, torch.tensor(LABELS))
    samples = losses_of(Irm, logits, LABELS, groups, average="samples")["ce"]
    assert number(samples) == pytest.approx(number(values.mean()), rel=1e-12)
    found = losses_of(Irm, logits, LABELS, groups)["ce"]
    wanted = 7 / 8 * (values[:6].mean() + values[6]) / 2 + values[7] / 8
    assert number(found) == pytest.approx(number(wanted), rel=1e-12)


def test_the_weight_is_one_before_the_switch_where_the_optimiser_restarts() -> None:
    method = build(Irm, strength=30.0, switch=0.3)
    (update,) = method.stages()[0].updates
    for total in (10, 7, 187):
        # As `Update.restart` is read by the trainer.
        restart = round(update.restart * total)
        weights = [method.weight(step_at(index, total)) for index in range(total)]
        assert weights == [1.0] * restart + [30.0] * (total - restart)


def test_the_penalty_is_weighted_and_the_cross_entropy_is_not() -> None:
    terms = {
        strength: losses_of(Irm, points(8, 3), LABELS, GROUPS, strength=strength, switch=0.0)
        for strength in (1.0, 50.0)
    }
    assert number(terms[50.0]["invariance"]) == pytest.approx(50 * number(terms[1.0]["invariance"]))
    assert torch.equal(terms[50.0]["ce"], terms[1.0]["ce"])


def test_strength_zero_drops_the_penalty_and_the_restart() -> None:
    assert list(losses_of(Irm, points(8, 3), LABELS, GROUPS, strength=0.0)) == ["ce"]
    assert build(Irm, strength=0.0).stages()[0].updates[0].restart is None


@PRECISIONS
@pytest.mark.parametrize("sizes", [(1,), (2,)])
def test_without_penalty_and_averaged_over_samples_it_is_cross_entropy(
    sizes: tuple[int, ...], precision: torch.dtype
) -> None:
    torch.set_default_dtype(precision)
    task = make_task(Irm.card, sizes=sizes)
    assert_equals_ce(build(Irm, task=task, strength=0.0, average="samples"))


def test_gradients_are_those_of_finite_differences() -> None:
    terms = terms_of(Irm, LABELS, GROUPS)
    for name in ("ce", "invariance"):
        logits = points(8, 3).requires_grad_()
        assert torch.autograd.gradcheck(lambda z, n=name: terms(z)[n], logits)


def test_attributes_are_averaged() -> None:
    method = build(
        Irm, task=make_task(Irm.card, sizes=(2, 3)), groups="per_attribute", strength=1.0
    )
    logits, labels = points(8, 3), torch.tensor(LABELS)
    values = cross_entropies(logits, labels)
    first, second = codes(GROUPS), codes([0, 1, 2, 0, 1, 2, 0, 1], 3)
    wanted = (group_average(values, first) + group_average(values, second)) / 2
    attributes = torch.tensor([GROUPS, [0, 1, 2, 0, 1, 2, 0, 1]]).T
    batch = Batch(images=logits, labels=labels, attributes=attributes)
    method.trunk, method.head = torch.nn.Flatten(), torch.nn.Identity()
    terms = method.loss(batch, step_at())
    torch.testing.assert_close(terms["ce"], wanted, rtol=1e-12, atol=1e-14)
    derivatives = scale_derivatives(logits, labels)
    alone = [number(invariance(derivatives, groups)) for groups in (first, second)]
    assert abs(alone[0] - alone[1]) > 0.01
    assert number(terms["invariance"]) == pytest.approx(sum(alone) / 2, rel=1e-12)
