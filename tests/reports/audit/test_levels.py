import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.audit.regroup import regrouped
from reports.audit.tabulation import Tabulation
from reports.errors import ReportError
from reports.tabular.columns import TextColumn
from reports.tabular.levels import (
    MAX_LEVELS,
    AttributeSpec,
    grouping_of,
    is_unknown,
    left_out,
    natural_order,
    parse_attribute,
    parse_attributes,
)


def column(*cells):
    levels = tuple(dict.fromkeys(cells))
    return TextColumn("race", levels, np.array([levels.index(cell) for cell in cells]))


def test_a_plain_name_is_a_column_with_all_its_levels():
    assert parse_attribute(" gender ") == AttributeSpec("gender", "gender")


def test_another_name_may_be_given():
    assert parse_attribute("sex2=sex") == AttributeSpec("sex2", "sex")


def test_levels_are_chosen_with_bars_and_merged_with_ampersands():
    spec = parse_attribute("age2=age4:<=19&20-39|40-69&>=70")

    assert spec == AttributeSpec("age2", "age4", (("<=19", "20-39"), ("40-69", ">=70")))


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("race:Asian|Black", "no name"),
        ("age:<=39|>=40", "no name"),
        ("", "no attribute"),
        ("=race", "no attribute"),
        ("a=", "no attribute"),
        ("r=race:Asian||Black", "empty level"),
        ("r=race:", "empty level"),
        ("r=race:Asian|Asian&Black", "twice"),
    ],
)
def test_a_specification_that_cannot_be_read_is_an_error(text, mend):
    with pytest.raises(ReportError, match=mend):
        parse_attribute(text)


def test_commas_separate_attributes_until_the_levels_begin():
    specs = parse_attributes(["gender, age", "sex2=sex,race3=race:Asian|Latino, Hispanic"])

    assert [spec.name for spec in specs] == ["gender", "age", "sex2", "race3"]
    assert specs[-1].levels == (("Asian",), ("Latino, Hispanic",))


def test_two_attributes_of_one_name_are_an_error():
    with pytest.raises(ReportError, match="two attributes are called 'race'"):
        parse_attributes(["race", "race=race:Asian|Black"])


@pytest.mark.parametrize("text", ["", " ", "Unknown", "UNSURE", "n/a", "None", "NaN"])
def test_words_for_not_knowing_are_unknown_in_any_case(text):
    assert is_unknown(text)


def test_a_level_that_only_begins_like_an_unknown_word_is_known():
    assert not is_unknown("Nonesuch")


@pytest.mark.parametrize(
    ("levels", "ordered"),
    [
        (["20-39", ">=70", "<=19", "40-69"], ["<=19", "20-39", "40-69", ">=70"]),
        (["70+", "10-19", "3-9", "0-2"], ["0-2", "3-9", "10-19", "70+"]),
        (["more than 60", "20-39", "less than 20"], ["less than 20", "20-39", "more than 60"]),
        (["10", "9", "1"], ["1", "9", "10"]),
        (["male", "Female"], ["Female", "male"]),
        (["group 2", "other", "group 10"], ["group 10", "group 2", "other"]),
        ([], []),
    ],
)
def test_levels_sort_by_their_first_number_or_else_alphabetically(levels, ordered):
    assert list(natural_order(levels)) == ordered


@given(st.permutations(["<20", "20-39", "40", ">40", "60+"]))
def test_the_order_of_levels_does_not_depend_on_the_file(levels):
    assert natural_order(levels) == ("<20", "20-39", "40", ">40", "60+")


def test_all_known_levels_become_groups_and_unknown_cells_none():
    grouping = grouping_of(AttributeSpec("race", "race"), column("White", "unsure", "Asian", ""))

    assert grouping.levels == ("Asian", "White")
    assert grouping.codes.tolist() == [1, -1, 0, -1]


def test_levels_that_are_not_declared_are_in_no_group():
    spec = parse_attribute("race2=race:White|Asian")
    grouping = grouping_of(spec, column("White", "Black", "Asian"))

    assert grouping.name == "race2"
    assert grouping.levels == ("White", "Asian")
    assert grouping.codes.tolist() == [0, -1, 1]


