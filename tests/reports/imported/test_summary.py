"""Means, intervals and comparisons of imported runs, against hand-computed values and scipy."""

import math

import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from reports.errors import ReportError
from reports.imported.selection import RUNS
from reports.imported.summary import comparisons, results

ERM, IRM, MIXUP = (0.1, 0.2, 0.3), (0.15, 0.3, 0.33), (0.4, 0.41, 0.45)


def runs(method: str, values, settings=20, **place) -> pd.DataFrame:
    fixed = {
        "dataset": "VLCS", "selection": "training_domain_validation", "reads_test": False,
        "metric": "accuracy", "test_set": "env0", "reason": "", "setting": 0, "step": 0,
        "source": "",
    } | place  # fmt: skip
    frame = pd.DataFrame({"trial": list(map(str, range(len(values)))), "value": list(values)})
    return frame.assign(method=method, settings=settings, **fixed)[list(RUNS)]


def the_row(frame: pd.DataFrame) -> dict:
    (row,) = frame.to_dict("records")
    return row


def test_the_interval_is_students_with_the_sample_deviation():
    row = the_row(results(runs("ERM", ERM)))
    # DomainBed's own error bar divides by n before the root: 4.71 points instead of 5.77
    error = math.sqrt(((0.1) ** 2 + 0 + (0.1) ** 2) / 2) / math.sqrt(3)
    low, high = stats.t.interval(0.95, 2, loc=0.2, scale=error)

    assert error == pytest.approx(0.0577, abs=5e-5)
    assert (row["mean"], row["sd"]) == pytest.approx((0.2, 0.1))
    assert (row["low"], row["high"]) == pytest.approx((max(low, 0), high))
    assert (row["trials"], row["planned"], row["reason"]) == (3, 3, "")


def test_one_trial_has_no_spread_and_no_interval():
    row = the_row(results(runs("ERM", [0.5])))

    assert row["mean"] == 0.5
    assert all(math.isnan(row[name]) for name in ("sd", "low", "high"))
    assert row["reason"].startswith("one trial")


def test_equal_trials_have_no_interval():
    row = the_row(results(runs("ERM", [0.5, 0.5, 0.5])))

    assert row["sd"] == 0 and math.isnan(row["low"])
    assert "no certainty" in row["reason"]


def test_a_diverged_trial_is_counted_as_missing_with_its_reason():
    frame = runs("ERM", [0.2, 0.4, math.nan])
    frame.loc[2, "reason"] = "every run diverged"
    row = the_row(results(frame))

    assert (row["trials"], row["planned"]) == (2, 3)
    assert (row["mean"], row["reason"]) == (pytest.approx(0.3), "every run diverged")


def test_trials_of_other_methods_are_planned():
    table = results(pd.concat([runs("ERM", ERM), runs("IRM", IRM[:2])]))

    assert list(table["planned"]) == [3, 3]
    assert list(table["trials"]) == [3, 2]


def test_methods_are_paired_with_the_baseline_by_trial_and_corrected_by_holm():
    table = comparisons(
        pd.concat([runs("ERM", ERM), runs("IRM", IRM), runs("Mixup", MIXUP)]), "ERM"
    )
    tests = [stats.ttest_rel(one, ERM) for one in (IRM, MIXUP)]
    limits = [test.confidence_interval(0.95) for test in tests]

    assert list(table["method"]) == ["IRM", "Mixup"]
    assert list(table["p"]) == pytest.approx([test.pvalue for test in tests])
    assert list(table["low"]) == pytest.approx([one.low for one in limits])
    assert list(table["p_holm"]) == pytest.approx(multipletests(table["p"], method="holm")[1])
    # all three differences have one sign: 2 of 8 patterns, and no smaller p is possible
    assert list(table["p_flips"]) == list(table["smallest_p"]) == [0.25, 0.25]


def test_trials_that_one_side_lacks_are_left_out_of_the_pairs():
    row = the_row(comparisons(pd.concat([runs("ERM", ERM), runs("IRM", IRM[:2])]), "ERM"))

    # (.05 + .10) / 2
    assert (row["pairs"], row["difference"]) == (2, pytest.approx(0.075))
    assert row["baseline_mean"] == pytest.approx(0.15)


def test_a_larger_search_is_not_tested():
    row = the_row(comparisons(pd.concat([runs("ERM", ERM, 5), runs("IRM", IRM)]), "ERM"))

    assert row["difference"] == pytest.approx(0.06)
    assert all(math.isnan(row[name]) for name in ("low", "high", "p", "p_holm", "p_flips"))
    assert row["reason"].startswith("20 settings tried and 5 with the baseline")


def test_one_common_trial_is_not_tested():
    row = the_row(comparisons(pd.concat([runs("ERM", ERM[:1]), runs("IRM", IRM)]), "ERM"))

    assert math.isnan(row["p"]) and row["reason"] == "1 trial in common: no test"


def test_rules_are_compared_apart():
    frame = pd.concat(
        [
            runs(method, values, selection=rule)
            for method, values in (("ERM", ERM), ("IRM", IRM))
            for rule in ("a", "b")
        ]
    )
    table = comparisons(frame, "ERM")

    # families of one test: Holm changes nothing
    assert list(table["selection"]) == ["a", "b"]
    assert list(table["p_holm"]) == pytest.approx(list(table["p"]))


def test_a_baseline_that_is_not_there_is_refused():
    with pytest.raises(ReportError, match="no method is called 'erm'"):
        comparisons(runs("ERM", ERM), "erm")
