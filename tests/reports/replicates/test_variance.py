"""Between-group variance: by hand, unbiased, its interval centred on the corrected value."""

import numpy as np
import pytest

from reports.replicates.variance import between_group_variance


def of(correct, n, draws=200, seed=0, **options):
    return between_group_variance(
        correct, n, draws=draws, generator=np.random.default_rng(seed), **options
    )


def test_variance_by_hand():
    found = of([8, 3], [10, 5])
    # Rates 0.8 and 0.6: variance 0.02. Sampling 0.16 / 9 and 0.24 / 4, mean 0.0388889.
    assert found.uncorrected == pytest.approx(0.02)
    assert found.corrected == pytest.approx(0.02 - (0.16 / 9 + 0.24 / 4) / 2)


def test_published_variant_divides_by_the_size():
    found = of([8, 3], [10, 5], variant="published")
    assert found.corrected == pytest.approx(0.02 - (0.016 + 0.048) / 2)


@pytest.mark.parametrize("truth", [(0.7, 0.7, 0.7), (0.9, 0.7, 0.5)], ids=["equal", "unequal"])
def test_the_corrected_variance_averages_to_the_truth_and_the_uncorrected_one_does_not(truth):
    n, generator = np.array([40, 15, 8]), np.random.default_rng(3)
    found = [of(generator.binomial(n, truth), n, draws=1) for _ in range(4_000)]
    corrected = np.array([one.corrected for one in found])
    error = corrected.std() / np.sqrt(len(corrected))
    true_variance = np.var(truth, ddof=1)
    assert abs(corrected.mean() - true_variance) < 4 * error
    assert np.mean([one.uncorrected for one in found]) - true_variance > 4 * error


def test_the_bootstrap_mean_of_the_double_correction_is_the_corrected_value():
    # Checked through the interval: with 2,000 images a group it is narrow and nearly symmetric.
    found = of([1600, 1400, 1200], [2000] * 3, draws=4_000)
    assert (found.low + found.high) / 2 == pytest.approx(found.corrected, rel=0.03)
    assert found.low < found.corrected < found.high


def test_groups_of_one_image_are_left_out():
    assert of([8, 3, 1], [10, 5, 1]).corrected == of([8, 3], [10, 5]).corrected


def test_fewer_than_two_groups_have_no_variance():
    found = of([8, 1], [10, 1])
    assert np.isnan([found.uncorrected, found.corrected, found.low, found.high]).all()
    assert found.groups == 1
