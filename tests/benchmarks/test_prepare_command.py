"""`data prepare`: what it says, and that a study finds its work."""

import pytest

from benchmarks.cli import main
from tests.datasets.miniatures import omi


@pytest.fixture
def command(tmp_path):
    omi.make(tmp_path / "sets")

    def run(*more: str) -> int:
        places = ["--data-root", str(tmp_path / "sets"), "--cache", str(tmp_path / "cache")]
        return main(["data", "prepare", "omi", "--pixels", "12", *places, *more])

    return run


def test_it_says_how_many_pictures_lie_where(command, capsys, tmp_path):
    assert command() == 0
    first = capsys.readouterr().out
    (folder,) = (tmp_path / "cache").glob("omi-12-*")
    count = len(list((tmp_path / "sets").rglob("*.jpg")))
    assert first.startswith(f"omi: {count} pictures, ")
    assert str(folder) in first and f"; {count} decoded in" in first

    assert command() == 0
    assert "decoded" not in capsys.readouterr().out


def test_bad_pictures_are_counted_and_listed(command, capsys, tmp_path):
    victim = sorted((tmp_path / "sets").rglob("*.jpg"))[3]
    victim.write_bytes(b"not a picture")

    assert command("--set", "omi.tolerated=0.5") == 0
    out = capsys.readouterr().out
    (table,) = (tmp_path / "cache").glob("omi-12-*/bad.csv")
    assert "; 1 of " in out and "cannot be used, see bad.csv there" in out
    assert table.read_text() == f"picture,reason\n{victim},not a picture\n"


def test_too_many_bad_pictures_are_one_sentence_and_exit_code_2(command, capsys, tmp_path):
    for victim in (tmp_path / "sets").rglob("*.jpg"):
        victim.write_bytes(b"not a picture")

    assert command() == 2
    error = capsys.readouterr().err
    assert "cannot be read" in error and error.count("\n") == 1


def test_a_setting_of_another_set_is_refused(command, capsys):
    assert command("--set", "london.margin=0.5") == 2
    assert "'london' is not among the data sets named" in capsys.readouterr().err
