"""The audit as a whole: which questions are asked, with what, and corrected together with what."""

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests

from reports.audit.counts_file import CountedData
from reports.audit.engine import audit
from reports.audit.observations import Observations
from reports.audit.options import AuditOptions
from reports.audit.result import FRAMES
from reports.audit.tabulation import Tabulation
from reports.convention import PAPER
from reports.errors import ReportError
from reports.stats.power import detectable_difference, detectable_v, power_of_difference
from reports.tabular.groups import Grouping

OPTIONS = AuditOptions()


def faces(size=600, seed=0, *, groups=2, shift=0.0, units=("AU06", "AU12")) -> Observations:
    """Faces whose label depends on the last unit, and on the first group where `shift` is not 0."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, groups, size)
    intensity = np.round(draw.uniform(0, 5, (size, len(units))), 2)
    logit = -2 + 0.8 * intensity[:, -1] + shift * (group == 0)
    happy = (draw.random(size) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return Observations(
        name="made",
        classes=("happy",),
        yes=happy[:, None],
        votes=np.ones(size, dtype=np.int64),
        weights=np.ones(size, dtype=np.int64),
        groupings=(Grouping("gender", tuple("abcdef")[:groups], group),),
        conditions=(),
        action_units=units,
        intensities=intensity,
        top=5.0,
    )


def counted(table, units=("AU06",), name="counts", attribute="gender") -> CountedData:
    table = np.asarray(table)
    strata = tuple(f"{units[0]}={value}" for value in range(len(table)))
    groups = tuple("abcdef")[: table.shape[1]]
    return CountedData(name, (Tabulation(name, "happy", attribute, units, strata, groups, table),))


def rows(result, frame="tests", **wanted):
    found = result[frame]
    for column, value in wanted.items():
        found = found[found[column] == value]
    return found.to_dict("records")


def one(result, frame="tests", **wanted):
    (row,) = rows(result, frame, **wanted)
    return row


def test_every_frame_is_there_with_its_columns():
    result = audit([faces()], OPTIONS)

    assert {name: tuple(frame.columns) for name, frame in result.frames.items()} == FRAMES


def test_a_stratum_has_the_chi_square_of_scipy_without_correction():
    # AU06=0: 30 of 100 and 50 of 100. AU06=1: 80 of 100 and 75 of 100.
    result = audit([counted([[[70, 30], [50, 50]], [[20, 80], [25, 75]]])], OPTIONS)

    row = one(result, condition="AU06=0", test="chi2")
    expected = stats.chi2_contingency([[70, 30], [50, 50]], correction=False)
    assert row["statistic"] == pytest.approx(expected.statistic, rel=1e-12)
    assert row["p"] == pytest.approx(expected.pvalue, rel=1e-12)
    assert (row["dof"], row["n"], row["min_expected"]) == (1, 200, 40)
    assert row["effect"] == pytest.approx(0.3 - 0.5)
    assert row["effect_low"] < -0.2 < row["effect_high"] < 0


def test_strata_are_corrected_together_with_those_of_other_data_sets_in_their_table():
    first = counted([[[70, 30], [50, 50]], [[20, 80], [25, 75]]], name="first")
    second = counted([[[60, 40], [55, 45]], [[20, 80], [40, 60]]], name="second")
    other = counted([[[90, 10], [50, 50]], [[20, 80], [25, 75]]], name="third", attribute="race")
    result = audit([first, second, other], OPTIONS)

    cells = result["cells"].query("attribute == 'gender'")
    assert len(cells) == 4
    assert list(cells["p_holm"]) == pytest.approx(list(multipletests(cells["p"], method="holm")[1]))
    assert list(cells["p_bh"]) == pytest.approx(list(multipletests(cells["p"], method="fdr_bh")[1]))
    assert list(cells["p_holm"]) == list(result["tests"].query("test == 'chi2'").query(
        "attribute == 'gender' and condition != 'all'")["p_holm"])  # fmt: skip


def test_a_family_of_the_whole_call_corrects_for_more_tests():
    data = [
        counted([[[70, 30], [50, 50]], [[20, 80], [25, 75]]]),
        counted([[[60, 40], [45, 55]], [[20, 80], [40, 60]]], name="more", attribute="race"),
    ]
    table = audit(data, OPTIONS)["cells"]
    call = audit(data, replace(OPTIONS, family="call"))["cells"]

    assert list(call["p_holm"]) == pytest.approx(list(multipletests(call["p"], method="holm")[1]))
    assert (call["p_holm"].to_numpy() >= table["p_holm"].to_numpy()).all()
    assert call["p_holm"].sum() > table["p_holm"].sum()


def test_pooled_tests_equal_statsmodels():
    table = np.array([[[70, 30], [50, 50]], [[20, 80], [25, 75]]])
    result = audit([counted(table)], OPTIONS)

    # Rows of statsmodels' tables: group; first column: with the label.
    oracle = StratifiedTable([stratum[:, ::-1].astype(float) for stratum in table])
    cmh, day = one(result, test="cmh"), one(result, test="breslow_day")
    assert cmh["statistic"] == pytest.approx(oracle.test_null_odds(correction=False).statistic)
    assert cmh["effect"] == pytest.approx(oracle.oddsratio_pooled)
    low, high = oracle.oddsratio_pooled_confint()
    assert (cmh["effect_low"], cmh["effect_high"]) == (pytest.approx(low), pytest.approx(high))
    assert day["p"] == pytest.approx(oracle.test_equal_odds(adjust=True).pvalue)
    assert math.isnan(day["effect"])


def test_the_regression_equals_statsmodels_and_its_effect_is_first_over_second():
    data = faces(shift=0.7)
    row = one(audit([data], OPTIONS), test="logit_lr")

    label, group = data.yes[:, 0], data.groupings[0].codes
    plain = sm.add_constant(data.intensities)
    full = np.column_stack([plain, group == 0])
    with_group = sm.Logit(label, full).fit(disp=0, tol=1e-12)
    without = sm.Logit(label, plain).fit(disp=0, tol=1e-12)
    assert row["statistic"] == pytest.approx(2 * (with_group.llf - without.llf), rel=1e-8)
    assert row["effect"] == pytest.approx(np.exp(with_group.params[-1]), rel=1e-6)
    low, high = np.exp(with_group.conf_int()[-1])
    assert (row["effect_low"], row["effect_high"]) == (
        pytest.approx(low, rel=1e-6), pytest.approx(high, rel=1e-6))  # fmt: skip


def test_a_sparse_stratum_has_an_exact_p_under_strict_and_none_under_paper():
    sparse = counted([[[9, 1], [4, 6]], [[40, 60], [50, 50]]])
    strict = audit([sparse], OPTIONS)
    paper = audit([sparse], replace(OPTIONS, convention=PAPER))

    chi2, exact = rows(strict, condition="AU06=0")
    assert (chi2["test"], exact["test"]) == ("chi2", "exact")
    assert math.isnan(chi2["p"]) and "too few" in chi2["reason"]
    assert exact["p"] == pytest.approx(stats.fisher_exact([[9, 1], [4, 6]]).pvalue)
    assert one(strict, "cells", condition="AU06=0")["test"] == "exact"
    (only,) = rows(paper, condition="AU06=0")
    assert only["test"] == "chi2" and math.isnan(only["p"]) and "below 5" in only["reason"]
    assert math.isnan(one(paper, "cells", condition="AU06=0")["p_holm"])


def test_a_stratum_without_the_label_is_not_tested_and_does_not_count_in_the_family():
    result = audit([counted([[[70, 30], [50, 50]], [[20, 0], [25, 0]]])], OPTIONS)

    empty = one(result, "cells", condition="AU06=1")
    assert math.isnan(empty["p"]) and empty["reason"] == "nobody or everybody has the label"
    tested = one(result, "cells", condition="AU06=0")
    assert tested["p_holm"] == tested["p"]


def test_more_than_two_groups_have_v_and_an_interaction():
    result = audit([faces(groups=3)], OPTIONS)

    chi2 = [row for row in rows(result, test="chi2") if row["condition"] != "all"]
    assert chi2 and all(row["dof"] == 2 and row["effect"] >= 0 for row in chi2)
    assert one(result, test="cmh")["dof"] == 2
    assert not rows(result, test="breslow_day")
    assert one(result, test="interaction")["dof"] == 2 * 3
    pairs = {(row["group_a"], row["group_b"]) for row in rows(result, "pairs")}
    assert pairs == {("a", "b"), ("a", "c"), ("b", "c")}


def test_joint_patterns_where_counts_allow_and_single_units_where_not():
    many, few = faces(2000), faces(60)

    assert set(audit([many], OPTIONS)["cells"]["family"]) == {"AU06,AU12"}
    result = audit([few], OPTIONS)
    assert set(result["cells"]["family"]) == {"AU06", "AU12"}
    assert any("each action unit alone" in text for _, text in result.notes)
    # The joint patterns are still pooled over.
    assert {row["condition"] for row in rows(result, test="cmh")} == {"AU06", "AU12", "AU06,AU12"}


def test_joint_patterns_of_too_many_units_are_refused_with_the_mend():
    units = tuple(f"AU{number:02d}" for number in (1, 2, 4, 5, 6, 9, 12))

    with pytest.raises(ReportError, match="128 conditions; give at most 6"):
        audit([faces(units=units)], replace(OPTIONS, condition="joint"))


def test_a_planted_shift_is_found_and_none_is_not():
    fair = audit([faces(3000, seed=1)], OPTIONS)
    biased = audit([faces(3000, seed=1, shift=0.8)], OPTIONS)

    assert one(fair, test="logit_lr")["p"] > 0.05
    assert one(biased, test="logit_lr")["p"] < 1e-6
    assert one(biased, test="cmh")["effect"] > 1
    raw = one(biased, "discrimination", form="raw")
    conditional = one(biased, "discrimination", form="conditional")
    assert 0 < raw["low"] < raw["value"] < raw["high"]
    assert 0 < conditional["low"] < conditional["value"] < conditional["high"]


def test_swapping_the_groups_turns_every_signed_number_around():
    data = faces(2000, shift=0.5)
    grouping = data.groupings[0]
    swapped = replace(
        data, groupings=(Grouping("gender", grouping.levels[::-1], 1 - grouping.codes),)
    )
    here, there = audit([data], OPTIONS), audit([swapped], OPTIONS)

    assert list(here["pairs"]["difference"]) == pytest.approx(list(-there["pairs"]["difference"]))
    assert list(here["discrimination"]["value"]) == pytest.approx(
        list(-there["discrimination"]["value"])
    )
    for name in ("cmh", "logit_lr"):
        assert one(here, test=name)["effect"] == pytest.approx(1 / one(there, test=name)["effect"])
        assert one(here, test=name)["p"] == pytest.approx(one(there, test=name)["p"], rel=1e-6)


def test_predictions_have_their_own_discrimination():
    data = faces(2000, shift=0.5)
    predicted = (data.intensities[:, -1] > 2.5).astype(np.int64)[:, None]
    result = audit([replace(data, predicted=predicted)], OPTIONS)

    raw = {row["source"]: row for row in rows(result, "discrimination", form="raw")}
    group = data.groupings[0].codes
    share = [predicted[group == code].mean() for code in (0, 1)]
    assert raw["prediction"]["value"] == pytest.approx(share[0] - share[1])
    assert raw["label"]["value"] != raw["prediction"]["value"]


def test_images_of_one_person_are_tested_by_person():
    data = faces(800)
    people = np.arange(800) // 4
    constant = replace(
        data, clusters=people, cluster_name="person",
        groupings=(Grouping("gender", ("a", "b"), people % 2),),
    )  # fmt: skip
    result = audit([constant], OPTIONS)

    assert set(result["cells"]["test"]) == {"cluster_permutation"}
    plain = one(result, condition="AU06=1,AU12=1", test="chi2")
    assert "person taken as independent" in plain["reason"] and math.isnan(plain["p_holm"])
    varying = audit([replace(data, clusters=people, cluster_name="person")], OPTIONS)
    assert set(varying["cells"]["test"]) == {"cluster_wald"}


def votes(size=120, seed=0) -> Observations:
    data = faces(size, seed)
    draw = np.random.default_rng(seed)
    number = draw.integers(5, 11, size)
    yes = draw.binomial(number, 0.6)
    return replace(data, yes=yes[:, None], votes=number)


def test_votes_are_no_independent_counts():
    result = audit([votes()], OPTIONS)

    tests = set(result["tests"]["test"])
    assert tests == {"cluster_wald", "cluster_permutation", "cluster_wald_pooled",
                     "cluster_permutation_pooled"}  # fmt: skip
    assert set(result["proportions"]["counted"]) == {"vote"}
    assert any("Raters are not named" in text for _, text in result.limits)
    agreement = rows(result, "agreement")
    assert [row["group"] for row in agreement] == ["all", "a", "b"]
    assert all(0 < row["agreement_low"] < row["agreement"] < 1 for row in agreement)


def test_random_p_values_do_not_depend_on_what_else_is_asked():
    small = replace(votes(60), name="votes")
    alone = audit([small], OPTIONS)["tests"]
    beside = audit([faces(), small], OPTIONS)["tests"].query("dataset == 'votes'")

    assert list(alone["test"]) == list(beside["test"])
    assert list(alone["p"].fillna(-1)) == list(beside["p"].fillna(-1))


def test_lost_faces_are_counted_by_group_and_tested():
    data = faces(400)
    intensities = data.intensities.copy()
    group = data.groupings[0].codes
    intensities[np.flatnonzero(group == 0)[:60]] = np.nan
    intensities[np.flatnonzero(group == 1)[:20]] = np.nan
    result = audit([replace(data, intensities=intensities)], OPTIONS)

    sizes = np.bincount(group)
    shares = {row["group"]: row for row in rows(result, "loss")}
    assert shares["a"]["share"] == pytest.approx(60 / sizes[0])
    expected = stats.chi2_contingency([[sizes[0] - 60, 60], [sizes[1] - 20, 20]], correction=False)
    test = one(result, condition="action units not measured")
    assert test["p"] == pytest.approx(expected.pvalue)
    assert any("20.0 % of the images lack measured" in text for _, text in result.limits)


def test_several_classes_are_tested_together_for_association():
    data = faces(900)
    codes = np.random.default_rng(1).integers(0, 3, 900)
    three = replace(
        data, classes=("happy", "sad", "angry"),
        yes=(codes[:, None] == np.arange(3)).astype(np.int64), action_units=(),
        intensities=np.empty((900, 0)),
    )  # fmt: skip
    result = audit([three], OPTIONS)

    table = [[np.sum((codes == c) & (three.groupings[0].codes == g)) for c in range(3)]
             for g in range(2)]  # fmt: skip
    row = one(result, label="all")
    assert row["statistic"] == pytest.approx(stats.chi2_contingency(table).statistic)
    assert row["dof"] == 2
    assert any("may come from the faces or the annotators" in text for _, text in result.limits)
    # Without facial movement the whole data set is the only condition that can be printed.
    assert set(result["cells"]["family"]) == {"all"}


@pytest.mark.parametrize("codes", [np.zeros(50, np.int64), np.full(50, -1)])
def test_fewer_than_two_groups_are_a_sentence_and_no_p(codes):
    data = faces(50)
    single = replace(data, groupings=(Grouping("gender", ("a", "b"), codes),))
    result = audit([single], OPTIONS)

    assert result["tests"]["p"].isna().all()
    assert (result["tests"]["reason"] != "").all()
    assert any("cannot be compared" in text for _, text in result.limits)


def test_a_label_that_never_occurs_is_a_sentence_and_no_p():
    data = faces(200)
    result = audit([replace(data, yes=np.zeros((200, 1), np.int64))], OPTIONS)

    assert result["tests"]["p"].isna().all()
    assert any("'happy' never occurs" in text for _, text in result.limits)


def test_without_attributes_nothing_is_tested_and_that_is_said():
    result = audit([replace(faces(), groupings=())], OPTIONS)

    assert result["tests"].empty
    assert any("there is no protected attribute" in text for _, text in result.limits)


def test_progress_is_told_before_each_question_and_at_the_end():
    told = []
    audit([faces()], OPTIONS, progress=lambda done, total, what: told.append((done, total, what)))

    assert told == [(0, 1, "made: happy by gender"), (1, 1, "")]


def test_weights_stand_for_repeated_rows():
    data = faces(300)
    twice = replace(data, weights=np.full(300, 2))
    doubled = replace(
        data,
        yes=np.repeat(data.yes, 2, axis=0),
        votes=np.repeat(data.votes, 2),
        weights=np.repeat(data.weights, 2),
        groupings=(replace(data.groupings[0], codes=np.repeat(data.groupings[0].codes, 2)),),
        intensities=np.repeat(data.intensities, 2, axis=0),
    )

    here, there = audit([twice], OPTIONS)["tests"], audit([doubled], OPTIONS)["tests"]
    assert list(here["p"].fillna(-1)) == pytest.approx(list(there["p"].fillna(-1)), rel=1e-9)


def test_what_could_have_been_detected_stands_beside_what_was_found():
    table = [[[700, 300], [500, 500]], [[20, 80], [25, 75]]]
    result = audit([counted(table)], OPTIONS)

    cell = one(result, "cells", condition="AU06=0")
    assert cell["detectable"] == pytest.approx(detectable_difference(1000, 1000, 0.4), rel=1e-12)
    assert power_of_difference(1000, 1000, 0.4 + cell["detectable"] / 2,
                               0.4 - cell["detectable"] / 2) == pytest.approx(0.8)  # fmt: skip
    raw = one(result, "discrimination", form="raw")
    conditional = one(result, "discrimination", form="conditional")
    assert conditional["detectable"] < cell["detectable"]
    assert raw["detectable"] == pytest.approx(detectable_difference(1100, 1100, 955 / 2200))
    three = audit([faces(3000, groups=3)], OPTIONS)
    cell = next(row for row in rows(three, "cells") if row["test"] == "chi2")
    n = next(row["n"] for row in rows(three, condition=cell["condition"], test="chi2"))
    assert cell["detectable"] == pytest.approx(detectable_v(n, 2))
