"""The differences of demographic parity, equal opportunity and equalised odds; strength 0 is in
test_neutral_coefficient.
"""

import numpy as np
import pytest
import torch
from fairlearn.metrics import (
    demographic_parity_difference,
    equal_opportunity_difference,
    false_positive_rate_difference,
    true_positive_rate_difference,
)

from datasets.spec import Batch
from methods.base import Method
from methods.diff_dp import DiffDp
from methods.diff_eodd import DiffEodd
from methods.diff_eopp import DiffEopp
from methods.shared.parity_gaps import GroupMeans
from tests.methods.comparing import decisions, losses_of, points, terms_of
from tests.methods.tiny import build, make_task, number, on_logits, step_at

PENALTIES = (DiffDp, DiffEopp, DiffEodd)
EVERY = pytest.mark.parametrize("cls", PENALTIES)
LABELS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
GROUPS = [0, 0, 1, 1] * 3
#: two classes, two groups: probabilities of class 1
SURE = [0.1, 0.3, 0.6, 0.2, 0.9, 0.5, 0.7, 0.8]
BINARY = torch.tensor([[1 - q, q] for q in SURE], dtype=torch.float64).log()
BINARY_LABELS, BINARY_GROUPS = [0, 0, 0, 0, 1, 1, 1, 1], [0, 1, 1, 0, 0, 1, 1, 1]


def parity(cls: type[Method], *args: object, **settings: object) -> float:
    return number(losses_of(cls, *args, **settings)["parity"])


@EVERY
@pytest.mark.parametrize("reduce", ["mean_pairs", "max_gap"])
def test_equal_means_of_the_groups_give_zero(cls: type[Method], reduce: str) -> None:
    # In each class the same two rows in either group, in another order.
    rows = points(6, 3)
    logits = torch.cat([rows[[0, 1, 1, 0]], rows[[2, 3, 3, 2]], rows[[4, 5, 5, 4]]])
    assert parity(cls, logits, LABELS, GROUPS, reduce=reduce) == pytest.approx(0, abs=1e-15)
    assert parity(cls, points(12, 3), LABELS, GROUPS, reduce=reduce) > 0.01


@pytest.mark.parametrize("reduce", ["mean_pairs", "max_gap"])
def test_two_classes_and_two_groups_give_the_reference(reduce: str) -> None:
    """|mean(q | 0) - mean(q | 1)| over all, over y = 1, and over y = 0 and y = 1 added up."""
    q, y, s = np.array(SURE), np.array(BINARY_LABELS), np.array(BINARY_GROUPS)

    def gap(inside: np.ndarray) -> float:
        return abs(q[inside & (s == 0)].mean() - q[inside & (s == 1)].mean())

    every = np.ones(8, dtype=bool)
    wanted = {
        DiffDp: gap(every),
        DiffEopp: gap(y == 1),
        DiffEodd: gap(y == 0) + gap(y == 1),
    }
    for cls, value in wanted.items():
        own = {"classes": ("class1",)} if cls is DiffEopp else {}
        found = parity(cls, BINARY, BINARY_LABELS, BINARY_GROUPS, min_count=1, reduce=reduce, **own)
        assert found == pytest.approx(value, rel=1e-12)


def test_reference_values_by_hand() -> None:
    # Group 0 holds q = 0.1, 0.2, 0.9 (mean 0.4), group 1 holds 0.3, 0.6, 0.5, 0.7, 0.8 (0.58);
    # class 0: 0.15 and 0.45; class 1: 0.9 and 2/3.
    def found(cls: type[Method]) -> float:
        return parity(cls, BINARY, BINARY_LABELS, BINARY_GROUPS, min_count=1)

    assert found(DiffDp) == pytest.approx(0.18)
    assert found(DiffEodd) == pytest.approx(0.3 + 0.9 - 2 / 3)
    assert found(DiffEopp) == pytest.approx((0.3 + 0.9 - 2 / 3) / 2)


