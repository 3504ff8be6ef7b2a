"""Statistics of methods over their seeds: spread, sampling error, floor, difference."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from reports.convention import STRICT
from reports.measure import measure
from reports.predictions import PredictionSet
from reports.runs import runs_of
from reports.statistics import Effort, statistics
from reports.statistics_frame import STATISTICS

CLASSES = ("angry", "happy", "sad")
LEVELS = {"gender": ("female", "male")}
EFFORT = Effort(permutations=200, resamples=400, exchanges=200)
SIZE = 600


def sample(seed=0, size=SIZE):
    draw = np.random.default_rng(seed)
    return draw.integers(0, 3, size), draw.integers(0, 2, size)


def runs(method, accuracies, *, gap=0.0, seeds=None, variant="", data=None, base=100):
    """Runs that are right with a probability of `accuracies`, `gap` lower for the second group."""
    labels, gender = sample() if data is None else data
    sets = []
    for place, accuracy in enumerate(accuracies):
        draw = np.random.default_rng([base, place])
        right = draw.random(len(labels)) < accuracy - gap * gender
        wrong = (labels + draw.integers(1, 3, len(labels))) % 3
        sets.append(
            PredictionSet(
                dataset="faces", method=method, variant=variant,
                seed=str(place if seeds is None else seeds[place]), select="last",
                cell=f"{method}{place}", classes=CLASSES, levels=LEVELS, intersections=(),
                labels=labels, predicted=np.where(right, labels, wrong),
                attributes=gender[:, None],
            )
        )  # fmt: skip
    return sets


def found(*groups, effort=EFFORT, **options):
    return statistics(runs_of([one for sets in groups for one in sets]), "ce", effort=effort,
                      **options)  # fmt: skip


def row(frame, method, metric, attribute="gender", **place):
    wanted = {"method": method, "metric": metric, "attribute": attribute, "group": "all",
              "emotion": "all", **place}  # fmt: skip
    chosen = frame
    for column, value in wanted.items():
        chosen = chosen[chosen[column] == value]
    (one,) = chosen.to_dict("records")
    return one


@pytest.fixture(scope="module")
def frame():
    return found(
        runs("ce", [0.7, 0.72, 0.74], gap=0.15),
        runs("fair", [0.8, 0.82, 0.84], base=201),
        runs("same", [0.7, 0.72, 0.74], gap=0.15),
    )


def test_the_columns_are_those_promised(frame):
    assert tuple(frame.columns) == STATISTICS
    assert set(frame["method"]) == {"ce", "fair", "same"}


def test_means_and_deviations_are_those_of_the_metrics_per_seed(frame):
    sets = runs("ce", [0.7, 0.72, 0.74], gap=0.15)
    rows = [measure(one, STRICT) for one in sets]
    for metric, attribute, emotion in (
        ("acc", "all", "all"), ("fs_acc", "gender", "all"), ("disc", "gender", "happy"),
        ("fs_tpr", "gender", "min"),
    ):  # fmt: skip
        place = {"metric": metric, "attribute": attribute, "emotion": emotion}
        values = [row(one, "ce", **place)["value"] for one in rows]
        ours = row(frame, "ce", metric, attribute, emotion=emotion)
        assert ours["mean"] == pytest.approx(np.mean(values))
        assert ours["sd"] == pytest.approx(np.std(values, ddof=1))
        assert ours["seeds"] == 3


def test_the_sampling_error_of_an_accuracy_is_the_binomial_one():
    # One seed: sqrt(p (1 - p) / n) of 600 test samples.
    one = found(runs("ce", [0.75]), effort=Effort(50, 4000, 50))
    accuracy = row(one, "ce", "acc", "all")

    p = accuracy["mean"]
    assert accuracy["se_test"] == pytest.approx(np.sqrt(p * (1 - p) / SIZE), rel=0.05)
    assert accuracy["low"] == pytest.approx(p - 1.96 * accuracy["se_test"], abs=1e-3)
    assert np.isnan(accuracy["sd"])


def test_a_fair_classifier_lies_within_its_floor_and_an_unfair_one_below(frame):
    fair, unfair = row(frame, "fair", "fs_acc"), row(frame, "ce", "fs_acc")

    assert fair["floor_low"] <= fair["mean"] and fair["floor_p"] > 0.05
    assert unfair["mean"] < unfair["floor_low"] and unfair["floor_p"] < 0.01
    assert unfair["excess"] == pytest.approx(unfair["mean"] - unfair["floor_mean"])
    assert (fair["null"], row(frame, "fair", "disc", emotion="happy")["null"]) == ("tpr", "dp")


def test_scores_that_compare_groups_have_simultaneous_limits_around_them(frame):
    for metric, emotion in (("fs_acc", "all"), ("fs_mca", "all"), ("fs_tpr", "happy"),
                            ("disc", "happy"), ("eopd", "sad"), ("fs_gap", "all")):  # fmt: skip
        one = row(frame, "ce", metric, emotion=emotion)
        assert one["interval"] == "simultaneous", metric
        assert one["low"] < one["mean"] < one["high"], metric
    assert row(frame, "fair", "fs_acc")["high"] == 1
    assert row(frame, "ce", "disc", emotion="max")["interval"] == "none"
    assert row(frame, "ce", "acc", "all")["interval"] == "t"


def test_the_baseline_is_not_compared_with_itself(frame):
    own = frame[frame["method"] == "ce"]

    assert own["difference"].isna().all() and own["difference_p_holm"].isna().all()
    assert set(frame["baseline"]) == {"ce", ""}


def test_a_difference_is_that_of_the_means_with_an_interval_around_it(frame):
    ours = row(frame, "fair", "acc", "all")
    base = row(frame, "ce", "acc", "all")

    assert ours["difference"] == pytest.approx(ours["mean"] - base["mean"])
    assert ours["difference_low"] < ours["difference"] < ours["difference_high"]
    assert ours["difference_p"] < 0.02
    assert ours["smallest_p"] == 0.25
    assert ours["cliffs_delta"] == 1


def test_equal_methods_differ_by_nothing_and_have_no_p(frame):
    for metric, attribute in (("acc", "all"), ("fs_acc", "gender")):
        same = row(frame, "same", metric, attribute)
        assert same["difference"] == 0
        assert np.isnan(same["difference_p"])
    assert row(frame, "same", "fs_acc")["exchange_p"] == 1


def test_p_values_are_corrected_over_the_methods_of_one_number(frame):
    for source in ("floor_p", "difference_p"):
        for metric in ("fs_acc", "fs_mca"):
            rows = [row(frame, name, metric) for name in ("ce", "fair", "same")]
            known = [one[source] for one in rows if not np.isnan(one[source])]
            expected = multipletests(known, method="holm")[1]
            got = [one[f"{source}_holm"] for one in rows if not np.isnan(one[source])]
            assert got == pytest.approx(list(expected))


def test_a_number_does_not_depend_on_what_other_methods_are_there(frame):
    alone = found(runs("ce", [0.7, 0.72, 0.74], gap=0.15))

    columns = ["mean", "se_test", "low", "high", "floor_mean", "floor_p"]
    ours = frame[frame["method"] == "ce"][columns].to_numpy(dtype=float)
    assert np.array_equal(alone[columns].to_numpy(dtype=float), ours, equal_nan=True)


def test_other_seeds_than_the_baselines_are_not_paired():
    frame = found(runs("ce", [0.7, 0.72, 0.74]), runs("other", [0.8, 0.82], seeds=(7, 8), base=300))
    one = row(frame, "other", "acc", "all")

    assert np.isnan(one["seed_t_p"]) and np.isnan(one["exchange_p"])
    assert one["difference_low"] < one["difference"] < one["difference_high"]


def test_the_plain_variant_is_the_baseline_wherever_it_stands():
    frame = found(
        runs("ce", [0.8, 0.82], variant="x=1", base=400), runs("ce", [0.7, 0.72], base=500)
    )
    varied = frame[frame["variant"] == "x=1"]

    assert varied["difference"].notna().any()
    assert frame[frame["variant"] == ""]["difference"].isna().all()


def test_a_group_without_samples_leaves_its_numbers_undefined_with_a_reason():
    labels, _ = sample()
    frame = found(runs("ce", [0.7, 0.72], data=(labels, np.zeros(SIZE, np.int64))))
    one = row(frame, "ce", "fs_acc")

    assert np.isnan(one["mean"]) and one["reason"] == "fewer_than_two_groups"
    assert np.isnan(one["floor_p"]) and np.isnan(one["low"])
    assert row(frame, "ce", "acc", group="male")["reason"] == "empty_group"


def test_no_runs_give_an_empty_frame():
    assert tuple(statistics([], "ce").columns) == STATISTICS


def test_the_sampling_error_of_the_distance_counts_samples_of_unknown_group():
    # 400 samples of known group are right, so fs_acc is 1 and dto is 1 - accuracy; of the 200 of
    # unknown group half are wrong: accuracy varies by sqrt(200 * .5 * .5) / 600 = .01179.
    labels, gender = sample()
    gender = np.where(np.arange(SIZE) < 400, gender, -1)
    right = (gender >= 0) | (np.arange(SIZE) % 2 == 0)
    (one,) = runs("ce", [1.0], data=(labels, gender))
    wrong = np.where(right, labels, (labels + 1) % 3)
    frame = found([replace(one, predicted=wrong)], effort=Effort(50, 4000, 50))
    distance = row(frame, "ce", "dto")

    assert distance["mean"] == pytest.approx(100 / SIZE)
    assert distance["se_test"] == pytest.approx(np.sqrt(50) / SIZE, rel=0.05)


def test_mcnemars_p_is_that_of_the_seeds_together():
    # One seed each: the p of statsmodels on the same samples, of all and of one group.
    (own,), (base,) = runs("fair", [0.8], base=201), runs("ce", [0.7])
    frame = found([base], [own])
    female = own.attributes[:, 0] == 0
    for attribute, group, part in (("all", "all", slice(None)), ("gender", "female", female)):
        a, b = ((one.predicted == one.labels)[part] for one in (own, base))
        counts = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        wanted = mcnemar(counts, exact=True).pvalue
        assert row(frame, "fair", "acc", attribute, group=group)["mcnemar_p"] == (
            pytest.approx(wanted)
        )
    assert np.isnan(row(frame, "fair", "mca", "all")["mcnemar_p"])


def test_signed_ranks_stand_beside_the_smallest_p_of_so_many_seeds(frame):
    ours = row(frame, "fair", "acc", "all")

    assert (ours["signed_rank_p"], ours["smallest_p"]) == (0.25, 0.25)
    assert np.isnan(row(frame, "same", "acc", "all")["signed_rank_p"])


def test_the_best_is_named_and_the_clearly_worse_told_from_it():
    frame = found(
        runs("ce", [0.7, 0.72, 0.71]), runs("fair", [0.9, 0.92, 0.91], base=201),
        runs("twin", [0.9, 0.92, 0.91], base=201), runs("alike", [0.9, 0.91, 0.92], base=333),
    )  # fmt: skip
    best = {name: row(frame, name, "acc", "all") for name in ("ce", "fair", "twin", "alike")}
    leader = best["ce"]["best"]

    assert leader in ("alike", "fair")
    assert {one["best"] for one in best.values()} == {leader}
    assert np.isnan(best[leader]["best_p"])
    assert best["ce"]["best_p_holm"] < 0.03
    others = [best[name]["best_p_holm"] for name in ("alike", "fair", "twin") if name != leader]
    assert min(others) > 0.05
    # The difference to the baseline and that to the best are one test where they are one pair.
    assert best[leader]["difference_p"] == pytest.approx(best["ce"]["best_p"], rel=1e-3)


def test_only_whole_methods_of_the_comparison_set_compete_for_the_best():
    # `third` is not in the set, `half` lacks a run of the three planned.
    compared = {("faces", name, ""): 3 for name in ("ce", "fair", "half")}
    frame = found(
        runs("ce", [0.7, 0.72, 0.71]), runs("fair", [0.8, 0.82, 0.81], base=201),
        runs("half", [0.9, 0.9], base=301), runs("third", [0.9, 0.9, 0.9], base=401),
        compared=compared,
    )  # fmt: skip
    best = [row(frame, name, "acc", "all")["best"] for name in ("ce", "fair", "half", "third")]

    assert best == ["fair", "fair", "", ""]


def test_a_signed_difference_of_rates_is_best_near_zero():
    frame = found(
        runs("ce", [0.8, 0.82, 0.81]), runs("unfair", [0.8, 0.82, 0.81], gap=0.3, base=201)
    )
    place = {"group": "female:male", "emotion": "happy"}
    means = {
        name: abs(row(frame, name, "disc_signed", **place)["mean"]) for name in ("ce", "unfair")
    }
    assert row(frame, "ce", "disc_signed", **place)["best"] == min(means, key=means.get)
