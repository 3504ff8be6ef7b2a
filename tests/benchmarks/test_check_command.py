"""`check`: what passes and what fails against a stored baseline."""

import json
from dataclasses import replace

import pytest

import reports.metrics.parity
import reports.metrics.reasons
from benchmarks import ROOT
from benchmarks.cli import main
from reports import catalogue
from reports.baseline import differences, unstored_metrics
from reports.metrics.scores import Scores
from tests.benchmarks.result_folder import make_study, wrong_at

RUNS = {
    ("ce", 0): wrong_at(0, 1, 2, 20), ("ce", 1): wrong_at(0, 1, 39),
    ("focal", 0): wrong_at(5, 21), ("focal", 1): wrong_at(5),
}  # fmt: skip


@pytest.fixture
def baseline(tmp_path):
    path = tmp_path / "baseline.json"
    study = make_study(tmp_path / "first", RUNS)
    assert main(["check", str(study), "--baseline", str(path), "--update"]) == 0
    return path


def check(tmp_path, baseline, capsys, *options: str, runs=RUNS, **study) -> tuple[int, str]:
    folder = make_study(tmp_path / "again", runs, **study)
    capsys.readouterr()
    status = main(["check", str(folder), "--baseline", str(baseline), *options])
    return status, capsys.readouterr().out


def test_the_same_predictions_pass(tmp_path, baseline, capsys):
    assert check(tmp_path, baseline, capsys) == (0, f"4 cells equal {baseline}.\n")


def test_one_flipped_prediction_fails_and_names_metric_place_old_and_new(
    tmp_path, baseline, capsys
):
    status, text = check(tmp_path, baseline, capsys, runs=RUNS | {("focal", 1): wrong_at(5, 6)})

    assert status == 1
    assert "flipped predictions, faces focal seed 1: 0 % -> 2.50 %" in text
    # 39 and 38 of 40
    assert "acc | all | all | all, faces focal seed 1: 0.975 -> 0.95" in text


def test_other_probabilities_of_the_same_classes_fail(tmp_path, baseline, capsys):
    # -log .9 = .105361, -log .89 = .116534 where right
    status, text = check(tmp_path, baseline, capsys, confidence=0.89)

    assert status == 1 and "log_loss | all, faces ce seed 0" in text and "flipped" not in text


def test_another_training_loss_fails(tmp_path, baseline, capsys):
    status, text = check(tmp_path, baseline, capsys, loss=0.51)

    assert status == 1
    assert "training loss_ce, faces ce seed 0: 0.500000 -> 0.510000" in text


def test_last_digits_pass(tmp_path, baseline, capsys):
    assert check(tmp_path, baseline, capsys, loss=0.5001, confidence=0.90005)[0] == 0


def test_with_other_versions_a_flip_of_less_than_half_a_percent_passes(tmp_path, capsys):
    # 1 of 40 is 2.5 %: too many with any versions.
    content = tmp_path / "baseline.json"
    study = make_study(tmp_path / "first", RUNS)
    main(["check", str(study), "--baseline", str(content), "--update"])
    stored = json.loads(content.read_text())
    stored["versions"]["torch"] = "2.11.0"
    content.write_text(json.dumps(stored))

    assert check(tmp_path, content, capsys, loss=0.505)[0] == 0
    flipped = RUNS | {("focal", 1): wrong_at(5, 6)}
    assert check(tmp_path, content, capsys, runs=flipped)[0] == 1


def test_a_cell_that_did_not_finish_fails(tmp_path, baseline, capsys):
    fewer = {key: value for key, value in RUNS.items() if key != ("focal", 1)}
    status, text = check(tmp_path, baseline, capsys, runs=fewer, failed=("focal", 1))

    assert status == 1 and "faces focal seed 1: stored -> no finished cell" in text


@pytest.fixture
def swapped_sign(monkeypatch):
    """`disc_signed` as b - a."""

    def swapped(counts, convention) -> Scores:
        scores = reports.metrics.parity.disc_signed(counts, convention)
        return replace(scores, value=-scores.value)

    cards = tuple(
        replace(card, compute=swapped) if card.key == "disc_signed" else card
        for card in catalogue.metric_cards()
    )
    monkeypatch.setattr("reports.measure.metric_cards", lambda: cards)


def test_a_swapped_sign_in_a_metric_fails_and_names_it(tmp_path, baseline, capsys, swapped_sign):
    status, text = check(tmp_path, baseline, capsys)

    assert status == 1
    assert text.splitlines()[0].endswith("differences, in disc_signed:")
    assert "A (metric code): disc_signed | gender | f:m | sad, drawn predictions of faces" in text


def test_a_change_of_wording_passes(tmp_path, baseline, capsys, monkeypatch):
    words = tuple(f"because of {word}" for word in reports.metrics.reasons.WORDS)
    monkeypatch.setattr("reports.measure.WORDS", words)
    cards = tuple(replace(card, title="Other words") for card in catalogue.metric_cards())
    monkeypatch.setattr("reports.measure.metric_cards", lambda: cards)

    assert check(tmp_path, baseline, capsys)[0] == 0


def test_a_metric_that_is_gone_fails_and_a_new_one_is_told(tmp_path, baseline, capsys, monkeypatch):
    cards = catalogue.metric_cards()
    renamed = tuple(replace(card, key="accuracy") if card.key == "acc" else card for card in cards)
    monkeypatch.setattr("reports.measure.metric_cards", lambda: renamed)
    status, text = check(tmp_path, baseline, capsys)

    assert status == 1 and "-> not computed" in text
    assert "Not in the baseline: accuracy; --update stores them." in text


def test_an_update_prints_the_difference_and_then_passes(tmp_path, baseline, capsys):
    flipped = RUNS | {("focal", 1): wrong_at(5, 6)}
    status, text = check(tmp_path, baseline, capsys, "--update", runs=flipped)

    assert status == 0 and "0.975 -> 0.95" in text
    assert check(tmp_path, baseline, capsys, runs=flipped)[0] == 0


def test_an_update_of_the_same_results_writes_the_same_bytes(tmp_path, baseline, capsys):
    before = baseline.read_bytes()
    check(tmp_path, baseline, capsys, "--update")

    assert baseline.read_bytes() == before


def test_noisy_results_pass_where_means_are_close_and_fail_where_not(tmp_path, baseline, capsys):
    assert check(tmp_path, baseline, capsys, "--noisy", confidence=0.6)[0] == 0
    far = {key: wrong_at(*range(18 + key[1])) for key in RUNS}
    status, text = check(tmp_path, baseline, capsys, "--noisy", runs=far)

    # ce: 36/40 and 37/40, now 22/40 and 21/40
    assert status == 1 and "acc | all | all | all, faces ce: 0.9125 -> 0.5375" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "There is no baseline"), ("{", "is no baseline"), ("{}", "has format None")],
)
def test_a_baseline_that_is_none_is_one_sentence(tmp_path, capsys, content, sentence):
    path = tmp_path / "none.json"
    if content is not None:
        path.write_text(content)
    study = make_study(tmp_path / "first", RUNS)

    assert main(["check", str(study), "--baseline", str(path)]) == 2
    assert sentence in capsys.readouterr().err


def test_the_stored_baseline_holds_the_metrics_of_today():
    stored = json.loads((ROOT / "tests" / "baselines" / "tiny.json").read_text())
    found = differences(stored, [], stored["versions"])

    assert [str(one) for one in found if one.tier.startswith("A")] == []
    assert unstored_metrics(stored) == []