def test_merged_levels_share_a_group_named_after_both():
    grouping = grouping_of(parse_attribute("r=race:White|Asian&Black"), column("Black", "Asian"),
                           known=("White",))  # fmt: skip

    assert grouping.levels == ("White", "Asian or Black")
    assert grouping.codes.tolist() == [1, 1]


def test_an_unknown_word_that_is_declared_is_a_level():
    grouping = grouping_of(parse_attribute("r=race:White|Unknown"), column("Unknown", "White"))

    assert grouping.codes.tolist() == [1, 0]


def test_a_level_that_does_not_occur_is_an_error_that_lists_those_that_do():
    with pytest.raises(ReportError, match="no level 'Asain', it has Asian, White"):
        grouping_of(parse_attribute("r=race:Asain|White"), column("White", "Asian", "unknown"))


def test_bands_choose_among_numbers_with_their_bounds_as_written():
    spec = parse_attribute("a=race:<20|20-39|>=40")
    grouping = grouping_of(spec, column("19.5", "20", "39", "39.5", "40", "n/a"))

    # 39.5 lies between the bands
    assert grouping.codes.tolist() == [0, 1, 1, -1, 2, -1]


@pytest.mark.parametrize(
    ("band", "codes"),
    [("<=20", [0, 0, -1]), ("<20", [0, -1, -1]), (">20", [-1, -1, 0]), (">=20", [-1, 0, 0]),
     ("20+", [-1, 0, 0]), ("20", [-1, 0, -1]), ("20.0", [-1, 0, -1])],
)  # fmt: skip
def test_a_single_bound_is_read_as_written(band, codes):
    grouping = grouping_of(parse_attribute(f"a=race:{band}"), column("3", "20", "21"))

    assert grouping.codes.tolist() == codes


def test_bands_do_not_choose_among_words():
    with pytest.raises(ReportError, match="no level '<=39'"):
        grouping_of(parse_attribute("a=race:<=39"), column("young", "old"))


def test_bands_that_overlap_are_an_error():
    with pytest.raises(ReportError, match="40 falls into two groups, <=40 and >=40"):
        grouping_of(parse_attribute("a=race:<=40|>=40"), column("30", "40", "50"))


def test_too_many_levels_are_an_error_that_shows_how_to_merge_them():
    ages = column(*(str(age) for age in range(MAX_LEVELS + 1)))

    with pytest.raises(ReportError, match="31 levels.*race_groups=race:<=39|>=40"):
        grouping_of(AttributeSpec("race", "race"), ages)


def test_images_in_no_group_are_counted_by_what_their_cells_say():
    cells = column("White", "unsure", "", "unsure")
    grouping = grouping_of(AttributeSpec("race", "race"), cells)

    # rows of 5, 2, 1 and 3 images: unsure 2 + 3
    assert left_out(grouping, cells, np.array([5, 2, 1, 3])) == (
        "race: 6 of 11 images are in no group (unsure: 5, empty: 1)"
    )


def test_nothing_is_said_when_all_images_are_in_a_group():
    cells = column("White", "Asian")
    grouping = grouping_of(AttributeSpec("race", "race"), cells)

    assert left_out(grouping, cells, np.array([5, 2])) == ""


def counted():
    counts = np.array([[[1, 2], [3, 4], [5, 6]]])
    return Tabulation("d", "happy", "race", (), ("all",), ("Asian", "unknown", "White"), counts)


def test_counts_of_merged_groups_are_added():
    table = regrouped(counted(), parse_attribute("all=race:Asian&White"))

    assert table.attribute == "all"
    assert table.groups == ("Asian or White",)
    assert table.counts.tolist() == [[[1 + 5, 2 + 6]]]


def test_counts_of_unknown_groups_are_left_out():
    table = regrouped(counted(), AttributeSpec("race", "race"))

    assert table.groups == ("Asian", "White")
    assert table.counts.tolist() == [[[1, 2], [5, 6]]]


def test_a_declared_level_known_from_elsewhere_is_an_empty_group():
    table = regrouped(counted(), parse_attribute("r=race:Asian|Black"), known=("Black",))

    assert table.counts.tolist() == [[[1, 2], [0, 0]]]
