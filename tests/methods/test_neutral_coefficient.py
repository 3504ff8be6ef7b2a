"""With its coefficient at 0 a method of the form CE + coefficient x term is `ce`, bit for bit."""

from typing import Any

import pytest
import torch

from methods.ce import CrossEntropy
from tests.methods.tiny import (
    Method,
    build,
    make_batch,
    make_task,
    registered,
    same,
    states,
    train,
)

NEUTRAL: dict[str, dict[str, Any]] = {
    "focal": {"gamma": 0.0},
    "sce": {"beta": 0.0},
    "spectral_decoupling": {"schedule": "constant", "strength": 0.0},
    "gradient_reversal": {"lambda_max": 0.0},
    "au_positive_matching": {"strength": 0.0},
    "uniform_confusion": {"alpha": 0.0},
    "xu_disentangled": {"alpha": 0.0},
    "laftr": {"a_z": 0.0},
    "flac": {"strength": 0.0},
    "bias_contrastive": {"weight": 0.0, "ce_weight": 1.0},
    "supcon": {"mode": "joint", "weight": 0.0},
    "auc_fer": {"strength": 0.0},
    "end": {"alpha": 0.0, "beta": 0.0},
    "au_positive_matching_repaired": {"strength": 0.0},
    "sd_au_positive_matching": {"schedule": "constant", "sd_strength": 0.0, "strength": 0.0},
    "mmd": {"strength": 0.0},
    "coral": {"strength": 0.0},
    "hsic": {"strength": 0.0},
    "diff_dp": {"strength": 0.0},
    "diff_eopp": {"strength": 0.0},
    "diff_eodd": {"strength": 0.0},
    "prejudice_remover": {"strength": 0.0},
}
CASES = [
    *NEUTRAL.items(),
    ("uniform_confusion", {"alpha": 0.0, "schedule": "per_epoch_ratio"}),
    ("laftr", {"a_z": 0.0, "target": "eodds"}),
    ("gradient_reversal", {"lambda_max": 0.0, "mode": "alternating"}),
    ("gradient_reversal", {"lambda_max": 0.0, "groups": "per_attribute", "target": "eodds"}),
]
#: settings without which a method has nothing to do on the few samples of these tests
AT_WORK: dict[str, dict[str, Any]] = {
    "auc_fer": {"min_count": 1},
    "diff_eopp": {"min_count": 1},
    "diff_eodd": {"min_count": 1},
}
PRECISIONS = pytest.mark.parametrize("precision", [torch.float32, torch.float64], ids=str)


def assert_equals_ce(method: Method, *, seeds: range = range(3)) -> None:
    """Three steps leave trunk, head, running statistics and predictions as those of `ce`."""
    plain = build(CrossEntropy, task=make_task(CrossEntropy.card, sizes=method.task.group_sizes))
    batches = [make_batch(method.task, seed=seed) for seed in seeds]
    train(plain, steps=3, batches=batches)
    train(method, steps=3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))
    assert torch.equal(plain.predict(batches[0]), method.predict(batches[0]))


@PRECISIONS
@pytest.mark.parametrize(("key", "settings"), CASES, ids=[f"{k} {len(s)}" for k, s in CASES])
def test_strength_zero_is_cross_entropy_bit_for_bit(
    key: str, settings: dict[str, Any], precision: torch.dtype
) -> None:
    torch.set_default_dtype(precision)
    assert_equals_ce(build(registered()[key], **settings))


@pytest.mark.parametrize("key", NEUTRAL)
def test_the_default_strength_is_not_neutral(key: str) -> None:
    """Guards the test above: the same comparison tells a method at work from `ce`."""
    with pytest.raises(AssertionError):
        assert_equals_ce(build(registered()[key], **AT_WORK.get(key, {})))


@PRECISIONS
@pytest.mark.parametrize("mode", ["reversal", "alternating"])
def test_gradient_reversal_with_all_groups_unknown_is_cross_entropy(
    mode: str, precision: torch.dtype
) -> None:
    torch.set_default_dtype(precision)
    method = build(registered()["gradient_reversal"], mode=mode)
    plain = build(CrossEntropy)
    unknown = torch.full((8, 1), -1)
    batches = [make_batch(method.task, seed=seed, attributes=unknown) for seed in range(3)]
    train(plain, steps=3, batches=batches)
    train(method, steps=3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))


@PRECISIONS
def test_end_with_all_groups_unknown_is_cross_entropy(precision: torch.dtype) -> None:
    torch.set_default_dtype(precision)
    method, plain = build(registered()["end"], alpha=1.0, beta=1.0), build(CrossEntropy)
    unknown = torch.full((8, 1), -1)
    batches = [make_batch(method.task, seed=seed, attributes=unknown) for seed in range(3)]
    train(plain, steps=3, batches=batches)
    train(method, steps=3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.", "head."))


@PRECISIONS
def test_domain_aware_with_one_group_is_cross_entropy(precision: torch.dtype) -> None:
    torch.set_default_dtype(precision)
    cls = registered()["domain_discriminative"]
    method = build(cls, task=make_task(cls.card, sizes=(1,)))
    plain = build(CrossEntropy, task=make_task(CrossEntropy.card, sizes=(1,)))
    train(plain, steps=3)
    train(method, steps=3)
    assert same(states(plain), states(method), only=("trunk.", "head."))


@PRECISIONS
def test_gradient_reversal_with_one_group_is_cross_entropy(precision: torch.dtype) -> None:
    torch.set_default_dtype(precision)
    cls = registered()["gradient_reversal"]
    assert_equals_ce(build(cls, task=make_task(cls.card, sizes=(1,))))