def test_decisions_of_three_groups_give_the_differences_of_fairlearn() -> None:
    generator = np.random.default_rng(0)
    labels, decided = generator.integers(2, size=40), generator.integers(2, size=40)
    groups = generator.integers(3, size=40)
    given = (decisions(decided.tolist(), 2), labels.tolist(), groups.tolist())
    settings = {"reduce": "max_gap", "num_groups": 3, "min_count": 1}
    arrays = {"y_true": labels, "y_pred": decided, "sensitive_features": groups}
    wanted = demographic_parity_difference(**arrays)
    assert parity(DiffDp, *given, **settings) == pytest.approx(wanted, rel=1e-12)
    wanted = equal_opportunity_difference(**arrays)
    found = parity(DiffEopp, *given, classes=("class1",), **settings)
    assert found == pytest.approx(wanted, rel=1e-12)
    wanted = true_positive_rate_difference(**arrays) + false_positive_rate_difference(**arrays)
    assert parity(DiffEodd, *given, **settings) == pytest.approx(wanted, rel=1e-12)


def test_equal_opportunity_of_decisions_is_the_mean_gap_of_the_recalls() -> None:
    # Recalls: class 0 is 1 and 1/2, class 1 is 1/2 and 1/2, class 2 is 0 and 1.
    decided = [0, 0, 0, 2, 1, 0, 2, 1, 1, 0, 2, 2]
    assert parity(DiffEopp, decisions(decided, 3), LABELS, GROUPS) == pytest.approx((0.5 + 1) / 3)
    found = parity(DiffEopp, decisions(decided, 3), LABELS, GROUPS, classes=("class2",))
    assert found == pytest.approx(1.0)


def test_the_mean_over_pairs_and_the_widest_gap_of_three_groups() -> None:
    # Means of p_0: 1, 1/2, 0; the classes' gaps are alike: pairs 1/2, 1/2 and 1.
    logits = decisions([0, 0, 0, 1, 1, 1], 2)
    groups, labels = [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1]
    given = {"num_groups": 3}
    assert parity(DiffDp, logits, labels, groups, **given) == pytest.approx(2 / 3)
    assert parity(DiffDp, logits, labels, groups, reduce="max_gap", **given) == pytest.approx(1.0)


@EVERY
@pytest.mark.parametrize("reduce", ["mean_pairs", "max_gap"])
def test_swapping_the_groups_changes_nothing(cls: type[Method], reduce: str) -> None:
    swapped = [1 - s for s in GROUPS]
    found = parity(cls, points(12, 3), LABELS, swapped, reduce=reduce)
    assert found == pytest.approx(parity(cls, points(12, 3), LABELS, GROUPS, reduce=reduce))


@EVERY
@pytest.mark.parametrize("reduce", ["mean_pairs", "max_gap"])
@pytest.mark.parametrize("groups", [[0] * 12, [-1] * 12, [0] * 11 + [1]], ids=str)
def test_without_a_second_group_it_is_zero_and_the_gradient_finite(
    cls: type[Method], reduce: str, groups: list[int]
) -> None:
    logits = points(12, 3).requires_grad_()
    value = losses_of(cls, logits, LABELS, groups, reduce=reduce)["parity"]
    (gradient,) = torch.autograd.grad(value, logits)
    assert number(value) == 0 and not gradient.any()


@EVERY
def test_gradients_are_those_of_finite_differences(cls: type[Method]) -> None:
    labels, groups = [0, 0, 1, 1, 0, 1, 1], [0, 1, 0, 1, 2, 2, -1]
    for reduce in ("mean_pairs", "max_gap"):
        terms = terms_of(
            cls, labels, groups, num_classes=2, num_groups=3, min_count=1, reduce=reduce
        )
        logits = points(7, 2).requires_grad_()
        assert torch.autograd.gradcheck(lambda z, f=terms: f(z)["parity"], logits)


def test_a_class_that_the_data_set_lacks_is_a_reason_to_skip() -> None:
    spec = make_task(DiffEopp.card).spec
    assert DiffEopp.skip(spec, DiffEopp.Settings(classes=("class1",))) is None
    reason = DiffEopp.skip(spec, DiffEopp.Settings(classes=("joy",)))
    assert reason is not None and "joy" in reason


