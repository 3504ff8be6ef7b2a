"""Two groups and two classes against AIF360, on random predictions."""

import logging
import warnings

import numpy as np
import pandas as pd
import pytest

from tests.reports.frames import value
from tests.reports.metrics.cases import CASES, codes, counts_of

# AIF360 says at import which of its optional parts are missing; the tests use none of them.
logging.disable(logging.WARNING)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aif360.datasets import BinaryLabelDataset
    from aif360.metrics import ClassificationMetric
logging.disable(logging.NOTSET)


def oracle(y, p, g, num_groups=2):
    """Group 0 is privileged, all others are not."""
    frame = pd.DataFrame({"label": y.astype(float), "group": g.astype(float)})
    true = BinaryLabelDataset(df=frame, label_names=["label"], protected_attribute_names=["group"])
    decided = true.copy()
    decided.labels = p.astype(float).reshape(-1, 1)
    others = [{"group": k} for k in range(1, num_groups)]
    return ClassificationMetric(
        true, decided, unprivileged_groups=others, privileged_groups=[{"group": 0}]
    )


def test_signed_differences_equal_those_of_aif360():
    compared = 0
    for seed in range(2 * CASES):
        y, p, g = codes(seed, 2, 2)
        if not all(0 < y[g == k].sum() < (g == k).sum() for k in range(2)):
            continue
        compared += 1
        counts, theirs = counts_of(y, p, g, 2, 2), oracle(y, p, g)
        # Theirs is unprivileged minus privileged, ours first minus second level.
        for key, wanted in (
            ("disc_signed", -theirs.statistical_parity_difference()),
            ("avg_odds_signed", -theirs.average_odds_difference()),
        ):
            found = value(key, counts, "c1", "g0:g1")
            assert found == pytest.approx(wanted, abs=1e-12), key
        gap = abs(theirs.equal_opportunity_difference())
        assert value("eopd", counts, "c1") == pytest.approx(gap, abs=1e-12)
        absolute = theirs.average_abs_odds_difference()
        assert value("eod_average", counts, "c1") == pytest.approx(absolute, abs=1e-12)
        assert value("eod_average_pairs", counts, "c1") == pytest.approx(absolute, abs=1e-12)
    assert compared >= CASES


def test_more_than_two_groups_are_one_against_the_rest_there_and_all_compared_here():
    # Selection rates 1, .5 and 0: theirs compares 1 with the .25 of the rest.
    y = np.tile([0, 1], 6)
    g = np.repeat([0, 1, 2], 4)
    p = np.array([1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0])
    assert oracle(y, p, g, 3).statistical_parity_difference() == pytest.approx(-0.75)
    assert value("disc", counts_of(y, p, g, 2, 3), "c1") == 1.0


def test_a_ratio_without_any_positive_decision_is_undefined_in_both():
    y, g, p = np.tile([0, 1], 4), np.repeat([0, 1], 4), np.zeros(8, int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(oracle(y, p, g).disparate_impact())
    assert np.isnan(value("dpr", counts_of(y, p, g, 2, 2), "c1"))
    assert value("disc", counts_of(y, p, g, 2, 2), "c1") == 0.0
