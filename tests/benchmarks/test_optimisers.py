"""One update: gradients, clipping, rates, decay and schedules, against values by hand."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from benchmarks.optimisers import OptimiserStep
from datasets.spec import Batch
from methods.base import Optimiser, ParameterSet, Step, Update
from tests.benchmarks.tiny import PROTOCOL

PLAIN = replace(
    PROTOCOL, optimiser="sgd", learning_rate=1.0, momentum=0.0, weight_decay=0.0, clip_norm=0.0
)
BATCH = Batch(images=torch.zeros(1, 3, 2, 2))


def parameter(*values: float) -> nn.Parameter:
    return nn.Parameter(torch.tensor(values))


def weighted(*pairs: tuple[nn.Parameter, list[float]]):
    """A term whose gradient with respect to each parameter is the given list."""

    def terms(batch: Batch, step: Step) -> dict[str, Tensor]:
        return {
            f"term{i}": (p * torch.tensor(gradient)).sum() for i, (p, gradient) in enumerate(pairs)
        }

    return terms


def apply(update: Update, protocol=PLAIN, *, total: int = 4, times: int = 1) -> OptimiserStep:
    step = OptimiserStep(update, protocol, total)
    for index in range(times):
        step.apply(BATCH, Step(index, total, torch.Generator()))
    return step


def rates(protocol, total: int) -> list[float]:
    """Learning rates with which the steps of a stage were made."""
    weight = parameter(1.0)
    step = OptimiserStep(
        Update(weighted((weight, [0.0])), (ParameterSet((weight,)),)), protocol, total
    )
    used = []
    for index in range(total):
        used.append(float(step.optimiser.param_groups[0]["lr"]))
        step.apply(BATCH, Step(index, total, torch.Generator()))
    return used


def test_a_step_goes_against_the_gradient_of_the_sum_of_the_terms():
    weight = parameter(1.0, 1.0)
    terms = weighted((weight, [0.1, 0.2]), (weight, [0.3, 0.3]))

    apply(Update(terms, (ParameterSet((weight,)),)))

    # 1 - (0.1 + 0.3), 1 - (0.2 + 0.3)
    torch.testing.assert_close(weight.data, torch.tensor([0.6, 0.5]))


def test_gradients_are_clipped_set_by_set():
    first, second = parameter(0.0, 0.0), parameter(0.0)
    terms = weighted((first, [3.0, 4.0]), (second, [0.5]))
    sets = (ParameterSet((first,)), ParameterSet((second,)))

    apply(Update(terms, sets), replace(PLAIN, clip_norm=1.0))

    # The first set has norm 5 and is scaled by 1/5, the second has norm 0.5 and stays.
    torch.testing.assert_close(first.data, torch.tensor([-0.6, -0.8]), atol=1e-5, rtol=0)
    torch.testing.assert_close(second.data, torch.tensor([-0.5]))


def test_a_set_is_clipped_by_the_norm_of_all_its_parameters():
    first, second = parameter(0.0), parameter(0.0)
    terms = weighted((first, [3.0]), (second, [4.0]))

    apply(Update(terms, (ParameterSet((first, second)),)), replace(PLAIN, clip_norm=1.0))

    assert [first.item(), second.item()] == pytest.approx([-0.6, -0.8], abs=1e-5)


def test_norm_0_turns_clipping_off():
    weight = parameter(0.0)

    apply(Update(weighted((weight, [300.0])), (ParameterSet((weight,)),)))

    assert weight.item() == -300


def test_a_rate_factor_multiplies_the_step_of_its_set():
    first, second = parameter(0.0), parameter(0.0)
    terms = weighted((first, [1.0]), (second, [1.0]))
    sets = (ParameterSet((first,)), ParameterSet((second,), rate_factor=10.0))

    apply(Update(terms, sets), replace(PLAIN, learning_rate=0.1))

    assert [first.item(), second.item()] == pytest.approx([-0.1, -1.0])


def test_weight_decay_is_the_protocols_unless_a_set_has_its_own():
    first, second = parameter(2.0), parameter(2.0)
    terms = weighted((first, [0.0]), (second, [0.0]))
    sets = (ParameterSet((first,)), ParameterSet((second,), weight_decay=0.0))

    apply(Update(terms, sets), replace(PLAIN, weight_decay=0.25))

    # SGD adds 0.25 * 2 to the gradient of the first.
    assert [first.item(), second.item()] == [1.5, 2.0]


def test_combine_gradients_replaces_the_sum():
    weight = parameter(0.0, 0.0)
    terms = weighted((weight, [1.0, 0.0]), (weight, [3.0, 1.0]))

    def project(gradients):
        # term1 without its part along term0: (3, 1) - 3 (1, 0) = (0, 1)
        (first,), (second,) = gradients["term0"], gradients["term1"]
        return [second - (second @ first) / (first @ first) * first]

    apply(Update(terms, (ParameterSet((weight,)),), combine_gradients=project))

    torch.testing.assert_close(weight.data, torch.tensor([0.0, -1.0]))


def test_combine_gradients_gets_none_where_a_term_does_not_reach():
    first, second = parameter(0.0), parameter(0.0)
    terms = weighted((first, [1.0]), (second, [2.0]))
    seen = {}

    def note(gradients):
        seen.update(gradients)
        return [None, None]

    sets = (ParameterSet((first,)), ParameterSet((second,)))
    apply(Update(terms, sets, combine_gradients=note))

    assert seen == {"term0": [torch.tensor([1.0]), None], "term1": [None, torch.tensor([2.0])]}
    assert [first.item(), second.item()] == [0, 0]


def test_combined_gradients_are_clipped():
    weight = parameter(0.0)
    update = Update(
        weighted((weight, [1.0])),
        (ParameterSet((weight,)),),
        combine_gradients=lambda gradients: [torch.tensor([50.0])],
    )

    apply(update, replace(PLAIN, clip_norm=1.0))

    assert weight.item() == pytest.approx(-1, abs=1e-5)


def test_parameters_of_another_update_are_untouched():
    ours, theirs = parameter(1.0), parameter(1.0)
    terms = weighted((ours, [0.5]), (theirs, [0.5]))
    theirs.grad = torch.tensor([7.0])

    apply(Update(terms, (ParameterSet((ours,)),)), replace(PLAIN, weight_decay=0.5))

    assert ours.item() != 1
    assert (theirs.item(), theirs.grad.item()) == (1, 7)


def test_a_parameter_that_no_term_reaches_stays():
    reached, other = parameter(1.0), parameter(1.0)

    apply(Update(weighted((reached, [0.5])), (ParameterSet((reached, other)),)))

    assert [reached.item(), other.item()] == [0.5, 1.0]


def test_a_term_without_gradient_changes_nothing():
    weight = parameter(1.0)
    update = Update(lambda batch, step: {"constant": torch.tensor(3.0)}, (ParameterSet((weight,)),))

    apply(update)

    assert weight.item() == 1


def test_an_update_may_replace_the_optimiser():
    weight = parameter(0.0)
    update = Update(
        weighted((weight, [2.0])),
        (ParameterSet((weight,)),),
        optimiser=Optimiser("sgd", 0.5, momentum=0.0),
    )

    apply(update, replace(PLAIN, optimiser="adamw"))

    assert weight.item() == -1


def test_adamw_decays_the_weight_apart_from_the_gradient():
    weight = parameter(2.0)
    adamw = replace(PLAIN, optimiser="adamw", learning_rate=0.1, weight_decay=0.5)

    apply(Update(weighted((weight, [1.0])), (ParameterSet((weight,)),)), adamw)

    # First step of AdamW: 2 (1 - 0.1 * 0.5) - 0.1 sign(gradient)
    assert weight.item() == pytest.approx(1.8, abs=1e-5)


def test_the_constant_schedule_keeps_the_rate():
    assert rates(replace(PLAIN, schedule="constant"), 4) == [1, 1, 1, 1]


def test_steps_multiply_the_rate_at_each_milestone():
    steps = replace(PLAIN, schedule="steps", milestones=(0.25, 0.75), decay=0.1)

    assert rates(steps, 8) == pytest.approx([1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_one_cycle_follows_the_cosine_up_and_down():
    total = 10
    # Smith and Topin as torch has it: from 1/25 up over 30 % of the total + 1 scheduled steps.
    top, end, low, lowest = 0.3 * (total + 1) - 1, total, 1 / 25, 1 / 25e4

    def expected(i: int) -> float:
        share, start, stop = (i / top, low, 1.0) if i <= top else (
            (i - top) / (end - top), 1.0, lowest
        )  # fmt: skip
        return start + (stop - start) * (1 - math.cos(math.pi * share)) / 2

    assert rates(replace(PLAIN, schedule="one_cycle"), total) == pytest.approx(
        [expected(i) for i in range(total)], rel=1e-6
    )


def test_one_cycle_scales_each_set_by_its_rate_factor():
    first, second = parameter(0.0), parameter(0.0)
    terms = weighted((first, [1.0]), (second, [1.0]))
    sets = (ParameterSet((first,)), ParameterSet((second,), rate_factor=3.0))
    one_cycle = replace(PLAIN, schedule="one_cycle", momentum=0.9)

    apply(Update(terms, sets), one_cycle, total=6, times=6)

    assert second.item() == pytest.approx(3 * first.item(), rel=1e-5)


def test_a_stage_of_two_steps_keeps_the_rate():
    assert rates(replace(PLAIN, schedule="one_cycle"), 2) == [1, 1]


def test_gradients_that_share_memory_are_clipped_once():
    # The gradients of both summands are one tensor, that of a sum is one number expanded.
    first, second, third = parameter(0.0, 0.0), parameter(0.0, 0.0), parameter(0.0, 0.0)

    def terms(batch: Batch, step: Step) -> dict[str, Tensor]:
        both = (first + second) * torch.tensor([3.0, 4.0])
        return {"both": both.sum(), "sum": third.sum()}

    apply(
        Update(terms, (ParameterSet((first, second)), ParameterSet((third,)))),
        replace(PLAIN, clip_norm=1.0),
    )

    # Norms sqrt(2 * 25) and sqrt(2).
    expected = torch.tensor([-3.0, -4.0]) / math.sqrt(50)
    torch.testing.assert_close(first.data, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(second.data, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(third.data, torch.full((2,), -1 / math.sqrt(2)), atol=1e-5, rtol=0)


def test_a_restart_forgets_the_moments_once():
    weight = parameter(0.0)
    protocol = replace(PLAIN, momentum=0.9)
    terms = weighted((weight, [1.0]))
    update = Update(terms, (ParameterSet((weight,)),), restart=0.5)

    apply(update, protocol, total=4, times=4)

    # Steps of 1 and 1.9, and once more from the start.
    assert weight.item() == pytest.approx(-2 * (1 + 1.9))
