"""Group re-weighting and reweighing; the tables of weights themselves are in test_weighting."""

import numpy as np
import pandas as pd
import pytest
import torch
from aif360.sklearn.preprocessing import Reweighing as Aif360Reweighing
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.shared.weighting import MODES, independence_weights, stratum_table, stratum_weights
from methods.strategic_sampling import drawing_weights
from tests.methods.tiny import (
    build,
    gradients,
    make_batch,
    make_task,
    make_training,
    number,
    registered,
    step_at,
    total_of,
)

METHODS = registered()
COUNTS = ((30, 10), (5, 15), (4, 16))
#: n_ys = n_y n_s / n, with unequal classes and groups
INDEPENDENT = ((12, 6), (8, 4), (4, 2))


def made(key: str, counts: tuple[tuple[int, ...], ...] | None = None, **settings: object) -> Method:
    return build(METHODS[key], task=make_task(METHODS[key].card, counts=counts), **settings)


def loss_of(method: Method, batch: Batch) -> Tensor:
    return total_of(method.loss(batch, step_at()))


@pytest.mark.parametrize("mode", MODES)
def test_equal_strata_are_cross_entropy(mode: str) -> None:
    method, plain = made("group_reweight", mode=mode), made("ce")
    batch = make_batch(plain.task)
    assert number(loss_of(method, batch)) == pytest.approx(number(loss_of(plain, batch)), abs=1e-12)


@pytest.mark.parametrize("key", ["group_reweight", "reweighing"])
def test_unknown_groups_are_cross_entropy(key: str) -> None:
    method, plain = made(key, COUNTS), made("ce")
    batch = make_batch(plain.task, attributes=torch.full((8, 1), -1))
    assert torch.equal(loss_of(method, batch), loss_of(plain, batch))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("exponent", [1.0, 0.5])
def test_the_mean_weight_of_the_training_set_is_one(mode: str, exponent: float) -> None:
    method = made("group_reweight", COUNTS, mode=mode, exponent=exponent)
    training = make_training(method.task)
    weights = method.get_buffer("weights")[training.labels, training.groups]
    assert number(weights.mean()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_the_expected_gradient_is_that_of_the_sampler_of_the_same_mode(mode: str) -> None:
    """Over the whole training set: the weighted gradient, and the mean under P(i) = w_i / n."""
    counts = ((3, 1), (2, 2), (1, 3))
    method = made("group_reweight", counts, mode=mode).eval()
    training = make_training(method.task)
    batch = make_batch(
        method.task, len(training), labels=training.labels, attributes=training.attributes
    )
    sets = method.parameter_sets()
    found = gradients(loss_of(method, batch), sets)
    table = drawing_weights(stratum_table(counts), mode, None)
    chances = table[batch.labels, batch.groups] / len(batch)
    wanted = [torch.zeros_like(parameter) for parameter in sets[0].parameters]
    for row, chance in enumerate(chances):
        loss = torch.nn.functional.cross_entropy(
            method.logits(batch.images[row : row + 1]), batch.labels[row : row + 1]
        )
        for total, part in zip(wanted, gradients(loss, sets), strict=True):
            total.add_(chance * part)
    assert number(chances.sum()) == pytest.approx(1, abs=1e-12)
    for first, second in zip(found, wanted, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-9, atol=1e-12)


def test_independent_class_and_group_weigh_one() -> None:
    weights = independence_weights(stratum_table(INDEPENDENT))
    torch.testing.assert_close(weights, torch.ones(3, 2), rtol=0, atol=1e-12)
    method, plain = made("reweighing", INDEPENDENT), made("ce")
    batch = make_batch(plain.task)
    assert number(loss_of(method, batch)) == pytest.approx(number(loss_of(plain, batch)), abs=1e-12)


def test_the_weighted_joint_counts_are_the_product_of_the_marginals() -> None:
    counts = np.array(COUNTS)
    weighted = independence_weights(stratum_table(COUNTS)).numpy() * counts
    wanted = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    np.testing.assert_allclose(weighted, wanted, atol=1e-12)
    assert weighted.sum() == pytest.approx(counts.sum(), abs=1e-12)


def test_reweighing_is_that_of_aif360() -> None:
    training = make_training(made("reweighing", COUNTS).task)
    labels, groups = training.labels.numpy(), training.groups.numpy()
    features = pd.DataFrame({"group": groups}, index=pd.Index(groups, name="group"))
    _, wanted = Aif360Reweighing("group").fit_transform(features, labels)
    found = made("reweighing", COUNTS).get_buffer("weights")[training.labels, training.groups]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_with_empty_strata_the_weights_are_brought_back_to_mean_one() -> None:
    method = made("reweighing", ((8, 2), (4, 0), (0, 0)))
    # n_y n_s / (n n_ys) = 10 * 12 / (14 * 8), 10 * 2 / (14 * 2), 4 * 12 / (14 * 4); they sum to
    # (120 + 20 + 48) / 14 = 188 / 14 over the samples, and to 14 after the factor 196 / 188
    raw = np.array([[120 / 112, 20 / 28], [48 / 56, 0], [0, 0]])
    found = method.get_buffer("weights")[:, :2]
    np.testing.assert_allclose(found, raw * 196 / 188, atol=1e-12)


def test_reweighing_leaves_rare_groups_rare_and_group_reweight_does_not() -> None:
    counts = stratum_table(((90, 10), (90, 10)))
    torch.testing.assert_close(independence_weights(counts), torch.ones(2, 2))
    torch.testing.assert_close(
        stratum_weights(counts, "group"), torch.tensor([[100 / 180, 5.0]] * 2)
    )