def batch_of(means: tuple[float, float], groups: tuple[int, ...] = (0, 0, 1, 1)) -> Batch:
    """Two classes; the probability of class 1 is the first number in group 0, else the second."""
    q = torch.tensor([means[min(abs(s), 1)] for s in groups])
    codes = torch.tensor(groups)
    return Batch(
        images=torch.stack([1 - q, q], dim=1).log(),
        labels=torch.tensor([0, 1, 0, 1]),
        groups=codes,
        attributes=codes[:, None],
    )


def test_memory_compares_smoothed_means() -> None:
    method = on_logits(DiffDp, 2, memory=0.75)
    first = method.loss(batch_of((0.2, 0.6)), step_at())["parity"]
    assert number(first) == pytest.approx(0.4)  # nothing is remembered yet
    # Means 0.75 * 0.2 + 0.25 * 0.6 = 0.3 and 0.75 * 0.6 + 0.25 * 0.2 = 0.5.
    second = method.loss(batch_of((0.6, 0.2)), step_at())["parity"]
    assert number(second) == pytest.approx(0.2)


def test_memory_keeps_groups_that_a_batch_lacks_and_does_not_compare_them() -> None:
    method = on_logits(DiffDp, 2, memory=0.5)
    method.loss(batch_of((0.2, 0.6)), step_at())
    kept = method.group_means.means_0.clone()
    alone = method.loss(batch_of((0.9, 0.9), (0, 0, 0, -1)), step_at())["parity"]
    assert number(alone) == 0 and torch.equal(method.group_means.means_0, kept)


def test_memory_does_not_move_in_evaluation_and_is_stored() -> None:
    method = on_logits(DiffEodd, 2, memory=0.5, min_count=1)
    method.loss(batch_of((0.2, 0.6)), step_at())
    kept = method.group_means.means_0.clone()
    method.eval()
    method.loss(batch_of((0.9, 0.1)), step_at())
    assert torch.equal(method.group_means.means_0, kept)
    assert "group_means.means_0" in method.state_dict()
    assert not build(DiffEodd).state_dict().keys() & {"group_means.means_0"}


def test_the_gradient_under_memory_is_that_of_the_batch_towards_the_smoothed_side() -> None:
    plain, smoothed = on_logits(DiffDp, 2), on_logits(DiffDp, 2, memory=0.9)
    smoothed.loss(batch_of((0.2, 0.6)), step_at())
    found = []
    for method in (plain, smoothed):
        batch = batch_of((0.5, 0.4))
        batch.images.requires_grad_()
        (gradient,) = torch.autograd.grad(method.loss(batch, step_at())["parity"], batch.images)
        found.append(gradient)
    # In this batch group 0 is ahead, over all batches group 1: the same size, the other way.
    torch.testing.assert_close(found[1], -found[0])


def test_memory_of_each_attribute_has_its_own_size() -> None:
    task = make_task(DiffEopp.card, 3, (2, 3))
    means = GroupMeans(task, "per_attribute", min_count=2, per_class=True, memory=0.5)
    shapes = {name: tuple(value.shape) for name, value in means.named_buffers()}
    assert shapes["means_0"] == (3, 2, 3) and shapes["means_1"] == (3, 3, 3)


@EVERY
def test_attributes_are_averaged(cls: type[Method]) -> None:
    attributes = torch.tensor([GROUPS, [0, 1, 2] * 4]).T
    method = on_logits(cls, 3, (2, 3), groups="per_attribute", min_count=1)
    batch = Batch(images=points(12, 3), labels=torch.tensor(LABELS), attributes=attributes)
    alone = [
        parity(cls, points(12, 3), LABELS, codes.tolist(), num_groups=size, min_count=1)
        for codes, size in zip(attributes.T, (2, 3), strict=True)
    ]
    assert abs(alone[0] - alone[1]) > 1e-3
    found = number(method.loss(batch, step_at())["parity"])
    assert found == pytest.approx(sum(alone) / 2, rel=1e-12)
