"""Attribute-aware classification: no attributes, changed attributes, the two rows of a report."""

import pytest
import torch

from datasets.spec import Batch
from methods.base import Method
from methods.xu_attribute_aware import XuAttributeAware, one_hot
from tests.methods.tiny import build, make_batch, make_task, train

SIZES = (2, 3)
FUSIONS = pytest.mark.parametrize("fusion", ["add", "concat"])


def made(**settings: str) -> Method:
    task = make_task(XuAttributeAware.card, 3, SIZES)
    return build(XuAttributeAware, task=task, **settings)


def trained(**settings: str) -> Method:
    method = made(**settings)
    train(method, 3)
    return method


def test_codes_stand_one_after_the_other_and_unknown_ones_are_zero() -> None:
    found = one_hot(torch.tensor([[1, 2], [-1, 0], [0, -1], [-1, -1]]), SIZES)
    wanted = [[0, 1, 0, 0, 1], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert found.int().tolist() == wanted


def test_without_an_embedding_it_is_a_baseline_with_relu_on_the_features() -> None:
    method = made().eval()
    torch.nn.init.zeros_(method.get_submodule("embedding").weight)
    batch = make_batch(method.task)
    wanted = torch.log_softmax(method.head(torch.relu(method.features(batch.images))), dim=1)
    found = method.predict(Batch(images=batch.images, attributes=batch.attributes))
    assert torch.equal(found, wanted)


@FUSIONS
@pytest.mark.parametrize("column", [0, 1])
def test_changing_a_test_attribute_changes_the_prediction(fusion: str, column: int) -> None:
    method = trained(fusion=fusion)
    batch = make_batch(method.task)
    other = batch.attributes.clone()
    other[:, column] = (other[:, column] + 1) % SIZES[column]
    first, second = (
        method.predict(Batch(images=batch.images, attributes=codes))
        for codes in (batch.attributes, other)
    )
    assert (first - second).abs().amax(dim=1).min() > 1e-6


@FUSIONS
def test_the_second_row_predicts_as_if_all_attributes_were_unknown(fusion: str) -> None:
    given, unknown = trained(fusion=fusion), trained(fusion=fusion, at_test="unknown")
    assert given.card.needs == {"train_groups", "test_groups"}
    assert unknown.card.needs == {"train_groups"} and unknown.card.reconstruction
    images = make_batch(given.task).images
    nothing = torch.full((8, 2), -1)
    torch.testing.assert_close(
        unknown.predict(Batch(images=images)),
        given.predict(Batch(images=images, attributes=nothing)),
    )


@FUSIONS
def test_the_head_reads_features_and_embedding_side_by_side_only_under_concat(fusion: str) -> None:
    method = made(fusion=fusion)
    width = 8 if fusion == "add" else 16
    assert method.head.weight.shape == (3, width)
    assert method.get_submodule("embedding").weight.shape == (8, 5)


def test_relabelling_a_group_and_its_column_of_the_embedding_changes_no_prediction() -> None:
    method, other = made().eval(), made().eval()
    weight = method.get_submodule("embedding").weight
    other.get_submodule("embedding").weight.data = weight.data[:, [1, 0, 2, 3, 4]].clone()
    batch = make_batch(method.task)
    swapped = torch.stack([1 - batch.attributes[:, 0], batch.attributes[:, 1]], dim=1)
    first = method.predict(Batch(images=batch.images, attributes=batch.attributes))
    second = other.predict(Batch(images=batch.images, attributes=swapped))
    torch.testing.assert_close(first, second)
