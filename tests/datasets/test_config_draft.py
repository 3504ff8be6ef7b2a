"""The draft of a description is a description, and says what stands in the table."""

import pytest

from benchmarks.cli import main
from datasets.folder import Folder
from datasets.folder_config import read_config
from tests.datasets.miniatures import folder as miniature
from tests.datasets.miniatures.noise import save_noise, write_table


def drafted(capsys, tmp_path, table):
    assert main(["data", "describe", str(table)]) == 0
    path = tmp_path / "faces.toml"
    path.write_text(capsys.readouterr().out)
    return path


ROWS = [
    {
        "Path": f"p/{n}.jpg",
        "expression": ("Happiness", "NEUTRAL", "fearful")[n % 3],
        "Race": ("East Asian", "White", "Black", "unsure")[n % 4],
        "age (years)": 10 + n,
        "id": f"actor {n // 4}",
        "fold": ("train", "val", "test")[n % 3],
        "note": f"remark {n}",
    }
    for n in range(48)
]


def test_roles_are_guessed_and_names_made_canonical(capsys, tmp_path):
    write_table(
        tmp_path / "labels.csv", [{k: v for k, v in row.items() if k != "id"} for row in ROWS]
    )
    config = read_config(drafted(capsys, tmp_path, tmp_path / "labels.csv"))
    assert (config.files.table, config.files.picture) == ("labels.csv", "Path")
    assert set(config.label.levels) == {"happy", "neutral", "fear"}
    assert config.label.names["Happiness"] == "happy"
    assert {name: role.column for name, role in config.attributes.items()} == {
        "race": "Race", "age_years": "age (years)",
    }  # fmt: skip
    assert config.attributes["race"].names["East Asian"] == "east_asian"
    assert config.attributes["race"].names["unsure"] == "unsure"
    assert config.attributes["age_years"].cuts == (34,)  # the 25th of 10, 11, ... 57
    assert config.split.names == {"train": "train", "val": "validation", "test": "test"}


def test_a_draft_reads_the_table_that_it_was_made_of(capsys, tmp_path):
    write_table(tmp_path / "set" / "labels.csv", ROWS)
    for number, row in enumerate(ROWS):
        save_noise(tmp_path / "set" / str(row["Path"]), number)
    path = drafted(capsys, tmp_path, tmp_path / "set" / "labels.csv")
    faces = Folder(Folder.Settings(config=str(path))).load(tmp_path, tmp_path / "cache", 8)
    assert len(faces) == 48 and set(faces.parts.tolist()) == {"train", "validation", "test"}


def test_what_cannot_be_guessed_is_left_to_the_reader(capsys, tmp_path):
    folder = miniature.make(tmp_path, people=12)
    text = drafted(capsys, tmp_path, folder / "labels.csv").read_text()
    assert 'picture = "file"' in text and 'subject = "person"' in text
    assert '[attributes."sex"]\nlevels = ["f", "m"]\nunsure = ["?"]' in text
    assert 'classes = ["0", "1", "2", "9"]' in text
    assert "# remark: 1 different values, no groups" in text


@pytest.mark.parametrize("text", ["", "a,b\n"])
def test_an_empty_table_is_said(capsys, tmp_path, text):
    (tmp_path / "labels.csv").write_text(text)
    assert main(["data", "describe", str(tmp_path / "labels.csv")]) == 2
    assert "labels.csv has no rows" in capsys.readouterr().err
