"""Tables of aggregates over runs: numbers by hand, what is compared, what has no interval."""

import dataclasses

import pandas as pd
import pytest

from reports.report import tables_of
from tests.reports.studies import cell, rows, study
from tests.reports.test_layouts import entry, found, whole_study


def made(ce, focal, dataset="synthetic", **place):
    """One data set with the runs of two methods."""
    values = {("ce", str(seed)): value for seed, value in enumerate(ce)}
    values |= {("focal", str(seed)): value for seed, value in enumerate(focal)}
    cells = [
        cell(dataset, method, seed)
        for method, runs in (("ce", ce), ("focal", focal))
        for seed in range(len(runs))
    ]
    return rows(values, dataset=dataset, **place), cells


def table_of(ce, focal):
    return found(study(*made(ce, focal)), "aggregates_synthetic", ["aggregates"])


def test_aggregates_of_four_runs_by_hand():
    # Focal: mean .65, IQM of .5 .6 .7 .8 without the ends .65; ce .55 .55 .65 .95:
    # mean .675, IQM .6, gap .325. A run of focal beats ce's in 0, 2, 3, 3 of 4: 8 / 16.
    table = table_of([0.55, 0.55, 0.65, 0.95], [0.5, 0.6, 0.7, 0.8])

    assert entry(table, "Cross", "mean").mean == pytest.approx(0.675)
    assert entry(table, "Cross", "IQM").mean == pytest.approx(0.6)
    assert entry(table, "Cross", "gap").mean == pytest.approx(0.325)
    assert entry(table, "Cross", "beats ce").printed == "ref."
    assert entry(table, "Focal", "beats ce").mean == pytest.approx(0.5)
    assert entry(table, "Focal", "IQM").printed.startswith("65.0 [")


def test_the_highest_mean_and_the_smallest_gap_are_best():
    table = table_of([0.5, 0.6, 0.7], [0.6, 0.7, 0.8])

    assert [entry(table, "Focal", name).bold for name in ("mean", "IQM", "gap")] == [True] * 3
    assert not entry(table, "Cross", "gap").bold


def test_a_method_that_lacks_runs_is_never_best():
    data, cells = made([0.5, 0.6, 0.7], [0.8, 0.9])
    table = found(study(data, [*cells, cell("synthetic", "focal", 2, "failed")]),
                  "aggregates_synthetic")  # fmt: skip

    assert not entry(table, "Focal", "mean").bold
    assert "n=2/3" in next(row.label for _, row in table.rows() if "Focal" in row.label)


def test_one_run_has_no_interval():
    table = table_of([0.5], [0.7])

    assert entry(table, "Focal", "mean").printed == "70.0"
    assert entry(table, "Focal", "beats ce").printed == "100.0"
    assert not table.notes()


def test_runs_that_always_win_have_no_interval_and_the_table_says_why():
    table = table_of([0.5, 0.6], [0.7, 0.8])

    assert entry(table, "Focal", "beats ce").printed == "100.0"
    assert any("no two draws" in note for note in table.notes())


def test_without_the_baseline_nothing_is_beaten():
    data, cells = made([], [0.5, 0.6])
    table = found(study(data, cells), "aggregates_synthetic")

    assert entry(table, "Focal", "beats ce").reason == "no baseline was run"


def test_failed_methods_are_named_as_in_other_tables():
    table = found(whole_study(), "aggregates_synthetic_gender")

    assert entry(table, "Gradient", "IQM").printed == "failed"


def test_aggregates_over_data_sets_count_every_data_set_alike_in_the_chance():
    # first data set: focal always wins; second: 1 of 4 pairs, .6 against .5; mean (1 + .25) / 2
    parts = [
        made([0.5, 0.6], [0.7, 0.8]),
        made([0.5, 0.9], [0.4, 0.6], dataset="london"),
    ]
    frames = study(pd.concat([part for part, _ in parts]), [one for _, own in parts for one in own])
    table = found(frames, "aggregates_all_data_sets")

    assert entry(table, "Focal", "beats ce").mean == pytest.approx(0.625)
    # (.7 + .8 + .4 + .6) / 4
    assert entry(table, "Focal", "mean").mean == pytest.approx(0.625)
    assert "on 2 data sets" in table.caption


def test_the_fairness_score_over_data_sets_is_the_mean_over_attributes():
    parts = [
        made(own, own, dataset=dataset, attribute=attribute, metric="fs_mca")
        for dataset in ("synthetic", "london")
        for attribute, own in (("gender", [0.9, 0.8]), ("tone", [0.7, 0.8]))
    ]
    cells = dict.fromkeys(one for _, own in parts for one in own)
    frames = study(pd.concat([part for part, _ in parts]), list(cells))
    table = found(frames, "aggregates_all_data_sets_fairness")

    # Both runs: (.9 + .7) / 2 and (.8 + .8) / 2.
    assert entry(table, "Focal", "mean").mean == pytest.approx(0.8)


def test_one_data_set_has_no_aggregates_over_all():
    frames = dataclasses.replace(study(*made([0.5], [0.6])))
    keys = {table.key for _, tables in tables_of(frames) for table in tables}

    assert not any("all_data_sets" in key for key in keys)
