"""Weights from training counts: mean 1, empty strata, modes, and the weighted cross entropy."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.utils.class_weight import compute_sample_weight

from methods.shared.weighting import (
    MODES,
    class_table,
    effective_numbers,
    inverse_counts,
    normalised,
    stratum_table,
    stratum_weights,
    weighted_cross_entropy,
    with_unknown,
)

#: K = 3, G = 3 with an empty stratum, an empty class and an empty group
COUNTS = stratum_table(((9, 3, 0), (4, 0, 0), (0, 0, 0)))
CLASSES = class_table((12, 4, 0))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("exponent", [1.0, 0.5, 0.0])
def test_every_variant_has_mean_weight_one_over_the_training_samples(
    mode: str, exponent: float
) -> None:
    weights = stratum_weights(COUNTS, mode, exponent)
    assert float((weights * COUNTS).sum()) == pytest.approx(16, abs=1e-12)
    assert torch.equal(weights > 0, COUNTS > 0)


def test_stratum_weights_by_hand() -> None:
    # 16 samples: n / (3 n_ys); n_y / (G_y n_ys); n / (2 n_s) with n_s = 13, 3
    wanted = {
        "stratum": [[16 / 27, 16 / 9, 0], [16 / 12, 0, 0]],
        "within_class": [[12 / 18, 12 / 6, 0], [4 / 4, 0, 0]],
        "group": [[16 / 26, 16 / 6, 0], [16 / 26, 0, 0]],
    }
    for mode, rows in wanted.items():
        found = stratum_weights(COUNTS, mode)
        torch.testing.assert_close(found, torch.tensor([*rows, [0.0] * 3]), msg=mode)


def test_square_roots_are_brought_back_to_mean_one() -> None:
    # 12^-1/2, 4^-1/2 over (12 * 12^-1/2 + 4 * 4^-1/2) / 16
    raw = np.array([12**-0.5, 4**-0.5])
    wanted = [*(raw * 16 / (12**0.5 + 4**0.5)), 0.0]
    torch.testing.assert_close(inverse_counts(CLASSES, 0.5), torch.tensor(wanted))


def test_inverse_counts_are_the_balanced_weights_of_scikit_learn() -> None:
    labels = np.repeat([0, 1], [12, 4])
    found = inverse_counts(CLASSES)[torch.from_numpy(labels)]
    np.testing.assert_allclose(found, compute_sample_weight("balanced", labels), atol=1e-12)


def test_effective_numbers_go_from_equal_to_inverse_counts() -> None:
    assert torch.equal(effective_numbers(CLASSES, 0.0), torch.tensor([1.0, 1.0, 0.0]))
    assert torch.equal(effective_numbers(CLASSES, 1.0), inverse_counts(CLASSES))
    near = effective_numbers(CLASSES, 1 - 1e-9)
    torch.testing.assert_close(near, inverse_counts(CLASSES), rtol=1e-7, atol=0)


def test_effective_numbers_by_hand() -> None:
    raw = np.array([0.1 / (1 - 0.9**12), 0.1 / (1 - 0.9**4)])
    wanted = [*(raw * 16 / (raw @ [12, 4])), 0.0]
    torch.testing.assert_close(effective_numbers(CLASSES, 0.9), torch.tensor(wanted))


def test_no_samples_give_no_weight() -> None:
    empty = torch.zeros(2, 3)
    assert torch.equal(normalised(torch.ones(2, 3), empty), empty)
    for mode in MODES:
        assert torch.equal(stratum_weights(empty, mode), empty)


def test_unknown_groups_weigh_one() -> None:
    table = with_unknown(stratum_weights(COUNTS, "stratum"))
    assert torch.equal(table[torch.arange(3), torch.full((3,), -1)], torch.ones(3))


def test_the_loss_is_the_weighted_one_of_torch_over_the_batch_size() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(9, 3, generator=generator), torch.arange(9) % 3
    per_class = torch.tensor([0.5, 3.0, 1.5])
    own = per_class[labels]
    # torch divides by the sum of the weights, not by their number
    wanted = F.cross_entropy(logits, labels, weight=per_class) * own.sum() / 9
    torch.testing.assert_close(weighted_cross_entropy(logits, labels, own), wanted)
