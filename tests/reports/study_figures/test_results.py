"""Numbers of a data set as the figures take them: baseline, best few, intervals, front."""

from dataclasses import replace

import pandas as pd
import pytest

from reports.rows import REFERENCE_BLOCK
from reports.study_figures.results import ACCURACY, fairness_place, results_of
from reports.study_figures.tradeoff import trade_points
from tests.reports.made_statistics import made_statistics
from tests.reports.studies import cell, rows, study

SEEDS = ("0", "1")


def made(accuracy, fairness=None, **more):
    """A study of methods with the same value in both seeds."""
    frames = [rows({(m, s): v for m, v in accuracy.items() for s in SEEDS})]
    for attribute, scores in ({"gender": fairness} if fairness else {}).items():
        values = {(m, s): v for m, v in scores.items() for s in SEEDS}
        frames.append(rows(values, attribute=attribute, metric="fs_acc"))
    cells = [cell("synthetic", m, int(s)) for m in accuracy for s in SEEDS]
    return study(pd.concat(frames, ignore_index=True), cells, **more)


def results(frames):
    return results_of(frames, frames.dataset_cards[0])


def test_mean_is_over_defined_seeds_and_n_is_the_smallest():
    frame = rows({("ce", "0"): 0.5, ("ce", "1"): float("nan"), ("ce", "2"): 0.7})
    frame["n"] = [30, 0, 20]
    found = results(study(frame, [cell("synthetic", "ce", s) for s in range(3)]))
    number = found.number(found.rows[0], ACCURACY)
    assert number.values == (0.5, 0.7)
    assert number.mean == pytest.approx(0.6)  # (0.5 + 0.7) / 2
    assert number.n == 0


def test_intervals_come_from_the_statistics():
    frames = made({"ce": 0.8}, {"ce": 0.9})
    frames = replace(frames, statistics=made_statistics(frames.metrics))
    found = results(frames)
    number = found.number(found.rows[0], fairness_place("gender"))
    assert found.has_intervals
    assert (number.low, number.high) == (pytest.approx(0.85), pytest.approx(0.95))
    assert (number.floor_low, number.floor_mean, number.floor_high) == (0.9, 0.95, 0.99)


def test_statistics_name_the_baseline():
    frames = made({"ce": 0.8, "focal": 0.7})
    assert results(frames).baseline_key == "ce"
    statistics = made_statistics(frames.metrics).assign(baseline="focal")
    assert results(replace(frames, statistics=statistics)).baseline.run[1] == "focal"


def test_family_names_the_baseline_where_there_are_no_statistics():
    frames = made({"ce": 0.8, "focal": 0.7})
    families = ["baseline" if key == "focal" else "loss" for key in frames.methods["method"]]
    frames = replace(frames, methods=frames.methods.assign(family=families))
    assert results(frames).baseline_key == "focal"


def test_a_study_without_baseline_has_none():
    found = results(made({"focal": 0.8}, {"focal": 0.9}))
    assert found.baseline is None
    assert [row.run[1] for row in found.best(fairness_place("gender"))] == ["focal"]


def test_best_methods_are_at_least_as_accurate_as_the_baseline():
    fair = {"ce": 0.8, "focal": 0.99, "latent_alignment": 0.9, "spectral_decoupling": 0.95}
    accurate = {"ce": 0.7, "focal": 0.2, "latent_alignment": 0.7, "spectral_decoupling": 0.75}
    found = results(made(accurate, fair)).best(fairness_place("gender"))
    # focal is the fairest and nearly useless
    assert [row.run[1] for row in found] == ["ce", "spectral_decoupling", "latent_alignment"]


def test_points_are_numbered_by_accuracy_and_the_front_is_what_nothing_dominates():
    accurate = {"ce": 0.8, "focal": 0.7, "latent_alignment": 0.6, "spectral_decoupling": 0.7}
    fair = {"ce": 0.5, "focal": 0.9, "latent_alignment": 0.85, "spectral_decoupling": 0.9}
    points = trade_points(results(made(accurate, fair)), "gender")
    found = {point.row.run[1]: (point.number, point.on_front) for point in points}
    assert found["ce"] == (1, True)
    assert found["latent_alignment"] == (4, False)  # focal is better in both
    # equal points do not dominate each other
    assert found["focal"][1] and found["spectral_decoupling"][1]


def test_methods_with_missing_seeds_or_other_data_are_on_no_front():
    frames = made({"ce": 0.8, "focal": 0.9}, {"ce": 0.8, "focal": 0.9})
    short = results(replace(frames, cells=pd.concat([
        frames.cells,
        pd.DataFrame([cell("synthetic", "focal", 2, "failed", "x")], columns=frames.cells.columns),
    ])))  # fmt: skip
    assert [p.row.run[1] for p in trade_points(short, "gender") if p.on_front] == ["ce"]
    other = results(frames)
    other = replace(other, rows=tuple(
        replace(row, block=REFERENCE_BLOCK) if row.run[1] == "focal" else row for row in other.rows
    ))  # fmt: skip
    assert [p.row.run[1] for p in trade_points(other, "gender") if p.on_front] == ["ce"]
