"""`score`: files of predictions as a person has them, and what is wrong with some of them."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.cli import main
from reports.metrics_csv import read_metrics_csv
from reports.predictions import PredictionSet
from reports.scored.frames import LEAST, effort_of
from reports.statistics import Effort

# f: right 3 of 4, m: right 2 of 4, one of unknown gender: right
ROWS = """\
y,yhat,gender
a,a,f
a,b,f
b,b,f
b,b,f
a,a,m
a,a,m
b,a,m
b,a,m
a,a,
"""


def score(folder, text: str, *options: str, file: str = "mine.csv") -> int:
    path = folder / file
    path.write_text(text)
    common = ("--label", "y", "--groups", "gender", "--out", str(folder / "out"))
    return main(
        ["score", str(path), *common, "--convention", "paper", "--format", "md,csv", *options]
    )


def said(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def value(folder, metric: str, attribute: str = "all", emotion: str = "all", **where) -> float:
    frame = read_metrics_csv(folder / "out" / "metrics.csv")
    where |= {"metric": metric, "attribute": attribute, "emotion": emotion, "group": "all"}
    for name, wanted in where.items():
        frame = frame[frame[name] == wanted]
    (found,) = frame["value"]
    return found


def test_the_metrics_of_a_file_by_hand(tmp_path):
    assert score(tmp_path, ROWS, "--pred", "yhat") == 0

    # (3 + 2 + 1) / 9; worst over best group (2/4) / (3/4)
    assert value(tmp_path, "acc") == pytest.approx(6 / 9)
    assert value(tmp_path, "fs_acc", "gender") == pytest.approx(2 / 3)
    # predicted b: f 3 of 4, m 0 of 4
    assert value(tmp_path, "disc", "gender", "b") == pytest.approx(0.75)


def test_the_method_is_called_after_the_file_and_its_group_sizes_are_told(tmp_path, capsys):
    score(tmp_path, ROWS, "--pred", "yhat")

    assert "gender: f 4, m 4, unknown 1" in capsys.readouterr().out
    assert "| mine |" in " ".join((tmp_path / "out" / "tables.md").read_text().split())


def test_figures_page_and_statistics_are_written_as_of_a_study(tmp_path):
    assert score(tmp_path, ROWS, "--pred", "yhat", "--format", "csv,html") == 0

    assert {"metrics.csv", "statistics.csv", "report.html"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_many_predictions_are_replicated_less_often():
    samples = PredictionSet(
        "d", "m", "", "0", "given", "c", ("a", "b"), {}, (),
        labels=np.zeros(400_000, dtype=np.int64), predicted=np.zeros(400_000, dtype=np.int64),
        attributes=np.empty((400_000, 0), dtype=np.int64),
    )  # fmt: skip

    # 100,000 / 400,000 of 2,000, 1,000 and 1,000
    assert effort_of([samples]) == Effort(500, 250, 250)
    assert effort_of([samples] * 4) == LEAST
    assert effort_of([]) == Effort()


def test_the_most_probable_class_is_predicted_from_rounded_probabilities(tmp_path, capsys):
    text = "y,gender,p_a,p_b\na,f,0.667,0.334\nb,f,0.6,0.4\nb,m,0.1,0.9\na,m,0.9,0.1\n"

    assert score(tmp_path, text, "--proba", "p_") == 0
    assert value(tmp_path, "acc") == 0.75
    assert "scaled to a sum of 1" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["p_a,p_b", "p_*", "b=p_b,a=p_a"])
def test_columns_of_probabilities_can_be_named_in_three_ways(tmp_path, given):
    text = "y,gender,p_a,p_b\na,f,0.7,0.3\nb,m,0.1,0.9\n"

    assert score(tmp_path, text, "--proba", given) == 0
    assert value(tmp_path, "acc") == 1.0


def many_runs() -> pd.DataFrame:
    runs = []
    for method, wrong in (("plain", 4), ("fair", 2)):
        for seed in (0, 1):
            y = np.tile([0, 1], 10)
            yhat = np.where(np.arange(20) < wrong + seed, 1 - y, y)
            gender = np.repeat(["f", "m"], 10)
            runs.append(pd.DataFrame({"id": range(20), "y": y, "yhat": yhat, "gender": gender}))
            runs[-1] = runs[-1].assign(method=method, seed=seed)
    return pd.concat(runs)


RUNS = ("--pred", "yhat", "--method", "method", "--seed", "seed")


def test_methods_and_seeds_become_rows(tmp_path):
    assert score(tmp_path, many_runs().to_csv(index=False), *RUNS, "--baseline", "fair") == 0

    # wrong: 4 and 5 of 20, 2 and 3 of 20
    assert value(tmp_path, "acc", method="plain", seed="1") == 0.75
    assert value(tmp_path, "acc", method="fair", seed="0") == 0.9
    text = (tmp_path / "out" / "tables.md").read_text()
    assert text.index("| fair ") < text.index("| plain ")


def test_shuffled_rows_give_the_same_metrics_where_samples_have_names(tmp_path):
    rows = many_runs()
    score(tmp_path, rows.to_csv(index=False), *RUNS, "--id", "id")
    sorted_rows = (tmp_path / "out" / "metrics.csv").read_bytes()
    mixed = rows.sample(frac=1, random_state=3)
    # Methods keep their order of appearance.
    mixed = mixed.sort_values("method", ascending=False, kind="stable")
    score(tmp_path, mixed.to_csv(index=False), *RUNS, "--id", "id")

    assert (tmp_path / "out" / "metrics.csv").read_bytes() == sorted_rows


def test_rows_in_another_order_without_names_are_no_other_samples(tmp_path, capsys):
    rows = many_runs()
    turned = pd.concat([rows[:20], rows[20:40][::-1], rows[40:]])

    assert score(tmp_path, turned.to_csv(index=False), *RUNS) == 2
    assert "y of method plain, seed 1 differs from that of method plain, seed 0" in said(capsys)


def test_a_run_with_fewer_samples_is_refused(tmp_path, capsys):
    assert score(tmp_path, many_runs()[:-1].to_csv(index=False), *RUNS) == 2
    assert "has 19 rows and" in said(capsys)


def test_runs_that_no_column_tells_apart_are_refused(tmp_path, capsys):
    text = many_runs().to_csv(index=False)

    assert score(tmp_path, text, "--pred", "yhat", "--id", "id") == 2
    assert "comes twice" in said(capsys)


def test_whole_numbers_and_fractions_name_one_class(tmp_path):
    text = ROWS.replace("a", "1").replace("b", "0")
    label, rest = text.split("\n", 1)
    rest = rest.replace("\n1,1,", "\n1,1.0,")

    assert score(tmp_path, f"{label.replace('yh1t', 'yhat')}\n{rest}", "--pred", "yhat") == 0
    assert value(tmp_path, "acc") == pytest.approx(6 / 9)


def test_parquet_gives_the_metrics_of_csv(tmp_path):
    pytest.importorskip("pyarrow")
    rows = many_runs()
    score(tmp_path, rows.to_csv(index=False), *RUNS)
    of_csv = (tmp_path / "out" / "metrics.csv").read_bytes()
    rows.to_parquet(tmp_path / "mine.parquet")
    arguments = ["score", str(tmp_path / "mine.parquet"), "--label", "y", "--groups", "gender"]
    out = ["--out", str(tmp_path / "out"), "--convention", "paper", "--format", "md,csv"]

    assert main([*arguments, *out, *RUNS]) == 0
    assert (tmp_path / "out" / "metrics.csv").read_bytes() == of_csv


def test_two_attributes_are_crossed_and_others_as_asked(tmp_path):
    rows = many_runs().assign(age=np.tile(["old", "young"], 40), site="x")
    text = rows.to_csv(index=False)
    score(tmp_path, text, *RUNS, "--groups", "age")
    two = set(read_metrics_csv(tmp_path / "out" / "metrics.csv")["attribute"])
    score(tmp_path, text, *RUNS, "--groups", "age,site", "--cross", "age,site")
    three = set(read_metrics_csv(tmp_path / "out" / "metrics.csv")["attribute"])

    assert two == {"all", "gender", "age", "gender x age"}
    assert three == {"all", "gender", "age", "site", "age x site"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ROWS.replace(",f", ",m"), "fewer_than_two_groups"),
        ("y,yhat,gender\na,a,f\na,a,m\n", ""),
    ],
    ids=["one group", "one class"],
)
def test_one_group_or_one_class_is_no_mistake(tmp_path, text, reason):
    assert score(tmp_path, text, "--pred", "yhat") == 0
    frame = read_metrics_csv(tmp_path / "out" / "metrics.csv")
    (found,) = frame[(frame["metric"] == "fs_acc") & (frame["attribute"] == "gender")]["reason"]
    assert found == reason


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        (ROWS, ("--pred", "yhatt"), "no column 'yhatt' for --pred; did you mean 'yhat'?"),
        (ROWS, ("--pred", "yhat", "--groups", "race"), "no column 'race' for --groups"),
        (ROWS, ("--pred", "yhat", "--groups", "sex=gender:f|x"), "gender has no level 'x'"),
        (ROWS, ("--pred", "yhat", "--baseline", "ce"), "no method is called 'ce'"),
        (ROWS, ("--pred", "yhat", "--classes", "a"), "line 3: yhat is 'b', no class"),
        (ROWS, ("--pred", "gender"), "have no class in common"),
        (ROWS, ("--pred", "yhat", "--cross", "gender,age"), "--cross names 'age'"),
        (ROWS, (), "give --pred COLUMN"),
        (ROWS, ("--pred", "yhat", "--format", "doc"), "no format 'doc'"),
        (ROWS, ("--pred", "yhat", "--layout", "summry"), "did you mean summary?"),
        (ROWS.replace("b,b,f", "b,,f"), ("--pred", "yhat"), "line 4: yhat is empty"),
        (ROWS.replace("b,b,f", ",b,f"), ("--pred", "yhat"), "line 4: y is empty"),
        (ROWS.replace(",f", ",all"), ("--pred", "yhat"), "reserved name 'all'"),
        ("y,yhat,gender\n", ("--pred", "yhat"), "no rows"),
        ("", ("--pred", "yhat"), "is empty"),
        ("y,gender,p_a,p_b\na,f,,1\n", ("--proba", "p_"), "line 2: a probability is missing"),
        ("y,gender,p_a,p_b\na,f,.5,.4\n", ("--proba", "p_"), "line 2: the probabilities sum to"),
        ("y,gender,p_a,p_b\na,f,3,-2\n", ("--proba", "p_"), "give softmax outputs, not logits"),
        ("y,gender,p_a,p_b\na,f,x,1\n", ("--proba", "p_"), "p_a must be a number, not 'x'"),
        ("y,gender,p_a,p_b\nc,f,0,1\n", ("--proba", "p_"), "line 2: y is 'c', no class"),
        ("y,gender,p_a\na,f,1\n", ("--proba", "p_a"), "one column for every class"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_writes_nothing(tmp_path, capsys, text, options, sentence):
    assert score(tmp_path, text, *options) == 2
    assert sentence in said(capsys)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_and_missing_groups_are_sentences(tmp_path, capsys):
    out = ("--out", str(tmp_path / "out"))
    assert main(["score", "absent.csv", "--label", "y", "--pred", "p", *out]) == 2
    assert "give --groups" in said(capsys)
    assert main(["score", "absent.csv", "--label", "y", "--pred", "p", "--groups", "g", *out]) == 2
    assert "There is no file absent.csv." in said(capsys)
