"""Runs of SubpopBench: rules of selection, groups, and parts that differ by data set."""

import math
from pathlib import Path

import pandas as pd
import pytest

from reports.errors import ReportError
from reports.imported.subpopbench import (
    ALL,
    MEAN,
    ORACLE,
    WORST_CLASS,
    WORST_GROUP,
    read_subpopbench,
)
from tests.reports.imported.lines import store, subpopbench_line

NAME = "results.json"
A, B = "y=0,a=0", "y=1,a=0"


def read(tmp_path: Path, *lines: dict) -> pd.DataFrame:
    return read_subpopbench(store(tmp_path, NAME, [lines]))[0]


def value(runs: pd.DataFrame, rule, metric: str, test_set: str = ALL) -> float:
    chosen = runs[(runs["selection"] == rule.key) & (runs["metric"] == metric)]
    (found,) = chosen.loc[chosen["test_set"] == test_set, "value"]
    return found


#: each rule prefers another step; test accuracies of group A tell which one was chosen
STEPS = (
    subpopbench_line(
        {A: 0.6, B: 0.7}, {A: 0.10, B: 0.9}, step=0, overall=(0.7, 0.1), recalls=(0.5, 0.5)
    ),
    subpopbench_line(
        {A: 0.5, B: 0.9}, {A: 0.20, B: 0.8}, step=1, overall=(0.7, 0.2), recalls=(0.8, 0.9)
    ),
    subpopbench_line(
        {A: 0.1, B: 0.9}, {A: 0.30, B: 0.5}, step=2, overall=(0.9, 0.3), recalls=(0.7, 1.0)
    ),
    subpopbench_line(
        {A: 0.2, B: 0.2}, {A: 0.45, B: 0.4}, step=3, overall=(0.2, 0.4), recalls=(0.1, 0.1)
    ),
)


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [(WORST_GROUP, 0.10), (WORST_CLASS, 0.20), (MEAN, 0.30), (ORACLE, 0.45)],
    ids=lambda value: getattr(value, "key", ""),
)
def test_each_rule_chooses_its_own_checkpoint(tmp_path, rule, chosen):
    assert value(read(tmp_path, *STEPS), rule, "accuracy", A) == chosen


def test_the_worst_and_the_mean_of_the_groups_are_those_of_the_chosen_checkpoint(tmp_path):
    runs = read(tmp_path, *STEPS)

    assert value(runs, WORST_GROUP, "worst_group_accuracy") == 0.10
    # (.1 + .9) / 2
    assert value(runs, WORST_GROUP, "mean_group_accuracy") == pytest.approx(0.5)
    assert value(runs, MEAN, "accuracy") == 0.3


def test_only_the_oracle_is_flagged(tmp_path):
    runs = read(tmp_path, *STEPS)

    assert set(runs.loc[runs["reads_test"], "selection"]) == {ORACLE.key}


@pytest.mark.parametrize(
    ("dataset", "part"), [("Waterbirds", "te"), ("ImagenetBG", "mixed_rand"), ("Living17", "zs")]
)
def test_the_test_part_is_that_of_the_data_set(tmp_path, dataset, part):
    line = subpopbench_line({A: 1.0}, {A: 0.25}, dataset=dataset, part=part)

    assert value(read(tmp_path, line), MEAN, "worst_group_accuracy") == 0.25


def test_training_without_attributes_is_another_method(tmp_path):
    lines = [subpopbench_line({A: 1.0}, {A: 0.5}, train_attr=word) for word in ("yes", "no")]

    assert set(read(tmp_path, *lines)["method"]) == {"ERM", "ERM (no attributes)"}


def test_coloured_digits_of_other_correlations_are_another_data_set(tmp_path):
    lines = [subpopbench_line({A: 1.0}, {A: 0.5}, dataset="CMNIST") for _ in range(2)]
    lines[1]["args"]["cmnist_attr_prob"] = 0.9

    assert set(read(tmp_path, *lines)["dataset"]) == {
        "CMNIST 0.5 0.5 0.2 0.25",
        "CMNIST 0.5 0.9 0.2 0.25",
    }


def test_an_undefined_group_leaves_worst_and_mean_undefined(tmp_path):
    line = subpopbench_line({A: 1.0, B: 1.0}, {A: 0.5, B: math.nan})
    runs = read(tmp_path, line)

    assert math.isnan(value(runs, MEAN, "worst_group_accuracy"))
    assert math.isnan(value(runs, MEAN, "mean_group_accuracy"))
    assert value(runs, MEAN, "accuracy", A) == 0.5


def test_a_small_test_group_is_told_once(tmp_path):
    lines = [subpopbench_line({A: 1.0}, {A: 0.5}, n=3, step=step) for step in (0, 1)]
    _, _, notes = read_subpopbench(store(tmp_path, NAME, [lines]))

    assert len(notes) == 1 and "group y=0,a=0 has 3 test samples" in notes[0]


def test_a_missing_group_table_is_refused(tmp_path):
    line = subpopbench_line({A: 1.0}, {A: 0.5})
    del line["te"]["per_group"]

    with pytest.raises(ReportError, match="line 1 has no te.per_group"):
        read(tmp_path, line)
