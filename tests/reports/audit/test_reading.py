import numpy as np
import pytest

from reports.audit.reading import read_observations, resolved
from reports.audit.roles import Roles
from reports.errors import ReportError
from reports.tabular.levels import parse_attributes
from tests.reports.audit.input_files import written


def read(folder, text, **roles):
    return read_observations(written(folder, text), Roles(**roles))


def test_a_row_an_image_becomes_an_observation(tmp_path):
    text = "label,gender,AU06,AU12\nhappy,m,2.5,0\nsad,f,0.1,\n"

    (data,) = read(tmp_path, text)

    assert data.name == "faces"
    assert data.classes == ("happy", "sad")
    assert data.yes.tolist() == [[1, 0], [0, 1]]
    assert data.votes.tolist() == [1, 1]
    assert data.weights.tolist() == [1, 1]
    assert data.groupings[0].levels == ("f", "m")
    assert data.groupings[0].codes.tolist() == [1, 0]
    assert data.action_units == ("AU06", "AU12")
    np.testing.assert_array_equal(data.intensities, [[2.5, 0], [0.1, np.nan]])
    assert data.top == 5
    assert not data.has_votes
    assert data.clusters is None
    assert data.predicted is None
    assert "1 of 2 images lack measured action units" in data.notes


def test_the_name_of_the_data_set_may_be_given(tmp_path):
    path = written(tmp_path, "label\na\n")

    assert read_observations(path, Roles(), name="RAF-DB")[0].name == "RAF-DB"


def test_data_sets_of_one_file_come_apart_in_the_order_of_the_file(tmp_path):
    text = "dataset,label,gender,subject\nz,a,m,1\nb,c,f,1\nz,c,unsure,2\n"

    first, second = read(tmp_path, text)

    assert (first.name, second.name) == ("z", "b")
    assert first.classes == second.classes == ("a", "c")
    assert first.yes.tolist() == [[1, 0], [0, 1]]
    assert second.yes.tolist() == [[0, 1]]
    # a level that is not declared belongs to the data sets in which it occurs
    assert first.groupings[0].levels == ("m",)
    assert second.groupings[0].levels == ("f",)
    assert "gender: 1 of 2 images are in no group (unsure: 1)" in first.notes
    assert not any("no group" in note for note in second.notes)


def test_declared_levels_keep_their_place_in_every_data_set(tmp_path):
    text = "dataset,label,race\nz,a,White\nb,c,Asian\n"

    first, second = read(tmp_path, text, attributes=parse_attributes(["r=race:Asian|White"]))

    assert first.groupings[0].levels == second.groupings[0].levels == ("Asian", "White")
    assert first.groupings[0].codes.tolist() == [1]
    assert second.groupings[0].codes.tolist() == [0]


def test_a_level_that_occurs_in_no_data_set_is_an_error(tmp_path):
    with pytest.raises(ReportError, match="no level 'Blakc'"):
        read(tmp_path, "label,race\na,White\n", attributes=parse_attributes(["r=race:Blakc|White"]))


def test_votes_are_read_as_votes(tmp_path):
    (data,) = read(tmp_path, "votes_a,votes_b,sex\n1,2,m\n0,0,f\n,4,f\n")

    assert data.classes == ("a", "b")
    assert data.yes.tolist() == [[1, 2], [0, 0], [0, 0]]
    assert data.votes.tolist() == [3, 0, 0]
    assert data.has_votes
    assert "2 of 3 images have no label and are left out" in data.notes


def test_a_column_of_counts_weighs_the_rows(tmp_path):
    (data,) = read(tmp_path, "label,gender,n\na,m,7\n,f,2\nb,unsure,0\n")

    assert data.weights.tolist() == [7, 2, 0]
    assert "2 of 9 images have no label and are left out" in data.notes
    # the unsure row stands for no image
    assert not any("no group" in note for note in data.notes)


@pytest.mark.parametrize(
    ("cell", "message"),
    [("-1", "whole number from 0 on, not -1"), ("1.5", "not 1.5"), ("", "n is empty"),
     ("x", "n must be a number, not 'x'")],
)  # fmt: skip
def test_a_weight_that_is_no_count_is_an_error_that_names_the_line(tmp_path, cell, message):
    with pytest.raises(ReportError, match=f"line 3: .*{message}"):
        read(tmp_path, f"label,n\na,1\nb,{cell}\n")


def test_clusters_are_numbered_within_a_data_set(tmp_path):
    text = "dataset,label,actor\nx,a,p9\ny,a,p1\nx,b,p7\nx,a,p9\n"

    first, second = read(tmp_path, text)

    assert first.clusters.tolist() == [1, 0, 1]
    assert second.clusters.tolist() == [0]
    assert first.cluster_name == "actor"


def test_rows_without_a_person_stand_for_themselves(tmp_path):
    (data,) = read(tmp_path, "label,actor\na,p1\nb,\na,unknown\nb,p1\nb,\n")

    codes = data.clusters
    assert codes[0] == codes[3]
    assert len(set(codes.tolist())) == 4
    assert sorted(set(codes.tolist())) == [0, 1, 2, 3]
    assert "actor: 3 rows name none and stand for themselves" in data.notes


def test_predictions_are_read_beside_the_labels(tmp_path):
    (data,) = read(tmp_path, "label,prediction\na,b\nb,b\n", positives=("b",))

    assert data.yes.tolist() == [[0], [1]]
    assert data.predicted.tolist() == [[1], [1]]


