import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.errors import ReportError
from reports.stats.calibration import Thresholds, calibrate, evaluate, fit_thresholds
from reports.stats.chi_square import pearson

ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(-1, 2)), min_size=1, max_size=30
)


def columns(rows):
    intensity, truth, groups = (np.array(column) for column in zip(*rows, strict=True))
    return intensity / 5, truth, groups


def shifted(size=4000, shift=0.2, seed=0):
    """Two groups whose intensities differ by a shift at the same facial movement."""
    generator = np.random.default_rng(seed)
    truth, groups = generator.integers(0, 2, size), generator.integers(0, 2, size)
    noise = generator.normal(0, np.where(groups == 1, 0.25, 0.15))
    return 0.4 + 0.3 * truth + shift * groups + noise, truth, groups


#  group 0: .1- .2- .6+ .8+   separable: accuracy 1 with the cut between .2 and .6
#  group 1: .3+ .5- .7+ .9-   no cut gets more than 2 of 4 right
HAND = (
    np.array([0.1, 0.2, 0.6, 0.8, 0.3, 0.5, 0.7, 0.9]),
    np.array([0, 0, 1, 1, 1, 0, 1, 0]),
    np.repeat([0, 1], 4),
)


def test_groups_are_levelled_down_to_what_the_worst_placed_one_can_reach():
    # pooled, right answers at the cuts -inf .15 .25 .4 .55 .65 .75 .85 inf:
    # 4 5 6 5 6 5 4 3 4; of the best, .25 (6) and .55 (6), .55 is nearer to .5
    # group 1 alone, cuts -inf .4 .6 .8 inf: 2 1 2 1 2, at best 2 of 4, so the target is 1/2
    # group 0 alone, cuts -inf .15 .4 .7 inf: 2 3 4 3 2; 1/2 at -inf and inf, equally far: -inf
    # group 1 reaches 1/2 at -inf, the pooled .55 (no on .3+ .5-, yes on .7+ .9-: 2), .6, inf: .55
    found = calibrate(*HAND, 2)

    assert found.thresholds.raw == pytest.approx(0.55)
    assert found.thresholds.groups[0] == -np.inf
    assert found.thresholds.groups[1] == pytest.approx(0.55)
    assert found.raw.accuracy.tolist() == [1, 0.5]
    assert found.recalibrated.accuracy.tolist() == [0.5, 0.5]
    assert found.given_up.tolist() == [0.5, 0]


def test_rates_and_test_of_the_pooled_threshold_by_hand():
    # at .55 group 0 finds both and has no false alarm; group 1 finds .7 of .3 and .7, and gives a
    # false alarm at .9 of .5 and .9
    found = calibrate(*HAND, 2).raw

    assert found.tpr.tolist() == [1, 0.5]
    assert found.fpr.tolist() == [0, 0.5]
    assert found.n.tolist() == [4, 4]
    # answers wrong and right: (0, 4) and (2, 2)
    assert found.test == pearson([[0, 4], [2, 2]])


def test_matching_rates_puts_each_group_at_the_rates_of_everybody():
    intensity, truth, groups = shifted()

    plain = calibrate(intensity, truth, groups, 2)
    matched = calibrate(intensity, truth, groups, 2, match="tpr_fpr")

    def gap(found):
        return abs(np.diff(found.tpr)[0]) + abs(np.diff(found.fpr)[0])

    assert gap(matched.recalibrated) < 0.6 * gap(plain.raw)
    assert gap(matched.recalibrated) < gap(plain.recalibrated)


def test_a_group_whose_intensities_are_shifted_gets_a_shifted_threshold():
    generator = np.random.default_rng(2)
    truth, groups = generator.integers(0, 2, 6000), np.repeat([0, 1], 3000)
    intensity = 0.4 * truth + generator.normal(0, 0.1, 6000) + 0.2 * groups

    matched = fit_thresholds(intensity, truth, groups, 2, match="tpr_fpr")

    assert matched.groups[1] - matched.groups[0] == pytest.approx(0.2, abs=0.05)


def slow_accuracy_fit(intensity, truth, groups, raw):
    """The rule read aloud: try every cut of every group."""
    best, tables = [], {}
    for group in np.unique(groups[groups >= 0]):
        score, flags = intensity[groups == group], truth[groups == group]
        distinct = sorted(set(score))
        middle = [(a + b) / 2 for a, b in zip(distinct, distinct[1:], strict=False)]
        cuts = [-np.inf, *middle, np.inf, raw]
        tables[group] = [(t, np.mean((score >= t) == flags)) for t in cuts]
        best.append(max(accuracy for _, accuracy in tables[group]))
    target = min(best)
    return {
        group: min(abs(accuracy - target) for _, accuracy in table)
        for group, table in tables.items()
    }, target


