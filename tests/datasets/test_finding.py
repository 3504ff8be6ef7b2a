"""A set is found by the names in its tree, up to three folders below the root."""

import shutil

import pytest

from datasets.errors import DataError
from datasets.tree import open_tree
from tests.datasets.miniatures.london import make

COLUMNS = ("image", "subject", "expression")


def found(root):
    return open_tree(root, "london", ("labels.csv",), COLUMNS).root


def a_table_of_another_set(folder):
    folder.mkdir()
    (folder / "labels.csv").write_text("image,emotion\n1.jpg,sad\n")


@pytest.mark.parametrize("folder", [".", "london", "x/london", "x/london/london"])
def test_a_set_is_found_wherever_an_archive_put_it(tmp_path, folder):
    made = make(tmp_path, folder=folder, people=1)
    assert found(tmp_path) == made


def test_a_set_four_folders_down_is_not_looked_for(tmp_path):
    make(tmp_path, folder="a/b/c/london", people=1)
    with pytest.raises(DataError, match="no labels.csv with the columns image, subject, expr"):
        found(tmp_path)


def test_macosx_leavings_are_not_a_set(tmp_path):
    make(tmp_path, folder="__MACOSX/london", people=1)
    with pytest.raises(DataError, match="was not found"):
        found(tmp_path)


def test_a_label_file_of_the_same_name_in_another_set_is_passed_over(tmp_path):
    a_table_of_another_set(tmp_path / "another")
    made = make(tmp_path, folder="zoo/x", people=1)
    assert found(tmp_path) == made


def test_a_label_file_of_the_same_name_in_another_archive_is_passed_over(tmp_path):
    a_table_of_another_set(tmp_path / "another")
    make(tmp_path, people=1)
    for name in ("another", "london"):
        shutil.make_archive(str(tmp_path / name), "zip", tmp_path / name)
        shutil.rmtree(tmp_path / name)
    assert found(tmp_path) == tmp_path / "london.zip"


def test_of_several_the_nearest_wins_and_then_the_set_s_own_name(tmp_path):
    folder = make(tmp_path, people=1)
    shutil.copytree(folder, tmp_path / "backup")
    shutil.copytree(folder, tmp_path / "a" / "london")
    assert found(tmp_path) == folder


def test_a_root_that_is_not_given_missing_or_empty_is_one_sentence_with_the_mend(tmp_path):
    for root in (None, tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match="--data-root at the folder that holds labels.csv"):
            found(root)


def test_a_label_file_without_its_columns_says_which(tmp_path):
    (tmp_path / "london").mkdir()
    (tmp_path / "london" / "labels.csv").write_text("image,expression\n")
    with pytest.raises(DataError, match="lacks the columns subject: point --data-root"):
        found(tmp_path)


def test_what_cannot_be_read_is_said_where_nothing_is_found(tmp_path):
    make(tmp_path, people=1)
    (tmp_path / "london" / "more.zip").write_bytes(b"no archive")
    tree = open_tree(tmp_path, "london", ("labels.csv",))
    assert tree.below("images", (".jpg",))
    for folder in ("more", "elsewhere"):
        with pytest.raises(DataError, match=r"more.zip cannot be read \(.*: copy it again, or rem"):
            tree.below(folder)
