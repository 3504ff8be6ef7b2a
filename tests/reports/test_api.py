"""`fairness_report`: arrays of names or codes to metrics and tables."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, recall_score

from reports import fairness_report
from reports.errors import ReportError

Y = ["a", "a", "b", "b", "a", "a", "b", "b", "a"]
YHAT = ["a", "b", "b", "b", "a", "a", "a", "a", "a"]
GENDER = ["f", "f", "f", "f", "m", "m", "m", "m", None]


def value(report, metric: str, attribute: str = "all", emotion: str = "all", **where) -> float:
    frame = report.metrics
    where |= {"metric": metric, "attribute": attribute, "emotion": emotion, "group": "all"}
    for name, wanted in where.items():
        frame = frame[frame[name] == wanted]
    (found,) = frame["value"]
    return found


def test_three_lines_give_the_metrics_by_hand():
    report = fairness_report(Y, YHAT, GENDER, convention="paper")

    # right: f 3 of 4, m 2 of 4, the one of unknown group too
    assert value(report, "acc") == pytest.approx(6 / 9)
    assert value(report, "fs_acc", "group") == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("y", "yhat", "groups", "options"),
    [
        (np.array(Y), np.array(YHAT), np.array(GENDER, dtype=object), {}),
        (pd.Series(Y), pd.Series(YHAT), pd.Series(GENDER), {}),
        (pd.Series(Y, dtype="category"), YHAT, pd.Series(GENDER, dtype="category"), {}),
        ([0, 0, 1, 1, 0, 0, 1, 1, 0], [0, 1, 1, 1, 0, 0, 0, 0, 0],
         [0, 0, 0, 0, 1, 1, 1, 1, -1], {"classes": ["a", "b"], "levels": {"group": ["f", "m"]}}),
        ([0.0, 0, 1, 1, 0, 0, 1, 1, 0], [0, 1, 1, 1, 0, 0, 0, 0, 0], GENDER,
         {"classes": ["a", "b"]}),
        (Y, [YHAT], {"group": GENDER}, {}),
        (Y, {"model": YHAT}, pd.DataFrame({"group": GENDER}), {}),
    ],
    ids=["arrays", "series", "categories", "codes", "fractions", "runs", "mappings"],
)  # fmt: skip
def test_every_form_of_the_same_data_gives_the_same_metrics(y, yhat, groups, options):
    expected = fairness_report(Y, YHAT, GENDER, uncertainty=False).metrics
    found = fairness_report(y, yhat, groups, uncertainty=False, **options).metrics

    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("seed", range(20))
def test_random_codes_agree_with_scikit_learn(seed):
    draw = np.random.default_rng(seed)
    y, yhat = draw.integers(0, 3, (2, 200))
    race = draw.integers(-1, 3, 200)
    report = fairness_report(y, yhat, {"race": race}, convention="paper", uncertainty=False)
    rates = [accuracy_score(y[race == k], yhat[race == k]) for k in range(3)]

    assert value(report, "fs_acc", "race") == pytest.approx(min(rates) / max(rates), abs=1e-12)
    recalls = recall_score(y, yhat, average=None, labels=range(3))
    found = [value(report, "tpr", emotion=str(c)) for c in range(3)]
    assert found == pytest.approx(recalls.tolist(), abs=1e-12)


def test_runs_and_methods_become_seeds_and_rows():
    twice = np.array([YHAT, Y])
    report = fairness_report(Y, {"plain": twice, "fair": twice[1:]}, GENDER, convention="paper")

    assert value(report, "acc", method="plain", seed="1") == 1.0
    assert value(report, "acc", method="fair", seed="0") == 1.0
    assert list(report.summary.index) == ["plain", "fair"]
    # mean of 6/9 and 1
    assert report.summary.loc["plain", "accuracy"] == pytest.approx(15 / 18)


def test_the_most_probable_class_is_predicted():
    proba = np.where(np.array(YHAT)[:, None] == ["b", "a"], 0.9, 0.1)
    report = fairness_report(Y, None, GENDER, proba=proba, classes=["b", "a"], convention="paper")

    assert value(report, "fs_acc", "group") == pytest.approx(2 / 3)


def test_a_declared_level_without_samples_is_an_empty_group():
    report = fairness_report(
        Y, YHAT, {"gender": GENDER}, levels={"gender": ["f", "x", "m"]}, convention="paper"
    )
    rows = report.metrics
    empty = rows[(rows["group"] == "x") & (rows["metric"] == "acc")]

    assert empty["reason"].tolist() == ["empty_group"]
    assert value(report, "fs_acc", "gender") == pytest.approx(2 / 3)


def test_the_files_are_those_of_a_study(tmp_path):
    report = fairness_report(Y, YHAT, GENDER)
    written = report.write(tmp_path, formats=["md"])

    assert [path.name for path in written] == ["tables.md"]
    report.write(tmp_path / "all")
    names = {path.name for path in (tmp_path / "all").iterdir()}
    assert {"metrics.csv", "statistics.csv", "tables.md", "report.html"} <= names


def test_a_notebook_shows_tables_and_a_terminal_percent():
    report = fairness_report(Y, YHAT, {"a<b": GENDER}, convention="paper")

    assert "Performance and group fairness" in report._repr_markdown_()
    assert "<table>" in report._repr_html_() and "a&lt;b" in report._repr_html_()
    assert "66.7" in repr(report) and "unknown 1" in repr(report)


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((Y, YHAT[:-1], GENDER), {}, "yhat of model has 8 values and y 9"),
        ((Y, np.array([YHAT, YHAT]).T, GENDER), {}, "transpose it"),
        ((Y, YHAT, GENDER[:-1]), {}, "attribute group has 8 values and y 9"),
        ((Y, ["x"] * 9, GENDER), {}, "have no class in common"),
        ((Y, YHAT, GENDER), {"classes": ["a", "c"]}, "no class"),
        ((Y, None, GENDER), {}, "there are no predictions"),
        ((Y, None, GENDER), {"proba": np.full((9, 2), 0.5)}, "give classes=[...]"),
        ((Y, None, GENDER), {"proba": np.full((9, 2), 0.5), "classes": "abc"}, "for 3 classes"),
        ((Y, None, GENDER), {"proba": np.full((9, 2), np.nan), "classes": "ab"}, "is missing"),
        ((Y, None, GENDER), {"proba": np.full((9, 2), 0.3), "classes": "ab"}, "sum to 0.6"),
        ((Y, [YHAT, YHAT], GENDER), {"seeds": [1]}, "for 2 runs"),
        ((Y, YHAT, GENDER), {"baseline": "ce"}, "cannot be the baseline"),
        ((Y, YHAT, GENDER), {"convention": "loose"}, "no convention is called 'loose'"),
        (([], [], []), {}, "no rows"),
        ((pd.Series(Y), pd.Series(YHAT, index=range(8, -1, -1)), GENDER), {}, "different indexes"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(arguments, options, sentence):
    with pytest.raises(ReportError) as error:
        fairness_report(*arguments, **options)
    assert sentence in str(error.value)


def test_importing_the_package_imports_no_pandas():
    code = "import reports, sys; sys.exit('pandas' in sys.modules or 'scipy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
