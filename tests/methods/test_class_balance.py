"""`class_reweight`, `cb_loss`, `class_balanced_sampling`; their weights are in test_weighting."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from datasets.spec import Batch
from methods.base import Method
from tests.methods.tiny import (
    build,
    make_batch,
    make_task,
    number,
    registered,
    step_at,
    total_of,
)

METHODS = registered()
#: K x G; 40 samples of class 0, 8 of class 1, none of class 2
UNEQUAL = ((30, 10), (5, 3), (0, 0))
TRAINING = Batch(labels=torch.tensor([0] * 20 + [1] * 8 + [0] * 20))


def made(key: str, counts: tuple[tuple[int, ...], ...] | None = None, **settings: float) -> Method:
    return build(METHODS[key], task=make_task(METHODS[key].card, counts=counts), **settings)


def loss_of(method: Method, batch: Batch) -> float:
    return number(total_of(method.loss(batch, step_at())))


@pytest.mark.parametrize("key", ["class_reweight", "cb_loss"])
def test_equal_class_counts_are_cross_entropy(key: str) -> None:
    method, plain = made(key), made("ce")
    batch = make_batch(plain.task)
    assert loss_of(method, batch) == pytest.approx(loss_of(plain, batch), abs=1e-12)


@pytest.mark.parametrize(
    ("key", "settings"),
    [("class_reweight", {}), ("class_reweight", {"exponent": 0.5}), ("cb_loss", {})],
)
def test_the_weights_of_the_training_set_sum_to_its_size(
    key: str, settings: dict[str, float]
) -> None:
    method = made(key, UNEQUAL, **settings)
    labels = TRAINING.labels
    weights = method.get_buffer("weights")
    assert number(weights[labels].sum()) == pytest.approx(len(labels), abs=1e-9)
    assert number(weights[2]) == 0


def test_beta_goes_from_cross_entropy_to_class_reweight() -> None:
    batch = make_batch(make_task(METHODS["ce"].card), labels=torch.tensor([0, 1] * 4))
    first, plain = made("cb_loss", UNEQUAL, beta=0.0), made("ce", UNEQUAL)
    assert loss_of(first, batch) == pytest.approx(loss_of(plain, batch), abs=1e-12)
    last, inverse = made("cb_loss", UNEQUAL, beta=1.0), made("class_reweight", UNEQUAL)
    assert loss_of(last, batch) == pytest.approx(loss_of(inverse, batch), abs=1e-12)
    near = made("cb_loss", UNEQUAL, beta=1 - 1e-9)
    assert loss_of(near, batch) == pytest.approx(loss_of(inverse, batch), rel=1e-6)


def drawn(method: Method, epochs: int) -> torch.Tensor:
    (stage,) = method.stages()
    generator = torch.Generator().manual_seed(0)
    return torch.cat([stage.sampling(TRAINING, e, generator) for e in range(epochs)])


def test_classes_are_drawn_equally_and_samples_within_them_too() -> None:
    method = made("class_balanced_sampling", UNEQUAL)
    rows = drawn(method, 2100)  # 48 rows an epoch: about 1e5 draws
    times = np.bincount(rows, minlength=48)
    expected = np.where(TRAINING.labels == 0, len(rows) / 80, len(rows) / 16)
    assert chisquare(times, expected).pvalue > 0.01


def test_an_epoch_has_as_many_draws_as_there_are_samples_and_follows_its_generator() -> None:
    method = made("class_balanced_sampling", UNEQUAL)
    first, again = drawn(method, 1), drawn(method, 1)
    assert len(first) == 48 and torch.equal(first, again)


def test_the_expected_gradient_of_the_sampler_is_that_of_the_weights() -> None:
    """Exact: sum_i P(i) grad CE_i, against the mean over the training set of w_i grad CE_i."""
    sampler, weighted = made("class_balanced_sampling", UNEQUAL), made("class_reweight", UNEQUAL)
    labels = TRAINING.labels
    shares = sampler.get_buffer("weights")[labels]
    torch.testing.assert_close(shares / shares.sum(), weighted.get_buffer("weights")[labels] / 48)


def test_equal_class_counts_are_drawn_uniformly() -> None:
    weights = made("class_balanced_sampling").get_buffer("weights")
    torch.testing.assert_close(weights / weights[0], torch.ones(3, dtype=weights.dtype))
