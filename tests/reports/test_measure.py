import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.errors import ReportError
from reports.measure import METRIC_COLUMNS, measure, measure_alike
from reports.metrics_csv import read_metrics_csv, write_metrics_csv
from tests.reports.studies import EMOTIONS, predictions

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def frame():
    return measure(predictions("ce", 0))


def test_frame_has_the_agreed_columns_and_one_row_a_place(frame):
    assert tuple(frame.columns) == METRIC_COLUMNS
    place = ["attribute", "group", "emotion", "metric"]
    assert not frame.duplicated(place).any()
    assert set(frame["attribute"]) == {"all", "gender", "tone", "gender x tone"}


def test_every_row_has_either_a_value_or_a_reason(frame):
    undefined = frame["value"].isna()
    assert undefined.any()
    assert (frame.loc[undefined, "reason"] != "").all()
    with_reason = frame.loc[~undefined & (frame["reason"] != ""), "reason"]
    assert with_reason.str.startswith("skipped: ").all()


def test_overall_rows_are_measured_on_all_samples_and_fairness_on_known_ones(frame):
    one = predictions("ce", 0)
    overall = frame.query("metric == 'acc' and attribute == 'all'")
    assert overall["n"].item() == 400
    assert overall["value"].item() == np.mean(one.labels == one.predicted)
    by_gender = frame.query("metric == 'acc' and attribute == 'gender'")
    unknown = int((one.attributes[:, 0] < 0).sum())
    assert by_gender["n"].sum() == 400 - unknown
    assert set(by_gender["n_unknown"]) == {unknown}


def test_pairs_of_groups_follow_the_declared_order(frame):
    pairs = frame.query("metric == 'disc_signed' and attribute == 'tone' and emotion == 'fear'")
    assert pairs["group"].tolist() == ["light:medium", "light:dark", "medium:dark"]


@pytest.mark.parametrize("samples", [400, 60], ids=["large", "with undefined strata"])
def test_sets_of_the_same_samples_measured_together_have_the_frames_of_each_alone(samples):
    first = predictions("ce", 0, samples=samples)
    # Other predictions leave other classes and groups out of a comparison.
    second = dataclasses.replace(first, select="other", predicted=first.predicted[::-1].copy())
    together = measure_alike([first, second])
    for alone, one in zip([first, second], together, strict=True):
        pd.testing.assert_frame_equal(one, measure(alone), check_exact=True)
    assert not together[0]["value"].equals(together[1]["value"])


def test_overall_performance_of_a_tiny_test_set_is_defined():
    frame = measure(predictions("ce", 0, samples=5))
    assert frame.query("metric == 'acc' and attribute == 'all'")["value"].notna().all()
    assert frame.query("metric == 'acc' and attribute == 'gender'")["value"].isna().all()


def test_per_class_rows_come_for_every_declared_class(frame):
    rows = frame.query("metric == 'fs_tpr' and attribute == 'gender'")
    assert rows["emotion"].tolist() == [*EMOTIONS, "mean", "min"]


def test_metrics_file_reads_back_as_the_same_frame(frame, tmp_path):
    write_metrics_csv(frame, tmp_path / "metrics.csv")
    again = read_metrics_csv(tmp_path / "metrics.csv")
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert again["seed"].tolist() == frame["seed"].tolist() and isinstance(again["seed"][0], str)


def test_metrics_file_has_the_same_bytes_when_written_again(frame, tmp_path):
    write_metrics_csv(frame, tmp_path / "a.csv")
    write_metrics_csv(read_metrics_csv(tmp_path / "a.csv"), tmp_path / "b.csv")
    first = (tmp_path / "a.csv").read_bytes()
    assert first == (tmp_path / "b.csv").read_bytes()
    assert b"\r" not in first and b"nan" not in first


def test_writing_that_fails_leaves_the_old_file_and_nothing_else(frame, tmp_path, monkeypatch):
    path = tmp_path / "metrics.csv"
    path.write_text("old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_metrics_csv(frame, path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["metrics.csv"]


def test_a_file_with_other_columns_is_refused(tmp_path):
    (tmp_path / "metrics.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ReportError, match="columns"):
        read_metrics_csv(tmp_path / "metrics.csv")


def test_metric_functions_import_numpy_and_no_pandas():
    heavy = "pandas", "scipy", "torch", "tabulate"
    code = f"import sys, reports.metrics; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# Decisions drawn at random ----------------------------------------------------------------------


def with_decisions(one, decisions):
    return dataclasses.replace(one, decisions=decisions)


def test_decisions_of_zero_and_one_give_the_metrics_of_the_decided_classes(frame):
    one = predictions("ce", 0)
    certain = np.eye(len(EMOTIONS))[one.predicted]

    pd.testing.assert_frame_equal(measure(with_decisions(one, certain)), frame)


def test_random_decisions_give_the_metrics_of_the_expected_counts():
    one = predictions("ce", 0)
    decisions = np.random.default_rng(0).dirichlet(np.ones(len(EMOTIONS)), len(one.labels))

    measured = measure(with_decisions(one, decisions)).set_index(
        ["attribute", "group", "emotion", "metric"]
    )

    own = decisions[np.arange(len(one.labels)), one.labels]
    assert measured.loc[("all", "all", "all", "acc"), "value"] == pytest.approx(own.mean())
    women = one.attributes[:, 0] == 0
    level = one.levels["gender"][0]
    key = ("gender", level, EMOTIONS[0], "sr")
    assert measured.loc[key, "value"] == pytest.approx(decisions[women, 0].mean())
    assert measured.loc[key, "n"] == women.sum()


def test_expected_metrics_that_are_linear_are_means_over_draws():
    one = predictions("ce", 0)
    rng = np.random.default_rng(1)
    decisions = rng.dirichlet(np.ones(len(EMOTIONS)), len(one.labels))
    draws = [(decisions.cumsum(1) > rng.random((len(decisions), 1))).argmax(1) for _ in range(300)]
    accuracies = [np.mean(drawn == one.labels) for drawn in draws]

    measured = measure(with_decisions(one, decisions))

    value = measured.query("metric == 'acc' and attribute == 'all'")["value"].item()
    assert value == pytest.approx(np.mean(accuracies), abs=4 * np.std(accuracies) / 300**0.5)


def test_decisions_that_are_no_probabilities_are_refused():
    one = predictions("ce", 0)
    with pytest.raises(ReportError, match="rows that sum to 1"):
        with_decisions(one, np.full((len(one.labels), len(EMOTIONS)), 0.5))
    with pytest.raises(ReportError, match="decisions have shape"):
        with_decisions(one, np.ones((3, 1)))
