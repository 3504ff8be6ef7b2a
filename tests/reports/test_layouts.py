"""The papers' layouts: what each column shows, worked out by hand."""

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest

from reports.catalogue import layout_cards
from reports.ranks import mean_ranks
from reports.report import tables_of
from reports.rows import FREE_BLOCK, MethodRow
from reports.seed_values import Entry
from reports.specs import ColumnSpec
from reports.statistics_frame import STATISTICS
from tests.reports.studies import cell, full_study, predictions, rows, study


@cache
def whole_study():
    return full_study()


def found(frames, key, layouts=None):
    return next(t for _, ts in tables_of(frames, layouts) for t in ts if t.key == key)


def entry(table, label, header, span=None):
    row = next(row for _, row in table.rows() if row.label.startswith(label))
    places = [
        place
        for place, column in enumerate(table.columns)
        if column.header == header and span in (None, column.span)
    ]
    return row.cells[places[0]]


def test_every_layout_fills_from_a_study_of_seven_classes():
    made = tables_of(whole_study(), [card.key for card in layout_cards()])[0][1]
    # Of groups that a classifier guessed, of probabilities and of features, which this study has
    # none of: test_corrected_table, test_sample_statistics.
    lacking = {"guessed_groups", "calibration", "leakage"}
    for card in (card for card in layout_cards() if card.key not in lacking):
        assert any(table.key.startswith(f"{card.key}_synthetic") for table in made), card.key


def test_layouts_of_two_classes_are_printed_of_seven_only_when_asked_for():
    def keys(layouts):
        return {table.key for _, tables in tables_of(whole_study(), layouts) for table in tables}

    assert "rizvi_5_synthetic" not in keys(None)
    assert "rizvi_5_synthetic" in keys(["rizvi_5"])


def test_counts_of_groups_add_up_and_unknown_faces_are_listed():
    table = found(whole_study(), "suresh_i_synthetic")
    part = predictions("ce", 0)
    male = part.attributes[:, 0] == 0
    gender = next(block for block in table.blocks if block.title == "gender")
    labels = [row.label for row in gender.rows]
    assert labels == ["male", "female", "unknown", "all"]
    assert gender.rows[0].cells[0].mean == (male & (part.labels == 0)).sum()
    totals = [row.cells[-2].mean for row in gender.rows]
    assert sum(totals[:3]) == totals[3] == len(part.labels)
    assert gender.rows[0].cells[-1].mean == pytest.approx(male.mean())


def discrimination(base, other, statistics=None):
    place = {"attribute": "gender", "metric": "disc"}
    values = {("ce", str(i)): v for i, v in enumerate(base)}
    values |= {("focal", str(i)): v for i, v in enumerate(other)}
    frames = [rows(values, emotion=emotion, **place) for emotion in ("mean", "anger")]
    cells = [cell("synthetic", m, s) for m in ("ce", "focal") for s in range(len(base))]
    made = study(pd.concat(frames, ignore_index=True), cells)
    return dataclasses.replace(made, statistics=statistics)


def test_shares_and_changes_are_of_unrounded_means():
    # Means 0.0640 and 0.01803: 28.2 % remain, a change of -71.8 %; rounded 6.4 and 1.8 give 28.1.
    frames = discrimination([0.063, 0.065], [0.01804, 0.01802])
    table = found(frames, "chen_3_synthetic_gender")
    assert entry(table, "Focal", "of ce", "mean of emotions").printed == "28.2"
    assert entry(table, "Focal", "change", "mean of emotions").printed == "-71.8"
    assert entry(table, "Cross", "of ce", "mean of emotions").printed == "ref."


def test_the_mean_of_absolute_differences_stands_beside_that_of_signed_ones():
    # Signed .06 and -.02: the mean of |.| is .04, the absolute value of the mean .02.
    signed = {("ce", "0"): -0.06, ("ce", "1"): 0.02}
    size = {key: abs(value) for key, value in signed.items()}
    place = {"attribute": "gender", "emotion": "anger"}
    metrics = pd.concat(
        [
            rows(size, metric="disc", **place),
            rows(signed, metric="disc_signed", group="male:female", **place),
        ],
        ignore_index=True,
    )
    frames = study(metrics, [cell("synthetic", "ce", seed) for seed in range(2)])
    table = found(frames, "chen_3_synthetic_gender")

    assert entry(table, "Cross", "Disc", "anger").printed == "4.0 (2.8)"  # .04 / sqrt(2)
    assert entry(table, "Cross", "|mean|", "anger").printed == "2.0 (5.7)"  # .08 / sqrt(2)
    assert "absolute value of the mean" in table.remark


def test_a_share_of_a_baseline_of_zero_is_undefined():
    table = found(discrimination([0.0, 0.0], [0.1, 0.1]), "chen_3_synthetic_gender")
    cell_ = entry(table, "Focal", "of ce", "anger")
    assert cell_.state == "undefined"
    assert "the value of ce is 0" in cell_.reason


