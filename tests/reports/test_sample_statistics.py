"""Floors of calibration gaps and of leakage, and the tables that show them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from reports.convention import STRICT
from reports.predictions import PredictionSet, ValidationPart
from reports.report import tables_of, unfilled
from reports.sample_statistics import sample_task_statistics, sample_tasks_of
from reports.scored.frames import scored_frames
from reports.statistics import Effort
from reports.statistics_frame import STATISTICS
from tests.reports.test_layouts import entry, found

SIZE, CLASSES = 600, ("angry", "happy", "sad")
EFFORT = Effort(permutations=800, resamples=50, exchanges=50)


def confident(labels, gender, draw, off):
    """Probabilities of networks that are right 7 times in 10 and say so, `off` more for gender 1.

    With `off` 0 they are calibrated alike.
    """
    right = draw.random(len(labels)) < 0.7
    chosen = np.where(right, labels, (labels + draw.integers(1, 3, len(labels))) % 3)
    confidence = 0.7 + draw.uniform(-0.05, 0.05, len(labels)) + off * gender
    rest = np.repeat((1 - confidence)[:, None] / 2, 3, axis=1)
    rest[np.arange(len(labels)), chosen] = confidence
    return chosen, rest


def run(seed, *, off=0.0, leaks=0.0, method="ce", features=True) -> PredictionSet:
    """One run; `leaks` is how far the features of the two genders lie apart."""
    labels, gender = np.random.default_rng(0).integers(0, [3, 2], (SIZE, 2)).T
    known, own = np.random.default_rng([1, seed]).integers(0, [3, 2], (300, 2)).T
    draw = np.random.default_rng([2, seed, *method.encode()])
    chosen, probabilities = confident(labels, gender, draw, off)

    def seen(groups):
        return draw.standard_normal((len(groups), 4)) + leaks * groups[:, None]

    return PredictionSet(
        dataset="faces", method=method, variant="", seed=str(seed), select="last",
        cell=f"{method}{seed}", classes=CLASSES, levels={"gender": ("female", "male")},
        intersections=(), labels=labels, predicted=chosen, attributes=gender[:, None],
        probabilities=probabilities, features=seen(gender) if features else None,
        validation=ValidationPart(
            known, own[:, None], np.full((300, 3), 1 / 3), features=seen(own) if features else None
        ),
    )  # fmt: skip


def rows(sets):
    (task,) = sample_tasks_of(sets)
    frame = sample_task_statistics(*task, convention=STRICT, effort=EFFORT)
    assert tuple(frame.columns) == STATISTICS
    return {row["metric"]: row for row in frame.to_dict("records")}


def test_groups_that_are_calibrated_alike_lie_within_the_floor():
    row = rows([run(seed) for seed in range(3)])["ece_gap"]

    assert row["floor_low"] < row["mean"] < row["floor_high"]
    assert row["floor_p"] > 0.05
    assert (row["null"], row["interval"], row["seeds"], row["attribute"]) == (
        "acc", "none", 3, "gender",
    )  # fmt: skip


def test_a_group_that_is_too_confident_lies_above_the_floor():
    row = rows([run(seed, off=0.2) for seed in range(3)])["ece_gap"]

    assert row["mean"] > row["floor_high"]
    # 200 permutations, none as far: 1 / 201
    assert row["floor_p"] == pytest.approx(1 / 201)
    assert row["excess"] == pytest.approx(row["mean"] - row["floor_mean"])


def test_the_floor_of_several_runs_is_that_of_their_mean():
    # One permutation serves all runs: copies of a run change nothing.
    one = run(0)
    single, copies = rows([one]), rows([one, replace(one, seed="1"), replace(one, seed="2")])

    for name in ("mean", "floor_mean", "floor_low", "floor_high", "floor_p"):
        assert copies["ece_gap"][name] == pytest.approx(single["ece_gap"][name])


@pytest.mark.parametrize("leaks", [0.0, 1.0])
def test_leakage_stands_beside_what_probes_of_permuted_groups_read(leaks):
    row = rows([run(seed, leaks=leaks) for seed in range(2)])["leak"]

    assert row["floor_mean"] == pytest.approx(0.5, abs=0.02)
    assert (row["floor_low"] <= row["mean"] <= row["floor_high"]) == (leaks == 0)


def test_the_band_of_one_run_is_that_of_scikit_learns_probes():
    one = run(0, leaks=1.0)
    x, own = one.validation.features, one.validation.attributes[:, 0]
    z, truth = one.features, one.attributes[:, 0]
    scaled = [(part - x.mean(0)) / x.std(0) for part in (x, z)]
    draw, scores = np.random.default_rng(5), []
    for _ in range(60):
        probe = LogisticRegression(C=1).fit(scaled[0], draw.permutation(own))
        scores.append(balanced_accuracy_score(draw.permutation(truth), probe.predict(scaled[1])))
    row = rows([one])["leak"]

    # Deviations of 60 and of 100 draws are about a tenth off, limits somewhat more.
    assert row["floor_high"] - row["floor_low"] == pytest.approx(3.92 * np.std(scores), rel=0.4)


def test_without_features_there_is_no_row_of_leakage():
    assert set(rows([run(0, features=False)])) == {"ece_gap"}


def test_without_probabilities_the_gap_is_undefined_with_its_reason():
    row = rows([replace(run(0, features=False), probabilities=None)])["ece_gap"]

    assert row["reason"] == "no_probabilities"
    assert np.isnan([row["mean"], row["floor_mean"], row["floor_p"]]).all()


@pytest.fixture(scope="module")
def frames():
    sets = [run(seed, method=method, off=off, leaks=1.0)
            for method, off in (("ce", 0.0), ("focal", 0.2)) for seed in range(2)]  # fmt: skip
    return scored_frames(sets, STRICT, baseline="ce", effort=EFFORT)


def test_calibration_is_printed_by_group_beside_the_floor_of_its_gap(frames):
    table = found(frames, "calibration_faces_gender", ["calibration"])
    gap = entry(table, "focal", "gap")
    low, high = entry(table, "focal", "floor").text.split("[")[1].rstrip("]").split(", ")

    assert entry(table, "focal", "male").mean > 0.15 > entry(table, "focal", "female").mean
    assert not float(low) <= 100 * gap.mean <= float(high)
    brier = frames.metrics.query("method == 'ce' and metric == 'brier' and attribute == 'all'")
    assert entry(table, "ce", "all", "Brier").mean == pytest.approx(brier["value"].mean())


def test_leakage_is_printed_beyond_chance_and_beyond_the_label(frames):
    table = found(frames, "leakage_faces_gender", ["leakage"])
    leak = entry(table, "ce", "mean (sd)").mean

    assert entry(table, "ce", "chance").mean == pytest.approx(leak - 0.5)
    label = frames.metrics.query("method == 'ce' and metric == 'leak_label'")["value"].mean()
    assert entry(table, "ce", "label").mean == pytest.approx(leak - label)
    assert entry(table, "ce", "null band").mean == pytest.approx(0.5, abs=0.02)
    # The commonest gender of each run's validation part, counted in the test part.
    own = [np.bincount(one.validation.attributes[:, 0]).argmax() for one in (run(0), run(1))]
    share = np.mean([(run(0).attributes[:, 0] == code).mean() for code in own])
    assert entry(table, "ce", "majority").mean == pytest.approx(share)


def test_tables_of_what_was_not_stored_are_left_out_and_asked_for_say_what_they_need():
    bare = replace(run(0, features=False), probabilities=None)
    made = scored_frames([bare], STRICT)
    keys = {table.key for _, tables in tables_of(made) for table in tables}

    assert not {"calibration_faces_gender", "leakage_faces_gender"} & keys
    assert unfilled(made, ["leakage", "calibration"]) == [
        "leakage gives no table of faces: it needs stored features (`run --store-features`) under "
        "the rule `last`.",
        "calibration gives no table of faces: it needs predicted probabilities.",
    ]
