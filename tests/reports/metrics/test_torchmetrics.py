"""Calibration and group rates against torchmetrics, where it is installed."""

import numpy as np
import pytest
import torch

from benchmarks.backbones import import_timm
from tests.reports.frames import value
from tests.reports.metrics.cases import CASES, counts_of, prediction_set, random_set, sample_value

# torchmetrics imports torchvision, which stops without an accelerator unless timm was loaded so.
import_timm()
theirs = pytest.importorskip("torchmetrics.functional.classification")


def their_error(probabilities, labels):
    return float(
        theirs.multiclass_calibration_error(
            torch.tensor(probabilities), torch.tensor(labels),
            num_classes=probabilities.shape[1], n_bins=15, norm="l1",
        )
    )  # fmt: skip


@pytest.mark.parametrize("num_classes", [2, 7])
def test_calibration_errors_equal_those_of_torchmetrics(num_classes):
    for seed in range(CASES // 2):
        one = random_set(seed, num_classes)
        known = one.attributes[:, 0] >= 0
        found = sample_value("ece", prediction_set(
            one.labels[known], one.probabilities[known], np.zeros(known.sum(), int)
        ))  # fmt: skip
        # They calculate in single precision.
        wanted = their_error(one.probabilities[known], one.labels[known])
        assert found == pytest.approx(wanted, abs=1e-5)


def test_full_confidence_has_a_bin_of_its_own_there_and_the_last_bin_here():
    labels, second = np.array([1, 0]), np.array([0.95, 1.0])
    both = np.stack([1 - second, second], 1)
    # Theirs |1 - .95| / 2 + |0 - 1| / 2; ours |.5 - .975|.
    assert their_error(both, labels) == pytest.approx(0.525, abs=1e-6)
    found = sample_value("ece", prediction_set(labels, second, [0, 0]))
    assert found == pytest.approx(0.475)


def test_their_multiclass_accuracy_is_the_class_mean_by_default():
    y, p = np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])
    counts = counts_of(y, p, np.zeros(4, int), 2, 1)
    got = float(theirs.multiclass_accuracy(torch.tensor(p), torch.tensor(y), num_classes=2))
    assert got == pytest.approx(value("mca", counts, group="g0"))
    assert value("acc", counts, group="g0") == 0.75


def test_groups_without_positives_and_ratios_of_zeros_are_0_there_and_undefined_here():
    y = np.array([1, 1, 0, 0, 0, 0])
    p = np.array([1, 0, 0, 0, 0, 0])
    g = np.array([0, 0, 0, 1, 1, 1])
    found = theirs.binary_fairness(
        torch.tensor(p), torch.tensor(y), torch.tensor(g), task="equal_opportunity"
    )
    assert [float(one) for one in found.values()] == [0.0]
    assert np.isnan(value("eopr", counts_of(y, p, g, 2, 2), "c1"))
    nobody = torch.zeros(6, dtype=torch.int64)
    found = theirs.binary_fairness(nobody, None, torch.tensor(g), task="demographic_parity")
    assert [float(one) for one in found.values()] == [0.0]
    assert np.isnan(value("dpr", counts_of(y, 0 * p, g, 2, 2), "c1"))


def test_a_group_after_an_empty_one_takes_its_name_there_and_keeps_its_own_here():
    y, p, g = np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([1, 2, 2])
    rates = theirs.binary_groups_stat_rates(
        torch.tensor(p), torch.tensor(y), torch.tensor(g), num_groups=3
    )
    # Rates tp, fp, tn, fn of their group_1 are those of our g2.
    assert rates["group_1"].tolist() == pytest.approx([0.5, 0, 0, 0.5])
    counts = counts_of(y, p, g, 2, 3)
    assert value("acc", counts, group="g1") == 1.0
    assert value("acc", counts, group="g2") == 0.5