@pytest.mark.parametrize(("floor_high", "state"), [(0.07, "undefined"), (0.05, "value")])
def test_no_percentage_of_a_gap_that_chance_would_give(floor_high, state):
    line = dict.fromkeys(STATISTICS, "") | {
        "dataset": "synthetic", "method": "ce", "variant": "", "select": "last",
        "attribute": "gender", "group": "all", "emotion": "anger", "metric": "disc",
        "mean": 0.064, "floor_high": floor_high,
    }  # fmt: skip
    statistics = pd.DataFrame([line], columns=list(STATISTICS))
    frames = discrimination([0.063, 0.065], [0.018, 0.018], statistics)
    found_cell = entry(found(frames, "chen_3_synthetic_gender"), "Focal", "of ce", "anger")
    assert found_cell.state == state


def test_without_the_baseline_a_change_is_undefined():
    frames = whole_study()
    kept = frames.cells[frames.cells["method"] != "ce"]
    table = found(dataclasses.replace(frames, cells=kept), "joo_headline_synthetic_gender")
    assert "ce was not run" in entry(table, "Focal", "change").reason


def test_changes_are_against_the_baseline_that_the_study_names():
    line = dict.fromkeys(STATISTICS, "") | {"select": "last", "baseline": "focal"}
    statistics = pd.DataFrame([line], columns=list(STATISTICS))
    values = {("ce", "0"): 0.5, ("focal", "0"): 0.8}
    cells = [cell("synthetic", method, 0) for method in ("ce", "focal")]
    made = study(rows(values, attribute="gender", metric="wga_stratum"), cells)
    frames = dataclasses.replace(made, statistics=statistics)
    table = found(frames, "joo_headline_synthetic_gender")

    # .5 / .8 - 1
    assert entry(table, "Cross", "change", "Worst stratum").printed == "-37.5"
    assert entry(table, "Focal", "change", "Worst stratum").printed == "ref."
    assert "against focal" in table.caption
    assert "{" not in table.caption + table.remark


def method_row(name, values, done=1, expected=1):
    places = {("all", "all", "all", metric): [Entry("0", v, 9, "")] for metric, v in values.items()}
    return MethodRow(name, name, FREE_BLOCK, (), done, expected, "blank", "", places)


def test_ranks_are_averaged_over_columns_and_ties_share():
    # acc: a 1, b 2.5, c 2.5; gap, lower better: c 1, a 2, b 3.
    columns = (ColumnSpec("", "acc"), ColumnSpec("", "gap", better="lower"))
    made = [
        method_row("a", {"acc": 0.9, "gap": 0.2}),
        method_row("b", {"acc": 0.8, "gap": 0.3}),
        method_row("c", {"acc": 0.8, "gap": 0.1}),
        method_row("unfinished", {"acc": 1.0, "gap": 0.0}, done=1, expected=5),
    ]
    assert mean_ranks(made, columns)[:3] == pytest.approx([1.5, 2.75, 1.75])
    assert np.isnan(mean_ranks(made, columns)[3])


def test_a_metric_that_is_undefined_for_one_method_ranks_none():
    made = [
        method_row("a", {"acc": 0.9, "gap": float("nan")}),
        method_row("b", {"acc": 0.8, "gap": 0.3}),
    ]
    columns = (ColumnSpec("", "acc"), ColumnSpec("", "gap"))
    assert mean_ranks(made, columns) == pytest.approx([1, 2])
    assert np.isnan(mean_ranks(made, columns[1:])).all()


def several(datasets):
    parts, cells = [], []
    for number in range(datasets):
        for method, value in (("ce", 0.7), ("focal", 0.8), ("spectral_decoupling", 0.6)):
            name = f"set{number}"
            parts.append(rows({(method, "0"): value + number / 100}, dataset=name))
            cells.append(cell(name, method, 0))
    return study(pd.concat(parts, ignore_index=True), cells)


def test_ranks_over_few_data_sets_come_without_a_test():
    table = found(several(2), "ranking_all_data_sets")
    assert entry(table, "Focal", "Accuracy").printed == "1.00"
    assert entry(table, "Spectral", "Accuracy").printed == "3.00"
    assert entry(table, "p of", "Accuracy").reason == "too few data sets for a rank test"
    assert entry(table, "Data sets", "Accuracy").text == "2"
    assert entry(table, "Data sets", "FS acc").text == "0"


def test_ranks_over_five_data_sets_have_a_critical_difference():
    table = found(several(5), "ranking_all_data_sets")
    # Demsar 2006, Table 5: q = 2.343 for three methods; 2.343 * sqrt(3 * 4 / (6 * 5)) = 1.482.
    assert entry(table, "Critical", "Accuracy").mean == pytest.approx(1.482, abs=1e-3)


def test_one_data_set_has_no_ranking_over_all():
    assert "ranking_all_data_sets" not in {t.key for _, ts in tables_of(several(1)) for t in ts}