def test_a_condition_is_a_grouping_of_its_own(tmp_path):
    (data,) = read(tmp_path, "label,intended,sex\na,joy,m\nb,,f\n")

    assert data.conditions[0].name == "intended"
    assert data.conditions[0].levels == ("joy",)
    assert data.conditions[0].codes.tolist() == [0, -1]


def test_a_condition_with_too_many_levels_is_an_error(tmp_path):
    rows = "".join(f"a,{number}\n" for number in range(31))

    with pytest.raises(ReportError, match="'clip' has 31 levels, too many for strata"):
        read(tmp_path, "label,clip\n" + rows, conditions=("clip",))


def test_predicted_attributes_are_marked(tmp_path):
    (data,) = read(tmp_path, "label,gender,race\na,m,x\n", predicted_attributes=("gender",))

    assert [grouping.predicted for grouping in data.groupings] == [True, False]


OPENFACE = (
    "frame, face_id, timestamp, confidence, success, AU06_r, AU12_r, AU06_c, AU23_r, AU23_c, "
    "label, gender\n1, 0, 0.0, 0.98, 1, 0.50, 3.20, 1.00, 0.10, 1.00, happy, male\n"
    "2, 0, 0.0, 0.03, 0, -9.0, 0.00, 0.00, 0.00, 0.00, happy, female\n"
)


def test_what_openface_writes_is_read(tmp_path):
    (data,) = read(tmp_path, OPENFACE)

    assert data.action_units == ("AU06", "AU12", "AU23")
    # AU23 has no default threshold, so that its presence is read, on the scale of the others
    assert data.intensities[0].tolist() == [0.5, 3.2, 5.0]
    assert data.top == 5
    assert data.groupings[0].levels == ("female", "male")


def test_images_in_which_openface_failed_are_not_measured(tmp_path):
    (data,) = read(tmp_path, OPENFACE)

    assert np.isnan(data.intensities[1]).all()
    assert any("the tracker failed in 1 rows" in note for note in data.notes)


def test_confidence_without_openface_is_not_that_of_a_tracker(tmp_path):
    (data,) = read(tmp_path, "label,AU06,confidence\na,2.5,0\nb,0.5,1\n")

    assert data.intensities.tolist() == [[2.5], [0.5]]


def test_no_confidence_of_openface_is_a_failure_where_success_is_not_told(tmp_path):
    (data,) = read(tmp_path, "label,AU06_r,confidence\na,2.5,0\nb,0.5,1\n")

    np.testing.assert_array_equal(data.intensities, [[np.nan], [0.5]])


def test_only_the_units_asked_for_are_read_in_their_order(tmp_path):
    (data,) = read(tmp_path, OPENFACE, action_units=("AU12", "au6"))

    assert data.action_units == ("AU12", "AU06")
    assert data.intensities[0].tolist() == [3.2, 0.5]


def test_labels_that_differ_by_capitals_are_mentioned(tmp_path):
    (data,) = read(tmp_path, "label,gender\nHappy,m\nhappy,f\nsad,f\n")

    assert any("Happy and happy are taken for two labels" in note for note in data.notes)


def test_of_two_labels_one_question_is_enough(tmp_path):
    (data,) = read(tmp_path, "label,gender\nhappy,m\nsad,f\n")
    (one,) = read(tmp_path, "label,gender\nhappy,m\nsad,f\n", positives=("happy",))

    assert any("ask once with --positive happy" in note for note in data.notes)
    assert not any("ask once" in note for note in one.notes)


def test_a_row_cannot_stand_for_more_faces_than_a_regression_holds(tmp_path):
    text = "label,gender,AU06_r,n\na,m,1.5,90000000\nb,f,2,1\n"

    with pytest.raises(ReportError, match="stands for 9.0e.07 images, .*--au none"):
        read(tmp_path, text)
    assert len(read(tmp_path, text, action_units=("none",))) == 1


def test_levels_that_differ_by_capitals_are_mentioned(tmp_path):
    (data,) = read(tmp_path, "label,gender\na,Male\nb,male\n")

    assert any("gender: Male and male are taken for two groups" in note for note in data.notes)


def test_one_group_and_one_label_in_ten_rows_are_no_error(tmp_path):
    (data,) = read(tmp_path, "label,gender\n" + "happy,m\n" * 10)

    assert data.yes.tolist() == [[1]] * 10
    assert data.groupings[0].levels == ("m",)


def test_an_attribute_that_nobody_knows_has_no_level(tmp_path):
    (data,) = read(tmp_path, "label,gender\na,unsure\nb,N/A\n")

    assert data.groupings[0].levels == ()
    assert data.groupings[0].codes.tolist() == [-1, -1]
    assert "gender: 2 of 2 images are in no group (N/A: 1, unsure: 1)" in data.notes


def test_a_table_of_counts_is_refused(tmp_path):
    with pytest.raises(ReportError, match="read it with --counts"):
        read(tmp_path, "label,group,n,n_labelled\na,m,3,1\n")


def test_roles_may_be_settled_before_reading(tmp_path):
    path = written(tmp_path, "emotion,sex\na,m\n")
    roles = resolved(path, Roles())

    assert roles.settled
    assert read_observations(path, roles)[0].notes == roles.notes
