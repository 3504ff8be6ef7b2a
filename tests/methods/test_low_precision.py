"""Under autocast on the CPU a soft-max stays in bfloat16: terms take their logits in single
precision and differ from the float32 run by rounding alone.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.gradient_projection import PredictionReader
from methods.irm import scale_derivatives
from methods.ops import at_least_single, class_probabilities
from methods.shared.confusion import uniform_cross_entropy
from tests.methods.tiny import make_batch, number, on_logits, registered, step_at

RULES = ("sum_prob", "sum_prob_prior", "max_prob_prior", "argmax_joint")
BLOCK_RULES = ("sum_logits", "sum_scaled", "sum_prob", "max_prob")
LOSSES: list[tuple[str, dict[str, Any]]] = [
    ("ce", {}),
    ("irm", {}),
    ("domain_discriminative", {}),
    ("domain_independent", {}),
    ("hsic", {}),
    ("diff_dp", {}),
    ("diff_eodd", {}),
    ("diff_eopp", {}),
    ("prejudice_remover", {}),
    ("fair_mixup", {}),
    ("spectral_decoupling", {"strength": 1.0}),
    ("spectral_decoupling", {"logits": "true_class", "strength": 1.0}),
]


@pytest.fixture(autouse=True)
def _single() -> Iterator[None]:
    torch.set_default_dtype(torch.float32)
    yield
    torch.set_default_dtype(torch.float64)


def random_logits(rows: int, columns: int) -> Tensor:
    """(rows, columns) float32 values that bfloat16 holds exactly."""
    generator = torch.Generator().manual_seed(3)
    return torch.randn(rows, columns, generator=generator).bfloat16().float()


def autocast() -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16)


def both(key: str, settings: dict[str, Any]) -> tuple[Any, Batch, Batch]:
    """A method of the key, a batch of float32 logits with unknown groups, the same in bfloat16."""
    method = on_logits(registered()[key], **settings)
    batch = make_batch(method.task, 40, images=random_logits(40, method.num_outputs()))
    batch.groups[::5] = -1
    batch.attributes[::5] = -1
    low = Batch(**vars(batch) | {"images": batch.images.bfloat16()})
    return method, batch, low


@pytest.mark.parametrize(("key", "settings"), LOSSES)
def test_terms_are_those_of_single_precision(key: str, settings: dict[str, Any]) -> None:
    method, batch, low = both(key, settings)
    wanted = method.loss(batch, step_at(2))
    with autocast():
        found = method.loss(low, step_at(2))
    for name, value in wanted.items():
        assert found[name].dtype == torch.float32
        assert number(found[name]) == pytest.approx(number(value), rel=1e-3), name


@pytest.mark.parametrize(
    ("key", "rule"),
    [("domain_discriminative", rule) for rule in RULES]
    + [("domain_independent", rule) for rule in BLOCK_RULES],
)
def test_rules_are_those_of_single_precision(key: str, rule: str) -> None:
    method, batch, low = both(key, {"rule": rule})
    wanted = method.predict(batch)
    with autocast():
        found = method.predict(low)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "term",
    [
        lambda logits, codes: uniform_cross_entropy([logits], codes[:, None]),
        scale_derivatives,
        PredictionReader(3, scaled=True, told=False),
        lambda logits, codes: class_probabilities(logits),
    ],
)
def test_pieces_are_those_of_single_precision(term: Any) -> None:
    logits, codes = random_logits(40, 3), torch.arange(40) % 3
    with autocast():
        found = term(logits.bfloat16(), codes)
    torch.testing.assert_close(found, term(logits, codes), rtol=1e-3, atol=1e-6)


def test_single_and_double_precision_are_left_as_they_are() -> None:
    for dtype in (torch.float32, torch.float64):
        values = torch.ones(2, dtype=dtype)
        assert at_least_single(values) is values
    assert at_least_single(torch.ones(2, dtype=torch.bfloat16)).dtype == torch.float32
