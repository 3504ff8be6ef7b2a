"""What the command `audit` refuses before any work is done, and what it says once."""

import pytest

from benchmarks.cli import main

ROWS = "label,gender,AU06_r\nhappy,m,1.0\nsad,f,2.0\n"
COUNTS = "label,group,n,n_labelled\nhappy,m,10,4\nhappy,f,10,5\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "counts.csv").write_text(COUNTS)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{}"], "is a folder: name a file in it"),
        (["{}/rows.csv", "--label", "gender", "--attribute", "gender"], "both label and attribute"),
        (["{}/counts.csv", "--counts", "--prediction", "x"], "--prediction needs a row an image"),
        (["{}/counts.csv", "--counts", "--predicted", "x"], "--predicted needs a row an image"),
        (["{}/counts.csv", "--counts", "--attribute-confusion", "a=b"], "--attribute-confusion ne"),
        (["{}/rows.csv", "--out", "{}/rows.csv"], "rows.csv is no folder"),
        (["{}/rows.csv", "--out", "{}/rows.csv/deep/er"], "rows.csv is no folder"),
        (["{}/nope.csv"], "There is no file"),
    ],
)
def test_a_slip_is_one_sentence_and_leaves_everything_as_it_was(folder, capsys, arguments, said):
    arguments = [text.format(folder) for text in arguments]
    out = [] if "--out" in arguments else ["--out", str(folder / "out")]

    assert main(["audit", *arguments, *out]) == 2

    errors = capsys.readouterr().err
    assert said in errors and errors.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["counts.csv", "rows.csv"]
    assert (folder / "rows.csv").read_text() == ROWS


def test_what_all_data_sets_share_is_said_once(folder, capsys):
    rows = "set,label,gender\n" + "".join(f"{name},happy,m\n{name},sad,f\n" for name in "abc")
    (folder / "sets.csv").write_text(rows)

    call = ["audit", str(folder / "sets.csv"), "--dataset", "set", "--out", str(folder / "out")]
    assert main(call) == 0

    said = capsys.readouterr().out
    assert said.count("column `gender` (guessed)") == 1
    assert "all 3 data sets: label: column `label` (guessed)" in said
