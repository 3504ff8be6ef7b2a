"""Run from another folder, beside another package `datasets`, and on the results of a run."""

import tomllib

from benchmarks import ROOT
from benchmarks.cli import main
from tests.end_to_end.commands import call, finished_cells


def test_a_run_works_from_another_folder_beside_another_package_datasets(whole):
    assert (whole / "stderr.txt").read_text() == ""
    assert (whole / "code.txt").read_text() == "0"
    assert len(finished_cells(whole / "out")) == 4


def test_a_run_says_where_its_report_is(whole):
    said = (whole / "stdout.txt").read_text()

    assert said.splitlines()[-1] == "Report: out/report/tables.md"


def test_a_run_writes_the_tables_in_all_formats(whole):
    report = whole / "out" / "report"

    assert {path.name for path in report.iterdir()} >= {"metrics.csv", "tables.md", "tables.tex"}
    assert "Cross entropy" in (report / "tables.md").read_text()
    assert "Focal loss" in (report / "tables.tex").read_text()


def test_a_run_writes_its_study_back_resolved(whole):
    study = tomllib.loads((whole / "out" / "study.toml").read_text())

    assert study["methods"] == ["ce", "focal"]
    assert study["seeds"] == [0, 1]
    assert study["set"]["protocol.images"] == 96


def test_report_writes_the_same_bytes_again(whole, capsys):
    report = whole / "out" / "report"
    before = {p: p.read_bytes() for p in report.rglob("*") if p.is_file()}

    assert main(["report", str(whole / "out")]) == 0

    assert {p: p.read_bytes() for p in report.rglob("*") if p.is_file()} == before
    assert str(report / "metrics.csv") in capsys.readouterr().out


def test_report_refuses_an_unknown_selection_rule(whole, capsys):
    assert main(["report", str(whole / "out"), "--select", "best_ac"]) == 2
    assert "Did you mean 'best_acc'" in capsys.readouterr().err


def test_report_imports_no_torch(whole):
    import subprocess
    import sys

    code = (
        "import sys\nfrom benchmarks.cli import main\n"
        f"assert main(['report', {str(whole / 'out')!r}]) == 0\n"
        "print('torch' in sys.modules, 'timm' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "False False"


def test_another_package_datasets_imported_first_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "__init__.py").write_text("")
    (tmp_path / "sitecustomize.py").write_text("import datasets\n")

    done = call("list", "metrics", path=(tmp_path,))

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("evenface: another package called 'datasets'")
    assert str(tmp_path) in line
