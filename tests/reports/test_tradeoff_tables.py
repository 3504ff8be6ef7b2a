"""Tables of accuracy against fairness, by hand."""

import dataclasses
import math

import pandas as pd
import pytest

from reports.study import FRONT_COLUMNS
from tests.reports.studies import cell, rows, study
from tests.reports.test_layouts import entry, found

# name -> accuracy and fairness score of each of two seeds
POINTS = {
    "ce": [(0.8, 0.6), (0.8, 0.8)],
    "focal": [(0.7, 0.9), (0.7, 0.9)],
    "spectral_decoupling": [(0.6, 0.65), (0.7, 0.75)],
}


def frames(points=POINTS, statuses=()):
    accuracy = {(m, str(s)): p[0] for m, own in points.items() for s, p in enumerate(own)}
    fairness = {(m, str(s)): p[1] for m, own in points.items() for s, p in enumerate(own)}
    place = {"attribute": "gender", "metric": "fs_mca"}
    cells = [cell("synthetic", m, s) for m, own in points.items() for s in range(len(own))]
    made = study(pd.concat([rows(accuracy), rows(fairness, **place)]), [*cells, *statuses])
    names = [("synthetic", m, "", "last", "gender", 0.25) for m in points]
    return dataclasses.replace(made, fronts=pd.DataFrame(names, columns=list(FRONT_COLUMNS)))


def table_of(layout="tradeoff", made=None, suffix="_gender"):
    return found(made or frames(), f"{layout}_synthetic{suffix}", [layout])


def test_the_front_holds_what_nothing_dominates():
    # (.8, .7) and (.7, .9); (.65, .7) is dominated by both.
    table = table_of()
    shown = {row.label: row.cells[2].text for _, row in table.rows() if row.run}

    assert shown == {"Cross entropy": "yes", "Focal loss": "yes", "Spectral decoupling": "no"}
    assert entry(table, "Focal", "probability").printed == "25.0"


def test_the_distance_is_taken_per_seed():
    # sqrt(.2^2 + .4^2) = .4472 and sqrt(.2^2 + .2^2) = .2828: mean .3650
    assert entry(table_of(), "Cross", "DTO").mean == pytest.approx(
        (math.sqrt(0.2) + math.sqrt(0.08)) / 2
    )


def test_hypervolumes_of_one_method_and_of_the_front_by_hand():
    # seven classes, so beyond accuracy 1/7: .8 - 1/7 wide up to .7, .7 - 1/7 wide from .7 to .9
    table = table_of()

    assert entry(table, "Cross", "HV").mean == pytest.approx((0.8 - 1 / 7) * 0.7)
    assert entry(table, "Front of the 3", "HV").mean == pytest.approx(
        (0.8 - 1 / 7) * 0.7 + (0.7 - 1 / 7) * 0.2
    )
    assert "beyond accuracy 14.3" in table.remark


def test_a_method_that_lacks_seeds_is_not_compared():
    failed = [cell("synthetic", "focal", 2, "failed")]
    table = table_of(made=frames(statuses=failed))

    assert entry(table, "Focal", "on it").text == "not compared"
    assert entry(table, "Spectral", "on it").text == "no"
    assert entry(table, "Front of the 2", "HV").mean == pytest.approx((0.8 - 1 / 7) * 0.7)


def test_without_replicates_there_is_no_column_of_probabilities():
    table = table_of(made=dataclasses.replace(frames(), fronts=None))

    assert "probability" not in {column.header for column in table.columns}
    assert entry(table, "Focal", "DTO").state == "value"
    assert all(len(row.cells) == len(table.columns) for _, row in table.rows())


def test_accuracy_at_a_fairness_is_that_of_the_best_method_that_reaches_it():
    table = table_of("fixed_fairness", suffix="")

    assert entry(table, "70", "accuracy", "gender").printed == "80.0"
    assert entry(table, "70", "method", "gender").text == "Cross entropy"
    assert entry(table, "80", "accuracy", "gender").printed == "70.0"
    assert entry(table, "90", "method", "gender").text == "Focal loss"
    assert entry(table, "95", "accuracy", "gender").reason == "no method reaches it"
    # Nothing is known by tone.
    assert {column.span for column in table.columns} == {"gender"}
