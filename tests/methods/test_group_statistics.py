"""Which groups of a batch are compared, and their means."""

import numpy as np
import pytest
import torch

from methods.mmd import Mmd, discrepancy
from methods.shared.group_statistics import class_blocks, mean_over_targets, members, members_of
from tests.methods.comparing import grouped, points, within_classes
from tests.methods.tiny import make_batch, make_task, number


def test_groups_with_too_few_samples_are_not_compared() -> None:
    found = grouped([0, 0, 1, 2, 2, 2, -1], 4, min_count=2)
    assert found.compared.tolist() == [[True, False, True, False]]
    assert found.counts.tolist() == [[2, 0, 3, 0]]
    assert found.used.tolist() == [True, True, False, True, True, True, False]


@pytest.mark.parametrize("codes", [[-1, -1, -1], [0, 0, 0], [0, 0, 1], [1, -1, -1]])
def test_with_fewer_than_two_groups_nothing_is_compared(codes: list[int]) -> None:
    found = grouped(codes, 2, min_count=2)
    assert not found.compared.any() and not found.blocks.any() and not found.used.any()


def test_the_smallest_number_of_samples_holds_within_each_class() -> None:
    found = within_classes([0, 0, 1, 1, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1], min_count=2)
    assert found.compared.tolist() == [[True, True], [False, False]]
    assert found.blocks.tolist() == [True, False]


def test_means_are_those_of_a_loop() -> None:
    codes, labels = torch.tensor([0, 2, 1, 0, -1, 1, 2, 0]), torch.tensor([0, 0, 1, 1, 1, 0, 1, 0])
    values = points(8, 3)
    found = members(codes, 3, min_count=1, blocks=class_blocks(labels, 2))
    for block in range(2):
        for group in range(3):
            rows = values[(codes == group) & (labels == block)]
            torch.testing.assert_close(found.means(values)[block, group], rows.mean(dim=0))


def test_pairs_of_compared_groups_are_averaged() -> None:
    # Groups 0, 1 and 3 are compared: (0, 1) 1, (0, 3) 3, (1, 3) 2; group 2 counts for nothing.
    found = grouped([0, 1, 3])
    places = torch.tensor([0.0, 1.0, float("nan"), 3.0])
    values = (places[:, None] - places).abs()[None]
    assert number(found.over_pairs(values)) == pytest.approx(2.0)
    assert number(found.over_pairs(values[..., None])) == pytest.approx(2.0)


def test_blocks_without_two_groups_do_not_count_in_the_mean() -> None:
    found = within_classes([0, 1, 0, 0, 0, 1], [0, 0, 1, 1, 2, 2])
    assert number(found.over_blocks(torch.tensor([1.0, 100.0, 3.0]))) == 2.0


def test_targets_are_the_intersection_or_each_attribute() -> None:
    task = make_task(Mmd.card, 3, (2, 3))
    batch = make_batch(task, 16)
    together = members_of(batch, task, "intersection", min_count=1)
    apart = members_of(batch, task, "per_attribute", min_count=1, per_class=True)
    assert [m.weights.shape for m in together] == [(1, 16, 6)]
    assert [m.weights.shape for m in apart] == [(3, 16, 2), (3, 16, 3)]


def test_a_target_without_groups_adds_zero_to_the_mean_over_targets() -> None:
    values = points(6, 2)
    known, unknown = grouped([0, 0, 0, 1, 1, 1]), grouped([-1] * 6, 2)

    def term(features: torch.Tensor, groups: object) -> torch.Tensor:
        return discrepancy(features, groups, bandwidth="fixed")

    alone = number(mean_over_targets(term, values, [known]))
    assert number(mean_over_targets(term, values, [known, unknown])) == pytest.approx(alone / 2)


def test_statistics_are_taken_in_full_precision_under_autocast() -> None:
    torch.set_default_dtype(torch.float32)
    values, groups = points(16, 4), grouped([0, 1] * 8)

    def means(features: torch.Tensor, found: object) -> torch.Tensor:
        return found.means(features).sum()

    wanted = number(mean_over_targets(means, values, [groups]))
    with torch.autocast("cpu", torch.bfloat16):
        found = mean_over_targets(means, values, [groups])
    assert found.dtype == torch.float32 and number(found) == wanted
    rounded = number(mean_over_targets(means, values.bfloat16(), [groups]))
    assert np.isclose(rounded, wanted, rtol=0.05, atol=0.05)