@given(ROWS)
def test_each_group_comes_as_close_to_the_target_as_any_threshold_could(rows):
    intensity, truth, groups = columns(rows)
    found = calibrate(intensity, truth, groups, 3)
    known = groups >= 0
    misses, target = (
        slow_accuracy_fit(intensity, truth, groups, found.thresholds.raw)
        if known.any()
        else ({}, 0)
    )

    for group in range(3):
        accuracy = found.recalibrated.accuracy[group]
        if group not in misses:
            assert np.isnan(accuracy)
            assert np.isnan(found.thresholds.groups[group])
        else:
            assert abs(accuracy - target) == pytest.approx(misses[group], abs=1e-9)


@given(ROWS)
def test_one_group_keeps_the_pooled_threshold(rows):
    intensity, truth, _ = columns(rows)

    found = fit_thresholds(intensity, truth, np.zeros(len(truth), int), 1)

    assert found.groups[0] == found.raw


@given(ROWS, st.sampled_from(["accuracy", "tpr_fpr"]))
def test_rates_are_those_of_the_decisions(rows, match):
    intensity, truth, groups = columns(rows)
    found = calibrate(intensity, truth, groups, 3, match=match)
    for group in range(3):
        mine = groups == group
        shown = intensity[mine] >= found.thresholds.groups[group]
        flags = truth[mine] == 1
        for rate, part, whole in (
            (found.recalibrated.accuracy, (shown == flags).sum(), mine.sum()),
            (found.recalibrated.tpr, (shown & flags).sum(), flags.sum()),
            (found.recalibrated.fpr, (shown & ~flags).sum(), (~flags).sum()),
        ):
            expected = part / whole if whole else np.nan
            assert rate[group] == pytest.approx(expected, nan_ok=True)


def test_thresholds_are_fitted_on_one_half_and_tested_on_the_other():
    intensity, truth, groups = shifted()
    half = np.arange(len(truth)) % 2 == 0
    thresholds = fit_thresholds(intensity[half], truth[half], groups[half], 2)

    other = evaluate(thresholds, intensity[~half], truth[~half], groups[~half])

    assert other.thresholds is thresholds
    assert other.raw.n.sum() == (~half).sum()
    assert np.abs(np.diff(other.recalibrated.accuracy))[0] < np.abs(np.diff(other.raw.accuracy))[0]


def test_a_group_unseen_in_the_fit_has_no_recalibrated_figures():
    thresholds = Thresholds(0.5, np.array([0.4, np.nan]))

    found = evaluate(
        thresholds, np.array([0.1, 0.9, 0.7]), np.array([0, 1, 1]), np.array([0, 0, 1])
    )

    assert found.raw.accuracy.tolist() == [1, 1]
    assert np.isnan(found.recalibrated.accuracy[1])
    assert found.recalibrated.n.tolist() == [2, 0]


def test_an_intensity_at_the_threshold_counts_as_present():
    found = evaluate(
        Thresholds(0.5, np.array([0.5])), np.array([0.5]), np.array([1]), np.array([0])
    )

    assert found.raw.tpr.tolist() == [1]


def test_rows_without_intensity_truth_or_group_are_left_out():
    intensity = np.append(HAND[0], [np.nan, 0.5, 0.5])
    truth, groups = np.append(HAND[1], [1, -1, 1]), np.append(HAND[2], [0, 0, -1])

    assert calibrate(intensity, truth, groups, 2).raw.n.tolist() == [4, 4]


@pytest.mark.parametrize("match", ["accuracy", "tpr_fpr"])
def test_no_rows_give_undefined_figures_and_a_reason(match):
    none = np.zeros(0)

    found = calibrate(none, none.astype(int), none.astype(int), 2, match=match)

    assert np.isnan(found.thresholds.raw)
    assert np.isnan(found.recalibrated.accuracy).all()
    assert np.isnan(found.raw.test.p)
    assert found.raw.test.reason == "fewer than two groups with images"


@pytest.mark.parametrize("match", ["accuracy", "tpr_fpr"])
def test_a_unit_that_is_never_shown_has_no_tpr_but_a_threshold(match):
    intensity = np.array([0.1, 0.2, 0.3, 0.4])

    found = calibrate(intensity, np.zeros(4, int), np.array([0, 0, 1, 1]), 2, match=match)

    assert np.isnan(found.raw.tpr).all()
    assert found.raw.fpr.tolist() == [0, 0]
    assert found.raw.test.reason == "no answer is wrong"
    assert found.thresholds.groups.tolist() == [np.inf, np.inf]


def test_an_infinite_intensity_is_refused_in_a_sentence():
    with pytest.raises(ReportError, match="infinite"):
        calibrate(np.array([0.1, np.inf]), np.array([0, 1]), np.array([0, 0]), 1)
