"""`data check` as a user sees it: 80 columns, JSON for machines, exit code 1 for what is wrong."""

import json

import pytest

from benchmarks.cli import main
from tests.datasets.miniatures import fairface, ferplus, folder


def check(capsys, key, root, *options):
    code = main(
        ["data", "check", key, "--data-root", str(root), "--cache", str(root / "c"), *options]
    )
    return code, capsys.readouterr().out


def test_the_longest_names_of_groups_fit_80_columns(tmp_path, capsys):
    fairface.make(tmp_path)
    code, text = check(capsys, "fairface", tmp_path)

    assert code == 1 and "train: 126, documented 86,744" in text
    assert "southeast_asian" in text and "latino_hispanic" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_sound_set_is_right_and_its_json_says_so(tmp_path, capsys):
    folder.make(tmp_path / "root")
    config = folder.settings(tmp_path / "root")["config"]
    options = ("--set", f"folder.config={config}")
    code, text = check(capsys, "folder", tmp_path / "root", *options)
    assert code == 0 and text.rstrip().endswith("Nothing that makes results wrong.")

    code, text = check(capsys, "folder", tmp_path / "root", "--json", *options)
    (found,) = json.loads(text)
    assert code == 0 and found["wrong"] is False and found["pictures"] > 100
    parts = {c["part"]: c["found"] for c in found["counts"] if not c["label"] + c["attribute"]}
    assert parts["train"] + parts["test"] == parts["all"] == found["pictures"]


def test_a_set_that_is_not_there_says_where_to_ask_for_it(tmp_path, capsys):
    code, text = check(capsys, "kdef", tmp_path)

    assert code == 1 and "KDEF_and_AKDEF/KDEF/AF01/AF01AFS.JPG" in text and "kdef.se" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("key", ["fer2013", "ferplus"])
def test_pictures_in_rows_of_a_table_are_not_copies_of_each_other(tmp_path, capsys, key):
    ferplus.make(tmp_path)
    _, text = check(capsys, key, tmp_path, "--json")

    (found,) = json.loads(text)
    assert found["pictures"] > 100
    assert not [f for f in found["findings"] if "same" in f["text"]]
