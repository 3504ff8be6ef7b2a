import pytest

from reports.audit.counts_file import read_counts
from reports.audit.roles import Roles
from reports.errors import ReportError
from reports.tabular.levels import parse_attributes
from tests.reports.audit.input_files import written

HEADER = "dataset,label,attribute,group,au,n,n_labelled\n"


def read(folder, rows, header=HEADER, **roles):
    return read_counts(written(folder, header + rows, "counts.csv"), Roles(**roles))


def test_cells_become_counts_without_and_with_the_label(tmp_path):
    rows = (
        'A,happy,gender,m,"AU6=0,AU12=1",10,4\n'
        'A,happy,gender,f,"AU06=0, AU12=1",5,5\n'
        'A,happy,gender,f,"AU12=0,AU06=1",2,0\n'
    )

    (data,) = read(tmp_path, rows)
    (table,) = data.tabulations

    assert data.name == "A"
    assert (table.dataset, table.label, table.attribute) == ("A", "happy", "gender")
    assert table.units == ("AU06", "AU12")
    assert table.groups == ("f", "m")
    assert table.strata == ("AU06=0,AU12=0", "AU06=0,AU12=1", "AU06=1,AU12=0", "AU06=1,AU12=1")
    # cells without a row have no images
    assert table.counts.tolist() == [
        [[0, 0], [0, 0]],
        [[0, 5], [6, 4]],
        [[2, 0], [0, 0]],
        [[0, 0], [0, 0]],
    ]


def test_patterns_of_other_units_are_families_of_their_own(tmp_path):
    rows = "A,angry,g,m,AU04=0,3,1\nA,angry,g,m,AU05=1,2,1\nA,angry,g,m,AU04=1,4,1\n"

    tables = read(tmp_path, rows)[0].tabulations

    assert [table.units for table in tables] == [("AU04",), ("AU05",)]
    assert tables[0].counts[:, 0].tolist() == [[2, 1], [3, 1]]
    assert tables[1].counts[:, 0].tolist() == [[0, 0], [1, 1]]


def test_groups_missing_in_one_family_are_empty_there(tmp_path):
    rows = "A,angry,g,m,AU04=0,3,1\nA,angry,g,f,AU05=1,2,1\n"

    assert [t.groups for t in read(tmp_path, rows)[0].tabulations] == [("f", "m"), ("f", "m")]


def test_only_label_group_and_counts_are_needed(tmp_path):
    (data,) = read(tmp_path, "happy,m,3,1\n", header="label,group,n,n_labelled\n")

    assert data.name == "counts"
    assert data.tabulations[0].attribute == "group"
    assert data.tabulations[0].strata == ("all",)


def test_a_condition_in_words_makes_strata(tmp_path):
    rows = "A,happy,g,m,intended=joy,3,1\nA,happy,g,m,intended=anger,2,1\n"

    (table,) = read(tmp_path, rows)[0].tabulations

    assert table.units == ("intended",)
    assert table.strata == ("intended=anger", "intended=joy")
    assert table.counts[:, 0].tolist() == [[1, 1], [2, 1]]


def test_images_of_unknown_groups_are_left_out_and_counted(tmp_path):
    rows = "A,happy,gender,m,AU06=0,3,1\nA,happy,gender,unsure,AU06=0,4,1\n"

    (data,) = read(tmp_path, rows)

    assert data.tabulations[0].groups == ("m",)
    assert data.notes == ("happy by gender: 4 of 7 images are in no group (unsure)",)


def test_labels_and_attributes_are_restricted(tmp_path):
    rows = (
        "A,happy,race,Asian,AU06=0,3,1\nA,happy,race,White,AU06=0,4,1\n"
        "A,happy,race,Black,AU06=0,5,1\nA,happy,gender,m,AU06=0,5,1\nA,sad,race,White,AU06=0,4,1\n"
    )

    specs = parse_attributes(["r=race:Black&White|Asian"])
    (data,) = read(tmp_path, rows, positives=("happy",), attributes=specs)
    (table,) = data.tabulations

    assert (table.label, table.attribute) == ("happy", "r")
    assert table.groups == ("Black or White", "Asian")
    assert table.counts[0].tolist() == [[7, 2], [2, 1]]


