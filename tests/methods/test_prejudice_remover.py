"""Prejudice remover; strength 0 is in test_neutral_coefficient."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

from methods.prejudice_remover import PrejudiceRemover
from tests.methods.comparing import decisions, losses_of, points, terms_of
from tests.methods.tiny import number

LABELS, GROUPS = [0, 1, 2, 0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 0, 1, 2, 0, 1]


def prejudice(logits: torch.Tensor, labels: list[int], groups: list[int], **more: object) -> float:
    return number(losses_of(PrejudiceRemover, logits, labels, groups, **more)["prejudice"])


def test_it_is_not_negative() -> None:
    found = [prejudice(points(9, 3, seed), LABELS, GROUPS, num_groups=3) for seed in range(20)]
    assert min(found) > 0


def test_equal_means_of_the_groups_give_zero() -> None:
    rows = points(3, 3)
    logits, groups = torch.cat([rows, rows.flip(0)]), [0, 0, 0, 1, 1, 1]
    assert prejudice(logits, LABELS[:6], groups) == pytest.approx(0, abs=1e-15)


def test_renaming_the_groups_changes_nothing() -> None:
    wanted = prejudice(points(9, 3), LABELS, GROUPS, num_groups=3)
    renamed = [(2, 0, 1)[s] for s in GROUPS]
    assert prejudice(points(9, 3), LABELS, renamed, num_groups=3) == pytest.approx(wanted)


def test_decisions_that_name_the_group_carry_the_logarithm_of_two() -> None:
    found = prejudice(decisions([0, 0, 1, 1], 2), [0, 0, 1, 1], [0, 0, 1, 1])
    assert found == pytest.approx(math.log(2), rel=1e-12)


def test_decisions_give_the_mutual_information_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    decided, groups = generator.integers(3, size=60), generator.integers(4, size=60)
    found = prejudice(decisions(decided.tolist(), 3), [0] * 60, groups.tolist(), num_groups=4)
    assert found == pytest.approx(mutual_info_score(groups, decided), rel=1e-10)


def test_the_sum_of_the_reference_is_the_mean_times_the_number_of_samples() -> None:
    logits = points(9, 3)
    p, s = logits.softmax(1).numpy(), np.array(GROUPS)
    given = np.stack([p[s == group].mean(axis=0) for group in range(3)])[s]
    wanted = (p * np.log(given / p.mean(axis=0))).sum()
    found = prejudice(logits, LABELS, GROUPS, num_groups=3, min_count=1)
    assert 9 * found == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("groups", [[0] * 9, [-1] * 9, [0] * 8 + [1]], ids=str)
def test_without_a_second_group_it_is_zero_and_the_gradient_finite(groups: list[int]) -> None:
    logits = points(9, 3).requires_grad_()
    value = losses_of(PrejudiceRemover, logits, LABELS, groups)["prejudice"]
    (gradient,) = torch.autograd.grad(value, logits)
    assert number(value) == 0 and not gradient.any()


def test_gradients_are_those_of_finite_differences_and_finite_where_a_class_is_certain() -> None:
    terms = terms_of(PrejudiceRemover, LABELS, GROUPS, num_groups=3)

    def term(logits: torch.Tensor) -> torch.Tensor:
        return terms(logits)["prejudice"]

    assert torch.autograd.gradcheck(term, points(9, 3).requires_grad_())
    certain = decisions(GROUPS, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(term(certain), certain)
    assert torch.isfinite(gradient).all()


def test_probabilities_count_as_they_are_down_to_1e_7() -> None:
    # Two samples a group: class 1 has probability a in group 0 and b in group 1.
    def found(a: float, b: float) -> float:
        logits = torch.tensor([[1 - a, a]] * 2 + [[1 - b, b]] * 2).log()
        return prejudice(logits, [0, 1, 0, 1], [0, 0, 1, 1])

    def by_hand(a: float, b: float, floor: float) -> float:
        both = (a + b) / 2
        terms = [(p, q) for p, q in ((a, both), (1 - a, 1 - both), (b, both), (1 - b, 1 - both))]
        return sum(p * math.log(max(p, floor) / max(q, floor)) for p, q in terms) / 2

    assert found(1e-5, 3e-5) == pytest.approx(by_hand(1e-5, 3e-5, 0.0), rel=1e-6)
    # Below the floor: both logarithms are those of 1e-7, and the class adds nothing.
    assert found(1e-9, 3e-9) == pytest.approx(by_hand(1e-9, 3e-9, 1e-7), abs=1e-12)
    assert found(1e-9, 1e-5) == pytest.approx(by_hand(1e-9, 1e-5, 1e-7), rel=1e-6)
