"""A set is found by the names in its tree, up to three folders below the root."""

import shutil

import pytest

from datasets.errors import DataError
from datasets.roots import Layout, find_table

LONDON = Layout("london", "labels.csv", ("image", "subject", "expression"))


@pytest.mark.parametrize("place", [".", "london", "x/london", "x/london/london"])
def test_a_set_is_found_wherever_an_archive_put_it(tmp_path, place, miniature_london):
    folder = miniature_london(tmp_path / place, people=1)
    assert find_table(tmp_path, LONDON) == folder / "labels.csv"


def test_a_set_four_folders_down_is_not_looked_for(tmp_path, miniature_london):
    miniature_london(tmp_path / "a/b/c/london", people=1)
    with pytest.raises(DataError, match="no london/labels.csv in"):
        find_table(tmp_path, LONDON)


def test_macosx_leavings_are_not_a_set(tmp_path, miniature_london):
    miniature_london(tmp_path / "__MACOSX" / "london", people=1)
    with pytest.raises(DataError, match="was not found"):
        find_table(tmp_path, LONDON)


def test_a_label_file_of_the_same_name_in_another_set_is_passed_over(tmp_path, miniature_london):
    (tmp_path / "another").mkdir()
    (tmp_path / "another" / "labels.csv").write_text("image,emotion\n1.jpg,sad\n")
    folder = miniature_london(tmp_path / "zoo" / "london", people=1)
    assert find_table(tmp_path, LONDON) == folder / "labels.csv"


def test_of_several_the_nearest_wins_and_then_the_set_s_own_name(tmp_path, miniature_london):
    folder = miniature_london(tmp_path / "london", people=1)
    shutil.copytree(folder, tmp_path / "backup")
    shutil.copytree(folder, tmp_path / "a" / "london")
    assert find_table(tmp_path, LONDON) == folder / "labels.csv"


def test_a_root_that_is_not_given_missing_or_empty_is_one_sentence_with_the_mend(tmp_path):
    for root in (None, tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match="--data-root at the folder that holds london/labels"):
            find_table(root, LONDON)


def test_a_label_file_without_its_columns_says_which(tmp_path):
    (tmp_path / "london").mkdir()
    (tmp_path / "london" / "labels.csv").write_text("image,expression\n")
    with pytest.raises(DataError, match="lacks the columns subject:"):
        find_table(tmp_path, LONDON)
