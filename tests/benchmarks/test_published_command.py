"""`report published` and `report DIR --published` on the command line."""

import json
from pathlib import Path

import pytest

from benchmarks.cli import main
from benchmarks.commands.published import asked_for


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_audit_of_the_papers_is_printed(elsewhere, capsys):
    assert main(["report", "published"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Published tables")
    assert "28 numbered" in text
    assert list(elsewhere.iterdir()) == []


def test_with_out_the_audit_is_written_in_three_formats(elsewhere, capsys):
    assert main(["report", "published", "--out", "audit"]) == 0
    names = {path.name for path in (elsewhere / "audit").iterdir()}
    assert names == {"published.md", "published.csv", "differences.csv", "published.json"}
    assert len(capsys.readouterr().out.splitlines()) == len(names)
    content = json.loads((elsewhere / "audit" / "published.json").read_text())
    assert {"findings", "differences"} == set(content)


def test_a_result_folder_called_published_is_a_result_folder(elsewhere, capsys):
    (elsewhere / "published").mkdir()
    assert not asked_for(Path("published"))
    assert main(["report", "published"]) == 2
    assert "plan.json" in capsys.readouterr().err


def test_out_without_published_is_refused(elsewhere, capsys):
    assert main(["report", "results", "--out", "x"]) == 2
    assert "--out goes with `report published`" in capsys.readouterr().err
