"""Interval of the between-group variance: the correction by hand, its mean, its coverage."""

import numpy as np
import pytest

from reports.convention import PAPER
from reports.metrics.counts import Counts
from reports.metrics.variance import bgv, bgv_tpr_twice, bgv_twice
from tests.reports.test_statistics import found, row, runs


def counts(correct, n):
    """(S, G) correct samples of the first of two classes, (G,) samples."""
    right = np.atleast_2d(correct)
    tensor = np.zeros((*right.shape, 2, 2), dtype=np.int64)
    tensor[:, :, 0, 0], tensor[:, :, 0, 1] = right, n - right
    names = tuple(f"g{k}" for k in range(right.shape[1]))
    return Counts(tensor, tensor.sum(1), names, ("a", "b"), n_unknown=0, quiet=True)


def values(metric, correct, n):
    return metric(counts(correct, np.array(n)), PAPER).value[:, 0, 0]


def test_the_noise_of_resampling_is_taken_off_too():
    # Rates .8 and .6: variance .02. Noise .16 / 9 and .24 / 4, times 19 / 9 and 9 / 4.
    wanted = 0.02 - (0.16 / 9 * 19 / 9 + 0.24 / 4 * 9 / 4) / 2

    assert values(bgv_twice, [8, 3], [10, 5]) == pytest.approx([wanted])
    assert values(bgv_tpr_twice, [8, 3], [10, 5]) == pytest.approx([wanted])


def test_its_mean_over_resampled_test_sets_is_the_corrected_variance():
    n, draw = np.array([40, 15, 8]), np.random.default_rng(0)
    correct = np.array([30, 9, 7])
    drawn = values(bgv_twice, draw.binomial(n, correct / n, (100_000, 3)), n)

    error = drawn.std() / np.sqrt(len(drawn))
    assert abs(drawn.mean() - values(bgv, correct, n)[0]) < 4 * error


@pytest.mark.parametrize("truth", [(0.7, 0.7, 0.7), (0.9, 0.7, 0.5)], ids=["equal", "unequal"])
def test_percentiles_cover_the_variance_of_the_true_rates(truth):
    # 400 studies: 95 % is met within 3.3 sqrt(.95 x .05 / 400) = 3.6 points; above is no fault.
    n, draw = np.array([300, 120, 80]), np.random.default_rng(1)
    wanted, inside = np.var(truth, ddof=1), 0
    for _ in range(400):
        rates = draw.binomial(n, truth) / n
        drawn = values(bgv_twice, draw.binomial(n, rates, (400, 3)), n)
        low, high = np.percentile(drawn, [2.5, 97.5])
        inside += low <= wanted <= high

    assert inside / 400 >= 0.95 - 0.036


def test_the_interval_of_one_run_is_that_of_binomial_draws():
    sets = runs("ce", [0.7], gap=0.2)
    one, gender = sets[0], sets[0].attributes[:, 0]
    n = np.bincount(gender)
    rates = np.bincount(gender[one.predicted == one.labels]) / n
    m = np.random.default_rng(0).binomial(n, rates, (20_000, 2)) / n
    noise = m * (1 - m) / (n - 1) * (2 * n - 1) / (n - 1)
    wanted = np.percentile(m.var(axis=1, ddof=1) - noise.mean(axis=1), [2.5, 97.5])
    line = row(found(sets), "ce", "bgv")

    # 400 replicates put a percentile about a tenth of the interval off.
    assert [line["low"], line["high"]] == pytest.approx(wanted, abs=0.15 * np.ptp(wanted))
    assert line["interval"] == "bootstrap"
    assert line["low"] < line["mean"] < line["high"]


def test_disagreeing_runs_widen_the_interval():
    alike, apart = (
        row(found(runs("ce", [0.7] * 3, base=4) if same else
                  runs("ce", [0.7], gap=0.4) + runs("ce", [0.7], base=9, seeds=["1"])), "ce", "bgv")
        for same in (True, False)
    )  # fmt: skip

    assert apart["high"] - apart["low"] > alike["high"] - alike["low"]


def test_the_largest_class_has_no_interval():
    frame = found(runs("ce", [0.7, 0.72], gap=0.2))

    assert row(frame, "ce", "bgv_tpr", emotion="max")["interval"] == "none"
    assert np.isnan(row(frame, "ce", "bgv_tpr", emotion="max")["low"])
    assert row(frame, "ce", "bgv_tpr", emotion="mean")["interval"] == "bootstrap"
