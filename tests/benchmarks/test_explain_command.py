"""`explain`: the runs, counts and formula behind a number."""

import pytest

from benchmarks.cli import main
from reports.catalogue import all_metric_cards
from reports.formulas import _FORMULAS, formula
from tests.benchmarks.result_folder import make_study, wrong_at

# seed 0: wrong at three women (0, 2 sad; 1 happy), one man (20 sad)
FIRST, SECOND = wrong_at(0, 1, 2, 20), wrong_at(0, 39)


@pytest.fixture
def folder(tmp_path):
    return make_study(tmp_path / "s", {("ce", 0): FIRST, ("ce", 1): SECOND}, failed=("ce", 2))


def explain(folder, capsys, *options: str) -> str:
    assert main(["explain", str(folder), *options]) == 0
    # Columns of tables are padded.
    return " ".join(capsys.readouterr().out.split())


GENDER = ("--method", "ce", "--attribute", "gender")


def test_runs_counts_and_formula_of_a_fairness_score(folder, capsys):
    text = explain(folder, capsys, *GENDER, "--metric", "fs_acc")

    # seed 0: women 17/20, men 17/18: .85 / .94444 = .9; seed 1: women 19/20, men 18/18
    assert "| 0 | 0.9 | 18 | f | m |" in text
    assert "| 1 | 0.95 | 18 | f | m |" in text
    assert "Mean of 2 runs: **0.925**, sd 0.0353553 (ddof 1)." in text
    assert "| f | 17 / 20 | 19 / 20 |" in text
    assert "| m | 17 / 18 | 18 / 18 |" in text
    assert "2 samples of unknown group are in none." in text
    assert "fs_acc = min over k of Acc[k] / max over k of Acc[k]" in text
    assert "Acc[k] = right in group k / samples of group k" in text
    assert "/cells/faces-ce-s1 |" in text
    assert "Not counted: seed 2 failed: diverged" in text


def test_counts_of_the_class_that_was_asked_for(folder, capsys):
    text = explain(folder, capsys, *GENDER, "--metric", "disc", "--emotion", "happy")

    # seed 0, women: 10 happy, one called sad, two sad called happy: 9 right, 11 called happy
    assert "| f | 9 / 10; 11 | 10 / 10; 11 |" in text
    assert "| m | 9 / 9; 10 | 9 / 9; 9 |" in text
    assert "sad: right" not in text


def test_the_largest_over_the_classes_shows_the_classes_that_were_largest(folder, capsys):
    # At least ten samples a rate, which no class of the men has: the paper's convention asks one.
    text = explain(
        folder, capsys, *GENDER, "--metric", "eopd", "--emotion", "max", "--convention", "paper"
    )

    # seed 0, sad: men 8/9, women 8/10, .0889; happy: men 9/9, women 9/10, .1
    assert "| 0 | 0.1 | 9 | happy | f | happy | m |" in text.replace("\\", "")


def test_an_overall_number_counts_everybody(folder, capsys):
    text = explain(folder, capsys, "--method", "ce", "--metric", "acc")

    # 4 and 2 of 40 are wrong, one of them of unknown gender
    assert "| all | 36 / 40 | 38 / 40 |" in text


def test_an_undefined_number_says_why(folder, capsys):
    text = explain(folder, capsys, *GENDER, "--metric", "tpr", "--group", "m", "--emotion", "sad")

    # nine sad men are fewer than ten
    assert "Undefined in all 2 runs." in text and "insufficient" in text


def test_folds_are_pooled(tmp_path, capsys):
    folder = make_study(tmp_path / "s", {("ce", 0): FIRST, ("ce", 1): SECOND}, folds=2)
    text = explain(folder, capsys, *GENDER, "--metric", "acc", "--group", "f")

    # (17 + 19) / 40
    assert "| 0-1 | 0.9 | 40 |" in text
    assert "faces-ce-s0 + " in text


def test_a_cell_shows_its_record_and_metrics(folder, capsys):
    text = explain(folder, capsys, "faces-ce-s0")

    for part in ("status: done", "gamma: 2.0", "torch: 2.13.0+cpu", "| acc | 90.00 |"):
        assert part in text
    assert "fs\\_acc by gender | 90.00" in text


def test_a_failed_cell_says_why(folder, capsys):
    text = explain(folder, capsys, "faces-ce-s2")

    assert "status: failed" in text and "reason: diverged" in text and "Metrics" not in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((*GENDER, "--metric", "fs_ac"), "no metric is called 'fs_ac'; did you mean 'fs_acc'?"),
        ((*GENDER, "--metric", "acc"), "group of acc is one of f, m; give --group"),
        ((*GENDER, "--metric", "disc"), "emotion of disc is one of sad, happy, max, mean"),
        ((*GENDER, "--metric", "disc", "--emotion", "hapy"), "did you mean 'happy'?"),
        (("--method", "cee", "--metric", "acc"), "no method 'cee'; did you mean 'ce'?"),
        (("--method", "ce", "--metric", "fs_acc"), "is one of gender; give --attribute"),
        (("--method", "ce"), "--method NAME --metric NAME"),
        (("faces",), "3 cells begin with 'faces'"),
        (("face-ce-s1",), "did you mean 'faces-ce-s1'?"),
        (("faces-ce-s0", "--metric", "acc"), "not both"),
        ((*GENDER, "--metric", "fs_acc", "--select", "best"), "select must be one of"),
        ((*GENDER, "--metric", "fs_acc", "--select", "best_acc"), "no finished run"),
        ((*GENDER, "--metric", "fs_acc", "--dataset", "faced"), "did you mean 'faces'?"),
        ((*GENDER, "--metric", "fs_acc", "--variant", "a=1"), "no variant 'a=1'"),
    ],
)
def test_a_mistake_is_one_sentence(folder, capsys, options, sentence):
    assert main(["explain", str(folder), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_a_folder_without_a_study_is_one_sentence(tmp_path, capsys):
    assert main(["explain", str(tmp_path), "--method", "ce", "--metric", "acc"]) == 2
    assert "holds no study" in capsys.readouterr().err


def test_formulas_are_those_of_all_metrics_in_one_line_each():
    assert {card.key for card in all_metric_cards()} == set(_FORMULAS)
    for card in all_metric_cards():
        assert formula(card) and "\n" not in formula(card), card.key


def test_a_number_that_rests_on_probabilities_is_explained(folder, capsys):
    text = explain(folder, capsys, *GENDER, "--metric", "ece", "--group", "f")

    assert "ece = sum over 15 bins b of the confidence" in text
    assert "Best: low." in text
    assert "| f | 17 / 20 | 19 / 20 |" in text
    assert "happy: right" not in text


def test_a_number_that_predictions_cannot_give_is_one_sentence(folder, capsys):
    assert main(["explain", str(folder), *GENDER, "--metric", "leak"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "leak is no number of these predictions" in line
