"""The audit as a whole: which group minus which, which of votes, and which threshold."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from reports.audit.calibration_rows import Calibrated, sensitivity_questions
from reports.audit.counts_file import CountedData
from reports.audit.engine import audit
from reports.audit.options import AuditOptions
from reports.audit.tabulation import Tabulation
from reports.stats.calibration import Thresholds, evaluate
from reports.tabular.groups import Grouping
from tests.reports.audit.input_files import observations
from tests.reports.audit.test_engine_numbers import faces, one

OPTIONS = AuditOptions()


def counted(table) -> CountedData:
    table = np.asarray(table)
    strata, groups = ("AU06=0", "AU06=1"), tuple("abc")[: table.shape[1]]
    counts = Tabulation("made", "happy", "race", ("AU06",), strata, groups, table)
    return CountedData("made", (counts,))


def test_residuals_are_those_of_the_label():
    # 30 of 100 and 50 of 100: the first group has the label less often than if independent.
    result = audit([counted([[[70, 30], [50, 50]], [[20, 80], [20, 80]]])], OPTIONS)

    chi_square = stats.chi2_contingency([[70, 30], [50, 50]], correction=False).statistic
    found = [
        one(result, "proportions", condition="AU06=0", group=group)["residual"] for group in "ab"
    ]
    assert found == pytest.approx([-np.sqrt(chi_square), np.sqrt(chi_square)])


def test_pooled_v_of_three_groups_is_bergsmas_of_the_pooled_statistic():
    table = [[[70, 30], [50, 50], [60, 40]], [[20, 80], [25, 75], [45, 55]]]
    row = one(audit([counted(table)], OPTIONS), test="cmh")

    # Bergsma: phi^2 = (X2 - dof n / (n - 1)) / n with 3 groups, over min(3 - 4 / (n - 1), ...) - 1.
    n = 600
    phi = (row["statistic"] - 2 * n / (n - 1)) / n
    assert row["effect"] == pytest.approx(np.sqrt(phi / (1 - 1 / (n - 1))), rel=1e-12)


def test_the_marginal_difference_is_the_group_less_the_reference():
    data = faces()
    more = data.yes[:, 0] | (data.groupings[0].codes * (np.arange(400) % 2))
    data = replace(data, yes=more[:, None])
    row = one(audit([data], OPTIONS), "adjusted", model="main")

    group = data.groupings[0].codes
    design = np.column_stack([sm.add_constant(data.intensities), group == 1])
    fit = sm.Logit(more, design).fit(disp=0, tol=1e-12)
    with_b, with_a = design.copy(), design.copy()
    with_b[:, -1], with_a[:, -1] = 1, 0
    assert (row["group"], row["reference"]) == ("b", "a")
    assert row["odds_ratio"] == pytest.approx(np.exp(fit.params[-1]), rel=1e-6)
    expected = fit.predict(with_b).mean() - fit.predict(with_a).mean()
    assert row["marginal_difference"] == pytest.approx(expected, rel=1e-6) and expected > 0


def test_a_confusion_matrix_has_the_true_groups_in_rows():
    # 100 true a, of whom 40 are taken for b; 100 true b, all known. Half of a and no b are happy.
    confusion = np.array([[0.6, 0.4], [0.0, 1.0]])
    guessed = np.repeat([0, 1], [60, 140])
    happy = np.concatenate([np.arange(60) % 2, np.arange(140) < 20])
    data = observations(happy, guessed, ("a", "b"))
    grouping = Grouping("gender", ("a", "b"), guessed, predicted=True, confusion=confusion)
    result = audit([replace(data, groupings=(grouping,))], OPTIONS)

    rows = result["corrected"].query("condition == 'all'").set_index("group")
    assert rows["naive"].tolist() == pytest.approx([0.5, 20 / 140])
    assert rows["corrected"].tolist() == pytest.approx([0.5, 0.0], abs=1e-12)


def test_votes_of_each_class_are_counted_for_their_class_and_weight():
    draw = np.random.default_rng(0)
    happy, sad = draw.integers(0, 4, 60), draw.integers(0, 2, 60)
    data = observations(happy, np.arange(60) % 2, ("a", "b"), votes=happy + sad + 1)
    two = replace(data, classes=("happy", "sad"), yes=np.column_stack([happy, sad]))
    weighted = replace(two, weights=draw.integers(1, 4, 60))

    for asked, weight in ((two, np.ones(60)), (weighted, weighted.weights)):
        result = audit([asked], OPTIONS)
        for label, yes in (("happy", happy), ("sad", sad)):
            share = [np.sum((yes * weight)[g::2]) / np.sum((asked.votes * weight)[g::2])
                     for g in (0, 1)]  # fmt: skip
            pair = one(result, "pairs", label=label)
            assert pair["difference"] == pytest.approx(share[0] - share[1])


@pytest.mark.parametrize("top", [5.0, 1.0])
def test_a_calibrated_unit_is_present_at_its_threshold_on_either_scale(top):
    # The number below 0.11 gives, divided by 5, what 0.11 gives.
    intensity = np.array([0.05, 0.11, 2.5, 4.0] * 2)
    groups, levels = np.repeat([0, 1], 4), ("a", "b")
    found = Thresholds(raw=0.11, groups=np.array([2.5, 4.0]))
    result = evaluate(found, intensity, np.zeros(8, np.int64), groups)
    one_unit = Calibrated("experts", "gender", levels, "AU04", "accuracy", result, 5.0, "")
    data = replace(
        observations([1] * 8, groups, levels, intensities=intensity[:, None] * top / 5,
                     units=("AU04",)),
        top=top,
    )  # fmt: skip
    raw, recalibrated, _ = sensitivity_questions(data, [one_unit], OPTIONS)

    assert raw.marginals[0].counts[1].sum(axis=1).tolist() == [3, 3]
    assert recalibrated.marginals[0].counts[1].sum(axis=1).tolist() == [2, 1]


def test_an_intensity_that_all_but_tells_the_group_is_no_error():
    data = faces()
    noise = 1e-4 * np.random.default_rng(0).standard_normal(400)
    told = np.column_stack([1 + 2 * data.groupings[0].codes + noise, data.intensities[:, 1]])
    row = one(audit([replace(data, intensities=told)], OPTIONS), test="logit_lr")

    # The log odds ratio has a standard error of over a thousand: the interval has no ends.
    assert 0 <= row["p"] <= 1
    assert (row["effect_low"], row["effect_high"]) == (0, np.inf)