def test_a_data_set_without_the_attribute_says_so(tmp_path):
    rows = "A,happy,age,young,AU06=0,3,1\nB,happy,gender,m,AU06=0,4,1\n"

    first, second = read(tmp_path, rows, attributes=parse_attributes(["age"]))

    assert len(first.tabulations) == 1
    assert second.tabulations == ()
    assert second.notes == ("nothing that was asked for is counted",)


def test_levels_may_occur_in_other_data_sets_only(tmp_path):
    rows = "A,happy,race,Asian,AU06=0,3,1\nB,happy,race,Black,AU06=0,4,1\n"

    first, second = read(tmp_path, rows, attributes=parse_attributes(["r=race:Asian|Black"]))

    assert first.tabulations[0].counts[0].tolist() == [[2, 1], [0, 0]]
    assert second.tabulations[0].counts[0].tolist() == [[0, 0], [3, 1]]


def test_units_asked_for_are_summed_over_the_others(tmp_path):
    rows = (
        'A,happy,g,m,"AU06=0,AU12=1",3,1\nA,happy,g,m,"AU06=1,AU12=1",5,2\nA,angry,g,m,AU04=1,4,1\n'
    )

    (data,) = read(tmp_path, rows, action_units=("AU12",))
    (table,) = data.tabulations

    # 2 + 3 without and 1 + 2 with the label
    assert table.counts[1].tolist() == [[5, 3]]
    assert (table.label, table.units) == ("happy", ("AU12",))


def test_asking_for_no_unit_pools_the_strata(tmp_path):
    rows = "A,happy,g,m,AU06=0,3,1\nA,happy,g,m,AU06=1,5,2\n"

    (table,) = read(tmp_path, rows, action_units=("none",))[0].tabulations

    assert table.counts.tolist() == [[[5, 3]]]


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"positives": ("hapy",)}, "no label 'hapy'; it has happy"),
        ({"attributes": parse_attributes(["race"])}, "no attribute 'race'; it has gender"),
        ({"attributes": parse_attributes(["g=gender:x|m"])}, "no level 'x', it has m"),
        ({"action_units": ("AU12",)}, "no action unit 'AU12'; it has AU06"),
        ({"weight": "size"}, "no column 'size' for --weight"),
    ],
)
def test_asking_for_what_is_not_counted_is_an_error(tmp_path, roles, message):
    with pytest.raises(ReportError, match=message):
        read(tmp_path, "A,happy,gender,m,AU06=0,3,1\n", **roles)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,happy,g,f,AU06=2,3,1", "line 3: 'AU06=2' is no pattern"),
        ('A,happy,g,f,"AU06=1,AU6=0",3,1', "is no pattern"),
        ('A,happy,g,f,"AU06=1,joy=0",3,1', "is no pattern"),
        ("A,happy,g,f,smiling,3,1", "line 3: 'smiling' is no pattern"),
        ("A,happy,g,f,AU06=0,3,4", "line 3: n_labelled is 4, more than n, 3"),
        ("A,happy,g,f,AU06=0,,1", "line 3: n is empty"),
        ("A,happy,g,f,AU06=0,2.5,1", "line 3: n must be a whole number"),
        ("A,happy,g,f,AU06=0,3,-1", "line 3: n_labelled must be a whole number"),
        ("A,happy,g,f,AU06=0,x,1", "line 3: n must be a number"),
        ("A,happy,g,m,AU6=0,3,1", "line 3: the same cell as in line 2"),
    ],
)
def test_a_row_that_cannot_be_is_an_error_that_names_the_line(tmp_path, row, message):
    with pytest.raises(ReportError, match=message):
        read(tmp_path, f"A,happy,g,m,AU06=0,3,1\n{row}\n")


def test_a_file_without_the_needed_columns_is_an_error_that_shows_the_layout(tmp_path):
    with pytest.raises(ReportError, match="no column 'group'.*columns dataset,label,attribute"):
        read(tmp_path, "a,1,1\n", header="label,n,n_labelled\n")
