"""The check of the audit's levels and power: rates, bands, and that it finds a broken test."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from scipy.stats import norm

import benchmarks.audit_levels as audit_levels
from benchmarks.annotation_world import Shift, World, faces_pool, scaled_sizes
from benchmarks.audit_designs import (
    PLANTED_STRATUM,
    Design,
    Key,
    designs,
    expected,
    planted,
    planted_amount,
)
from benchmarks.audit_levels import LevelRow, level_frame, level_row, measured, simulate

CMH = Key("happy", "gender", "AU06,AU12", "cmh")


@pytest.fixture(scope="module")
def faces():
    return faces_pool()


def by_test(rows):
    return {Key(row.label, row.attribute, row.condition, row.test): row for row in rows}


def asking_gender(world, data_sets, **others):
    return Design(
        "trial", world, ("counts",), data_sets, labels=("happy",), attributes=("gender",), **others
    )


@pytest.fixture(scope="module")
def null_rows():
    """200 data sets of 1,500 images, whose groups mean nothing."""
    return by_test(measured((asking_gender(World(people=scaled_sizes(1500)), 200),), seed=1))


def test_tests_hold_their_level_where_nothing_is_to_be_found(null_rows):
    judged = {key: row for key, row in null_rows.items() if row.tests >= 100}

    assert {"chi2", "cmh", "breslow_day", "holm"} <= {key.test for key in judged}
    assert {row.verdict for row in judged.values()} == {"holds"}
    # all levels together: 200 data sets give about 10 rejections a test
    rates = [row.rate for row in judged.values() if row.claim == "level"]
    assert 0.02 < np.mean(rates) < 0.08


def test_every_data_set_is_counted_once_per_test(null_rows):
    assert null_rows[CMH].tests == null_rows[CMH].data_sets == 200
    stratum = CMH._replace(condition="AU06=0,AU12=0")
    both = [null_rows[stratum._replace(test=test)] for test in ("chi2", "exact")]
    assert all(row.tests for row in both)
    assert sum(row.tests for row in both) == 200, "one or the other is made in each data set"


def test_labels_that_depend_on_the_group_fail_the_level():
    biased = World(people=scaled_sizes(1500), shift=Shift("gender", "female", "happy", 0.3))
    rows = by_test(measured((asking_gender(biased, 100),), seed=1))

    assert rows[CMH].rate > 0.9
    assert rows[CMH].verdict == "fails"
    assert rows[CMH._replace(test="holm")].verdict == "fails"


def test_a_test_whose_p_are_too_small_fails_the_level(monkeypatch):
    """p of the normal distribution with half the variance: rejects in 16.6 % instead of 5 %."""

    def halved(plan, observations, draw):
        yield CMH, 2 * norm.sf(abs(draw.standard_normal()) * math.sqrt(2))

    monkeypatch.setattr(audit_levels, "p_values", halved)
    (row,) = measured((asking_gender(World(people=scaled_sizes(50)), 400),), seed=1)

    # 2 (1 - Phi(1.95996 / sqrt 2)) = 0.1658
    assert row.rate == pytest.approx(0.1658, abs=4 * math.sqrt(0.1658 * 0.8342 / 400))
    assert row.verdict == "fails"


def test_the_planted_shift_makes_the_difference_that_is_promised_to_be_found(faces):
    for strata in ([0, 1, 2, 3], [1]):
        amount = planted_amount(World(), faces, strata)
        there = expected(World(), faces, amount).within(strata)

        assert there.difference == pytest.approx(there.detectable, rel=0.01)
        assert 0.005 < there.difference < 0.2


def test_without_a_shift_groups_have_the_same_expected_proportions(faces):
    there = expected(World(), faces, 0.0)

    assert there.difference == 0.0
    # 4,936 men and 7,278 women over the four patterns
    np.testing.assert_allclose(there.sizes.sum(axis=0), [4936, 7278])


@pytest.mark.parametrize("stratum", ["", PLANTED_STRATUM])
def test_a_planted_shift_is_found_about_as_often_as_promised(faces, stratum):
    plan = planted("planted", faces, 100, stratum=stratum)
    key = CMH._replace(condition=stratum, test="chi2") if stratum else CMH
    rows = by_test(measured((plan,), seed=2))

    assert plan.powers[key] == 0.8
    assert set(rows) == set(plan.powers), "what no formula speaks of is left out"
    for key, power in plan.powers.items():
        error = math.sqrt(power * (1 - power) / 100)
        assert rows[key].rate == pytest.approx(power, abs=4 * error + 0.01)


def test_results_depend_neither_on_the_number_of_workers_nor_on_other_designs():
    small = asking_gender(World(people=scaled_sizes(200)), 30)
    alone = level_frame(measured((small,), seed=3))

    assert_frame_equal(level_frame(measured((small,), seed=3, workers=2)), alone)
    together = level_frame(measured((replace(small, name="other"), small), seed=3))
    ours = together[together["design"] == "trial"].reset_index(drop=True)
    assert_frame_equal(ours, alone)
    assert not level_frame(measured((small,), seed=4)).equals(alone)


def test_regressions_and_clusters_are_tried_too():
    plan = Design(
        "slow",
        World(people=scaled_sizes(300), pictures=2, person_effect=0.2),
        ("regression", "clusters"),
        2,
        labels=("happy",),
        attributes=("gender",),
    )
    tests = {row.test: row for row in measured((plan,), seed=0)}

    assert {"logit_lr", "cluster_wald", "cluster_wald_pooled", "cluster_permutation"} <= set(tests)
    assert tests["logit_lr"].claim == "level"
    assert tests["cluster_permutation"].claim == "bound"
    assert {row.verdict for row in tests.values()} <= {"too few tests", ""}


def test_progress_ends_with_everything_done():
    told = []
    measured(
        (asking_gender(World(people=scaled_sizes(50)), 30),),
        0,
        lambda done, total: told.append((done, total)),
    )

    assert told == [(25, 30), (30, 30)]


PLAN = asking_gender(World(), 10_000)


def test_the_band_of_a_level_is_five_percent_and_3_3_standard_errors():
    # sqrt(.05 x .95 / 10000) = .0021794; 3.3 of them .0071921
    row = level_row(PLAN, CMH, 10_000, 500)

    assert (row.low, row.high) == pytest.approx((0.0428079, 0.0571921), abs=1e-7)
    assert level_row(PLAN, CMH, 10_000, 428).verdict == "fails"
    assert level_row(PLAN, CMH, 10_000, 429).verdict == "holds"
    assert level_row(PLAN, CMH, 10_000, 571).verdict == "holds"
    assert level_row(PLAN, CMH, 10_000, 572).verdict == "fails"


def test_an_exact_test_may_reject_less_but_not_more():
    exact = CMH._replace(test="exact")

    assert level_row(PLAN, exact, 10_000, 0).verdict == "holds"
    assert level_row(PLAN, exact, 10_000, 572).verdict == "fails"


def test_a_test_that_only_bounds_here_may_reject_less_but_not_more():
    plan = replace(PLAN, only_bounds=("cmh",))

    assert level_row(plan, CMH, 10_000, 300).verdict == "holds"
    assert level_row(plan, CMH, 10_000, 572).verdict == "fails"
    assert level_row(plan, CMH._replace(test="chi2"), 10_000, 300).verdict == "fails"


def test_a_power_holds_within_five_points():
    plan = replace(PLAN, powers={CMH: 0.8})

    verdicts = [level_row(plan, CMH, 1000, n).verdict for n in (749, 751, 849, 851)]
    assert verdicts == ["fails", "holds", "holds", "fails"]


def test_few_tests_are_not_judged_and_without_claim_nothing_is():
    assert level_row(PLAN, CMH, 99, 99).verdict == "too few tests"
    nothing = level_row(PLAN, CMH, 0, 0)
    assert math.isnan(nothing.rate)
    assert nothing.verdict == "too few tests"
    unclaimed = level_row(replace(PLAN, claims=()), CMH, 1000, 1000)
    assert (unclaimed.claim, unclaimed.verdict, unclaimed.rate) == ("none", "", 1.0)


def test_the_table_has_a_row_a_test_and_a_column_a_field():
    frame = level_frame([level_row(PLAN, CMH, 1000, 50)])

    assert list(frame.columns) == list(LevelRow.__dataclass_fields__)
    assert frame.loc[0, "rate"] == 0.05
    assert list(level_frame([]).columns) == list(frame.columns)


def test_the_check_asks_every_design_for_as_many_data_sets_as_wanted(faces):
    plans = designs(7, 3, faces)

    assert len({plan.name for plan in plans}) == len(plans)
    for plan in plans:
        slow = set(plan.kinds) & {"regression", "clusters"}
        assert plan.data_sets == (3 if slow else 7)


def test_the_whole_check_runs_with_one_data_set_of_each_design():
    rows = simulate(1, 1, seed=0)

    assert {row.design for row in rows} == {plan.name for plan in designs(1, 1, faces_pool())}
    assert all(row.tests == row.data_sets == 1 for row in rows)
