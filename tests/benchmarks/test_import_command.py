"""`import`: folders as other suites leave them, to tables."""

import csv
from pathlib import Path

import pytest

from benchmarks.cli import main
from reports.metrics_csv import read_metrics_csv
from tests.reports.imported.lines import domainbed_line, store, subpopbench_line


def said(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def sweep(root: Path) -> Path:
    runs = [
        [domainbed_line((a + trial / 20, 1), (0, 0.5), test=[0], algorithm=name, trial=trial)]
        for name, a in (("ERM", 0.50), ("GroupDRO", 0.60))
        for trial in range(3)
    ]
    runs[-1][0]["env0_in_acc"] = 0.75
    return store(root / "sweep", "results.jsonl", runs)


def test_a_sweep_of_domainbed_becomes_tables_with_intervals(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["import", "domainbed", str(sweep(tmp_path)), "--out", str(out)]) == 0
    text = " ".join((out / "tables.md").read_text().split())

    # .50 .55 .60: sd .05, t(2) 4.3027 * .05 / sqrt 3 = .124
    assert "| ERM | 55.0 (5.0) | 42.6 to 67.4 |" in text
    # differences .10 .10 .15
    assert "| GroupDRO | 66.7 (7.6) | 55.0 | +11.7 |".replace(" (7.6)", "") in text
    assert "Chosen by: ORACLE, reads the test domain" in text
    assert (out / "tables.tex").is_file() and "tables.md" in capsys.readouterr().out


def test_every_number_of_subpopbench_names_its_rule_and_its_run(tmp_path):
    lines = [
        [subpopbench_line({"y=0,a=0": 0.5}, {"y=0,a=0": value}, seed=seed)]
        for seed, value in enumerate((0.4, 0.5, 0.7))
    ]
    folder = store(tmp_path / "output", "results.json", lines)
    assert main(["import", "subpopbench", str(folder), "--out", str(tmp_path / "out")]) == 0
    with (tmp_path / "out" / "runs.csv").open() as stream:
        rows = list(csv.DictReader(stream))

    assert len({row["selection"] for row in rows}) == 4
    assert all(Path(row["source"].partition(",")[0]).is_file() for row in rows)
    # a single algorithm: nothing to compare
    assert "differences" not in (tmp_path / "out" / "tables.md").read_text()


def test_a_baseline_that_is_not_there_is_one_sentence(tmp_path, capsys):
    folder, out = str(sweep(tmp_path)), str(tmp_path / "out")

    assert main(["import", "domainbed", folder, "--out", out, "--baseline", "CORAL"]) == 2
    assert "no method is called 'CORAL'" in said(capsys)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert main(["import", "subpopbench", str(tmp_path / "no"), "--out", str(tmp_path)]) == 2
    assert "There is no folder" in said(capsys)


METADATA = """\
image,y,split,sex
0,0,train,f
1,1,test,f
2,0,test,f
3,1,test,m
4,0,test,m
"""


def predictions(root: Path, method: str, seed: int, labels: str, *, epoch: str = "best") -> None:
    folder = root / method / "faces"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"faces_split:test_seed:{seed}_epoch:{epoch}_pred.csv"
    (folder / name).write_text("".join(f"{label}\n" for label in labels))


def wilds(tmp_path: Path, *options: str) -> int:
    (tmp_path / "metadata.csv").write_text(METADATA)
    return main(
        ["import", "wilds", str(tmp_path / "preds"), "--metadata", str(tmp_path / "metadata.csv"),
         "--label", "y", "--groups", "sex", "--convention", "paper", "--format", "md,csv",
         "--out", str(tmp_path / "out"), *options]
    )  # fmt: skip


TEST_ROWS = ("--rows", "split=test")


def test_predictions_of_wilds_are_scored_with_the_rows_of_their_split(tmp_path):
    predictions(tmp_path / "preds", "erm", 0, "1010")
    predictions(tmp_path / "preds", "erm", 1, "1000")
    predictions(tmp_path / "preds", "dro", 0, "0000")
    predictions(tmp_path / "preds", "dro", 1, "1010", epoch="last")
    predictions(tmp_path / "preds", "dro", 1, "1110")
    assert wilds(tmp_path, *TEST_ROWS) == 0
    frame = read_metrics_csv(tmp_path / "out" / "metrics.csv")
    frame = frame[(frame["metric"] == "acc") & (frame["attribute"] == "all")]
    found = {(row.dataset, row.method, row.seed): row.value for row in frame.itertuples()}

    # truth 1 0 1 0
    assert found == {
        ("faces", "erm", "0"): 1.0, ("faces", "erm", "1"): 0.75,
        ("faces", "dro", "0"): 0.5, ("faces", "dro", "1"): 0.75,
    }  # fmt: skip


def test_groups_of_wilds_are_those_of_the_metadata(tmp_path):
    predictions(tmp_path / "preds", "erm", 0, "1000")
    assert wilds(tmp_path, *TEST_ROWS) == 0
    frame = read_metrics_csv(tmp_path / "out" / "metrics.csv")
    frame = frame[(frame["metric"] == "acc") & (frame["attribute"] == "sex")]

    assert dict(zip(frame["group"], frame["value"], strict=True)) == {"f": 1.0, "m": 0.5}


@pytest.mark.parametrize(
    ("labels", "options", "sentence"),
    [
        ("1010", (), "has 4 lines and"),
        ("101", TEST_ROWS, "has 3 lines and"),
        ("1010", ("--rows", "split=tset"), "no row has split 'tset'"),
        ("1010", ("--rows", "split"), "--rows is written COLUMN=VALUE"),
        ("1010", (*TEST_ROWS, "--split", "val"), "no predictions of the split 'val'"),
        ("1010", (*TEST_ROWS, "--epoch", "3"), "no predictions of test of epoch 3; it has best"),
        (["1,0", "0,0", "1,1", "0,0"], TEST_ROWS, "several outputs"),
        (["1", "", "1", "0"], TEST_ROWS, "line 2 is empty"),
    ],
)
def test_predictions_that_do_not_fit_are_one_sentence(tmp_path, capsys, labels, options, sentence):
    predictions(tmp_path / "preds", "erm", 0, labels)

    assert wilds(tmp_path, *options) == 2
    assert sentence in said(capsys)


def test_predictions_of_two_data_sets_are_refused(tmp_path, capsys):
    predictions(tmp_path / "preds", "erm", 0, "1010")
    other = tmp_path / "preds" / "erm" / "faces" / "birds_split:test_seed:0_epoch:best_pred.csv"
    other.write_text("1\n0\n1\n0\n")

    assert wilds(tmp_path, *TEST_ROWS) == 2
    assert "predictions of birds, faces" in said(capsys)
