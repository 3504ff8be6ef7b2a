"""Runs of DomainBed: what each selection rule chooses, and files that are damaged."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from reports.errors import ReportError
from reports.imported.domainbed import LEAVE_ONE_OUT, MEAN, ORACLE, VALIDATION, read_domainbed
from tests.reports.imported.lines import domainbed_line, store

NAME = "results.jsonl"


def read(tmp_path: Path, *runs: list[dict]) -> pd.DataFrame:
    return read_domainbed(store(tmp_path / "sweep", NAME, runs))[0]


def value(runs: pd.DataFrame, rule, test_set: str = "env0", **where) -> float:
    where |= {"selection": rule.key, "test_set": test_set}
    for name, wanted in where.items():
        runs = runs[runs[name] == wanted]
    (found,) = runs["value"]
    return found


def one_run(**changes) -> list[dict]:
    """Three checkpoints of a run without domain 0, of three domains."""
    return [
        # validation: mean of .6 and .8 = .70
        domainbed_line((0.30, 1, 1), (0.9, 0.6, 0.8), test=[0], step=0, **changes),
        # validation: mean of .9 and .7 = .80, the best
        domainbed_line((0.55, 1, 1), (0.4, 0.9, 0.7), test=[0], step=300, **changes),
        # validation: mean of .7 and .7 = .70
        domainbed_line((0.70, 1, 1), (0.6, 0.7, 0.7), test=[0], step=600, **changes),
    ]


def test_validation_parts_of_the_training_domains_choose_the_checkpoint(tmp_path):
    runs = read(tmp_path, one_run())

    assert value(runs, VALIDATION) == 0.55
    assert set(runs["step"]) == {300, 600}


def test_the_oracle_takes_the_last_checkpoint_and_is_flagged(tmp_path):
    better = [domainbed_line((0.2, 1, 1), (0.99, 0, 0), test=[0], step=600, setting=1)]
    runs = read(tmp_path, one_run(), better)

    # on the test domain's own out part .99 beats .6
    assert value(runs, ORACLE) == 0.2
    assert set(runs.loc[runs["reads_test"], "selection"]) == {ORACLE.key}


def test_the_accuracy_on_the_test_domain_changes_no_choice_but_the_oracles(tmp_path):
    plain = read(tmp_path / "a", one_run())
    poisoned = one_run()
    for line in poisoned:
        line["env0_out_acc"] = 1 - line["env0_out_acc"]
    changed = read(tmp_path / "b", poisoned)

    def steps(runs: pd.DataFrame) -> list[int]:
        return list(runs.loc[~runs["reads_test"], "step"])

    assert steps(plain) == steps(changed)


def test_settings_compete_within_a_trial_only(tmp_path):
    worse = [domainbed_line((0.1, 1, 1), (0, 0.5, 0.5), test=[0], setting=1)]
    better = [domainbed_line((0.8, 1, 1), (0, 0.9, 0.9), test=[0], setting=1, trial=1)]
    runs = read(tmp_path, one_run(), worse, one_run(trial=1), better)

    assert value(runs, VALIDATION, trial="0") == 0.55
    assert value(runs, VALIDATION, trial="1") == 0.8
    assert set(runs["settings"]) == {2}


def test_cross_validation_reads_the_runs_that_leave_a_second_domain_out(tmp_path):
    def pair(other: int, step: int, inner: float) -> dict:
        accuracies = [1.0, 1.0, 1.0]
        accuracies[other] = inner
        return domainbed_line(accuracies, (0, 0, 0), test=[0, other], step=step)

    runs = read(
        tmp_path,
        one_run(),
        # means over the left-out domains: .5, .4 and .6 at steps 0, 300 and 600
        [pair(1, 0, 0.5), pair(1, 300, 0.3), pair(1, 600, 0.8)],
        [pair(2, 0, 0.5), pair(2, 300, 0.5), pair(2, 600, 0.4)],
    )

    assert value(runs, LEAVE_ONE_OUT) == 0.70


def test_there_is_no_cross_validation_without_all_pairs(tmp_path):
    pair = domainbed_line((1, 1, 1), (1, 1, 1), test=[0, 1], step=300)
    _, rules, _ = read_domainbed(store(tmp_path, NAME, [one_run(), [pair]]))

    assert rules == [VALIDATION, ORACLE]


def test_a_trial_is_averaged_over_the_domains_only_if_all_are_there(tmp_path):
    other = [domainbed_line((1, 0.35, 1), (1, 0, 1), test=[1])]
    runs = read(tmp_path, one_run(), other, one_run(trial=1))

    # (.55 + .35) / 2
    assert value(runs, VALIDATION, MEAN, trial="0") == pytest.approx(0.45)
    assert math.isnan(value(runs, VALIDATION, MEAN, trial="1"))


def test_a_diverged_checkpoint_is_never_chosen(tmp_path):
    broken = domainbed_line((0.9, 1, 1), (1, math.nan, 1), test=[0], step=900)

    assert value(read(tmp_path, [*one_run(), broken]), VALIDATION) == 0.55


def test_a_trial_whose_runs_all_diverged_is_undefined_with_its_reason(tmp_path):
    lost = [domainbed_line((0.9, 1, 1), (1, math.nan, 1), test=[0])]
    runs = read(tmp_path, lost)
    (reason,) = runs.loc[runs["selection"] == VALIDATION.key, "reason"]

    assert math.isnan(value(runs, VALIDATION))
    assert "diverged" in reason


def test_the_order_of_files_and_lines_changes_nothing(tmp_path):
    runs = [one_run(), one_run(algorithm="IRM"), one_run(trial=1)]
    drop = ["source"]
    one = read(tmp_path / "a", *runs).drop(columns=drop)
    other = read(tmp_path / "b", *(run[::-1] for run in runs[::-1])).drop(columns=drop)
    order = ["selection", "method", "trial", "test_set"]

    pd.testing.assert_frame_equal(
        one.sort_values(order, ignore_index=True), other.sort_values(order, ignore_index=True)
    )


def test_a_last_line_that_was_cut_is_left_out_and_told(tmp_path):
    root = store(tmp_path, NAME, [one_run()])
    (file,) = root.rglob(NAME)
    file.write_text(file.read_text()[:-40])
    runs, _, notes = read_domainbed(root)

    assert value(runs, ORACLE) == 0.55
    assert "cut and left out" in notes[0]


def test_a_run_that_ends_early_is_told(tmp_path):
    _, _, notes = read_domainbed(store(tmp_path, NAME, [one_run(), one_run(trial=1)[:2]]))

    assert notes[0].startswith("VLCS: 1 of 2 runs end before step 600")


def test_a_run_stored_twice_is_refused(tmp_path):
    with pytest.raises(ReportError, match="same checkpoint of the same run"):
        read(tmp_path, one_run(), one_run())


BROKEN = {
    "no JSON object": ("{", "line 1 is no JSON object"),
    "a list": ("[1]", "line 1 is no JSON object"),
    "another program's": ('{"acc": 1}', "has no args.test_envs"),
    "nested without end": ("[" * 100_000, "line 1 is no JSON object"),
}


@pytest.mark.parametrize(("text", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_line_of_something_else_is_refused(tmp_path, text, sentence):
    (tmp_path / NAME).write_text(f"{text}\n{json.dumps(one_run()[0])}\n")

    with pytest.raises(ReportError, match=sentence):
        read_domainbed(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"env1_out_acc": 98.5}, "env1_out_acc is 98.5, not between 0 and 1"),
        ({"env1_out_acc": math.inf}, "not between 0 and 1"),
        ({"env0_in_acc": "0.5"}, "not a number"),
        ({"step": "300"}, 'step is "300", not a whole number'),
    ],
)
def test_a_value_that_is_no_accuracy_is_refused_with_file_and_line(tmp_path, change, sentence):
    with pytest.raises(ReportError, match=f"{NAME}, line 1: .*{sentence}"):
        read(tmp_path, [one_run()[0] | change])


@pytest.mark.parametrize("key", ["trial_seed", "hparams_seed", "algorithm", "dataset"])
def test_a_missing_key_is_named(tmp_path, key):
    line = one_run()[0]
    del line["args"][key]

    with pytest.raises(ReportError, match=f"line 1 has no args.{key}"):
        read(tmp_path, [line])


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(ReportError, match="holds no results.jsonl"):
        read_domainbed(tmp_path)
